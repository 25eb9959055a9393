"""Generate the reference page of the HTTP API from its OpenAPI description."""

import re
from collections.abc import Iterator
from typing import Any

from pyf.aggregator.domain.documents.schema import FACETS
from pyf.aggregator.domain.search import MAX_SELECTED_VALUES

INTRODUCTION = """# HTTP API

The API that `pyfserve` serves below `/api/v1/`. Its OpenAPI description: `/api/v1/openapi.json`. How to run it:
[Serve the index](../how-to/serve.md); badges and feeds: [Show a badge, follow a feed](../how-to/badges-and-feeds.md).

- The API is read-only: GET and HEAD. Times are Unix seconds, null is unknown.
- Package names are accepted in any spelling. Unknown query parameters are rejected.
- Filters have the same names and limits in the API, in feeds, in the URLs of pages, and as options of `pyf search`
  (`--updated-within`): `q`, {facets}
  and `updated_within`. The keys of `facets` are these names. A search has at most {values} values in all filters.
- `sort`, `page` and `per_page` work everywhere but in feeds. A page shows at most 20 packages, whatever `per_page`.
- Responses carry an `ETag`. Send it as `If-None-Match`: the response is 304 without a body if nothing has changed.
- Responses are compressed for clients that send `Accept-Encoding: br` or `gzip`.
- A search with more pages links them in the `Link` header (`rel="next"`, `rel="prev"`).
- If `WEB_API_KEYS_REQUIRED` is set, send a key as `X-API-Key: …` or `Authorization: Bearer …`. A key grants access to
  the collections that it was created for: `pyfupdater --add-search-only-apikey -p plone`.
- Above `WEB_RATE_LIMIT` the response is 429 with `Retry-After`.
- Lists contain no quarantined packages. The details of one have `is_quarantined` set and an empty `install`.
- E-mail addresses are replaced by `[address]`.

## Errors

Errors are `application/problem+json` (RFC 9457). `invalid_params` lists the rejected parameters:

```json
{"title": "Bad Request", "status": 400, "detail": "page: Expected `int` >= 1",
 "invalid_params": [{"name": "page", "reason": "Expected `int` >= 1"}]}
```

| status | meaning |
|---|---|
| 400 | a parameter is invalid |
| 401, 403 | a key is required, or does not grant access to the collection |
| 404 | not found; for a removed package with the reason |
| 405 | the method is not GET or HEAD |
| 413, 414 | the body or the URL is too long |
| 429 | rate limit exceeded (`Retry-After`) |
| 503 | the index does not respond (`Retry-After`) |
"""


def page(description: dict[str, Any]) -> str:
    """Return the page for an OpenAPI description."""
    paths = "".join(part for path, methods in description["paths"].items() for part in _path(path, methods["get"]))
    types = "".join(_type(name, schema) for name, schema in sorted(description["components"]["schemas"].items()))
    introduction = INTRODUCTION.replace("{facets}", ", ".join(f"`{name}`" for name in FACETS))
    introduction = introduction.replace("{values}", str(MAX_SELECTED_VALUES))
    return f"{introduction}\n## Paths\n{paths}\n## Types\n{types}"


def _path(path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"\n### `{path}`\n\n{operation['description']}\n"
    parameters = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    if parameters:
        yield "\n| parameter | type | default | meaning |\n|---|---|---|---|\n"
        for parameter in parameters:
            kind, description = _kind(parameter["schema"]), parameter.get("description", "")
            yield f"| `{parameter['name']}` | {kind} | {_default(parameter)} | {description} |\n"
    response = operation["responses"]["200"]["content"]["application/json"]["schema"]
    yield f"\nReturns: {_kind(response)}.\n"


def _type(name: str, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return f"\n### {name}\n\nOne of {', '.join(f'`{value}`' for value in schema['enum'])}.\n"
    rows = "".join(f"| `{field}` | {_kind(kind)} |\n" for field, kind in schema["properties"].items())
    meaning = f"{_format_attributes(schema['description'])}\n\n" if schema.get("description") else ""
    return f"\n### {name}\n\n{meaning}| field | type |\n|---|---|\n{rows}"


def _format_attributes(description: str) -> str:
    """Turn the section `Attributes:` of a docstring into a Markdown list."""
    text, _, attributes = description.partition("Attributes:\n")
    return text + re.sub(r"^    (\w+): ", r"- `\1`: ", attributes, flags=re.MULTILINE).replace("        ", "  ")


def _default(parameter: dict[str, Any]) -> str:
    value = parameter["schema"].get("default")
    if parameter.get("required"):
        return "required"
    return f"`{value}`" if value not in (None, "", [], ()) else "–"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    choices = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if choices:
        kinds = [_kind(choice) for choice in choices]
        return " or ".join(dict.fromkeys(kinds))
    match schema.get("type"):
        case "array":
            return f"list of {_kind(schema['items'])}"
        case "object":
            values = schema.get("additionalProperties")
            return f"object of {_kind(values)}" if isinstance(values, dict) and values else "object"
        case other:
            return str(other) + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low:g} to {high:g}"
    longest = schema.get("maxLength")
    return f", up to {longest} characters" if longest is not None else ""
