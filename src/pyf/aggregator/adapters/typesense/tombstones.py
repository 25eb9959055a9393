"""Store the tombstones of a collection in its companion, by normalized package name."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from msgspec import Struct, convert
from msgspec.json import Decoder

from ...domain.collection import Tombstone
from ...domain.errors import NotFound, Unavailable
from ..encoding import replace_surrogates
from .bulk import build_export_path, delete_documents, import_documents, is_name, quote_for_path
from .client import Server
from .collections import build_tombstones_name
from .retry import AlreadyExists
from .schema import Json


class _TombstoneDocument(Struct, frozen=True):
    id: str
    removed_at: int
    reason: str


_TOMBSTONE_DOCUMENT = Decoder(_TombstoneDocument)


class Tombstones:
    """The tombstones of all collections. The first tombstone of a collection creates its companion."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get(self, collection: str, name: str) -> Tombstone | None:
        """Return the tombstone of a package, None if there is none."""
        if not name:
            return None
        path = f"/collections/{build_tombstones_name(collection)}/documents/{quote_for_path(replace_surrogates(name))}"
        try:
            found: Any = self._server.request(lambda client: client.api_call.get(path, dict, as_json=True))
        except NotFound:
            return None
        return _to_tombstone(convert(found, _TombstoneDocument))

    def put(self, collection: str, tombstones: Sequence[Tombstone]) -> None:
        """Write tombstones, and replace existing ones."""
        self._send(collection, tombstones, "upsert")

    def add(self, collection: str, tombstones: Sequence[Tombstone]) -> None:
        """Write the tombstones of packages that have none."""
        self._send(collection, tombstones, "create")

    def delete(self, collection: str, names: Iterable[str]) -> None:
        """Delete the tombstones of packages."""
        with suppress(NotFound):  # no companion, no tombstones
            delete_documents(self._server, build_tombstones_name(collection), [name for name in names if is_name(name)])

    def list_tombstones(self, collection: str) -> list[Tombstone]:
        """Return all tombstones of a collection, which are few and short."""
        try:
            return self._server.read_lines(
                build_export_path(build_tombstones_name(collection)),
                {},
                lambda lines: [_to_tombstone(_TOMBSTONE_DOCUMENT.decode(line)) for line in lines],
            )
        except NotFound:
            return []

    def list_since(self, collection: str, moment: int) -> list[Tombstone]:
        """Return the tombstones that were written at a moment (Unix seconds) or later."""
        try:
            return self._server.read_lines(
                build_export_path(build_tombstones_name(collection)),
                {"filter_by": f"removed_at:>={moment}"},
                lambda lines: [_to_tombstone(_TOMBSTONE_DOCUMENT.decode(line)) for line in lines],
            )
        except NotFound:
            return []

    def drop(self, collection: str) -> None:
        """Delete the companion of a collection."""
        with suppress(NotFound):
            self._server.request(lambda client: client.collections[build_tombstones_name(collection)].delete())

    def _send(self, collection: str, tombstones: Sequence[Tombstone], action: str) -> None:
        if not tombstones:
            return
        documents: list[Json] = [
            {"id": replace_surrogates(stone.name), "removed_at": stone.removed_at, "reason": stone.reason}
            for stone in tombstones
        ]
        try:
            rejected = import_documents(self._server, build_tombstones_name(collection), documents, action)
        except NotFound:
            self._create(build_tombstones_name(collection))
            rejected = import_documents(self._server, build_tombstones_name(collection), documents, action)
        for document in rejected:
            if document.code != HTTPStatus.CONFLICT:
                raise Unavailable(f"{self._server.address} rejects the tombstone of {document.id}: {document.reason}")

    def _create(self, companion: str) -> None:
        schema: Any = {
            "name": companion,
            "fields": [
                {"name": "removed_at", "type": "int64"},
                {"name": "reason", "type": "string", "index": False, "optional": True},
            ],
        }
        with suppress(AlreadyExists):  # another process was faster
            self._server.request(lambda client: client.collections.create(schema))


def _to_tombstone(stone: _TombstoneDocument) -> Tombstone:
    return Tombstone(name=stone.id, removed_at=stone.removed_at, reason=stone.reason)
