"""Remove packages from a collection: confirm that they are gone, and refuse to remove suspiciously many at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from ...domain.collection import Tombstone
from ...domain.documents.project import ProjectStatus
from ...domain.errors import NotFound
from ...domain.membership.profile import Filter
from ...domain.text import format_names
from ...ports import Dependencies, ProjectDocuments
from ..report import IngestReport
from .writer import write_projects

# A run removes at most this many packages, or this fraction of the collection, whichever is more, and never all.
MAX_REMOVALS = 5
MAX_REMOVED_FRACTION = 0.1


def is_mass_removal(removal_count: int, package_count: int) -> bool:
    """Return whether a run would remove suspiciously many packages, as a mistake in a profile makes it do."""
    is_emptied = package_count > 1 and removal_count >= package_count
    return is_emptied or removal_count > max(MAX_REMOVALS, MAX_REMOVED_FRACTION * package_count)


def refuse_removal(report: IngestReport, reasons: Mapping[str, str], package_count: int) -> None:
    """Record that packages, each with the reason, were not removed because they are suspiciously many."""
    report.removal_refused = True
    report.refused_names += reasons
    report.reasons |= reasons
    report.notices.append(
        f"Refusing to remove {format_names([*reasons], 'package')} of {package_count:,} in one run. "
        "If this is intended, run again with --allow-mass-removal."
    )


class ReplacedCollection(Struct, frozen=True, kw_only=True):
    """The collection that a rebuild replaces. Removing its packages needs the same checks as removing stored ones.

    Attributes:
        names: Its packages, by normalized name.
        document_source: Its name, if its documents can be copied; only those of quarantined packages are, because the
            registry does not serve them. Empty if another program created the collection.
        enrichment_source: Its name, if its enrichments enter the scores.
        statuses: Status of its packages, which a fetch does not request, and the Unix time of the check.
    """

    names: frozenset[str] = frozenset()
    document_source: str = ""
    enrichment_source: str = ""
    statuses: Mapping[str, tuple[ProjectStatus, int]] = {}


@dataclass
class RemovalGuard:
    """Removes packages from one collection after a run has read them.

    Attributes:
        registry_serial: The registry's serial at the start of the run. It is stored for absent packages.
        notify: Receives one line before packages are removed; by default, the report has it.
    """

    deps: Dependencies
    collection: str
    filter: Filter
    report: IngestReport
    registry_serial: int
    replaced: ReplacedCollection = ReplacedCollection()
    notify: Callable[[str], None] | None = None
    _tombstones: list[Tombstone] = field(default_factory=list)

    def remove(
        self,
        absent: Mapping[str, bool],
        non_matching: Iterable[Tombstone],
        *,
        excluded: Iterable[str] = (),
        allow_mass_removal: bool = False,
    ) -> frozenset[str]:
        """Remove projects that are excluded, no longer match, or are gone according to both APIs of the registry.

        Args:
            absent: Packages without a JSON document, each with whether it is stored.
            non_matching: Tombstones of packages that do not match the filter any more.
            excluded: Packages that the filter excludes; they are removed if they are stored.

        Returns:
            The packages to retry: the Simple API lists them.
        """
        self._schedule_excluded(excluded)
        self._tombstones += non_matching
        stale_names = self._confirm_absent(absent)
        self._apply(allow_mass_removal=allow_mass_removal)
        return stale_names

    def _schedule_excluded(self, names: Iterable[str]) -> None:
        excluded = set(names)
        stored = self.replaced.names & excluded or self.deps.index.get_documents(self.collection, excluded)
        for name in sorted(stored):
            self._schedule(name, f"{self.filter.label} excludes it: {self.filter.exclude[name]}")

    def _confirm_absent(self, absent: Mapping[str, bool]) -> frozenset[str]:
        """Check the Simple API for packages without a JSON document, and act on what both APIs report."""
        if not absent:
            return frozenset()
        stale_names: set[str] = set()
        removed_serials: dict[str, int] = {}
        for page_status in self.deps.registry.check_simple_pages(absent):
            name, outcome = page_status.name, page_status.outcome
            if outcome is ProjectStatus.QUARANTINED:  # the page of a quarantined package is empty, too
                removed_serials[name] = self.registry_serial
                self._mark_quarantined(name)
            elif isinstance(outcome, NotFound) or page_status.is_empty:
                removed_serials[name] = self.registry_serial
                if absent[name]:
                    self._schedule(name, "both the JSON API and the Simple API report it as removed")
            elif isinstance(outcome, ProjectStatus):
                stale_names.add(name)
                self.report.add_deferred(name, "the JSON API has no document of it, and the Simple API lists it")
            else:
                self.report.add_failure(name, outcome)
        self.deps.membership_cache.set_many(self.filter.key, removed_serials)
        return frozenset(stale_names)

    def _mark_quarantined(self, name: str) -> None:
        source, now = self.replaced.document_source or self.collection, int(self.deps.now())
        if stored := self.deps.index.get_documents(source, [name]).get(name, ()):
            documents = tuple(
                replace(fields, project_status=ProjectStatus.QUARANTINED.value, status_checked=now) for fields in stored
            )
            project = ProjectDocuments(name_normalized=name, documents=documents)
            self.report.add_rejections(
                write_projects(self.deps, self.collection, [project], self.replaced.enrichment_source)
            )
            self.report.indexed += 1
            self.report.documents += len(documents)
        elif name in self.replaced.names:
            self._schedule(name, "it is quarantined on PyPI, and the documents of another program can't be copied")

    def _schedule(self, name: str, reason: str) -> None:
        self._tombstones.append(Tombstone(name=name, removed_at=int(self.deps.now()), reason=reason))

    def _apply(self, *, allow_mass_removal: bool) -> None:
        if not self._tombstones:
            return
        reasons = {tombstone.name: tombstone.reason for tombstone in self._tombstones}
        package_count = len(self.replaced.names) or sum(1 for _ in self.deps.index.iter_project_states(self.collection))
        if is_mass_removal(len(reasons), package_count) and not allow_mass_removal:
            refuse_removal(self.report, reasons, package_count)
            return
        notify = self.notify or self.report.notices.append
        notify(f"Removing {format_names([*reasons], 'package')}.")
        self.report.removed += self.deps.index.remove(self.collection, self._tombstones)
        self.report.removed_names += reasons
        self.report.reasons |= reasons
