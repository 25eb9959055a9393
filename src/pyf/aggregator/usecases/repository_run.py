"""Leads each project's search to its repository, asking about each address once, in as few requests as can be.

What was learned is remembered before it is written, so a run that was interrupted does not ask again.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf

from msgspec import UNSET, Struct, UnsetType

from ..domain.errors import AggregatorError, NotFound
from ..domain.repository import Learned, Repository, fields_of
from ..domain.repository_address import RepositoryAddress
from ..domain.repository_claims import is_verified
from ..domain.schema import RepositoryFields
from ..ports import Allowance, Finding, Services
from .report import EnrichmentReport, Progress
from .repository_search import Search
from .score import score_anew

# Projects that are written at once where nobody has to be asked.
_WRITTEN_AT_ONCE = 500

# What reports say of projects without a repository; what differs from project to project follows a colon.
NO_LINK = "no link leads to a repository"
ELSEWHERE = "its repository is on another host"
GONE = "GitHub knows no public repository"
POSTPONED = "GitHub's limit without GITHUB_TOKEN left no room for it"
LATE = "the time of this run was up"


class _Settled(Struct, frozen=True):
    """A project whose repository was found, with the verdict that was written."""

    search: Search
    learned: Learned
    repository: Repository
    verdict: bool | UnsetType


@dataclass
class RepositoryRun:
    """One run; `is_whole` says that it sees all projects of the collection, and so all claims on a repository.

    From the moment `until` (Unix seconds) on nobody is asked any more.
    """

    services: Services
    collection: str
    report: EnrichmentReport
    progress: Progress
    heard: Callable[[Finding], None] | None
    is_whole: bool
    until: float = inf
    _known: dict[str, Learned] = field(default_factory=dict)
    _unanswered: dict[str, AggregatorError] = field(default_factory=dict)
    _waiting: dict[str, list[Search]] = field(default_factory=dict)
    _queue: deque[RepositoryAddress] = field(default_factory=deque)
    _asked: set[str] = field(default_factory=set)
    _claims: dict[str, list[Search]] = field(default_factory=lambda: defaultdict(list))
    _verdicts: dict[str, bool] = field(default_factory=dict)
    _settled: list[_Settled] = field(default_factory=list)
    _found: dict[str, RepositoryFields] = field(default_factory=dict)
    _lost: dict[str, RepositoryFields] = field(default_factory=dict)
    _budget: float = inf
    _done: int = 0

    def prepare(self, found: Sequence[Search], *, fresh: bool) -> None:
        """Settle what is known already, and queue the addresses to ask about."""
        for search in found:
            if search.untried:
                self._claims[search.untried[0].key].append(search)
        if not fresh:
            since = int(self.services.now()) - self.services.policy.repository_max_age + 1
            addresses = {address for search in found for address in search.untried}
            remembered = self.services.repository_cache.recall(addresses, since=since)
            # What was told without a token lacks the last commit, which who has one now must not wait a day for.
            takes_parts = self.services.repositories.is_partial
            self._known.update({key: each for key, each in remembered.items() if takes_parts or not each.is_partial})
        for search in found:
            self._advance(search)
            if len(self._found) + len(self._lost) >= _WRITTEN_AT_ONCE:
                self._flush()
        self._flush()

    def ask(self, tell: Callable[[str], None]) -> None:
        """Ask about what is queued, and write what comes with each answer."""
        if not self._queue:
            return
        if (allowance := self.services.repositories.allowance()) is not None:
            self._budget = allowance.left
            tell(_limits_of(allowance, len(self._queue)))
        try:
            while self._may_ask():
                for findings in self.services.repositories.look_up(self._taken()):
                    self._learn(findings)
                    self._flush()
        except AggregatorError:
            left = f"{self.report.found - self._done} of {self.report.found} projects"
            self.report.notices.append(f"{left} were not dealt with; what was learned stays, the next run goes on")
            raise
        for search in (search for waiting in self._waiting.values() for search in waiting):
            self.report.postpone(search.name, POSTPONED if self._budget <= 0 else LATE)

    def judge_again(self) -> None:
        """Correct verdicts by what was found: repositories that have moved, and those named in second place."""
        if not self.is_whole:
            return
        groups: dict[str, list[_Settled]] = defaultdict(list)
        for each in self._settled:
            groups[each.repository.address.key].append(each)
        for group in groups.values():
            verdict = is_verified(group[0].repository.address, [each.search.claim for each in group])
            corrected = {
                each.search.name: fields_of(each.repository, is_verified=verdict, checked=each.learned.learned_at)
                for each in group
                if each.verdict is not verdict
            }
            if corrected:
                self.services.index.update(self.collection, corrected)

    def _taken(self) -> Iterator[RepositoryAddress]:
        while self._may_ask():
            self._budget -= 1
            yield self._queue.popleft()

    def _may_ask(self) -> bool:
        return bool(self._queue) and self._budget > 0 and self.services.now() < self.until

    def _learn(self, findings: Sequence[Finding]) -> None:
        now = int(self.services.now())
        learned = []
        for finding in findings:
            self._asked.add(finding.address.key)
            if self.heard is not None:
                self.heard(finding)
            if isinstance(finding.answer, Repository):
                # Who names the new address of one that has moved need not ask again.
                for address in {finding.address, finding.answer.address}:
                    learned.append(
                        Learned(
                            address=address,
                            repository=finding.answer,
                            learned_at=now,
                            is_partial=self.services.repositories.is_partial,
                        )
                    )
            elif isinstance(finding.answer, NotFound):
                learned.append(Learned(address=finding.address, repository=None, learned_at=now))
            else:
                self._unanswered[finding.address.key] = finding.answer
        self.services.repository_cache.keep(learned)
        self._known.update((each.address.key, each) for each in learned)
        for finding in findings:
            for search in self._waiting.pop(finding.address.key, ()):
                self._advance(search)

    def _advance(self, search: Search) -> None:
        """Take a search as far as what is known leads it: to its end, or to an address that is to be asked about."""
        while search.untried:
            address = search.untried[0]
            if address.key in self._unanswered:
                self.report.fail(search.name, self._unanswered[address.key])
                return self._ended()
            if address.key not in self._known:
                if address.key not in self._waiting:
                    self._queue.append(address)
                self._waiting.setdefault(address.key, []).append(search)
                return None
            learned = self._known[address.key]
            if learned.repository is not None:
                return self._settle(search, learned, learned.repository)
            search.gone.append(search.untried.popleft())
        return self._miss(search)

    def _settle(self, search: Search, learned: Learned, repository: Repository) -> None:
        verdict = self._verdict(search, learned.address, repository)
        self._found[search.name] = fields_of(repository, is_verified=verdict, checked=learned.learned_at)
        self._settled.append(_Settled(search, learned, repository, verdict))
        self.report.remembered += learned.address.key not in self._asked
        self._ended()

    def _verdict(self, search: Search, asked: RepositoryAddress, repository: Repository) -> bool | UnsetType:
        """Judge by who names the address first; a run that does not see all projects keeps an earlier verdict."""
        if self.is_whole:
            if asked.key not in self._verdicts:
                claims = [search.claim for search in self._claims[asked.key]]
                self._verdicts[asked.key] = is_verified(repository.address, claims)
            return self._verdicts[asked.key]
        return search.before.github_verified if search.before.github_url == repository.address.url else UNSET

    def _miss(self, search: Search) -> None:
        checked = int(self.services.now())
        if search.elsewhere is not None:
            self.report.miss(search.name, f"{ELSEWHERE}: {search.elsewhere.url}")
        elif search.gone:
            checked = max(self._known[address.key].learned_at for address in search.gone)
            self.report.miss(search.name, f"{GONE}: {', '.join(address.path for address in search.gone)}")
        else:
            self.report.miss(search.name, NO_LINK)
        self._lost[search.name] = RepositoryFields(github_checked=checked)
        self._ended()

    def _ended(self) -> None:
        self._done += 1
        self.progress("asking GitHub", self._done, self.report.found)

    def _flush(self) -> None:
        """Write what was found out, and score by it."""
        if self._found:
            self.report.enriched += self.services.index.update(self.collection, self._found)
        if self._lost:
            self.services.index.update(self.collection, self._lost)
        score_anew(self.services, self.collection, [*self._found, *self._lost])
        self._found, self._lost = {}, {}


def _limits_of(allowance: Allowance, wanted: int) -> str:
    """Return what the user should know before the first request that is counted."""
    until = f"{datetime.fromtimestamp(allowance.resets_at, UTC):%H:%M} UTC"
    line = (
        f"Without GITHUB_TOKEN GitHub allows {allowance.limit} requests an hour, and {allowance.left} are left until "
        f"{until}; repositories to ask about in this run: {wanted}."
    )
    if wanted <= allowance.left:
        return line
    return f"{line} The projects looked at longest ago come first, the others stay for a later run."
