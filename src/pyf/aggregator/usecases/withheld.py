"""What is told of a quarantined project: no address of a site, wherever in its texts one stands."""

from typing import Any, TypeVar

from msgspec import Struct, convert, to_builtins

from ..domain.addresses import without_links

Told = TypeVar("Told", bound=Struct)

# What is not the project's own: where our rules are explained, and other projects.
_OURS = frozenset({"read_more", "dependents", "similar"})


def without_places(told: Told) -> Told:
    """Return what is told of a project without addresses of sites; one that stands alone as a `url` is ""."""
    return convert(_masked(to_builtins(told)), type(told))


def _masked(value: Any) -> Any:
    match value:
        case str():
            return without_links(value)
        case dict():
            return {key: "" if key == "url" else each if key in _OURS else _masked(each) for key, each in value.items()}
        case list() | tuple():
            return [_masked(each) for each in value]
        case _:
            return value
