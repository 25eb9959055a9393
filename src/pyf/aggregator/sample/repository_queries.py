"""Answers GraphQL queries about repositories as GitHub does: what is there, what is missing, and what was too much."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from .graphql import Field, Node, Query, GraphQLError, parse_query
from .hosted import HostedRepository, Json

# Nodes that one query may ask for.
NODE_LIMIT = 500_000

RESOURCE_LIMITS_ERROR: Json = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
EXECUTION_ERROR: Json = {
    "message": "Something went wrong while executing your query. This may be the result of a timeout, or a GitHub bug."
}

FindRepository = Callable[[str], HostedRepository | None]


def parse_requested_paths(body: bytes) -> dict[str, str]:
    """Return the paths of the repositories that a query asks about, by alias; none for what is no query."""
    try:
        fields = _parse_request(body).iter_fields(Node("Query", {}))
        return {field.alias: _get_path(field) for field in fields if field.name == "repository"}
    except GraphQLError:
        return {}


def execute_query(
    body: bytes, find: FindRepository, response_counts: Counter[str], *, failing: Collection[str], skipped_count: int, skip_error: Mapping[str, str]
) -> Json:
    """Return the answer to a query, and count in `told` what it tells of, by path.

    The last `unanswered` repositories are left out for the reason `why`, and those that are `broken` for none.
    """
    try:
        query = _parse_request(body)
        fields = list(query.iter_fields(Node("Query", {})))
        if sum(_count_nodes(query, field) for field in fields) > NODE_LIMIT:
            raise GraphQLError(f"The query requests more than the maximum limit of {NODE_LIMIT:,} nodes.")
        skipped = {field.alias: skip_error for field in fields[len(fields) - skipped_count :]}
        skipped |= {field.alias: EXECUTION_ERROR for field in fields if _get_path(field) in failing}
        data, errors = _resolve_repositories(query, fields, find, skipped)
    except GraphQLError as error:
        return {"errors": [{"message": str(error)}]}
    response_counts.update(_get_path(field) for field in fields if field.alias not in skipped)
    return {"data": data, "errors": errors} if errors else {"data": data}


def _resolve_repositories(
    query: Query, fields: Sequence[Field], find: FindRepository, skipped: Mapping[str, Mapping[str, str]]
) -> tuple[Json, list[Json]]:
    data: Json = {}
    errors: list[Json] = []
    for field in fields:
        if field.name != "repository":
            raise GraphQLError(f"Field '{field.name}' doesn't exist on type 'Query'")
        path = _get_path(field)
        repository = find(path)
        data[field.alias] = None
        if skip_error := skipped.get(field.alias):
            errors.append({**skip_error, **({"path": [field.alias]} if "type" in skip_error else {})})
        elif repository is None:
            text = f"Could not resolve to a Repository with the name '{path}'."
            errors.append({"type": "NOT_FOUND", "path": [field.alias], "message": text})
        else:
            data[field.alias] = query.resolve(repository.to_node(), field.selections)
    return data, errors


def _parse_request(body: bytes) -> Query:
    try:
        request = msgspec.json.decode(body)
        return parse_query(request["query"], request.get("variables") or {})
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise GraphQLError("A query attribute must be specified and must be a string.") from error


def _get_path(field: Field) -> str:
    return f"{field.arguments.get('owner', '')}/{field.arguments.get('name', '')}".lower()


def _count_nodes(query: Query, field: Field | str) -> int:
    """Count the nodes that a field may return, as GitHub does before it looks at anything."""
    resolved = query.resolve_fragment(field)
    own_count = int(resolved.arguments.get("first", 0))
    return own_count + max(own_count, 1) * sum(_count_nodes(query, selection) for selection in resolved.selections)
