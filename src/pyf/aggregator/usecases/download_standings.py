"""When each project of a collection was last asked about, and what other collections of the index know of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import UNSET, Struct

from ..domain.downloads import joined
from ..domain.schema import DownloadFields
from ..ports import Services

# Projects are looked up in the index this many at a time.
LOOK_UP = 500


class Standing(Struct, frozen=True, kw_only=True):
    """When (Unix seconds) a source was asked about a project, which one, and when counts came of it; 0 for never."""

    name: str
    checked: int = 0
    updated: int = 0
    source: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the source did not know the project when it was last asked."""
        return self.checked > self.updated

    def is_fresh(self, source: str, since: int) -> bool:
        """Whether this very source was asked after that moment."""
        return self.source == source and self.checked > since


def stalest_first(services: Services, collection: str) -> list[Standing]:
    """Return the standing of all projects of a collection, of those first that were asked about longest ago."""
    names = (holding.name_normalized for holding in services.index.holdings(collection))
    found = [standing for _, standing in _standings(services, collection, names)]
    return sorted(found, key=lambda standing: (standing.checked, standing.name))


def take_over(
    services: Services, collection: str, wanted: Mapping[str, Standing], source: str, since: int
) -> Iterator[str]:
    """Copy the counts that other collections have from this source and after that moment; yield whose they are."""
    own = services.admin.resolve(collection)
    remaining = dict(wanted)
    for other in services.admin.collections():
        if other.name == own or not other.is_native or not remaining:
            continue
        newer = {
            standing.name: fields
            for fields, standing in _standings(services, other.name, list(remaining))
            if fields and _is_newer(standing, remaining[standing.name], source, since)
        }
        names = iter(newer)
        while some := list(islice(names, LOOK_UP)):
            held = services.index.enrichments(collection, some)
            services.index.update(
                collection, {name: joined(newer[name], held[name].downloads) for name in some if name in held}
            )
            for name in some:
                if name in held:
                    del remaining[name]
                    yield name


def _is_newer(theirs: Standing, ours: Standing, source: str, since: int) -> bool:
    return theirs.is_fresh(source, since) and not theirs.is_missing and theirs.checked > ours.checked


def _standings(
    services: Services, collection: str, names: Iterable[str]
) -> Iterator[tuple[DownloadFields | None, Standing]]:
    remaining = iter(names)
    while some := list(islice(remaining, LOOK_UP)):
        yield from _looked_up(services, collection, some)


def _looked_up(
    services: Services, collection: str, names: Sequence[str]
) -> Iterator[tuple[DownloadFields | None, Standing]]:
    for name, known in services.index.enrichments(collection, names).items():
        if known.downloads is UNSET:
            yield None, Standing(name=name)
            continue
        updated = known.downloads.download_updated or 0
        yield (
            known.downloads,
            Standing(
                name=name,
                checked=known.downloads.download_checked or updated,
                updated=updated,
                source=known.downloads.download_source or "",
            ),
        )
