"""Create, list and delete the keys of a Typesense server, which checks them itself when clients search it.

The server neither returns the value of a key nor says what a value allows. So `is_allowed` compares hashes that this
program stores on the server. A key of another program has no hash: it opens the server, and nothing that `is_allowed`
guards.

Search presets are parameters that the server stores for clients that search it directly. Measured on a server 29.0
with 120 rated queries over 666 packages: 95 find the expected packages, 86 with the server's defaults for the
last three parameters.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct, convert
from msgspec.json import Decoder

from ...domain.documents.schema import FACETS
from ...domain.errors import Invalid, NotFound, Unavailable
from ...ports import NewKey
from ...ports.index import SEARCH_ACTION, ApiKey
from ..api_keys import KeyHash, generate_key, get_prefix, grants, hash_key, validate_key
from ..encoding import replace_surrogates
from .bulk import build_export_path, delete_documents, import_documents, quote_for_path
from .client import Server
from .retry import AlreadyExists
from .schema import SEARCH_FRAMEWORK_VERSIONS, SEARCH_HEALTH, SEARCH_NAMES, SEARCH_PYTHON_VERSIONS

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
    """The hashes of the keys that this program has created, by key id."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def put(self, number: int, key_hash: KeyHash) -> None:
        """Store the hash of a key; the first one creates the collection."""
        document = {"id": str(number), "key": number, "salt": key_hash.salt.hex(), "digest": key_hash.digest.hex()}
        try:
            rejected = import_documents(self._server, KEYS_COLLECTION, [document], "upsert")
        except NotFound:
            with suppress(AlreadyExists):  # another process created it
                schema: Any = _KEYS_SCHEMA
                self._server.request(lambda client: client.collections.create(schema))
            rejected = import_documents(self._server, KEYS_COLLECTION, [document], "upsert")
        for rejection in rejected:
            raise Unavailable(f"{self._server.address} rejects the hash of the key {number}: {rejection.reason}")

    def delete(self, number: int) -> None:
        """Delete the hash of a key, if there is one."""
        with suppress(NotFound):  # this program has created no key
            delete_documents(self._server, KEYS_COLLECTION, [str(number)])

    def find_key_ids(self, value: str) -> set[int]:
        """Return the ids of the keys with this value, in a time that does not depend on the result."""
        try:
            return self._server.read_lines(
                build_export_path(KEYS_COLLECTION), {}, lambda lines: _match_key_ids(value, lines)
            )
        except NotFound:
            return set()


def _match_key_ids(value: str, lines: Iterable[bytes]) -> set[int]:
    hashes = map(_STORED_HASH.decode, lines)
    return {row.key for row in hashes if KeyHash(bytes.fromhex(row.salt), bytes.fromhex(row.digest)).matches(value)}


# The server takes regular expressions that must match a whole name: this is for the collections behind an alias.
_NUMBERED = "-[0-9]+"

# The largest id that the server gives to a key.
_UINT32 = 2**32 - 1


class _ServerKey(Struct, frozen=True):
    """A key as the server lists it."""

    id: int
    description: str
    actions: tuple[str, ...]
    collections: tuple[str, ...]
    value_prefix: str = ""


class TypesenseApiKeys:
    """The port `ApiKeys` on a Typesense server; `resolve` returns the collection of a name or an alias.

    At the server a key for `plone` opens `plone` and `plone-1`, `plone-2`, …, whether the alias leads there or not. If
    the alias points to a collection of another name when the key is created, the key opens that one, too.
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
        before = {key.id for key in self._list_server_keys()}
        schema: Any = {
            "description": replace_surrogates(description),
            "actions": list(actions),
            "collections": scope,
            "value": value,
        }
        try:
            created: Any = self._server.request(lambda client: client.keys.create(schema))
            new_key = convert(created, _ServerKey)
        except AlreadyExists as error:
            # Another key has the value, or a first attempt of this request whose response was lost.
            new = [
                key
                for key in self._list_server_keys()
                if key.id not in before and key.value_prefix == get_prefix(value)
            ]
            if not new or list(new[-1].collections) != scope:
                raise Invalid("there is a key of that value already: choose another one") from error
            new_key = new[-1]
        self._hashes.put(new_key.id, hash_key(value))
        return NewKey(key=_to_api_key(new_key, get_prefix(value)), value=value)

    def list_keys(self) -> Sequence[ApiKey]:
        return [_to_api_key(key, key.value_prefix) for key in self._list_server_keys()]

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
        return sorted(convert(answer["keys"], list[_ServerKey]), key=lambda key: key.id)


def _to_api_key(key: _ServerKey, prefix: str) -> ApiKey:
    return ApiKey(
        id=key.id,
        description=key.description,
        prefix=prefix,
        actions=key.actions,
        collections=_parse_names(key.collections),
    )


def _build_patterns(names: Iterable[str], targets: Iterable[str]) -> list[str]:
    """Build patterns for these names, the numbered collections of each, and the collections behind them."""
    patterns: dict[str, None] = {}
    for name in names:
        plain = _escape_name(name)
        patterns |= dict.fromkeys([plain] if name == "*" else [plain, plain + _NUMBERED])
    for name in targets:
        stem, _, number = name.rpartition("-")
        # A rebuild gives a numbered collection another number.
        patterns |= dict.fromkeys([_escape_name(stem) + _NUMBERED if number.isdecimal() else _escape_name(name)])
    return list(patterns)


def _escape_name(name: str) -> str:
    """Build a pattern that matches a name and nothing else."""
    return name.replace(".", "[.]")


def _parse_names(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a key from its patterns; those of another program stay as they are."""
    numbered = {f"{pattern}{_NUMBERED}" for pattern in patterns}
    return tuple(pattern.replace("[.]", ".") for pattern in patterns if pattern not in numbered)


_SEARCHED = {SEARCH_NAMES: 9, "summary": 5, "keywords": 4, "title": 4, "first_chapter": 3}
# Long, or not useful in a list.
_LEFT_OUT = (
    "description",
    "first_chapter",
    "main_content",
    "changelog",
    "classifiers",
    "urls",
    "health_score_breakdown",
    SEARCH_NAMES,
)

# Facets with values that their field does not have.
_HELPER_FIELDS = {
    "framework": SEARCH_FRAMEWORK_VERSIONS,
    "python": SEARCH_PYTHON_VERSIONS,
    "health": SEARCH_HEALTH,
}
_COUNTED = tuple(
    _HELPER_FIELDS.get(name, facet.field) for name, facet in FACETS.items() if facet.field not in _LEFT_OUT
)

PRESET: dict[str, Any] = {
    "query_by": ",".join(("name", *_SEARCHED)),
    "query_by_weights": ",".join(map(str, (10, *_SEARCHED.values()))),
    "filter_by": "is_newest:=true && project_status:!=quarantined",
    "sort_by": "_text_match(buckets: 10):desc,download_last_month:desc",
    "facet_by": ",".join(_COUNTED),
    "max_facet_values": 30,
    "highlight_fields": "name,summary",
    "exclude_fields": ",".join(_LEFT_OUT),
    "text_match_type": "max_weight",
    "typo_tokens_threshold": 10,
    "drop_tokens_mode": "both_sides:3",
}


def put_search_preset(server: Server, name: str) -> None:
    """Store the parameters under a name; existing ones are replaced."""
    server.request(lambda client: client.api_call.put(f"/presets/{quote_for_path(name)}", dict, body={"value": PRESET}))
