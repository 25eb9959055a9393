"""Repository data from GitLab: 50 projects per GraphQL request; REST finds those that have moved.

GraphQL finds projects by their present path only, and versions of GitLab differ in whether it lists archived ones. REST
follows renames. Written after GitLab's documentation of both APIs and its schema.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from urllib.parse import quote

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType
from msgspec.json import Decoder, encode

from ...domain.documents.document import unset_if_none
from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...domain.repositories import Repository, RepositoryRef, split_path
from ...domain.timestamps import to_optional_seconds
from ...ports import RateLimitStatus, RepositoryHost, RepositoryResult
from ..http.errors import drop_traceback
from ..http.retry import Timeout, Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient
from .client import MAX_CONSECUTIVE_FAILURES, AccessRefused, HostAddress, HostClient, PauseTooLong, decode_response

# The limit of GitLab for the argument `fullPaths`.
MAX_BATCH = 50

# A query may cost 200 points without a token. A list costs little more than one project; an alias for each project
# would cost as much as that many.
QUERY = """
query($paths: [String!]) {
  projects(fullPaths: $paths, first: 50) {
    nodes {
      fullPath visibility archived createdAt lastActivityAt topics
      starCount forksCount openIssuesCount openMergeRequestsCount
      repository { tree { lastCommit { committedDate } } }
    }
  }
}
"""

_PUBLIC = "public"


class _Commit(Struct, rename="camel"):
    committed_date: datetime | None = None


class _Tree(Struct, rename="camel"):
    last_commit: _Commit | None = None


class _Files(Struct):
    tree: _Tree | None = None


class GraphQLProject(Struct, rename="camel", kw_only=True):
    """A project of GraphQL."""

    full_path: str
    visibility: str | None = None
    archived: bool | None = None
    created_at: datetime | None = None
    last_activity_at: datetime | None = None
    topics: tuple[str, ...] | None = None
    star_count: int | None = None
    forks_count: int | None = None
    open_issues_count: int | None = None
    open_merge_requests_count: int | None = None
    repository: _Files | None = None

    @property
    def last_commit(self) -> int | UnsetType:
        """The time of the last commit of the default branch."""
        tree = self.repository.tree if self.repository else None
        return to_optional_seconds(tree.last_commit.committed_date if tree and tree.last_commit else None)


class RestProject(Struct, kw_only=True):
    """A project of REST; the public sees fewer fields than a user with a token."""

    path_with_namespace: str
    visibility: str | None = None
    archived: bool | None = None
    created_at: datetime | None = None
    last_activity_at: datetime | None = None
    topics: tuple[str, ...] | None = None
    star_count: int | None = None
    forks_count: int | None = None
    open_issues_count: int | None = None
    open_merge_requests_count: int | None = None

    @property
    def full_path(self) -> str:
        """The name of its path in GraphQL."""
        return self.path_with_namespace

    @property
    def last_commit(self) -> UnsetType:
        """The time of the last commit, which takes one more request."""
        return UNSET


class _Nodes(Struct):
    nodes: list[Raw] = []


class _Data(Struct):
    projects: _Nodes | None = None


class _Error(Struct):
    message: str = ""


class _GraphQLResponse(Struct):
    data: _Data | None = None
    errors: list[_Error] = []


class _FoundProject(Struct, frozen=True):
    """A project with the response that it comes from."""

    project: GraphQLProject | RestProject
    raw_response: str


_response_decoder = Decoder(_GraphQLResponse)
_graphql_decoder = Decoder(GraphQLProject)
_rest_decoder = Decoder(RestProject)


class GitLab:
    """The port `RepositoryHost` on a GitLab server, one request at a time.

    Closed issues, license, latest release and the time of the last push stay unknown. A query that takes GitLab too
    long is repeated in halves.
    """

    def __init__(self, client: HostClient) -> None:
        self._client = client
        self._failures = 0

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        self._failures = 0
        remaining = iter(refs)
        while batch := list(islice(remaining, MAX_BATCH)):
            yield from self._fetch_batch(batch)

    @property
    def is_partial(self) -> bool:
        return False

    def get_rate_limit(self) -> RateLimitStatus | None:
        return None

    def _fetch_batch(self, refs: Sequence[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        try:
            found = self._query_projects([ref.path for ref in refs])
        except Timeout as error:
            if len(refs) > 1:
                middle = len(refs) // 2
                yield from self._fetch_batch(refs[:middle])
                yield from self._fetch_batch(refs[middle:])
                return
            yield [RepositoryResult(ref=refs[0], outcome=drop_traceback(error))]
            self._count_failure(error)
            return
        self._failures = 0
        if results := [self._build_result(ref, found[_get_key(ref)]) for ref in refs if _get_key(ref) in found]:
            yield results
        if missing := [ref for ref in refs if _get_key(ref) not in found]:
            yield self._fetch_missing(missing)

    def _fetch_missing(self, refs: Sequence[RepositoryRef]) -> Sequence[RepositoryResult]:
        """Return the results of projects that GraphQL does not list: REST finds those that have moved."""
        outcomes = {ref: self._fetch_project(ref) for ref in refs}
        moved = {
            ref: outcome.project.full_path
            for ref, outcome in outcomes.items()
            if isinstance(outcome, _FoundProject) and outcome.project.full_path.lower() != _get_key(ref)
        }
        present = self._query_moved(list(moved.values())) if moved else {}
        outcomes |= {ref: present[path.lower()] for ref, path in moved.items() if path.lower() in present}
        return [self._build_result(ref, outcome) for ref, outcome in outcomes.items()]

    def _count_failure(self, error: Unavailable) -> None:
        """Raise `Unavailable` after several repositories in a row without a response."""
        self._failures += 1
        if self._failures == MAX_CONSECUTIVE_FAILURES:
            raise Unavailable(str(error)) from error

    def _query_moved(self, paths: Sequence[str]) -> Mapping[str, _FoundProject]:
        """Return what GraphQL says about projects that REST has found; none if that fails."""
        try:
            return self._query_projects(paths)
        except PauseTooLong:
            raise
        except Unavailable:
            return {}

    def _query_projects(self, paths: Sequence[str]) -> dict[str, _FoundProject]:
        """Return the projects by path, in lower case; raise `Timeout` if fewer projects may help."""
        request = Request(
            url=f"{self._client.base_url}/api/graphql",
            method="POST",
            headers={**self._client.headers, "Content-Type": "application/json"},
            body=encode({"query": QUERY, "variables": {"paths": paths}}),
            label=f"{len(paths)} repositories",
            must_exist=True,
        )
        response = self._client.send_with_retries(request, retries_timeouts=len(paths) == 1)
        content = decode_response(_response_decoder, response, str(request))
        if content.data is None or content.data.projects is None:
            messages = "; ".join(dict.fromkeys(error.message for error in content.errors))
            # GitLab rejects a query that is too complex, or ends one that takes too long.
            raise Timeout(f"{request}: {messages:.200}")
        projects = {}
        for raw in map(bytes, content.data.projects.nodes):
            if raw == b"null":  # hidden from this user
                continue
            try:
                project = _graphql_decoder.decode(raw)
            except (DecodeError, UnicodeDecodeError) as error:
                raise Transient(f"{request}: unreadable project ({error})") from error
            projects[project.full_path.lower()] = _FoundProject(project, raw.decode("utf-8", "replace"))
        return projects

    def _fetch_project(self, ref: RepositoryRef) -> _FoundProject | AggregatorError:
        """Return the project at a path, or the one that has moved from there."""
        request = Request(
            url=f"{self._client.base_url}/api/v4/projects/{quote(ref.path, safe='')}",
            headers=self._client.headers,
            label=ref.path,
            max_bytes=2 * MEBIBYTE,
        )
        try:
            response = self._client.send_with_retries(request)
            if response.status != HTTPStatus.OK:
                return self._build_not_found(ref)
            project = decode_response(_rest_decoder, response, ref.url)
        except PauseTooLong:
            raise
        except AccessRefused:
            return self._build_not_found(ref)
        except Unavailable as error:
            self._count_failure(error)
            return drop_traceback(error)
        self._failures = 0
        return _FoundProject(project, response.body.decode("utf-8", "replace"))

    def _build_result(self, ref: RepositoryRef, outcome: _FoundProject | AggregatorError) -> RepositoryResult:
        if isinstance(outcome, AggregatorError):
            return RepositoryResult(ref=ref, outcome=outcome)
        project = outcome.project
        own_ref = split_path(ref.host, project.full_path)
        if own_ref is None:
            text = f"{ref.url}: {self._client.address.label}'s response is about {project.full_path!r:.60}"
            return RepositoryResult(ref=ref, outcome=Unavailable(text))
        if project.visibility not in (None, _PUBLIC):  # readable with the token, but not by users of the index
            return RepositoryResult(ref=ref, outcome=self._build_not_found(ref))
        repository = Repository(
            ref=own_ref,
            stars=unset_if_none(project.star_count),
            forks=unset_if_none(project.forks_count),
            open_issues=unset_if_none(project.open_issues_count),
            open_pull_requests=unset_if_none(project.open_merge_requests_count),
            is_archived=unset_if_none(project.archived),
            topics=unset_if_none(project.topics),
            created=to_optional_seconds(project.created_at),
            updated=to_optional_seconds(project.last_activity_at),
            last_commit=project.last_commit,
        )
        return RepositoryResult(ref=ref, outcome=repository, raw_response=outcome.raw_response)

    def _build_not_found(self, ref: RepositoryRef) -> NotFound:
        return NotFound(f"{self._client.address.label} has no public repository {ref.path}")


def _get_key(ref: RepositoryRef) -> str:
    """Return the path by which found projects are listed."""
    return ref.path.lower()


def build_host(service: ServiceClient, address: HostAddress) -> RepositoryHost:
    """Return the client of a GitLab server."""
    return GitLab(HostClient(service, address, {"Authorization": f"Bearer {address.token}"} if address.token else {}))
