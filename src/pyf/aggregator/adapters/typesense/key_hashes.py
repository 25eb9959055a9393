"""Keeps hashes of the values of keys in a collection of the server's: a value can be recognised by them, not told."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder

from ...domain.errors import NotFound, Unavailable
from ..api_keys import KeyHash
from .errors import Taken
from .lines import delete, export_of, send
from .server import Server

COLLECTION = "_pyf_keys"
_SCHEMA = {
    "name": COLLECTION,
    "fields": [
        {"name": "key", "type": "int64"},
        {"name": "salt", "type": "string", "index": False, "optional": True},
        {"name": "digest", "type": "string", "index": False, "optional": True},
    ],
}


class _Kept(Struct, frozen=True):
    key: int
    salt: str
    digest: str


_KEPT = Decoder(_Kept)


class KeyHashes:
    """The hashes of the values of those keys of a server that this program has made, by the keys' numbers."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def keep(self, number: int, kept: KeyHash) -> None:
        """Keep what is to be kept of a key's value; the collection is made with the first one."""
        document = {"id": str(number), "key": number, "salt": kept.salt.hex(), "digest": kept.digest.hex()}
        try:
            refused = send(self._server, COLLECTION, [document], "upsert")
        except NotFound:
            with suppress(Taken):  # another one was quicker
                schema: Any = _SCHEMA
                self._server.ask(lambda client: client.collections.create(schema))
            refused = send(self._server, COLLECTION, [document], "upsert")
        for each in refused:
            raise Unavailable(f"{self._server.address} does not take what is kept of the key {number}: {each.reason}")

    def forget(self, number: int) -> None:
        """Forget what was kept of a key, if anything was."""
        with suppress(NotFound):  # no key of ours was ever made
            delete(self._server, COLLECTION, [str(number)])

    def numbers_of(self, value: str) -> set[int]:
        """Return the numbers of the keys of this value; it takes as long whatever the answer is."""
        try:
            return self._server.read(export_of(COLLECTION), {}, lambda lines: _numbers_of(value, lines))
        except NotFound:
            return set()


def _numbers_of(value: str, lines: Iterable[bytes]) -> set[int]:
    kept = map(_KEPT.decode, lines)
    return {each.key for each in kept if KeyHash(bytes.fromhex(each.salt), bytes.fromhex(each.digest)).matches(value)}
