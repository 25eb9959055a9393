"""Repository data from GitHub's REST API: one repository per request, 60 requests an hour without a token."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from itertools import chain, islice
from urllib.parse import quote

from msgspec import UNSET, Struct, UnsetType
from msgspec.json import Decoder

from ....domain.errors import NotFound, Unavailable
from ....domain.repositories import RepositoryRef
from ....ports import RateLimitStatus, RepositoryResult
from ...http.errors import drop_traceback
from ...http.retry import Transient
from ...http.service_client import MEBIBYTE, Request, Response
from ..client import MAX_ATTEMPTS, AccessRefused, HostClient, PauseTooLong, decode_response, fetch_one_by_one
from .parsing import RestRepository, build_not_found, parse_rest_repository

# Up to this many repositories, one more request each counts open pull requests.
FEW_REPOSITORIES = 10

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})
# New location of a moved repository; only its path is used, so that no other server is contacted.
_MOVED_TO = re.compile(r"(/repositories/[0-9]{1,20}|/repos/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+)/?")
_LAST_PAGE = re.compile(r"[?&]page=([0-9]{1,9})[^>]*>\s*;\s*rel=\"last\"")


def build_headers(token: str = "") -> Mapping[str, str]:
    """Return the headers of requests with a token, or as the public sends them."""
    return {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }


class _Limit(Struct):
    limit: int
    remaining: int
    reset: float


class _Resources(Struct):
    core: _Limit


class _Limits(Struct):
    resources: _Resources


_repository_decoder = Decoder(RestRepository)
_limits_decoder = Decoder(_Limits)
_list_decoder = Decoder(list[object])


class GitHubRest:
    """The port `RepositoryHost` on GitHub's REST API: one request per repository, two for a few repositories.

    Closed issues, last commit and latest release need many more requests and stay unknown; so do open issues without
    the number of pull requests.

    Args:
        max_attempts: Attempts per request.
    """

    def __init__(self, client: HostClient, *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._client = client
        self._max_attempts = max_attempts

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        remaining = iter(refs)
        first = list(islice(remaining, FEW_REPOSITORIES + 1))
        fetch_result = partial(self.fetch_result, counts_pull_requests=len(first) <= FEW_REPOSITORIES)
        return fetch_one_by_one(chain(first, remaining), fetch_result)

    @property
    def is_partial(self) -> bool:
        return True

    def get_rate_limit(self) -> RateLimitStatus:
        response = self._send_with_retries(self._build_request("/rate_limit", "the limit", must_exist=True))
        core = decode_response(_limits_decoder, response, "the limit").resources.core
        return RateLimitStatus(remaining=core.remaining, limit=core.limit, resets_at=core.reset)

    def fetch_result(self, ref: RepositoryRef, *, counts_pull_requests: bool = False) -> RepositoryResult:
        """Fetch one repository."""
        try:
            response = self._fetch_document(ref)
            document = decode_response(_repository_decoder, response, ref.url)
            open_pull_requests = document.open_pull_requests
            if open_pull_requests is UNSET and counts_pull_requests and _has_spare_requests(response):
                open_pull_requests = self._count_open_pull_requests(ref)
            outcome = parse_rest_repository(ref, document, open_pull_requests=open_pull_requests)
        except PauseTooLong:
            raise
        except AccessRefused:
            return RepositoryResult(ref=ref, outcome=build_not_found(ref))
        except (NotFound, Unavailable) as error:
            return RepositoryResult(ref=ref, outcome=drop_traceback(error))
        return RepositoryResult(ref=ref, outcome=outcome, raw_response=response.body.decode("utf-8", "replace"))

    def _fetch_document(self, ref: RepositoryRef) -> Response:
        path = f"/repos/{quote(ref.owner)}/{quote(ref.name)}"
        response = self._send_with_retries(self._build_request(path, ref.path))
        if 300 <= response.status < 400:
            moved_to = _MOVED_TO.search(response.headers.get("Location", ""))
            if moved_to is None:
                raise Transient(f"{ref.url}: redirect of GitHub without a usable location")
            response = self._send_with_retries(self._build_request(moved_to[1], ref.path))
        if response.status in _GONE:
            raise build_not_found(ref)
        if response.status != HTTPStatus.OK:
            raise Transient(f"{ref.url}: more than one redirect of GitHub")
        return response

    def _count_open_pull_requests(self, ref: RepositoryRef) -> int | UnsetType:
        """Count open pull requests by the number of pages of one each; UNSET if that fails."""
        path = f"/repos/{quote(ref.owner)}/{quote(ref.name)}/pulls?state=open&per_page=1"
        try:
            response = self._client.send(self._build_request(path, "open pull requests"))
            first_page = decode_response(_list_decoder, response, ref.url)
        except Unavailable:
            return UNSET
        last_page = _LAST_PAGE.search(response.headers.get("Link", ""))
        return int(last_page[1]) if last_page else len(first_page)

    def _build_request(self, path: str, label: str, *, must_exist: bool = False) -> Request:
        url = f"{self._client.base_url}{path}"
        return Request(
            url=url, headers=self._client.headers, label=label, must_exist=must_exist, max_bytes=2 * MEBIBYTE
        )

    def _send_with_retries(self, request: Request) -> Response:
        return self._client.send_with_retries(request, max_attempts=self._max_attempts)


def _has_spare_requests(response: Response) -> bool:
    """Return whether the rate limit leaves more requests than the remaining repositories need."""
    remaining = response.headers.get("X-RateLimit-Remaining", "")
    return not remaining.isdigit() or int(remaining) >= FEW_REPOSITORIES
