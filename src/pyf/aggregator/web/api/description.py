"""Makes the interface's OpenAPI say what its types mean, in the words of their own docstrings."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, get_args, get_type_hints

from litestar import Litestar
from litestar.openapi.spec import Schema
from msgspec import Struct

from . import handlers

HANDLERS = (
    handlers.profiles,
    handlers.search_,
    handlers.suggestions,
    handlers.project,
    handlers.releases_,
    handlers.compare,
    handlers.statistics,
)


def describe_types(app: Litestar) -> None:
    """Add to the application's description what each type means."""
    meanings = {struct.__name__: cleandoc(struct.__doc__ or "") for struct in _structs()}
    for name, schema in (app.openapi_schema.components.schemas or {}).items():
        if isinstance(schema, Schema) and not schema.description:
            schema.description = meanings.get(name)


def _structs() -> set[type[Struct]]:
    """Return the types of all answers, and those of their fields."""
    found: set[type[Struct]] = set()
    for handler in HANDLERS:
        for each in _in(get_type_hints(handler.fn)["return"]):
            _collect(each, found)
    return found


def _collect(struct: type[Struct], found: set[type[Struct]]) -> None:
    if struct not in found:
        found.add(struct)
        for kind in get_type_hints(struct).values():
            for each in _in(kind):
                _collect(each, found)


def _in(kind: Any) -> Iterator[type[Struct]]:
    """Yield the structs that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield kind
    for part in get_args(kind):
        yield from _in(part)
