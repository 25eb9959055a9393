"""Enrich packages with data of their repositories: stars, issues, the last commit, whether it is archived.

A run requests each repository once, in as few requests as possible, and caches every result before it writes it: an
interrupted run repeats no request.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf

from msgspec import UNSET, Struct, UnsetType

from ...domain.batching import batched
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
from ...domain.timestamps import drop_future, is_in_future
from ...ports import Dependencies, RateLimitStatus, RepositoryHost, RepositoryResult
from ..collections.target import Target, build_not_found_error, require_state
from ..report import EnrichmentReport, EnrichOptions
from .scores import update_with_scores

# Packages that are read from the index at once, with all of their releases.
_LOOKUP_BATCH = 100

# Packages that are written at once if they take no request.
_WRITE_BATCH = 500

# Reasons in reports for packages without a repository; what differs from package to package follows a colon.
NO_LINK = "no link points to a repository"
OTHER_HOST = "its repository is on another host"
NOT_FOUND = "knows no public repository"
RATE_LIMITED = "GitHub's rate limit without GITHUB_TOKEN is used up; the next run continues"
DEADLINE_PASSED = "not processed before the deadline; the next run continues"


def enrich_repositories(
    deps: Dependencies,
    target: Target,
    *,
    name: str = "",
    options: EnrichOptions = EnrichOptions(),
    on_notice: Callable[[str], None] | None = None,
    on_result: Callable[[RepositoryResult], None] | None = None,
) -> EnrichmentReport:
    """Read the repositories of a collection's packages, or of one package, and write their data and scores.

    A result is cached for the policy's `repository_max_age`, for all collections. A package whose repository is gone
    loses its fields; one whose request fails keeps them. A host that fails does not stop the others.

    Args:
        on_notice: Takes a line that the user should read before the first request.
        on_result: Takes each response of the host.
    """
    report = EnrichmentReport("github" if options.host == GITHUB else "repositories", target.collection)
    with report.recording(deps):
        require_state(deps, target)
        hosts = {name: host for name, host in deps.repository_hosts.items() if options.host in ("", name)}
        lookups = _list_lookups(deps, target, hosts, name=name, limit=options.limit)
        report.found = len(lookups)
        covers_collection = not name and options.limit is None
        run = _RepositoryRun(
            deps, hosts, target.collection, report, options, on_result, covers_collection=covers_collection
        )
        run.plan(lookups)
        run.run(on_notice or report.notices.append)
        run.reverify()
    return report


@dataclass
class _RepositoryLookup:
    """The lookup of one package's repository.

    Attributes:
        candidates: Repositories that it may be, the best first.
        not_found: Repositories that do not exist.
        other_host: Its repository, if this is on a host that the run does not read.
        previous: What an earlier run has written.
    """

    name: str
    claim: RepositoryClaim
    candidates: deque[RepositoryRef] = field(default_factory=deque)
    not_found: list[RepositoryRef] = field(default_factory=list)
    other_host: RepositoryRef | None = None
    previous: RepositoryFields = RepositoryFields()

    def get_last_check(self, now: float) -> int:
        """Return the Unix time of the last lookup; 0 for never."""
        checked = self.previous.repository_checked
        return 0 if checked is UNSET else drop_future(checked, now)


def _list_lookups(
    deps: Dependencies, target: Target, hosts: Collection[str], *, name: str = "", limit: int | None = None
) -> list[_RepositoryLookup]:
    """Return the lookups of a collection's packages, or of one (in any spelling), the oldest check first.

    Args:
        hosts: The names of the hosts that the run reads.

    Raises:
        NotFound: If the collection does not have the package.
    """
    collection = target.collection
    names: Iterable[str] = (
        [normalize_name(name)]
        if name
        else (project_state.name_normalized for project_state in deps.index.iter_project_states(collection))
    )
    now = deps.now()
    lookups = sorted(
        _iter_lookups(deps, collection, names, hosts), key=lambda lookup: (lookup.get_last_check(now), lookup.name)
    )
    if name and not lookups:
        raise build_not_found_error(deps, target, name)
    return lookups[:limit]


def _iter_lookups(
    deps: Dependencies, collection: str, names: Iterable[str], hosts: Collection[str]
) -> Iterator[_RepositoryLookup]:
    for batch in batched(names, _LOOKUP_BATCH):
        for name, documents in deps.index.get_packages(collection, batch).items():
            releases = [document.registry for document in documents]
            previous = documents[0].repository or RepositoryFields()
            claim = RepositoryClaim(project=name, users=releases[0].maintainers)
            lookup = _RepositoryLookup(name=name, claim=claim, previous=previous)
            refs = list_repository_candidates(releases, deps.policy.own_hosts)
            # Only the host of the best link counts: other links often lead to mirrors or to former repositories.
            if refs and refs[0].host not in hosts:
                lookup.other_host = refs[0]
            else:
                lookup.candidates.extend(ref for ref in refs if ref.host in hosts)
            yield lookup


class _FoundRepository(Struct, frozen=True):
    """A package with its repository, and the verification that was written."""

    lookup: _RepositoryLookup
    cached: CachedRepository
    repository: Repository
    is_verified: bool | UnsetType


@dataclass
class _RepositoryRun:
    """A run: `plan` uses cached repositories and queues the others, `run` requests those, `reverify` corrects.

    Dictionaries by repository have the key of its `RepositoryRef`.

    Attributes:
        hosts: The hosts that it reads, by name.
        covers_collection: Whether the run sees all packages of the collection, and so all claims on a repository.
        _cached: Results by repository, those of this run included.
        _failures: Failed requests by repository.
        _waiting_lookups: The lookups that need a queued repository, by repository.
        _queues: Repositories to request, by host.
        _errors: Failures of whole hosts, by host.
        _claims: The lookups whose best candidate is a repository, by repository.
        _found_fields, _missing_fields: Fields to write, by normalized name.
        _requests_left: The rest of the rate limit, by host.
    """

    deps: Dependencies
    hosts: Mapping[str, RepositoryHost]
    collection: str
    report: EnrichmentReport
    options: EnrichOptions
    on_result: Callable[[RepositoryResult], None] | None
    covers_collection: bool
    _cached: dict[str, CachedRepository] = field(default_factory=dict)
    _failures: dict[str, AggregatorError] = field(default_factory=dict)
    _waiting_lookups: dict[str, list[_RepositoryLookup]] = field(default_factory=dict)
    _queues: dict[str, deque[RepositoryRef]] = field(default_factory=lambda: defaultdict(deque))
    _errors: dict[str, AggregatorError] = field(default_factory=dict)
    _requested: set[str] = field(default_factory=set)
    _claims: dict[str, list[_RepositoryLookup]] = field(default_factory=lambda: defaultdict(list))
    _verified: dict[str, bool] = field(default_factory=dict)
    _found_repositories: list[_FoundRepository] = field(default_factory=list)
    _found_fields: dict[str, RepositoryFields] = field(default_factory=dict)
    _missing_fields: dict[str, RepositoryFields] = field(default_factory=dict)
    _requests_left: dict[str, float] = field(default_factory=dict)
    _done_count: int = 0

    def plan(self, lookups: Sequence[_RepositoryLookup]) -> None:
        """Record the cached repositories, and queue the repositories to request."""
        for lookup in lookups:
            if lookup.candidates:
                self._claims[lookup.candidates[0].key].append(lookup)
        if not self.options.fresh:
            fetched_since = int(self.deps.now()) - self.deps.policy.repository_max_age + 1
            refs = {ref for lookup in lookups for ref in lookup.candidates}
            cached = self.deps.repository_cache.get_many(refs, fetched_since=fetched_since)
            # A result without a token lacks the last commit; a run with a token requests it at once.
            self._cached.update(
                {
                    key: repository
                    for key, repository in cached.items()
                    if (not repository.is_partial or self.hosts[repository.ref.host].is_partial)
                    and not is_in_future(repository.fetched_at, self.deps.now())
                }
            )
        for lookup in lookups:
            self._try_next(lookup)
            if len(self._found_fields) + len(self._missing_fields) >= _WRITE_BATCH:
                self._flush()
        self._flush()

    def run(self, on_notice: Callable[[str], None]) -> None:
        """Request the queued repositories, one host after the other, and write the result of each request.

        A host that fails does not stop the others; its failure is raised at the end.
        """
        # A repository that is missing on one host may be followed by one on another.
        while hosts := list(filter(self._can_request, self.hosts)):
            for host in hosts:
                self._run_host(host, on_notice)
        for ref_key, lookups in self._waiting_lookups.items():
            host = ref_key.partition("/")[0]
            if host not in self._errors:
                reason = RATE_LIMITED if self._requests_left.get(host, inf) <= 0 else DEADLINE_PASSED
                for lookup in lookups:
                    self.report.add_deferred(lookup.name, reason)
        if self._errors:
            first, *others = self._errors.values()
            unfinished = f"{self.report.found - self._done_count} of {self.report.found} packages"
            self.report.notices.append(f"{unfinished} were not processed; the others are saved, the next run continues")
            self.report.notices.extend(map(str, others))
            raise first

    def _run_host(self, name: str, on_notice: Callable[[str], None]) -> None:
        """Request the queued repositories of one host; record its failure."""
        host, requests_before = self.hosts[name], self.deps.request_counter.count()
        try:
            if name not in self._requests_left:
                rate_limit = host.get_rate_limit()
                self._requests_left[name] = inf if rate_limit is None else rate_limit.remaining
                if rate_limit is not None:
                    on_notice(_format_rate_limit(rate_limit, len(self._queues[name])))
            while self._can_request(name):
                for results in host.fetch_repositories(self._take_refs(name)):
                    self._record_results(host, results)
                    self._flush()
        except AggregatorError as error:
            self._errors[name] = error
        finally:
            count = self.deps.request_counter.count() - requests_before
            self.report.host_requests[name] = self.report.host_requests.get(name, 0) + count

    def reverify(self) -> None:
        """Verify repositories again that have moved, and those that were second candidates."""
        if not self.covers_collection:
            return
        groups: dict[str, list[_FoundRepository]] = defaultdict(list)
        for found in self._found_repositories:
            groups[found.repository.ref.key].append(found)
        for group in groups.values():
            verified = is_verified(group[0].repository.ref, [found.lookup.claim for found in group])
            corrected = {
                found.lookup.name: to_repository_fields(
                    found.repository, is_verified=verified, checked_at=found.cached.fetched_at
                )
                for found in group
                if found.is_verified is not verified
            }
            if corrected:
                self.deps.index.update(self.collection, corrected)

    def _take_refs(self, host: str) -> Iterator[RepositoryRef]:
        while self._can_request(host):
            self._requests_left[host] -= 1
            yield self._queues[host].popleft()

    def _can_request(self, host: str) -> bool:
        has_requests = self._requests_left.get(host, inf) > 0 and host not in self._errors
        return bool(self._queues[host]) and has_requests and self.deps.now() < self.options.deadline

    def _record_results(self, host: RepositoryHost, results: Sequence[RepositoryResult]) -> None:
        now = int(self.deps.now())
        new_repositories = []
        for result in results:
            self._requested.add(result.ref.key)
            if self.on_result is not None:
                self.on_result(result)
            if isinstance(result.outcome, Repository):
                # A repository that has moved is cached under both of its names.
                for ref in {result.ref, result.outcome.ref}:
                    new_repositories.append(
                        CachedRepository(
                            ref=ref,
                            repository=result.outcome,
                            fetched_at=now,
                            is_partial=host.is_partial,
                        )
                    )
            elif isinstance(result.outcome, NotFound):
                new_repositories.append(CachedRepository(ref=result.ref, repository=None, fetched_at=now))
            else:
                self._failures[result.ref.key] = result.outcome
        self.deps.repository_cache.set_many(new_repositories)
        self._cached.update((repository.ref.key, repository) for repository in new_repositories)
        for result in results:
            for lookup in self._waiting_lookups.pop(result.ref.key, ()):
                self._try_next(lookup)

    def _try_next(self, lookup: _RepositoryLookup) -> None:
        """Try the candidates of a lookup until one is found or has to be requested."""
        while lookup.candidates:
            ref = lookup.candidates[0]
            if ref.key in self._failures:
                self.report.add_failure(lookup.name, self._failures[ref.key])
                return self._count_done()
            if ref.key not in self._cached:
                if ref.key not in self._waiting_lookups:
                    self._queues[ref.host].append(ref)
                self._waiting_lookups.setdefault(ref.key, []).append(lookup)
                return None
            cached = self._cached[ref.key]
            if cached.repository is not None:
                return self._record_found(lookup, cached, cached.repository)
            lookup.not_found.append(lookup.candidates.popleft())
        return self._record_missing(lookup)

    def _record_found(self, lookup: _RepositoryLookup, cached: CachedRepository, repository: Repository) -> None:
        verified = self._verify(lookup, cached.ref, repository)
        self._found_fields[lookup.name] = to_repository_fields(
            repository, is_verified=verified, checked_at=cached.fetched_at
        )
        self._found_repositories.append(_FoundRepository(lookup, cached, repository, verified))
        self.report.cached += cached.ref.key not in self._requested
        self._count_done()

    def _verify(self, lookup: _RepositoryLookup, ref: RepositoryRef, repository: Repository) -> bool | UnsetType:
        """Verify a repository by all packages that link to it first; a partial run keeps an earlier verification."""
        if self.covers_collection:
            if ref.key not in self._verified:
                claims = [claiming.claim for claiming in self._claims[ref.key]]
                self._verified[ref.key] = is_verified(repository.ref, claims)
            return self._verified[ref.key]
        return lookup.previous.repository_verified if lookup.previous.repository_url == repository.ref.url else UNSET

    def _record_missing(self, lookup: _RepositoryLookup) -> None:
        checked = int(self.deps.now())
        if lookup.other_host is not None:
            self.report.add_missing(lookup.name, f"{OTHER_HOST}: {lookup.other_host.url}")
        elif lookup.not_found:
            checked = max(self._cached[ref.key].fetched_at for ref in lookup.not_found)
            self.report.add_missing(lookup.name, _format_not_found(lookup.not_found))
        else:
            self.report.add_missing(lookup.name, NO_LINK)
        # A run of one host leaves the data of the others alone.
        host = lookup.previous.repository_host
        if host is UNSET or host in self.hosts or host not in self.deps.repository_hosts:
            self._missing_fields[lookup.name] = RepositoryFields(repository_checked=checked)
        self._count_done()

    def _count_done(self) -> None:
        self._done_count += 1
        self.options.progress("repositories: package", self._done_count, self.report.found)

    def _flush(self) -> None:
        """Write the results so far, together with the scores that follow."""
        self.report.enriched += update_with_scores(self.deps, self.collection, self._found_fields)
        update_with_scores(self.deps, self.collection, self._missing_fields)
        self._found_fields, self._missing_fields = {}, {}


def _format_not_found(refs: Sequence[RepositoryRef]) -> str:
    host = refs[0].host
    label = "GitHub" if host == GITHUB else host
    return f"{label} {NOT_FOUND}: {', '.join(ref.path if ref.host == host else ref.url for ref in refs)}"


def _format_rate_limit(rate_limit: RateLimitStatus, request_count: int) -> str:
    """Return what the user should know before the first request that counts."""
    reset_time = f"{datetime.fromtimestamp(rate_limit.resets_at, UTC):%H:%M} UTC"
    line = (
        f"Without GITHUB_TOKEN GitHub allows {rate_limit.limit} requests an hour; {rate_limit.remaining} are left "
        f"until {reset_time}. Repositories to request in this run: {request_count}."
    )
    if request_count <= rate_limit.remaining:
        return line
    return f"{line} The packages with the oldest check come first, the others are left to a later run."
