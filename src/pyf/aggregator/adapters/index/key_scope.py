"""What a key opens: the one rule that all engines which check keys themselves follow."""

from collections.abc import Callable

from ...domain.api_key import ApiKey

ALL = "*"


def opens(key: ApiKey, action: str, collection: str, resolve: Callable[[str], str | None]) -> bool:
    """Tell whether a key may do `action` on a collection; `resolve` tells what a name leads to now."""
    if not {action, ALL} & set(key.actions):
        return False
    if {collection, ALL} & set(key.collections):
        return True
    return any(resolve(name) == collection for name in key.collections)
