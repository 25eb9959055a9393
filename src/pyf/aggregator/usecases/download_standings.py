"""When each project of a collection was last asked about, and what other collections of the index know of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import UNSET, Struct

from ..domain.downloads import merge_downloads
from ..domain.schema import DownloadFields
from ..ports import Dependencies

# Projects are looked up in the index this many at a time.
LOOKUP_BATCH = 500


class DownloadFreshness(Struct, frozen=True, kw_only=True):
    """When (Unix seconds) a source was asked about a project, which one, and when counts came of it; 0 for never."""

    name: str
    last_checked: int = 0
    last_updated: int = 0
    source: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the source did not know the project when it was last asked."""
        return self.last_checked > self.last_updated

    def is_fresh(self, source: str, checked_after: int) -> bool:
        """Whether this very source was asked after that moment."""
        return self.source == source and self.last_checked > checked_after


def list_by_last_check(deps: Dependencies, collection: str) -> list[DownloadFreshness]:
    """Return the standing of all projects of a collection, of those first that were asked about longest ago."""
    names = (project_state.name_normalized for project_state in deps.index.project_states(collection))
    freshness_list = [standing for _, standing in _iter_freshness(deps, collection, names)]
    return sorted(freshness_list, key=lambda freshness: (freshness.last_checked, freshness.name))


def copy_from_other_collections(
    deps: Dependencies, collection: str, due: Mapping[str, DownloadFreshness], source: str, checked_after: int
) -> Iterator[str]:
    """Copy the counts that other collections have from this source and after that moment; yield whose they are."""
    own_collection = deps.admin.resolve(collection)
    remaining = dict(due)
    for info in deps.admin.list_collections():
        if info.name == own_collection or not remaining:
            continue
        for fields, freshness in list(_iter_freshness(deps, info.name, list(remaining))):
            own_freshness = remaining[freshness.name]
            is_newer = freshness.is_fresh(source, checked_after) and not freshness.is_missing and freshness.last_checked > own_freshness.last_checked
            if fields and is_newer and _write_counts(deps, collection, freshness.name, fields):
                del remaining[freshness.name]
                yield freshness.name


def _write_counts(deps: Dependencies, collection: str, name: str, fields: DownloadFields) -> int:
    stored_enrichments = deps.index.get_enrichments(collection, [name])
    if name not in stored_enrichments:
        return 0
    return deps.index.update(collection, {name: merge_downloads(fields, stored_enrichments[name].downloads)})


def _iter_freshness(
    deps: Dependencies, collection: str, names: Iterable[str]
) -> Iterator[tuple[DownloadFields | None, DownloadFreshness]]:
    remaining = iter(names)
    while batch := list(islice(remaining, LOOKUP_BATCH)):
        yield from _read_freshness(deps, collection, batch)


def _read_freshness(
    deps: Dependencies, collection: str, names: Sequence[str]
) -> Iterator[tuple[DownloadFields | None, DownloadFreshness]]:
    for name, enrichments in deps.index.get_enrichments(collection, names).items():
        if enrichments.downloads is UNSET:
            yield None, DownloadFreshness(name=name)
            continue
        last_updated = enrichments.downloads.download_updated or 0
        yield (
            enrichments.downloads,
            DownloadFreshness(
                name=name,
                last_checked=enrichments.downloads.download_checked or last_updated,
                last_updated=last_updated,
                source=enrichments.downloads.download_source or "",
            ),
        )
