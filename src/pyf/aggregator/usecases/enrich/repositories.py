"""Says of each project where its repository may be, and who else says the same of theirs.

Leads each project's search to its repository, asking about each address once, in as few requests as can be.

What was learned is remembered before it is written, so a run that was interrupted does not ask again.

Write of each project what the host of its repository says: stars, issues, whether it is archived.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import inf

from msgspec import UNSET, Struct, UnsetType

from ...domain.documents.project import normalize_name
from ...domain.documents.schema import RepositoryFields
from ...domain.errors import AggregatorError, NotFound
from ...domain.repositories import (
    GITHUB,
    CachedRepository,
    Repository,
    RepositoryRef,
    list_repository_candidates,
    to_repository_fields,
)
from ...domain.repository_verification import RepositoryClaim, is_verified
from ...ports import Dependencies, RateLimitStatus, RepositoryResult
from ..collections.target import Target, build_not_found_error, require_state
from ..report import EnrichmentReport, ProgressCallback, no_progress
from .scores import update_scores

# Projects that are read from the index at once, with all of their releases.
_LOOKUP_BATCH = 100


@dataclass
class RepositoryLookup:
    """The search for one project's repository.

    `untried` are the addresses that may be it, the best first; `gone` those where nothing was found. `elsewhere` is
    set where the project is on a host that is not asked. `before` is what was written of it last.
    """

    name: str
    claim: RepositoryClaim
    candidates: deque[RepositoryRef] = field(default_factory=deque)
    not_found: list[RepositoryRef] = field(default_factory=list)
    other_host: RepositoryRef | None = None
    previous: RepositoryFields = RepositoryFields()

    @property
    def last_checked(self) -> int:
        """When the repository was last looked for, in Unix seconds; 0 for never."""
        checked = self.previous.github_checked
        return 0 if checked is UNSET else checked


def list_lookups(
    deps: Dependencies, target: Target, *, name: str = "", limit: int | None = None
) -> list[RepositoryLookup]:
    """Return the searches for a collection's projects, or for one (in any spelling), the longest unseen first.

    Raises `NotFound` for a name that the collection does not hold.
    """
    collection = target.collection
    names: Iterable[str] = (
        [normalize_name(name)]
        if name
        else (project_state.name_normalized for project_state in deps.index.project_states(collection))
    )
    lookups = sorted(_iter_lookups(deps, collection, names), key=lambda lookup: (lookup.last_checked, lookup.name))
    if name and not lookups:
        raise build_not_found_error(deps, target, name)
    return lookups[:limit]


def _iter_lookups(deps: Dependencies, collection: str, names: Iterable[str]) -> Iterator[RepositoryLookup]:
    remaining = iter(names)
    while batch := list(islice(remaining, _LOOKUP_BATCH)):
        stored_documents = deps.index.get_documents(collection, batch)
        enrichments = deps.index.get_enrichments(collection, batch)
        for name, releases in stored_documents.items():
            previous = enrichments[name].repository if name in enrichments else UNSET
            yield _build_lookup(
                name, list_repository_candidates(releases), releases[0].maintainers, previous or RepositoryFields()
            )


def _build_lookup(
    name: str, refs: Sequence[RepositoryRef], people: tuple[str, ...], previous: RepositoryFields
) -> RepositoryLookup:
    lookup = RepositoryLookup(name=name, claim=RepositoryClaim(project=name, users=people), previous=previous)
    # The best link of all says where the project is: a mirror or a former home says little about one that has moved.
    if refs and refs[0].host != GITHUB:
        lookup.other_host = refs[0]
    else:
        lookup.candidates.extend(ref for ref in refs if ref.host == GITHUB)
    return lookup


# Projects that are written at once where nobody has to be asked.
_WRITE_BATCH = 500

# What reports say of projects without a repository; what differs from project to project follows a colon.
NO_LINK = "no link leads to a repository"
OTHER_HOST = "its repository is on another host"
NOT_FOUND = "GitHub knows no public repository"
RATE_LIMITED = "GitHub's limit without GITHUB_TOKEN left no room for it"
DEADLINE_PASSED = "the time of this run was up"


class _FoundRepository(Struct, frozen=True):
    """A project whose repository was found, with the verdict that was written."""

    lookup: RepositoryLookup
    cached: CachedRepository
    repository: Repository
    is_verified: bool | UnsetType


@dataclass
class RepositoryRun:
    """One run; `is_whole` says that it sees all projects of the collection, and so all claims on a repository.

    From the moment `until` (Unix seconds) on nobody is asked any more.
    """

    deps: Dependencies
    collection: str
    report: EnrichmentReport
    progress: ProgressCallback
    on_result: Callable[[RepositoryResult], None] | None
    covers_collection: bool
    deadline: float = inf
    _cached: dict[str, CachedRepository] = field(default_factory=dict)
    _failures: dict[str, AggregatorError] = field(default_factory=dict)
    _waiting_lookups: dict[str, list[RepositoryLookup]] = field(default_factory=dict)
    _queue: deque[RepositoryRef] = field(default_factory=deque)
    _requested: set[str] = field(default_factory=set)
    _claims: dict[str, list[RepositoryLookup]] = field(default_factory=lambda: defaultdict(list))
    _verified: dict[str, bool] = field(default_factory=dict)
    _found_repositories: list[_FoundRepository] = field(default_factory=list)
    _found_fields: dict[str, RepositoryFields] = field(default_factory=dict)
    _missing_fields: dict[str, RepositoryFields] = field(default_factory=dict)
    _requests_left: float = inf
    _done_count: int = 0

    def plan(self, lookups: Sequence[RepositoryLookup], *, fresh: bool) -> None:
        """Settle what is known already, and queue the addresses to ask about."""
        for lookup in lookups:
            if lookup.candidates:
                self._claims[lookup.candidates[0].key].append(lookup)
        if not fresh:
            fetched_since = int(self.deps.now()) - self.deps.policy.repository_max_age + 1
            refs = {ref for search in lookups for ref in search.candidates}
            cached = self.deps.repository_cache.get_many(refs, fetched_since=fetched_since)
            # What was told without a token lacks the last commit, which who has one now must not wait a day for.
            accepts_partial = self.deps.repositories.is_partial
            self._cached.update(
                {key: repository for key, repository in cached.items() if accepts_partial or not repository.is_partial}
            )
        for lookup in lookups:
            self._try_next(lookup)
            if len(self._found_fields) + len(self._missing_fields) >= _WRITE_BATCH:
                self._flush()
        self._flush()

    def run(self, on_notice: Callable[[str], None]) -> None:
        """Ask about what is queued, and write what comes with each answer."""
        if not self._queue:
            return
        if (rate_limit := self.deps.repositories.get_rate_limit()) is not None:
            self._requests_left = rate_limit.remaining
            on_notice(_format_rate_limit(rate_limit, len(self._queue)))
        try:
            while self._can_request():
                for results in self.deps.repositories.fetch_repositories(self._take_refs()):
                    self._record_results(results)
                    self._flush()
        except AggregatorError:
            unfinished = f"{self.report.found - self._done_count} of {self.report.found} projects"
            self.report.notices.append(
                f"{unfinished} were not dealt with; what was learned stays, the next run goes on"
            )
            raise
        for lookup in (search for lookups in self._waiting_lookups.values() for search in lookups):
            self.report.add_deferred(lookup.name, RATE_LIMITED if self._requests_left <= 0 else DEADLINE_PASSED)

    def reverify(self) -> None:
        """Correct verdicts by what was found: repositories that have moved, and those named in second place."""
        if not self.covers_collection:
            return
        groups: dict[str, list[_FoundRepository]] = defaultdict(list)
        for found in self._found_repositories:
            groups[found.repository.ref.key].append(found)
        for group in groups.values():
            verified = is_verified(group[0].repository.ref, [each.lookup.claim for each in group])
            corrected = {
                each.lookup.name: to_repository_fields(
                    each.repository, is_verified=verified, checked_at=each.cached.fetched_at
                )
                for each in group
                if each.is_verified is not verified
            }
            if corrected:
                self.deps.index.update(self.collection, corrected)

    def _take_refs(self) -> Iterator[RepositoryRef]:
        while self._can_request():
            self._requests_left -= 1
            yield self._queue.popleft()

    def _can_request(self) -> bool:
        return bool(self._queue) and self._requests_left > 0 and self.deps.now() < self.deadline

    def _record_results(self, results: Sequence[RepositoryResult]) -> None:
        now = int(self.deps.now())
        new_repositories = []
        for result in results:
            self._requested.add(result.ref.key)
            if self.on_result is not None:
                self.on_result(result)
            if isinstance(result.outcome, Repository):
                # Who names the new address of one that has moved need not ask again.
                for ref in {result.ref, result.outcome.ref}:
                    new_repositories.append(
                        CachedRepository(
                            ref=ref,
                            repository=result.outcome,
                            fetched_at=now,
                            is_partial=self.deps.repositories.is_partial,
                        )
                    )
            elif isinstance(result.outcome, NotFound):
                new_repositories.append(CachedRepository(ref=result.ref, repository=None, fetched_at=now))
            else:
                self._failures[result.ref.key] = result.outcome
        self.deps.repository_cache.set_many(new_repositories)
        self._cached.update((repository.address.key, repository) for repository in new_repositories)
        for result in results:
            for lookup in self._waiting_lookups.pop(result.ref.key, ()):
                self._try_next(lookup)

    def _try_next(self, lookup: RepositoryLookup) -> None:
        """Take a search as far as what is known leads it: to its end, or to an address that is to be asked about."""
        while lookup.candidates:
            ref = lookup.candidates[0]
            if ref.key in self._failures:
                self.report.add_failure(lookup.name, self._failures[ref.key])
                return self._count_done()
            if ref.key not in self._cached:
                if ref.key not in self._waiting_lookups:
                    self._queue.append(ref)
                self._waiting_lookups.setdefault(ref.key, []).append(lookup)
                return None
            cached = self._cached[ref.key]
            if cached.repository is not None:
                return self._record_found(lookup, cached, cached.repository)
            lookup.not_found.append(lookup.candidates.popleft())
        return self._record_missing(lookup)

    def _record_found(self, lookup: RepositoryLookup, cached: CachedRepository, repository: Repository) -> None:
        verified = self._verify(lookup, cached.ref, repository)
        self._found_fields[lookup.name] = to_repository_fields(
            repository, is_verified=verified, checked_at=cached.fetched_at
        )
        self._found_repositories.append(_FoundRepository(lookup, cached, repository, verified))
        self.report.cached += cached.ref.key not in self._requested
        self._count_done()

    def _verify(self, lookup: RepositoryLookup, ref: RepositoryRef, repository: Repository) -> bool | UnsetType:
        """Judge by who names the address first; a run that does not see all projects keeps an earlier verdict."""
        if self.covers_collection:
            if ref.key not in self._verified:
                claims = [search.claim for search in self._claims[ref.key]]
                self._verified[ref.key] = is_verified(repository.ref, claims)
            return self._verified[ref.key]
        return lookup.previous.github_verified if lookup.previous.github_url == repository.ref.url else UNSET

    def _record_missing(self, lookup: RepositoryLookup) -> None:
        checked = int(self.deps.now())
        if lookup.other_host is not None:
            self.report.add_missing(lookup.name, f"{OTHER_HOST}: {lookup.other_host.url}")
        elif lookup.not_found:
            checked = max(self._cached[ref.key].fetched_at for ref in lookup.not_found)
            self.report.add_missing(
                lookup.name, f"{NOT_FOUND}: {', '.join(address.path for address in lookup.not_found)}"
            )
        else:
            self.report.add_missing(lookup.name, NO_LINK)
        self._missing_fields[lookup.name] = RepositoryFields(github_checked=checked)
        self._count_done()

    def _count_done(self) -> None:
        self._done_count += 1
        self.progress("asking GitHub", self._done_count, self.report.found)

    def _flush(self) -> None:
        """Write what was found out, and score by it."""
        if self._found_fields:
            self.report.enriched += self.deps.index.update(self.collection, self._found_fields)
        if self._missing_fields:
            self.deps.index.update(self.collection, self._missing_fields)
        update_scores(self.deps, self.collection, [*self._found_fields, *self._missing_fields])
        self._found_fields, self._missing_fields = {}, {}


def _format_rate_limit(rate_limit: RateLimitStatus, request_count: int) -> str:
    """Return what the user should know before the first request that is counted."""
    reset_time = f"{datetime.fromtimestamp(rate_limit.resets_at, UTC):%H:%M} UTC"
    line = (
        f"Without GITHUB_TOKEN GitHub allows {rate_limit.limit} requests an hour, and {rate_limit.remaining} are left until "
        f"{reset_time}; repositories to ask about in this run: {request_count}."
    )
    if request_count <= rate_limit.remaining:
        return line
    return f"{line} The projects looked at longest ago come first, the others stay for a later run."


def enrich_repositories(
    deps: Dependencies,
    target: Target,
    *,
    name: str = "",
    limit: int | None = None,
    fresh: bool = False,
    deadline: float = inf,
    progress: ProgressCallback = no_progress,
    on_notice: Callable[[str], None] | None = None,
    on_result: Callable[[RepositoryResult], None] | None = None,
) -> EnrichmentReport:
    """Look up the repositories of a collection's projects, or of the one called `name`, and write their fields.

    With a limit, the projects that were looked at longest ago come first. What was learned within the policy's
    `repository_max_age`, by a run on whatever collection, is not asked for again unless `fresh`. A project whose
    repository is gone loses the fields it had; one that nobody answers for keeps them. From the moment `until` (Unix
    seconds) on nobody is asked any more, and the others are postponed. `tell` takes a line that the
    user should read before the first request, `heard` what the host says.
    """
    report = EnrichmentReport("github", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        lookups = list_lookups(deps, target, name=name, limit=limit)
        report.found = len(lookups)
        covers_collection = not name and limit is None
        run = RepositoryRun(
            deps, target.collection, report, progress, on_result, covers_collection=covers_collection, deadline=deadline
        )
        run.plan(lookups, fresh=fresh)
        run.run(on_notice or report.notices.append)
        run.reverify()
    return report
