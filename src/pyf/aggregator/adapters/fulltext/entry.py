"""One project as it is searched, worked out from the rows of its releases."""

from collections.abc import Iterable
from itertools import product

from msgspec import Struct
from msgspec.json import Decoder

from ...domain.documents.document import Document
from ...domain.membership.requirements import parse_required_names
from ...domain.relevance import QualitySignals, Searchable, build_searchable, to_quality_signals
from ...domain.search import Facet, Hit, to_hit

# Raise it whenever projects are searched or shown otherwise: what is there is made anew then.
FORM = 1


class Versions(Struct, frozen=True):
    """What any release says of the versions that it runs on."""

    framework_versions: tuple[str, ...] = ()
    python_versions: tuple[str, ...] = ()


_VERSIONS = Decoder(Versions)


class Entry(Struct, frozen=True, kw_only=True):
    """What is searched, ranked and shown of a project; `facets` are those of its newest release, by their fields.

    The versions are those of all releases; `pairs` are those that one release has of both. `requires` are the
    normalised names of what the newest release requires.
    """

    hit: Hit
    searched: Searchable
    standing: QualitySignals
    facets: dict[Facet, tuple[str, ...]]
    pairs: frozenset[str]
    requires: frozenset[str]


def entry_of(newest: Document, others: Iterable[Versions]) -> Entry:
    """Return the entry of a project by its newest release and what the others run on."""
    hit, registry = to_hit(newest), newest.registry
    releases = {Versions(hit.framework_versions, hit.python_versions), *others}
    return Entry(
        hit=hit,
        searched=build_searchable(newest),
        standing=to_quality_signals(hit),
        facets={
            Facet.FRAMEWORK_VERSIONS: _all(each.framework_versions for each in releases),
            Facet.PYTHON_VERSIONS: _all(each.python_versions for each in releases),
            Facet.LICENSES: (registry.license_expression,) if registry.license_expression else (),
            Facet.CLASSIFIERS: tuple(dict.fromkeys(registry.classifiers)),
            Facet.HEALTH: (hit.health_band.value,),
            Facet.STATUSES: (registry.project_status,),
            Facet.MAINTAINERS: tuple(dict.fromkeys(registry.maintainers)),
        },
        pairs=frozenset(
            pair(*both) for each in releases for both in product(each.framework_versions, each.python_versions)
        ),
        requires=parse_required_names(registry.requires_dist),
    )


def versions_of(json: bytes | str) -> Versions:
    """Return what the JSON of a release says of versions."""
    return _VERSIONS.decode(json)


def pair(framework_version: str, python_version: str) -> str:
    """Return both as one value."""
    return f"{framework_version}\n{python_version}"


def _all(values: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({each for some in values for each in some}))
