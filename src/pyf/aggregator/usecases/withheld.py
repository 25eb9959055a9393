"""What is told of a quarantined project: no address of a site, wherever in its texts one stands."""

from typing import Any, TypeVar

from msgspec import Struct, convert, to_builtins

from ..domain.addresses import mask_links

StructT = TypeVar("Told", bound=Struct)

# What is not the project's own: where our rules are explained, and other projects.
_TRUSTED_KEYS = frozenset({"read_more", "dependents", "similar"})


def strip_urls(struct: StructT) -> StructT:
    """Return what is told of a project without addresses of sites; one that stands alone as a `url` is ""."""
    return convert(_strip_value(to_builtins(struct)), type(struct))


def _strip_value(value: Any) -> Any:
    match value:
        case str():
            return mask_links(value)
        case dict():
            return {key: "" if key == "url" else item if key in _TRUSTED_KEYS else _strip_value(item) for key, item in value.items()}
        case list() | tuple():
            return [_strip_value(each) for each in value]
        case _:
            return value
