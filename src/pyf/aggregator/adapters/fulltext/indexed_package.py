"""Build the search index's entry of a package from the documents of its releases."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from types import SimpleNamespace
from zlib import crc32

from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.json import Decoder
from msgspec.structs import replace

from ...domain.documents.document import Document
from ...domain.documents.schema import INDEXED_FACETS
from ...domain.membership.requirements import parse_required_names
from ...domain.relevance import QualitySignals, StemLists, list_stems, to_quality_signals
from ...domain.search import Hit, SearchQuery, Sort, get_supported_pythons, has_selected_versions, to_hit
from ...domain.support.versions import limit_to_newest

# Increase it with every change to how packages are searched or displayed.
_VERSION = 19
# Indexes of another version are rebuilt; it changes with the facets and the orders, too.
SEARCH_VERSION = crc32(
    str([_VERSION, *Sort, *sorted((facet.name, facet.field) for facet in INDEXED_FACETS.values())]).encode()
)

_FRAMEWORK = INDEXED_FACETS["framework"]
# Of these, one query selects at most one.
PYTHON_FACETS = (INDEXED_FACETS["python"], INDEXED_FACETS["declared_python"])

# The fields of a release that its versions are read from.
_VERSION_FIELDS = sorted(
    {
        name
        for facet in INDEXED_FACETS.values()
        if facet.is_version
        for name in (facet.field, facet.fallback_field)
        if name
    }
)


class OlderRelease(Struct, frozen=True, kw_only=True):
    """The displayed fields of a release that is not the newest one, with the names of its document."""

    version: str
    version_sortable: str
    summary: str = ""
    upload_timestamp: int = 0
    framework_versions: tuple[str, ...] = ()
    python_versions: tuple[str, ...] = ()
    supported_python_versions: tuple[str, ...] | UnsetType = UNSET
    license: str = ""
    license_expression: str = ""
    project_status: str = ""
    yanked: bool = False
    vulnerabilities: tuple[Raw, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        """The sort key of releases."""
        return self.version_sortable, self.version

    def supports(self, query: SearchQuery) -> bool:
        """Return whether the release has the selected versions."""
        return has_selected_versions(self, query)

    def to_hit(self, newest: Hit) -> Hit:
        """Build the hit of this release from the hit of the newest one."""
        return replace(
            newest,
            version=self.version,
            is_newest=False,
            is_prerelease=self.version_sortable.startswith("0"),
            summary=self.summary,
            uploaded=self.upload_timestamp,
            framework_versions=self.framework_versions,
            python_versions=self.python_versions,
            supported_python_versions=get_supported_pythons(self),
            license=self.license_expression or self.license,
            project_status=self.project_status,
            yanked=self.yanked,
            vulnerabilities=len(self.vulnerabilities),
        )


_OLDER_RELEASE = Decoder(OlderRelease)


class IndexedPackage(Struct, frozen=True, kw_only=True):
    """The searched, ranked and displayed values of a package.

    Attributes:
        older_releases: The newest older release for each combination of supported versions, newest first.
        facets: Values by the facet's name; versions come from all releases, the other values from the newest one.
        version_pairs: Pairs of a framework and a Python version that one release supports together.
        requirements: Normalized names of the packages that the newest release requires.
    """

    hit: Hit
    older_releases: tuple[OlderRelease, ...]
    stems: StemLists
    quality_signals: QualitySignals
    facets: dict[str, tuple[str, ...]]
    version_pairs: frozenset[str]
    requirements: frozenset[str]


def build_indexed_package(newest: Document, older: Iterable[OlderRelease]) -> IndexedPackage:
    """Build the index entry of a package from its newest release and its older ones."""
    hit, older = to_hit(newest), [*older]
    older_releases = _select_by_versions(older, hit)
    versions, version_pairs = _index_versions(
        tuple(
            tuple(getattr(release, name, UNSET) for name in _VERSION_FIELDS)
            for release in (newest.registry, *older_releases)
        )
    )
    return IndexedPackage(
        hit=hit,
        older_releases=older_releases,
        stems=list_stems(newest),
        quality_signals=to_quality_signals(
            hit,
            older_uploads=[release.upload_timestamp for release in older],
            classifiers=newest.registry.classifiers,
        ),
        facets={
            name: versions[name] if facet.is_version else facet.read_values(getattr(newest, facet.owner))
            for name, facet in INDEXED_FACETS.items()
        },
        version_pairs=version_pairs,
        requirements=parse_required_names(newest.registry.requires_dist),
    )


@lru_cache(maxsize=10_000)
def _index_versions(
    releases: tuple[tuple[object, ...], ...],
) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Return the values of each version facet, and the pairs of versions that one of these releases supports.

    Few combinations of versions are common, so most packages find theirs in the cache.
    """
    fields = [SimpleNamespace(**dict(zip(_VERSION_FIELDS, values, strict=True))) for values in releases]
    values_by_facet = {
        name: tuple(sorted({value for release in fields for value in facet.read_values(release)}))
        for name, facet in INDEXED_FACETS.items()
        if facet.is_version
    }
    pairs = frozenset(
        join_versions(facet.name, *pair)
        for release in fields
        for facet in PYTHON_FACETS
        for pair in product(_FRAMEWORK.read_values(release), facet.read_values(release))
    )
    return values_by_facet, pairs


def parse_older_release(json: bytes | str) -> OlderRelease:
    """Parse the displayed fields from the JSON of a release."""
    return _OLDER_RELEASE.decode(json)


def join_versions(facet: str, framework_version: str, python_version: str) -> str:
    """Join both versions into one indexed value; `facet` is that of the Python version."""
    return f"{facet}\n{framework_version}\n{python_version}"


def _select_by_versions(older: Iterable[OlderRelease], newest: Hit) -> tuple[OlderRelease, ...]:
    seen = {(newest.framework_versions, newest.python_versions, newest.supported_python_versions)}
    selected = []
    for release in sorted(older, key=lambda release: release.order, reverse=True):
        supported = limit_to_newest(
            get_supported_pythons(release), release.python_versions, newest.supported_python_versions
        )
        versions = (release.framework_versions, release.python_versions, supported)
        if versions not in seen:
            seen.add(versions)
            selected.append(replace(release, supported_python_versions=supported))
    return tuple(selected)
