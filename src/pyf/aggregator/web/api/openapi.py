"""OpenAPI description of the API, with the docstrings of its types."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, get_args, get_type_hints

from litestar import Request
from litestar.enums import MediaType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Server
from msgspec import Struct

from ... import __version__
from . import handlers

HANDLERS = (
    handlers.show_index,
    handlers.show_collections,
    handlers.show_search,
    handlers.show_suggestions,
    handlers.show_package,
    handlers.show_releases,
    handlers.show_history,
    handlers.show_comparison,
    handlers.show_readiness,
    handlers.show_statistics,
)


class DescribedJson(JsonRenderPlugin):
    """Renders the description as JSON, with those of the types. Only its first request takes the time to build it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        add_type_descriptions(openapi_schema)
        return super().render(request, openapi_schema)


def build_openapi_config(root_path: str = "") -> OpenAPIConfig:
    """Return Litestar's OpenAPI configuration: JSON only, because HTML viewers load scripts from other sites."""
    return OpenAPIConfig(
        title="pyf.aggregator",
        version=__version__,
        path="/api/v1/openapi.json",
        render_plugins=[DescribedJson(path="/", media_type=MediaType.JSON)],
        use_handler_docstrings=True,
        servers=[Server(url=root_path or "/")],
    )


def add_type_descriptions(openapi: dict[str, Any]) -> None:
    """Add the docstrings of the response types to a description."""
    descriptions = {struct.__name__: cleandoc(struct.__doc__ or "") for struct in _list_response_structs()}
    for name, schema in openapi["components"]["schemas"].items():
        if name in descriptions:
            schema.setdefault("description", descriptions[name])


def _list_response_structs() -> set[type[Struct]]:
    """Return the types of all responses and of their fields."""
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
    """Yield the structs that a type hint contains."""
    if isinstance(type_hint, type) and issubclass(type_hint, Struct):
        yield type_hint
    for argument in get_args(type_hint):
        yield from _iter_structs(argument)
