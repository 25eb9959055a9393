"""Repository data from Forgejo, on which Codeberg runs, and from Gitea: two requests per repository.

Their API reads one repository per request. Written after the description of the API (Swagger) that servers publish.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote, unquote

from msgspec import UNSET, Struct, UnsetType
from msgspec.json import Decoder

from ...domain.documents.document import unset_if_none
from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...domain.repositories import Repository, RepositoryRef, split_path
from ...domain.timestamps import to_optional_seconds
from ...ports import RateLimitStatus, RepositoryHost, RepositoryResult
from ..http.errors import drop_traceback
from ..http.retry import Transient
from ..http.service_client import MEBIBYTE, Request, Response, ServiceClient
from .client import AccessRefused, HostAddress, HostClient, PauseTooLong, decode_response, fetch_one_by_one

# New location of a moved repository; only its path is used, so that no other server is contacted.
_MOVED_TO = re.compile(r"/api/v1/repos/([^/?#]+)/([^/?#]+)")


class ForgejoRepository(Struct, kw_only=True):
    """A repository. Issues are counted without pull requests; with an external tracker, there are none to count."""

    full_name: str
    private: bool = False
    internal: bool = False
    empty: bool = False
    archived: bool | None = None
    stars_count: int | None = None
    watchers_count: int | None = None
    forks_count: int | None = None
    has_issues: bool = True
    open_issues_count: int | None = None
    has_pull_requests: bool = True
    open_pr_counter: int | None = None
    licenses: tuple[str, ...] | None = None
    topics: tuple[str, ...] | None = None
    default_branch: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


class _Commit(Struct):
    timestamp: datetime | None = None


class _Branch(Struct):
    commit: _Commit | None = None


_repository_decoder = Decoder(ForgejoRepository)
_branch_decoder = Decoder(_Branch)


class Forgejo:
    """The port `RepositoryHost` on a Forgejo or Gitea server, one request at a time.

    Closed issues, latest release and the time of the last push stay unknown.
    """

    def __init__(self, client: HostClient) -> None:
        self._client = client

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        return fetch_one_by_one(refs, self._fetch_result)

    @property
    def is_partial(self) -> bool:
        return False

    def get_rate_limit(self) -> RateLimitStatus | None:
        return None

    def _fetch_result(self, ref: RepositoryRef) -> RepositoryResult:
        try:
            response = self._fetch_document(ref)
            document = decode_response(_repository_decoder, response, ref.url)
            outcome = self._build_outcome(ref, document)
        except PauseTooLong:
            raise
        except AccessRefused:
            return RepositoryResult(ref=ref, outcome=self._build_not_found(ref))
        except (NotFound, Unavailable) as error:
            return RepositoryResult(ref=ref, outcome=drop_traceback(error))
        return RepositoryResult(ref=ref, outcome=outcome, raw_response=response.body.decode("utf-8", "replace"))

    def _fetch_document(self, ref: RepositoryRef) -> Response:
        response = self._send(f"/{quote(ref.owner)}/{quote(ref.name)}", ref.path)
        if 300 <= response.status < 400:
            moved_to = _MOVED_TO.search(response.headers.get("Location", ""))
            if moved_to is None:
                raise Transient(f"{ref.url}: redirect without a usable location")
            owner, name = map(unquote, moved_to.groups())
            response = self._send(f"/{quote(owner)}/{quote(name)}", ref.path)
        if response.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS):
            raise self._build_not_found(ref)
        if response.status != HTTPStatus.OK:
            raise Transient(f"{ref.url}: more than one redirect")
        return response

    def _build_outcome(self, ref: RepositoryRef, document: ForgejoRepository) -> Repository | AggregatorError:
        own_ref = split_path(ref.host, document.full_name)
        if own_ref is None:
            label = self._client.address.label
            return Unavailable(f"{ref.url}: {label}'s response is about {document.full_name!r:.60}")
        if document.private or document.internal:  # readable with the token, but not by users of the index
            return self._build_not_found(ref)
        licenses = document.licenses or ()
        return Repository(
            ref=own_ref,
            stars=unset_if_none(document.stars_count),
            watchers=unset_if_none(document.watchers_count),
            forks=unset_if_none(document.forks_count),
            open_issues=unset_if_none(document.open_issues_count if document.has_issues else None),
            open_pull_requests=unset_if_none(document.open_pr_counter if document.has_pull_requests else None),
            is_archived=unset_if_none(document.archived),
            license=licenses[0] if len(licenses) == 1 else UNSET,
            topics=unset_if_none(document.topics),
            created=to_optional_seconds(document.created_at),
            updated=to_optional_seconds(document.updated_at),
            last_commit=UNSET if document.empty else self._fetch_last_commit(own_ref, document.default_branch),
        )

    def _fetch_last_commit(self, ref: RepositoryRef, branch: str) -> int | UnsetType:
        """Return the time of the last commit of a branch; UNSET if that fails."""
        try:
            response = self._send(f"/{quote(ref.owner)}/{quote(ref.name)}/branches/{quote(branch)}", "the last commit")
            commit = decode_response(_branch_decoder, response, ref.url).commit
        except PauseTooLong:
            raise
        except Unavailable:
            return UNSET
        return to_optional_seconds(commit.timestamp if commit else None)

    def _send(self, path: str, label: str) -> Response:
        request = Request(
            url=f"{self._client.base_url}/api/v1/repos{path}",
            headers=self._client.headers,
            label=label,
            max_bytes=2 * MEBIBYTE,
        )
        return self._client.send_with_retries(request)

    def _build_not_found(self, ref: RepositoryRef) -> NotFound:
        return NotFound(f"{self._client.address.label} has no public repository {ref.path}")


def build_host(service: ServiceClient, address: HostAddress) -> RepositoryHost:
    """Return the client of a Forgejo or Gitea server."""
    headers = {"Accept": "application/json", **({"Authorization": f"token {address.token}"} if address.token else {})}
    return Forgejo(HostClient(service, address, headers))
