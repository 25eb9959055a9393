"""Collections as an older program of this schema has left them on a Typesense server."""

from collections.abc import Sequence
from typing import Any

from typesense_double import Store

SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "name", "type": "string", "facet": True},
        {"name": "name_sortable", "type": "string", "facet": True, "sort": True},
        {"name": "version", "type": "string", "facet": True},
        {"name": "version_sortable", "type": "string", "facet": True, "sort": True},
        {"name": "upload_timestamp", "type": "int64"},
        {"name": "github_stars", "type": "int32", "optional": True},
        {"name": "github_updated", "type": "float", "optional": True},
        {"name": "github_hype", "type": "int32", "optional": True},
        {"name": "download_last_month", "type": "int64", "optional": True},
        {"name": "download_total", "type": "string", "optional": True},
        {"name": "documentation_score", "type": "float", "optional": True},
    ],
}

# One project under two spellings, of which other releases have been enriched; one without a version; one that PyPI does
# not know; one that has left the framework. Whatever fills it was a little different in every year.
DOCUMENTS: tuple[dict[str, Any], ...] = (
    {
        "id": "Plone.Api-1.0",
        "name": "Plone.Api",
        "version": "1.0",
        "github_stars": 5,
        "github_updated": 1.6e9,
    },
    {
        "id": "Plone.Api-2.0",
        "name": "Plone.Api",
        "version": "2.0",
        "github_stars": 7,
        "github_updated": 1.7e9 + 0.5,
    },
    {"id": "plone-api-3.0a1", "name": "plone-api", "version": "3.0a1", "download_last_month": 9, "github_hype": 1},
    {"id": "collective.one-None", "name": "collective.one", "version": "None", "download_total": "4711"},
    {
        "id": "collective.one-0.1",
        "name": "collective.one",
        "version": "0.1",
        "download_last_month": 2,
        "github_hype": 1,
    },
    {"id": "gone-1", "name": "gone", "version": "1", "github_stars": 3},
    {"id": "left.plone-1.0", "name": "left.plone", "version": "1.0"},
)


def make(store: Store, name: str, *, alias: str = "", documents: Sequence[dict[str, Any]] = DOCUMENTS) -> None:
    """Make such a collection on a server, with an alias or bearing the name that clients use itself."""
    made = store.create({"name": name, **SCHEMA})
    for document in documents:
        common = {"name_sortable": document["name"], "version_sortable": "", "upload_timestamp": 0}
        made.write({**common, **document}, "create", "reject")
    if alias:
        store.set_alias(alias, {"collection_name": name})


def ids(store: Store, name: str) -> list[str]:
    """Return the ids of what is in a collection."""
    return list(store.collection(name).documents)


UNTOUCHED = [document["id"] for document in DOCUMENTS]
