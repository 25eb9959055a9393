"""Fetches what a list shows of projects: their newest releases, or older ones where only these have what is wanted."""

from collections.abc import Iterator, Sequence

from msgspec.json import decode, encode

from ...domain.documents.document import Document
from ...domain.search import Hit, SearchQuery, has_selected_versions, to_hit
from .flat import document_of, enrichments_of, latest, registry_of
from .lines import export_of
from .queries import by_names
from .schema import SEARCHED
from .search_filters import either, every, one_of
from .server import Server

# Long, and in no list.
_TEXTS = ("description", "title", "first_chapter", "main_content", "changelog")
_LEFT_OUT = ",".join((*_TEXTS, *SEARCHED))


def shown(server: Server, collection: str, names: Sequence[str], question: SearchQuery) -> list[Hit]:
    """Return the hits of projects by normalised name, in their order; who is not there any more is left out.

    Where a question asks for versions that the newest release does not name, it is the newest one that does.
    """
    versions = every(
        one_of("framework_versions", question.framework_versions) if question.framework_versions else "",
        one_of("python_versions", question.python_versions) if question.python_versions else "",
    )
    releases = either("is_newest:=true", versions) if versions else "is_newest:=true"
    found: dict[str, list[Document]] = {}
    for document in _documents(server, collection, names, releases):
        found.setdefault(document.registry.name_normalized, []).append(document)
    return [to_hit(_chosen(found[name], question)) for name in names if name in found]


def _chosen(documents: Sequence[Document], question: SearchQuery) -> Document:
    def rank(document: Document) -> tuple[bool, bool, str, str]:
        registry = document.registry
        fits = has_selected_versions(registry.framework_versions, registry.python_versions, question)
        return fits, registry.is_newest, registry.version_sortable, registry.version

    return max(documents, key=rank)


def _documents(server: Server, collection: str, names: Sequence[str], releases: str) -> Iterator[Document]:
    for _, filter_ in by_names(names):
        query = {"filter_by": every(filter_, releases), "exclude_fields": _LEFT_OUT}
        for line in server.read(export_of(collection), query, list):
            flat = decode(line)
            registry = registry_of(encode({"description": ""} | flat), collection)
            yield document_of(registry, enrichments_of(latest([flat])))
