"""Builds filters that name many projects or documents, each short enough for a request's address.

Sends documents in batches and looks at the result of each one; fetches and deletes them by project and by id.
"""

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

# What a project's normalised name is made of; no project with another name can be asked for, so none is taken in.
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# Ids that need no care in a filter; all others are named in an address of their own.
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]+")


def is_name(name: str) -> bool:
    """Tell whether a text can be the normalised name of a project that is held."""
    return _NAME.fullmatch(name) is not None


def build_name_filters(names: Iterable[str]) -> Iterator[tuple[frozenset[str], str]]:
    """Yield sets of names, each once, with the filter that finds their documents; leaves out what can't be a name."""
    for some in _split_by_length(dict.fromkeys(filter(is_name, names))):
        yield frozenset(some), f"name_normalized:=[{','.join(f'`{name}`' for name in some)}]"


def build_id_filters(ids: Iterable[str]) -> Iterator[str]:
    """Yield filters that find documents by id; all of the ids must be plain."""
    for some in _split_by_length(dict.fromkeys(ids)):
        yield f"id:[{','.join(some)}]"


def is_plain_id(identifier: str) -> bool:
    """Tell whether an id may stand in a filter as it is."""
    return _PLAIN_ID.fullmatch(identifier) is not None


def quote_for_path(identifier: str) -> str:
    """Return an id as it may stand in an address: the client does not look at what is in it."""
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


# One request takes so many documents, and so many bytes of them; a single package may be larger.
_MAX_DOCUMENTS = 2000
_MAX_BYTES = 8 * 1024 * 1024

# Documents that the server takes into its index at once; its own 40 is meant for documents with embeddings.
_INDEX_BATCH = 500


class _ImportResult(Struct, frozen=True):
    success: bool
    error: str = ""
    code: int = 0


class RejectedDocument(Struct, frozen=True):
    """A document that the server did not take, and why."""

    id: str
    code: int
    reason: str


_RESULT = Decoder(_ImportResult)


def import_documents(server: Server, collection: str, documents: Iterable[Json], action: str) -> list[RejectedDocument]:
    """Import documents in their order and return those that were refused.

    Neighboring documents of one package go in one request, which a server that dies applies as a whole or not at all.

    Raises:
        Unavailable: The server gives a reason that has nothing to do with the document.
    """
    rejected: list[RejectedDocument] = []
    for ids, body in _build_batches(documents):
        rejected += _import_batch(server, collection, ids, body, action)
    return rejected


def read_documents(
    server: Server, collection: str, names: Iterable[str], query: Json
) -> Iterator[tuple[frozenset[str], list[bytes]]]:
    """Yield the documents of projects, by normalised name, as JSON: some projects at a time, whole ones."""
    for group, filter_ in build_name_filters(names):
        yield group, server.read_lines(build_export_path(collection), {"filter_by": filter_, **query}, list)


def read_documents_by_id(server: Server, collection: str, ids: Iterable[str], query: Json) -> Iterator[Json]:
    """Yield those of the documents that are there, with the fields that are asked for."""
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
    """Delete documents by id; those that are not there are no failure."""
    for filter_ in build_id_filters(filter(is_plain_id, ids)):
        parameters: Any = {"filter_by": filter_}
        server.request(lambda client, given=parameters: client.collections[collection].documents.delete(given))  # type: ignore[misc]
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
    answer = server.request(lambda client: client.collections[collection].documents.import_(body, parameters))
    results = [_RESULT.decode(line) for line in answer.split("\n") if line]
    if len(results) != len(ids):
        raise Unavailable(f"{server.address} tells of {len(results)} documents, {len(ids)} were sent to {collection}")
    for identifier, result in zip(ids, results, strict=True):
        if result.success:
            continue
        if result.code >= HTTPStatus.INTERNAL_SERVER_ERROR or result.code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise Unavailable(f"{server.address} can't write {identifier} to {collection}: {result.error}")
        yield RejectedDocument(identifier, result.code, result.error)
