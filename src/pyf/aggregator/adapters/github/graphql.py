"""Asks GitHub about many repositories a request, which needs a token."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from ...domain.errors import Unavailable
from ...domain.repository_address import RepositoryRef
from ...ports import RateLimitStatus, RepositoryResult
from ..retry import Timeout, Transient
from ..service import Request
from .answer import parse_response, parse_results
from .client import GitHubClient
from .query import build_body

# Repositories in a request, and how many more after each one that went well, once it had to be fewer.
MAX_BATCH = 50
_GROWTH = 5

# So many failures in a row, and GitHub is taken to be down. One that takes too long for a query gets shorter ones
# first: from 50 to 1 there are five halves.
_MAX_FAILURES = 4
_MAX_SIZE_FAILURES = 8

# So often a repository is asked about that answers leave out, and one that gets none on its own.
_MAX_ATTEMPTS = 3
_MAX_ATTEMPTS_ALONE = 2


class _BatchResult(Struct, frozen=True, kw_only=True):
    """What came of one request: findings, and the addresses to ask again with the reason why."""

    results: Sequence[RepositoryResult] = ()
    unanswered: Sequence[RepositoryRef] = ()
    error: Transient = Transient("")


class GitHubGraphQL:
    """The port `RepositoryHost` on GitHub's GraphQL API: up to 50 repositories a request, one request at a time.

    A request that is too much for GitHub is asked again in halves, which grow again slowly; what has been answered
    is not asked again.
    """

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def fetch_repositories(self, refs: Iterable[RepositoryRef]) -> Iterator[Sequence[RepositoryResult]]:
        remaining = iter(refs)
        retry_queue: deque[RepositoryRef] = deque()
        attempts: Counter[RepositoryRef] = Counter()
        size, failures = MAX_BATCH, 0
        while batch_refs := _take_batch(retry_queue, remaining, size):
            batch_result = self._request_batch(batch_refs)
            if batch_result.results:
                failures = 0
                yield batch_result.results
            if not batch_result.unanswered:
                size = min(size + _GROWTH, MAX_BATCH)
                continue
            failures += not batch_result.results
            abandoned = []
            if isinstance(batch_result.error, Timeout):
                size = max(len(batch_refs) // 2, 1)
                attempts.update(batch_result.unanswered if batch_result.results or len(batch_refs) == 1 else ())
                max_attempts = _MAX_ATTEMPTS_ALONE if len(batch_refs) == 1 else _MAX_ATTEMPTS
                abandoned = [ref for ref in batch_result.unanswered if attempts[ref] >= max_attempts]
            retry_queue.extendleft(reversed([address for address in batch_result.unanswered if address not in abandoned]))
            if abandoned:
                yield [RepositoryResult(ref=address, outcome=Unavailable(str(batch_result.error))) for address in abandoned]
            if failures >= (_MAX_SIZE_FAILURES if isinstance(batch_result.error, Timeout) else _MAX_FAILURES):
                raise Unavailable(str(batch_result.error), retry_after=batch_result.error.retry_after) from batch_result.error
            self._client.wait(batch_result.error, failures)

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
            parsed_response = parse_response(request, response)
        except Transient as error:
            return _BatchResult(unanswered=refs, error=error)
        results = list(parse_results(parsed_response, refs))
        unanswered = [ref for ref in refs if ref not in {result.ref for result in results}]
        if not unanswered:
            return _BatchResult(results=results)
        text = f"{request}: the answer leaves out {len(unanswered)}: {parsed_response.error_text:.200}"
        try:
            is_limited = parsed_response.has_error("RATE_LIMITED", "RATE_LIMIT")
            self._client.check_limit(request, response, message=parsed_response.error_text, is_limited=is_limited)
        except Transient as error:
            return _BatchResult(results=results, unanswered=unanswered, error=error)
        return _BatchResult(results=results, unanswered=unanswered, error=Timeout(text))


def _take_batch(
    retry_queue: deque[RepositoryRef], remaining: Iterator[RepositoryRef], size: int
) -> list[RepositoryRef]:
    """Take so many addresses, those that were asked about before first."""
    batch = [retry_queue.popleft() for _ in range(min(size, len(retry_queue)))]
    return batch + list(islice(remaining, size - len(batch)))
