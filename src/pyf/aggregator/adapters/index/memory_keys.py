"""Keeps keys in memory, beside an index in memory."""

from collections.abc import Callable, Sequence
from threading import RLock

from ...domain.api_key import SEARCH, ApiKey
from ...domain.errors import Invalid, NotFound
from ...ports import NewKey
from .key_scope import opens
from .key_values import Hashed, checked_value, guessed_by_nobody, hashed, prefix_of


class MemoryApiKeys:
    """The port `ApiKeys` in memory; `resolve` is that of the index whose collections the keys open."""

    def __init__(
        self, resolve: Callable[[str], str | None], *, new_value: Callable[[], str] = guessed_by_nobody
    ) -> None:
        self._resolve = resolve
        self._new_value = new_value
        self._keys: dict[int, tuple[ApiKey, Hashed]] = {}
        self._numbers = 0
        self._lock = RLock()

    def create(
        self, collections: Sequence[str], *, description: str, actions: Sequence[str] = (SEARCH,), value: str = ""
    ) -> NewKey:
        value = checked_value(value or self._new_value())
        with self._lock:
            if any(kept.is_of(value) for _, kept in self._keys.values()):
                raise Invalid("there is a key of that value already: choose another one")
            self._numbers += 1
            key = ApiKey(
                id=self._numbers,
                description=description,
                prefix=prefix_of(value),
                actions=tuple(actions),
                collections=tuple(collections),
            )
            self._keys[key.id] = key, hashed(value)
        return NewKey(key=key, value=value)

    def all(self) -> Sequence[ApiKey]:
        with self._lock:
            return [key for key, _ in self._keys.values()]

    def delete(self, number: int) -> None:
        with self._lock:
            if self._keys.pop(number, None) is None:
                raise NotFound(f"there is no key {number}")

    def allows(self, value: str, action: str, collection: str) -> bool:
        with self._lock:
            found = [key for key, kept in self._keys.values() if kept.is_of(value)]
        return any(opens(key, action, collection, self._resolve) for key in found)
