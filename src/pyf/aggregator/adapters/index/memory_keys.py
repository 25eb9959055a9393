"""Keeps keys in memory, beside an index in memory."""

from collections.abc import Callable, Sequence
from threading import RLock

from ...domain.api_key import SEARCH_ACTION, ApiKey
from ...domain.errors import Invalid, NotFound
from ...ports import NewKey
from .key_scope import grants
from .key_values import KeyHash, validate_key, generate_key, hash_key, get_prefix


class FakeApiKeys:
    """The port `ApiKeys` in memory; `resolve` is that of the index whose collections the keys open."""

    def __init__(
        self, resolve: Callable[[str], str | None], *, generate_value: Callable[[], str] = generate_key
    ) -> None:
        self._resolve = resolve
        self._generate_value = generate_value
        self._keys: dict[int, tuple[ApiKey, KeyHash]] = {}
        self._last_id = 0
        self._lock = RLock()

    def create(
        self, collections: Sequence[str], *, description: str, actions: Sequence[str] = (SEARCH_ACTION,), value: str = ""
    ) -> NewKey:
        value = validate_key(value or self._generate_value())
        with self._lock:
            if any(key_hash.matches(value) for _, key_hash in self._keys.values()):
                raise Invalid("there is a key of that value already: choose another one")
            self._last_id += 1
            key = ApiKey(
                id=self._last_id,
                description=description,
                prefix=get_prefix(value),
                actions=tuple(actions),
                collections=tuple(collections),
            )
            self._keys[key.id] = key, hash_key(value)
        return NewKey(key=key, value=value)

    def list_keys(self) -> Sequence[ApiKey]:
        with self._lock:
            return [key for key, _ in self._keys.values()]

    def delete(self, key_id: int) -> None:
        with self._lock:
            if self._keys.pop(key_id, None) is None:
                raise NotFound(f"there is no key {key_id}")

    def is_allowed(self, value: str, action: str, collection: str) -> bool:
        with self._lock:
            keys = [key for key, key_hash in self._keys.values() if key_hash.matches(value)]
        return any(grants(key, action, collection, self._resolve) for key in keys)
