"""What is new in a collection, or among what a question finds: projects that came, and releases that did."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..domain.search import Hit, SearchQuery, Sort
from ..ports import Dependencies
from .page_parts import find_first_upload
from .search import search_packages
from .target import Target

# Who is new has changed lately: the newcomers are looked for among so many.
NEWCOMER_CANDIDATES = 100


class NewPackage(Struct, frozen=True, kw_only=True):
    """A project whose first release is of late (`first_uploaded`, Unix seconds)."""

    hit: Hit
    first_uploaded: int


def list_recently_updated(deps: Dependencies, target: Target, query: SearchQuery, *, limit: int) -> Sequence[Hit]:
    """Return what was released last among what a question finds; its order and page do not count."""
    return search_packages(deps, target, replace(query, sort=Sort.NEWEST, page=1, per_page=limit)).hits


def list_new_packages(deps: Dependencies, target: Target, query: SearchQuery, *, limit: int) -> Sequence[NewPackage]:
    """Return the projects whose first release is the latest, among what a question finds."""
    return sort_by_first_release(deps, target, list_recently_updated(deps, target, query, limit=NEWCOMER_CANDIDATES))[:limit]


def sort_by_first_release(deps: Dependencies, target: Target, hits: Sequence[Hit]) -> Sequence[NewPackage]:
    """Return projects by their first release, the latest first."""
    stored_documents = deps.index.get_documents(target.collection, [hit.name_normalized for hit in hits])
    stored_hits = (hit for hit in hits if hit.name_normalized in stored_documents)
    packages = [NewPackage(hit=hit, first_uploaded=find_first_upload(stored_documents[hit.name_normalized])) for hit in stored_hits]
    return sorted(packages, key=_to_sort_key)


def _to_sort_key(package: NewPackage) -> Any:
    return -package.first_uploaded, package.hit.name_normalized
