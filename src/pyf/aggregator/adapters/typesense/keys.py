"""Keeps hashes of the values of keys in a collection of the server's: a value can be recognised by them, not told.

Makes, lists and deletes the keys of a Typesense server, which it checks itself when clients search it.

The server tells no value and answers for none but by doing what was asked for, so `allows` goes by hashes of ours and
by what the server lists. A key that another program made has no hash: it opens the server, and nothing that asks
`allows`.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct, convert
from msgspec.json import Decoder

from ...domain.errors import Invalid, NotFound, Unavailable
from ...ports import NewKey
from ...ports.keys import SEARCH_ACTION, ApiKey
from ..api_keys import KeyHash, generate_key, get_prefix, grants, hash_key, validate_key
from ..encoding import replace_surrogates
from .bulk import build_export_path, delete_documents, import_documents
from .client import Server
from .retry import AlreadyExists

KEYS_COLLECTION = "_pyf_keys"
_KEYS_SCHEMA = {
    "name": KEYS_COLLECTION,
    "fields": [
        {"name": "key", "type": "int64"},
        {"name": "salt", "type": "string", "index": False, "optional": True},
        {"name": "digest", "type": "string", "index": False, "optional": True},
    ],
}


class _StoredHash(Struct, frozen=True):
    key: int
    salt: str
    digest: str


_STORED_HASH = Decoder(_StoredHash)


class KeyHashes:
    """The hashes of the values of those keys of a server that this program has made, by the keys' numbers."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def put(self, number: int, key_hash: KeyHash) -> None:
        """Keep what is to be kept of a key's value; the collection is made with the first one."""
        document = {"id": str(number), "key": number, "salt": key_hash.salt.hex(), "digest": key_hash.digest.hex()}
        try:
            refused = import_documents(self._server, KEYS_COLLECTION, [document], "upsert")
        except NotFound:
            with suppress(AlreadyExists):  # another one was quicker
                schema: Any = _KEYS_SCHEMA
                self._server.request(lambda client: client.collections.create(schema))
            refused = import_documents(self._server, KEYS_COLLECTION, [document], "upsert")
        for each in refused:
            raise Unavailable(f"{self._server.address} does not take what is kept of the key {number}: {each.reason}")

    def delete(self, number: int) -> None:
        """Forget what was kept of a key, if anything was."""
        with suppress(NotFound):  # no key of ours was ever made
            delete_documents(self._server, KEYS_COLLECTION, [str(number)])

    def find_key_ids(self, value: str) -> set[int]:
        """Return the numbers of the keys of this value; it takes as long whatever the answer is."""
        try:
            return self._server.read_lines(
                build_export_path(KEYS_COLLECTION), {}, lambda lines: _match_key_ids(value, lines)
            )
        except NotFound:
            return set()


def _match_key_ids(value: str, lines: Iterable[bytes]) -> set[int]:
    kept = map(_STORED_HASH.decode, lines)
    return {each.key for each in kept if KeyHash(bytes.fromhex(each.salt), bytes.fromhex(each.digest)).matches(value)}


# The server takes regular expressions that must match a whole name: these are of the collections that come and go
# behind an alias.
_NUMBERED = "-[0-9]+"

# The largest number that the server gives to a key.
_UINT32 = 2**32 - 1


class _ServerKey(Struct, frozen=True):
    """A key as the server tells it."""

    id: int
    description: str
    actions: tuple[str, ...]
    collections: tuple[str, ...]
    value_prefix: str = ""


class TypesenseApiKeys:
    """The port `ApiKeys` on a Typesense server; `resolve` tells what a name leads to.

    A key for `plone` opens, at the server, `plone` and `plone-1`, `plone-2`, …, whether the alias leads there or not.
    If the alias leads to a collection of another name when the key is made, the key opens that, too.
    """

    def __init__(
        self,
        server: Server,
        resolve: Callable[[str], str | None],
        *,
        new_value: Callable[[], str] = generate_key,
    ) -> None:
        self._server = server
        self._hashes = KeyHashes(server)
        self._resolve = resolve
        self._new_value = new_value

    def create(
        self,
        collections: Sequence[str],
        *,
        description: str,
        actions: Sequence[str] = (SEARCH_ACTION,),
        value: str = "",
    ) -> NewKey:
        value = validate_key(value or self._new_value())
        behind = {name: self._resolve(name) for name in collections}
        scope = _build_patterns(collections, [found for name, found in behind.items() if found and found != name])
        before = {told.id for told in self._list_server_keys()}
        schema: Any = {
            "description": replace_surrogates(description),
            "actions": list(actions),
            "collections": scope,
            "value": value,
        }
        try:
            made: Any = self._server.request(lambda client: client.keys.create(schema))
            told = convert(made, _ServerKey)
        except AlreadyExists as error:
            # By another key, or by our own first attempt, the answer of which was lost.
            new = [
                each
                for each in self._list_server_keys()
                if each.id not in before and each.value_prefix == get_prefix(value)
            ]
            if not new or list(new[-1].collections) != scope:
                raise Invalid("there is a key of that value already: choose another one") from error
            told = new[-1]
        self._hashes.put(told.id, hash_key(value))
        return NewKey(key=_to_api_key(told, get_prefix(value)), value=value)

    def list_keys(self) -> Sequence[ApiKey]:
        return [_to_api_key(told, told.value_prefix) for told in self._list_server_keys()]

    def delete(self, key_id: int) -> None:
        unknown = NotFound(f"there is no key {key_id}")
        if not 0 <= key_id <= _UINT32:
            raise unknown
        try:
            self._server.request(lambda client: client.keys[key_id].delete())
        except NotFound as error:
            raise unknown from error
        self._hashes.delete(key_id)

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        numbers = self._hashes.find_key_ids(value)
        found = [key for key in self.list_keys() if key.id in numbers]
        return any(grants(key, action, collection, self._resolve) for key in found)

    def _list_server_keys(self) -> list[_ServerKey]:
        answer: Any = self._server.request(lambda client: client.keys.retrieve())
        return sorted(convert(answer["keys"], list[_ServerKey]), key=lambda told: told.id)


def _to_api_key(told: _ServerKey, prefix: str) -> ApiKey:
    return ApiKey(
        id=told.id,
        description=told.description,
        prefix=prefix,
        actions=told.actions,
        collections=_parse_names(told.collections),
    )


def _build_patterns(names: Iterable[str], behind: Iterable[str]) -> list[str]:
    """Return what matches these names and the numbered collections of each, and what they lead to."""
    patterns: dict[str, None] = {}
    for name in names:
        plain = _escape_name(name)
        patterns |= dict.fromkeys([plain] if name == "*" else [plain, plain + _NUMBERED])
    for name in behind:
        stem, _, number = name.rpartition("-")
        # A numbered one goes with its number when it is recreated.
        patterns |= dict.fromkeys([_escape_name(stem) + _NUMBERED if number.isdecimal() else _escape_name(name)])
    return list(patterns)


def _escape_name(name: str) -> str:
    """Return what matches a name and nothing else."""
    return name.replace(".", "[.]")


def _parse_names(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the names that a key was made for; patterns that another program made stay as they are."""
    numbered = {f"{pattern}{_NUMBERED}" for pattern in patterns}
    return tuple(pattern.replace("[.]", ".") for pattern in patterns if pattern not in numbered)
