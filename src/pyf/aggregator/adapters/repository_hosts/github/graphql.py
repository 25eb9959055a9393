"""Repository data from GitHub's GraphQL API: many repositories per request, needs a token."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from msgspec import Raw, Struct
from msgspec.json import Decoder, encode

from ....domain.errors import AggregatorError, Unavailable
from ....domain.repositories import RepositoryRef
from ....ports import RateLimitStatus, RepositoryResult
from ...http.retry import Timeout, Transient
from ...http.service_client import Request
from ..client import AccessRefused, HostClient, LimitReached, decode_response
from .parsing import build_not_found, parse_graphql_repository
from .rest import GitHubRest, build_headers

# Costs one point of the rate limit per query, however many repositories it contains.
REPOSITORY_FRAGMENT = """
fragment facts on Repository {
  nameWithOwner isPrivate isArchived createdAt updatedAt pushedAt
  stargazerCount forkCount watchers { totalCount }
  openIssues: issues(states: OPEN) { totalCount }
  closedIssues: issues(states: CLOSED) { totalCount }
  openPullRequests: pullRequests(states: OPEN) { totalCount }
  licenseInfo { spdxId }
  repositoryTopics(first: 20) { nodes { topic { name } } }
  latestRelease { tagName }
  defaultBranchRef { target { ... on Commit { committedDate } } }
}
"""


def build_body(refs: Sequence[RepositoryRef]) -> bytes:
    """Return the body of a request for repositories, with aliases `r0`, `r1`…"""
    variables: dict[str, str] = {}
    for position, ref in enumerate(refs):
        variables |= {f"o{position}": ref.owner, f"n{position}": ref.name}
    return encode({"query": build_query(len(refs)), "variables": variables})


@lru_cache(maxsize=64)
def build_query(repository_count: int) -> str:
    """Return the query for a number of repositories; owners and names are its variables `o0`, `n0`, `o1`…"""
    positions = range(repository_count)
    declarations = ", ".join(f"$o{position}: String!, $n{position}: String!" for position in positions)
    selections = "\n".join(
        f"  r{position}: repository(owner: $o{position}, name: $n{position}) {{ ...facts }}" for position in positions
    )
    return f"query({declarations}) {{\n{selections}\n}}\n{REPOSITORY_FRAGMENT}"


class GraphQLError(Struct):
    """An error of a response; `path` begins with the alias of a repository."""

    type: str | None = None
    message: str | None = None
    path: list[str | int] | None = None


class GraphQLResponse(Struct):
    """A response; `message` is set if GitHub rejected the request before executing the query."""

    data: dict[str, Raw] | None = None
    errors: list[GraphQLError] | None = None
    message: str = ""

    def has_error(self, *error_types: str) -> bool:
        """Return whether the errors include one of these types."""
        return any(error.type in error_types for error in self.errors or ())

    @property
    def error_text(self) -> str:
        """The messages of all errors, in one line."""
        messages = [error.message or error.type or "" for error in self.errors or ()]
        return " ".join("; ".join(dict.fromkeys(filter(None, [self.message, *messages]))).split())


_response_decoder = Decoder(GraphQLResponse)


def parse_results(response: GraphQLResponse, refs: Sequence[RepositoryRef]) -> Iterator[RepositoryResult]:
    """Yield the results of repositories, without those that the response leaves out."""
    errors = _group_by_alias(response.errors or ())
    for position, ref in enumerate(refs):
        alias = f"r{position}"
        raw_repository = bytes((response.data or {}).get(alias, b"null"))
        if raw_repository != b"null":
            yield RepositoryResult(
                ref=ref,
                outcome=parse_graphql_repository(ref, raw_repository),
                raw_response=raw_repository.decode("utf-8", "replace"),
            )
        elif (error := errors.get(alias)) is not None:
            yield RepositoryResult(ref=ref, outcome=_build_error(ref, error))


def _group_by_alias(errors: Sequence[GraphQLError]) -> Mapping[str, GraphQLError]:
    """Return errors about repositories by alias; errors about limits are not about a repository."""
    return {str(error.path[0]): error for error in errors if error.path and error.type and "LIMIT" not in error.type}


def _build_error(ref: RepositoryRef, error: GraphQLError) -> AggregatorError:
    if error.type == "NOT_FOUND" and error.path is not None and len(error.path) == 1:
        return build_not_found(ref)
    text = f"{ref.url}: {error.type}: {' '.join((error.message or '').split()):.200}"
    return AccessRefused(text) if error.type in _REFUSALS else Unavailable(text)


# Errors of repositories that organizations hide from a token: by SAML, by an IP allow list, or from its kind.
_REFUSALS = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})

# Repositories per request, and how much a reduced batch grows after each success.
MAX_BATCH = 50
_GROWTH = 5

# GitHub counts as down after this many failures in a row. Timeouts first lead to smaller batches: halving 50 takes
# five steps to 1.
_MAX_FAILURES = 4
_MAX_SIZE_FAILURES = 8

# Attempts for a repository that responses leave out, and for one that times out on its own.
_MAX_ATTEMPTS = 3
_MAX_ATTEMPTS_ALONE = 2


class _BatchResult(Struct, frozen=True, kw_only=True):
    """Outcome of one request: results, and the repositories to retry with the reason."""

    results: Sequence[RepositoryResult] = ()
    unanswered: Sequence[RepositoryRef] = ()
    error: Transient = Transient("")


class GitHubGraphQL:
    """The port `RepositoryHost` on GitHub's GraphQL API: up to 50 repositories per request, one request at a time.

    A request that exceeds GitHub's limits is retried in halves, which grow again slowly; repositories with a result
    are not requested again. A repository that is refused to the token is requested once as the public sees it, over
    REST; without one, it counts as not public.
    """

    def __init__(self, client: HostClient) -> None:
        self._client = client
        self._public_host = GitHubRest(client.with_headers(build_headers()), max_attempts=1)
        self._public_limit: LimitReached | None = None

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        self._public_limit = None
        remaining = iter(refs)
        retry_queue: deque[RepositoryRef] = deque()
        attempts: Counter[RepositoryRef] = Counter()
        size, failures = MAX_BATCH, 0
        while batch_refs := _take_batch(retry_queue, remaining, size):
            batch_result = self._request_batch(batch_refs)
            error, unanswered = batch_result.error, batch_result.unanswered
            if batch_result.results:
                failures = 0
                yield batch_result.results
            if not unanswered:
                size = min(size + _GROWTH, MAX_BATCH)
                continue
            failures += not batch_result.results
            abandoned = []
            if isinstance(error, Timeout):
                size = max(len(batch_refs) // 2, 1)
                attempts.update(unanswered if batch_result.results or len(batch_refs) == 1 else ())
                max_attempts = _MAX_ATTEMPTS_ALONE if len(batch_refs) == 1 else _MAX_ATTEMPTS
                abandoned = [ref for ref in unanswered if attempts[ref] >= max_attempts]
            retry_queue.extendleft(reversed([ref for ref in unanswered if ref not in abandoned]))
            if abandoned:
                yield [RepositoryResult(ref=ref, outcome=Unavailable(str(error))) for ref in abandoned]
            if failures >= (_MAX_SIZE_FAILURES if isinstance(error, Timeout) else _MAX_FAILURES):
                raise Unavailable(str(error), retry_after=error.retry_after) from error
            self._client.wait(error, failures)

    @property
    def is_partial(self) -> bool:
        return False

    def get_rate_limit(self) -> RateLimitStatus | None:
        return None

    def _request_batch(self, refs: Sequence[RepositoryRef]) -> _BatchResult:
        request = Request(
            url=f"{self._client.base_url}/graphql",
            method="POST",
            headers=self._client.headers,
            body=build_body(refs),
            label=f"{len(refs)} repositories",
            must_exist=True,
        )
        try:
            response = self._client.send(request)
            parsed_response = decode_response(_response_decoder, response, str(request))
        except Transient as error:
            return _BatchResult(unanswered=refs, error=error)
        results = [self._replace_refused(result) for result in parse_results(parsed_response, refs)]
        unanswered = [ref for ref in refs if ref not in {result.ref for result in results}]
        if not unanswered:
            return _BatchResult(results=results)
        text = f"{request}: the response leaves out {len(unanswered)}: {parsed_response.error_text:.200}"
        try:
            is_limited = parsed_response.has_error("RATE_LIMITED", "RATE_LIMIT")
            self._client.check_limit(request, response, message=parsed_response.error_text, is_limited=is_limited)
        except Transient as error:
            return _BatchResult(results=results, unanswered=unanswered, error=error)
        return _BatchResult(results=results, unanswered=unanswered, error=Timeout(text))

    def _replace_refused(self, result: RepositoryResult) -> RepositoryResult:
        """Return the public's result for a repository that is refused to the token."""
        if not isinstance(result.outcome, AccessRefused):
            return result
        if self._public_limit is None:
            result = self._public_host.fetch_result(result.ref)
            if isinstance(result.outcome, LimitReached):
                self._public_limit = result.outcome
            return result
        return RepositoryResult(ref=result.ref, outcome=self._public_limit)


def _take_batch(
    retry_queue: deque[RepositoryRef], remaining: Iterator[RepositoryRef], size: int
) -> list[RepositoryRef]:
    """Return the next repositories, retries first."""
    batch = [retry_queue.popleft() for _ in range(min(size, len(retry_queue)))]
    return batch + list(islice(remaining, size - len(batch)))
