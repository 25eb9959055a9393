"""Makes the reference page of the interface over HTTP from its own description."""

import re
from collections.abc import Iterator
from typing import Any

INTRODUCTION = """# The interface over HTTP

What `pyfserve` answers to programs. The same as OpenAPI, for tools: `/api/v1/openapi.json`. How to run it:
[Serve the index](../how-to/serve.md); badges and feeds: [Show a badge, follow a feed](../how-to/badges-and-feeds.md).

- Only GET and HEAD. Times are Unix seconds, null is what nobody knows.
- Any spelling of a project's name will do. A parameter that a path does not know is refused, not ignored.
- Answers carry an `ETag`; send it back as `If-None-Match`, and an answer that has not changed is 304 without a body.
  They come compressed to those who say `Accept-Encoding: br` or `gzip`.
- A search that has more pages names them in the header `Link` (`rel="next"`, `rel="prev"`).
- Where `WEB_API_KEYS_REQUIRED` is set, a key is sent as `X-API-Key: …` or `Authorization: Bearer …`. It opens the
  collections that it was made for: `pyfupdater --add-search-only-apikey -p plone`.
- Who asks more often than `WEB_RATE_LIMIT` allows is told when to go on: 429 with `Retry-After`.
- Quarantined projects are in no list; a look at one says `is_quarantined`, and its `install` is empty.
- No e-mail address is in any answer: `[address]` stands in its place.

## Failures

`application/problem+json`, as RFC 9457 has it. `invalid_params` names the rejected parameters:

```json
{"title": "Bad Request", "status": 400, "detail": "page: Expected `int` >= 1",
 "invalid_params": [{"name": "page", "reason": "Expected `int` >= 1"}]}
```

400 a parameter can't be used; 401, 403 a key is missing, or does not open the collection; 404 not there, and for a
project that has left, why; 405 not GET; 413, 414 too long; 429 too often; 503 the index does not answer
(`Retry-After`).
"""


def page(description: dict[str, Any]) -> str:
    """Return the page for an OpenAPI description."""
    paths = "".join(part for path, methods in description["paths"].items() for part in _path(path, methods["get"]))
    types = "".join(_type(name, schema) for name, schema in sorted(description["components"]["schemas"].items()))
    return f"{INTRODUCTION}\n## Paths\n{paths}\n## Types\n{types}"


def _path(path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"\n### `{path}`\n\n{operation['description']}\n"
    parameters = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    if parameters:
        yield "\n| parameter | type | default | meaning |\n|---|---|---|---|\n"
        for each in parameters:
            yield f"| `{each['name']}` | {_kind(each['schema'])} | {_default(each)} | {each.get('description', '')} |\n"
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    yield f"\nAnswers: {_kind(answer)}.\n"


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
    choices = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    if choices:
        kinds = [_kind(each) for each in choices]
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
