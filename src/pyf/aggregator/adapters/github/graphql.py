"""Asks GitHub about many repositories a request, which needs a token."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from ...domain.errors import Unavailable
from ...domain.repository_address import RepositoryAddress
from ...ports import Allowance, Finding
from ..retry import TooSlow, Transient
from ..service import Request
from .answer import answer_of, findings
from .client import GitHubClient
from .query import body_for

# Repositories in a request, and how many more after each one that went well, once it had to be fewer.
MOST = 50
_GROWTH = 5

# So many failures in a row, and GitHub is taken to be down. One that takes too long for a query gets shorter ones
# first: from 50 to 1 there are five halves.
_FAILURES = 4
_FAILURES_OF_SIZE = 8

# So often a repository is asked about that answers leave out, and one that gets none on its own.
_ATTEMPTS = 3
_ATTEMPTS_ALONE = 2


class _Batch(Struct, frozen=True, kw_only=True):
    """What came of one request: findings, and the addresses to ask again with the reason why."""

    findings: Sequence[Finding] = ()
    unanswered: Sequence[RepositoryAddress] = ()
    trouble: Transient = Transient("")


class GitHubGraphQL:
    """The port `RepositoryHost` on GitHub's GraphQL API: up to 50 repositories a request, one request at a time.

    A request that is too much for GitHub is asked again in halves, which grow again slowly; what has been answered
    is not asked again.
    """

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def look_up(self, addresses: Iterable[RepositoryAddress]) -> Iterator[Sequence[Finding]]:
        remaining = iter(addresses)
        again: deque[RepositoryAddress] = deque()
        attempts: Counter[RepositoryAddress] = Counter()
        size, failures = MOST, 0
        while some := _next(again, remaining, size):
            batch = self._asked(some)
            if batch.findings:
                failures = 0
                yield batch.findings
            if not batch.unanswered:
                size = min(size + _GROWTH, MOST)
                continue
            failures += not batch.findings
            given_up = []
            if isinstance(batch.trouble, TooSlow):
                size = max(len(some) // 2, 1)
                attempts.update(batch.unanswered if batch.findings or len(some) == 1 else ())
                enough = _ATTEMPTS_ALONE if len(some) == 1 else _ATTEMPTS
                given_up = [address for address in batch.unanswered if attempts[address] >= enough]
            again.extendleft(reversed([address for address in batch.unanswered if address not in given_up]))
            if given_up:
                yield [Finding(address=address, answer=Unavailable(str(batch.trouble))) for address in given_up]
            if failures >= (_FAILURES_OF_SIZE if isinstance(batch.trouble, TooSlow) else _FAILURES):
                raise Unavailable(str(batch.trouble), retry_after=batch.trouble.retry_after) from batch.trouble
            self._client.wait(batch.trouble, failures)

    @property
    def is_partial(self) -> bool:
        return False

    def allowance(self) -> Allowance | None:
        return None

    def _asked(self, some: Sequence[RepositoryAddress]) -> _Batch:
        request = Request(
            url=f"{self._client.base_url}/graphql",
            method="POST",
            headers=self._client.headers,
            body=body_for(some),
            about=f"{len(some)} repositories",
            always_there=True,
        )
        try:
            reply = self._client.send(request)
            answer = answer_of(request, reply)
        except Transient as error:
            return _Batch(unanswered=some, trouble=error)
        found = list(findings(answer, some))
        unanswered = [address for address in some if address not in {finding.address for finding in found}]
        if not unanswered:
            return _Batch(findings=found)
        text = f"{request}: the answer leaves out {len(unanswered)}: {answer.complaint:.200}"
        try:
            is_limited = answer.has("RATE_LIMITED", "RATE_LIMIT")
            self._client.check_limit(request, reply, says=answer.complaint, is_limited=is_limited)
        except Transient as error:
            return _Batch(findings=found, unanswered=unanswered, trouble=error)
        return _Batch(findings=found, unanswered=unanswered, trouble=TooSlow(text))


def _next(
    again: deque[RepositoryAddress], remaining: Iterator[RepositoryAddress], size: int
) -> list[RepositoryAddress]:
    """Take so many addresses, those that were asked about before first."""
    some = [again.popleft() for _ in range(min(size, len(again)))]
    return some + list(islice(remaining, size - len(some)))
