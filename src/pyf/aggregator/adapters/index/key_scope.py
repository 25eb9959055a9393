"""What a key opens: the one rule that all engines which check keys themselves follow."""

from collections.abc import Callable

from ...domain.api_key import ApiKey

WILDCARD = "*"


def grants(key: ApiKey, action: str, collection: str, resolve: Callable[[str], str | None]) -> bool:
    """Tell whether a key may do `action` on a collection; `resolve` tells what a name leads to now."""
    if not {action, WILDCARD} & set(key.actions):
        return False
    if {collection, WILDCARD} & set(key.collections):
        return True
    return any(resolve(name) == collection for name in key.collections)
