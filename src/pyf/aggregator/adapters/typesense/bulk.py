"""Import documents in batches and check the result of each one; read and delete documents by package and by id."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.json import Decoder, decode

from ...domain.errors import NotFound, Unavailable
from ..encoding import encode_json
from .client import Server
from .limits import FILTER_IN_URL
from .schema import Json

# A normalized package name. Filters can't name a package with another name, so none is written.
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# Ids that a filter takes as they are; documents with other ids have a request of their own.
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]+")


def is_name(name: str) -> bool:
    """Return whether a text is a normalized package name."""
    return _NAME.fullmatch(name) is not None


def build_name_filters(names: Iterable[str]) -> Iterator[tuple[frozenset[str], str]]:
    """Yield groups of distinct names with the filter that finds their documents; other texts are left out."""
    for group in _split_by_length(dict.fromkeys(filter(is_name, names))):
        yield frozenset(group), f"name_normalized:=[{','.join(f'`{name}`' for name in group)}]"


def build_id_filters(ids: Iterable[str]) -> Iterator[str]:
    """Yield filters that find documents by their ids, which must be plain."""
    for group in _split_by_length(dict.fromkeys(ids)):
        yield f"id:[{','.join(group)}]"


def is_plain_id(identifier: str) -> bool:
    """Return whether a filter takes an id as it is."""
    return _PLAIN_ID.fullmatch(identifier) is not None


def quote_for_path(identifier: str) -> str:
    """Quote an id for a URL path, which the client does not do."""
    return quote(identifier, safe="")


def _split_by_length(texts: Iterable[str]) -> Iterator[list[str]]:
    group: list[str] = []
    length = 0
    for text in texts:
        text_length = len(quote(f"`{text}`,", safe=""))
        if group and length + text_length > FILTER_IN_URL:
            yield group
            group, length = [], 0
        group.append(text)
        length += text_length
    if group:
        yield group


# Documents and bytes of one import request; a single package may be larger.
_MAX_DOCUMENTS = 2000
_MAX_BYTES = 8 * 1024 * 1024

# Documents that the server indexes at once; its default of 40 is meant for documents with embeddings.
_INDEX_BATCH = 500


class _ImportResult(Struct, frozen=True):
    success: bool
    error: str = ""
    code: int = 0


class RejectedDocument(Struct, frozen=True):
    """A document that the server rejected."""

    id: str
    code: int
    reason: str


_RESULT = Decoder(_ImportResult)


def import_documents(server: Server, collection: str, documents: Iterable[Json], action: str) -> list[RejectedDocument]:
    """Import documents in their order and return the rejected ones.

    One request has all neighboring documents of a package. A server that crashes applies all of a request or nothing.

    Raises:
        Unavailable: The reason is the server's, not the document's.
    """
    rejected: list[RejectedDocument] = []
    for ids, body in _build_batches(documents):
        rejected += _import_batch(server, collection, ids, body, action)
    return rejected


def read_documents(
    server: Server, collection: str, names: Iterable[str], query: Json
) -> Iterator[tuple[frozenset[str], list[bytes]]]:
    """Yield the JSON of documents, by normalized package name, a group of whole packages at a time."""
    for group, filter_ in build_name_filters(names):
        yield group, server.read_lines(build_export_path(collection), {"filter_by": filter_, **query}, list)


def read_documents_by_id(server: Server, collection: str, ids: Iterable[str], query: Json) -> Iterator[Json]:
    """Yield those of the documents that exist, with the fields that the query names."""
    wanted = set(ids)
    for filter_ in build_id_filters(filter(is_plain_id, sorted(wanted))):
        yield from map(decode, server.read_lines(build_export_path(collection), {"filter_by": filter_, **query}, list))
    for identifier in sorted(wanted):
        if not is_plain_id(identifier):
            path = f"/collections/{collection}/documents/{quote_for_path(identifier)}"
            with suppress(NotFound):
                found: Json = server.request(lambda client, path=path: client.api_call.get(path, dict, as_json=True))  # type: ignore[misc]
                yield found


def delete_documents(server: Server, collection: str, ids: Sequence[str]) -> None:
    """Delete documents by id; missing ones are no error."""
    for filter_ in build_id_filters(filter(is_plain_id, ids)):
        parameters: Any = {"filter_by": filter_}
        server.request(lambda client, query=parameters: client.collections[collection].documents.delete(query))  # type: ignore[misc]
    for identifier in ids:
        if not is_plain_id(identifier):
            _delete_one(server, collection, identifier)


def build_export_path(collection: str) -> str:
    """Return the path of a collection's export."""
    return f"/collections/{collection}/documents/export"


def _delete_one(server: Server, collection: str, identifier: str) -> None:
    path = f"/collections/{collection}/documents/{quote_for_path(identifier)}"
    try:
        server.request(lambda client: client.api_call.delete(path, dict))
    except NotFound:
        server.request(lambda client: client.collections[collection].retrieve())


def _build_batches(documents: Iterable[Json]) -> Iterator[tuple[list[str], bytes]]:
    ids: list[str] = []
    lines: list[bytes] = []
    size = 0
    last_package: Any = ""
    for document in documents:
        line = encode_json(document)
        package = document.get("name_normalized", document["id"])
        is_full = len(lines) >= _MAX_DOCUMENTS or size + len(line) > _MAX_BYTES
        if lines and is_full and package != last_package:
            yield ids, b"\n".join(lines)
            ids, lines, size = [], [], 0
        ids.append(document["id"])
        lines.append(line)
        size += len(line)
        last_package = package
    if lines:
        yield ids, b"\n".join(lines)


def _import_batch(
    server: Server, collection: str, ids: Sequence[str], body: bytes, action: str
) -> Iterator[RejectedDocument]:
    parameters: Any = {"action": action, "batch_size": _INDEX_BATCH}
    response = server.request(lambda client: client.collections[collection].documents.import_(body, parameters))
    results = [_RESULT.decode(line) for line in response.split("\n") if line]
    if len(results) != len(ids):
        raise Unavailable(f"{server.address} reports on {len(results)} documents, {len(ids)} were sent to {collection}")
    for identifier, result in zip(ids, results, strict=True):
        if result.success:
            continue
        if result.code >= HTTPStatus.INTERNAL_SERVER_ERROR or result.code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise Unavailable(f"{server.address} can't write {identifier} to {collection}: {result.error}")
        yield RejectedDocument(identifier, result.code, result.error)
