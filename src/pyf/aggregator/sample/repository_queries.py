"""Answers GraphQL queries about repositories as GitHub does: what is there, what is missing, and what was too much."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from .graphql import Field, Node, Query, Refused, parsed
from .hosted import Hosted, Json

# Nodes that one query may ask for.
NODE_LIMIT = 500_000

TOO_MUCH: Json = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
STUMBLED: Json = {
    "message": "Something went wrong while executing your query. This may be the result of a timeout, or a GitHub bug."
}

Find = Callable[[str], Hosted | None]


def asked_in(body: bytes) -> dict[str, str]:
    """Return the paths of the repositories that a query asks about, by alias; none for what is no query."""
    try:
        fields = _query(body).asked_of(Node("Query", {}))
        return {field.alias: _path(field) for field in fields if field.name == "repository"}
    except Refused:
        return {}


def answered(
    body: bytes, find: Find, told: Counter[str], *, broken: Collection[str], unanswered: int, why: Mapping[str, str]
) -> Json:
    """Return the answer to a query, and count in `told` what it tells of, by path.

    The last `unanswered` repositories are left out for the reason `why`, and those that are `broken` for none.
    """
    try:
        query = _query(body)
        fields = list(query.asked_of(Node("Query", {})))
        if sum(_nodes(query, field) for field in fields) > NODE_LIMIT:
            raise Refused(f"The query requests more than the maximum limit of {NODE_LIMIT:,} nodes.")
        left_out = {field.alias: why for field in fields[len(fields) - unanswered :]}
        left_out |= {field.alias: STUMBLED for field in fields if _path(field) in broken}
        data, errors = _told_of(query, fields, find, left_out)
    except Refused as refused:
        return {"errors": [{"message": str(refused)}]}
    told.update(_path(field) for field in fields if field.alias not in left_out)
    return {"data": data, "errors": errors} if errors else {"data": data}


def _told_of(
    query: Query, fields: Sequence[Field], find: Find, left_out: Mapping[str, Mapping[str, str]]
) -> tuple[Json, list[Json]]:
    data: Json = {}
    errors: list[Json] = []
    for field in fields:
        if field.name != "repository":
            raise Refused(f"Field '{field.name}' doesn't exist on type 'Query'")
        path = _path(field)
        repository = find(path)
        data[field.alias] = None
        if why := left_out.get(field.alias):
            errors.append({**why, **({"path": [field.alias]} if "type" in why else {})})
        elif repository is None:
            text = f"Could not resolve to a Repository with the name '{path}'."
            errors.append({"type": "NOT_FOUND", "path": [field.alias], "message": text})
        else:
            data[field.alias] = query.told(repository.node(), field.selections)
    return data, errors


def _query(body: bytes) -> Query:
    try:
        sent = msgspec.json.decode(body)
        return parsed(sent["query"], sent.get("variables") or {})
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise Refused("A query attribute must be specified and must be a string.") from error


def _path(field: Field) -> str:
    return f"{field.arguments.get('owner', '')}/{field.arguments.get('name', '')}".lower()


def _nodes(query: Query, field: Field | str) -> int:
    """Count the nodes that a field may return, as GitHub does before it looks at anything."""
    part = query.part(field)
    own = int(part.arguments.get("first", 0))
    return own + max(own, 1) * sum(_nodes(query, selection) for selection in part.selections)
