"""Asks GitHub about one repository a request, which needs no token; without one it allows 60 requests an hour."""

import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from itertools import chain, islice
from typing import TypeVar
from urllib.parse import quote

from msgspec import UNSET, DecodeError, Struct, UnsetType
from msgspec.json import Decoder

from ...domain.errors import NotFound, Unavailable
from ...domain.repository_address import RepositoryAddress
from ...ports import Allowance, Finding
from ..answers import settled
from ..retry import Transient
from ..service import Reply, Request
from .client import GitHubClient, Stopped
from .document import Document, repository_of
from .node import missing

T = TypeVar("T")

# Of so few repositories the open pull requests are counted, too, for one request more.
A_FEW = 10

# So often a request is sent, and so many repositories in a row without an answer mean that GitHub is down.
_ATTEMPTS = 3
_SILENCE = 3

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})
# Where a repository that has moved is now; only the path is followed, and never to another server.
_MOVED_TO = re.compile(r"(/repositories/[0-9]{1,20}|/repos/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+)/?")
_LAST_PAGE = re.compile(r"[?&]page=([0-9]{1,9})[^>]*>\s*;\s*rel=\"last\"")


class _Limit(Struct):
    limit: int
    remaining: int
    reset: float


class _Resources(Struct):
    core: _Limit


class _Limits(Struct):
    resources: _Resources


_document = Decoder(Document)
_limits = Decoder(_Limits)
_list = Decoder(list[object])


class GitHubRest:
    """The port `RepositoryHost` on GitHub's REST API: one request a repository, two where few are asked about.

    It can't tell closed issues, the last commit and the latest release without many more requests, so these stay
    unknown; so do open issues where it can't tell them from pull requests.
    """

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def look_up(self, addresses: Iterable[RepositoryAddress]) -> Iterator[Sequence[Finding]]:
        remaining = iter(addresses)
        first = list(islice(remaining, A_FEW + 1))
        silent = 0
        for address in chain(first, remaining):
            finding = self._finding(address, counts_pull_requests=len(first) <= A_FEW)
            yield [finding]
            silent = silent + 1 if isinstance(finding.answer, Transient) else 0
            if silent == _SILENCE:
                raise Unavailable(str(finding.answer))

    @property
    def is_partial(self) -> bool:
        return True

    def allowance(self) -> Allowance:
        reply = self._persistently(self._request("/rate_limit", "the limit", always_there=True))
        core = _decoded(_limits, reply, "the limit").resources.core
        return Allowance(left=core.remaining, limit=core.limit, resets_at=core.reset)

    def _finding(self, address: RepositoryAddress, *, counts_pull_requests: bool) -> Finding:
        try:
            reply = self._document(address)
            document = _decoded(_document, reply, address.url)
            pulls = document.open_pull_requests
            if pulls is UNSET and counts_pull_requests and _has_room(reply):
                pulls = self._open_pull_requests(address)
            answer = repository_of(address, document, open_pull_requests=pulls)
        except Stopped:
            raise
        except (NotFound, Unavailable) as error:
            return Finding(address=address, answer=settled(error))
        return Finding(address=address, answer=answer, told=reply.body.decode("utf-8", "replace"))

    def _document(self, address: RepositoryAddress) -> Reply:
        path = f"/repos/{quote(address.owner)}/{quote(address.name)}"
        reply = self._persistently(self._request(path, address.path))
        if 300 <= reply.status < 400:
            moved_to = _MOVED_TO.search(reply.headers.get("Location", ""))
            if moved_to is None:
                raise Transient(f"{address.url}: GitHub does not say where it has moved")
            reply = self._persistently(self._request(moved_to[1], address.path))
        if reply.status in _GONE:
            raise missing(address)
        if reply.status != HTTPStatus.OK:
            raise Transient(f"{address.url}: it has moved more than once")
        return reply

    def _open_pull_requests(self, address: RepositoryAddress) -> int | UnsetType:
        """Count open pull requests by asking for one a page: the last page's number is the count.

        They are unknown where that fails: the repository is worth having without them.
        """
        path = f"/repos/{quote(address.owner)}/{quote(address.name)}/pulls?state=open&per_page=1"
        try:
            reply = self._client.send(self._request(path, "open pull requests"))
            shown = _decoded(_list, reply, address.url)
        except Unavailable:
            return UNSET
        last = _LAST_PAGE.search(reply.headers.get("Link", ""))
        return int(last[1]) if last else len(shown)

    def _request(self, path: str, about: str, *, always_there: bool = False) -> Request:
        url = f"{self._client.base_url}{path}"
        return Request(url=url, headers=self._client.headers, about=about, always_there=always_there)

    def _persistently(self, request: Request) -> Reply:
        """Send a request, some times if need be; raises `Transient` where no answer comes."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._client.send(request)
            except Transient as error:
                self._client.wait(error, attempt)
        return self._client.send(request)


def _has_room(reply: Reply) -> bool:
    """Tell whether more may be asked than the repositories that are still to come."""
    left = reply.headers.get("X-RateLimit-Remaining", "")
    return not left.isdigit() or int(left) >= A_FEW


def _decoded(decoder: Decoder[T], reply: Reply, about: str) -> T:
    try:
        return decoder.decode(reply.body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Transient(f"{about}: GitHub's answer can't be read ({error})") from error
