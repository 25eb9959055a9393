"""Makes the interface's OpenAPI say what its types mean, in the words of their own docstrings."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, get_args, get_type_hints

from litestar import Litestar
from litestar.openapi.spec import Schema
from msgspec import Struct

from . import handlers

HANDLERS = (
    handlers.show_collections,
    handlers.show_search,
    handlers.show_suggestions,
    handlers.show_package,
    handlers.show_releases,
    handlers.show_comparison,
    handlers.show_statistics,
)


def add_type_descriptions(app: Litestar) -> None:
    """Add to the application's description what each type means."""
    descriptions = {struct.__name__: cleandoc(struct.__doc__ or "") for struct in _response_structs()}
    for name, schema in (app.openapi_schema.components.schemas or {}).items():
        if isinstance(schema, Schema) and not schema.description:
            schema.description = descriptions.get(name)


def _response_structs() -> set[type[Struct]]:
    """Return the types of all answers, and those of their fields."""
    structs: set[type[Struct]] = set()
    for handler in HANDLERS:
        for struct in _iter_structs(get_type_hints(handler.fn)["return"]):
            _collect_structs(struct, structs)
    return structs


def _collect_structs(struct: type[Struct], structs: set[type[Struct]]) -> None:
    if struct not in structs:
        structs.add(struct)
        for type_hint in get_type_hints(struct).values():
            for nested in _iter_structs(type_hint):
                _collect_structs(nested, structs)


def _iter_structs(type_hint: Any) -> Iterator[type[Struct]]:
    """Yield the structs that a type is made of."""
    if isinstance(type_hint, type) and issubclass(type_hint, Struct):
        yield type_hint
    for argument in get_args(type_hint):
        yield from _iter_structs(argument)
