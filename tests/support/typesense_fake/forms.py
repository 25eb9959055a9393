"""The forms of requests: what decides how a server reads a request, without names and values.

A form is the method and the kind of path with the names of the parameters; one field of a body; one clause of a filter
with its field, its operator and whether it has a list; the operators of a filter; one clause of an order.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from support.typesense_fake.errors import RequestRejected
from support.typesense_fake.filters import split_expression
from support.typesense_fake.requests import Request

# Parameters whose values are few and change what the server does.
_TELLING_VALUES = frozenset({"action", "dirty_values"})
# Bodies that are documents: what is in them is the schema's matter.
_DOCUMENTS = frozenset({"import", "create_document", "update_document", "update_by_filter"})
_CLAUSE = re.compile(r"([^:]+):\s*(!=|:?=|!|<=|>=|<|>)?\s*(\[)?", re.DOTALL)


def list_forms(request: Request) -> frozenset[str]:
    return frozenset(_list_forms(request))


def _list_forms(request: Request) -> Iterator[str]:
    yield f"{request.method} {request.kind} ?{_describe_names(request.query)}"
    yield from _describe_search(request.query)
    body = request.parse_body()
    if not isinstance(body, dict) or request.kind in _DOCUMENTS:
        return
    yield f"{request.method} {request.kind} {{{_describe_names(body)}}}"
    for search in body.get("searches", ()):
        yield f"search {{{_describe_names(search)}}}"
        yield from _describe_search(search)
    for field in body.get("fields", ()):
        attributes = {name: value for name, value in field.items() if name != "name"}
        yield f"{request.kind} field {attributes}"


def _describe_names(parameters: Mapping[str, Any]) -> str:
    return ",".join(
        f"{name}={value}" if name in _TELLING_VALUES else name for name, value in sorted(parameters.items())
    )


def _describe_search(parameters: Mapping[str, Any]) -> Iterator[str]:
    if parameters.get("filter_by"):
        yield from _describe_filter(str(parameters["filter_by"]))
    for clause in filter(None, str(parameters.get("sort_by", "")).split(",")):
        yield f"sort_by {clause.strip()}"
    for field in filter(None, str(parameters.get("facet_by", "")).split(",")):
        yield f"facet_by {field.strip()}"


def _describe_filter(text: str) -> Iterator[str]:
    operators = set()
    try:
        for token in split_expression(text):
            if token in ("&&", "||", "(", ")"):
                operators.add(token)
            elif clause := _CLAUSE.match(token):
                yield f"filter_by {clause[1].strip()}:{clause[2] or ''}{'[]' if clause[3] else ''}"
            else:
                yield "filter_by without a colon"
    except RequestRejected:
        yield "filter_by that can't be parsed"
    if operators:
        yield f"filter_by with {' '.join(sorted(operators))}"
