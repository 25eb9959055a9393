"""A local GitHub: the parts of its GraphQL and REST API that the program uses, over real HTTP."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from .faults import Fault, FaultKind, HourlyQuota
from .github_fixtures import HostedRepository, Json
from .graphql import Field, GraphQLError, Node, Query, parse_query
from .local_service import LocalService, RequestTarget
from .responses import PreparedResponse, redirect

# The maximum number of nodes in one query.
NODE_LIMIT = 500_000

RESOURCE_LIMITS_ERROR: Json = {
    "type": "RESOURCE_LIMITS_EXCEEDED",
    "message": "Resource limits for this query exceeded.",
}
EXECUTION_ERROR: Json = {
    "message": "Something went wrong while executing your query. This may be the result of a timeout, or a GitHub bug."
}

REFUSED_ERROR: Json = {
    "type": "FORBIDDEN",
    "message": "`o` forbids access via a personal access token (classic). Please use a GitHub App instead.",
}
_BLOCKED: Json = {"message": "Repository access blocked", "block": {"reason": "tos"}}

FindRepository = Callable[[str], HostedRepository | None]


def parse_requested_paths(body: bytes) -> dict[str, str]:
    """Return the paths of the repositories in a query, by alias; none for an invalid query."""
    try:
        fields = _parse_request(body).iter_fields(Node("Query", {}))
        return {field.alias: _get_path(field) for field in fields if field.name == "repository"}
    except GraphQLError:
        return {}


def execute_query(
    body: bytes,
    find: FindRepository,
    response_counts: Counter[str],
    *,
    failing: Collection[str],
    refused: Collection[str],
    skipped_count: int,
    skip_error: Mapping[str, str],
) -> Json:
    """Execute a query, and count its repositories in `response_counts`, by path.

    Args:
        failing: Paths of repositories that fail without a reason.
        refused: Paths of repositories that are refused to the token.
        skipped_count: How many of the last repositories are left out.
        skip_error: The error of these.
    """
    try:
        query = _parse_request(body)
        fields = list(query.iter_fields(Node("Query", {})))
        if sum(_count_nodes(query, field) for field in fields) > NODE_LIMIT:
            raise GraphQLError(f"The query requests more than the maximum limit of {NODE_LIMIT:,} nodes.")
        skipped = {field.alias: skip_error for field in fields[len(fields) - skipped_count :]}
        skipped |= {field.alias: EXECUTION_ERROR for field in fields if _get_path(field) in failing}
        skipped |= {field.alias: REFUSED_ERROR for field in fields if _get_path(field) in refused}
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
    """Count the nodes that a field may return, as GitHub does before it runs a query."""
    resolved = query.resolve_fragment(field)
    own_count = int(resolved.arguments.get("first", 0))
    return own_count + max(own_count, 1) * sum(_count_nodes(query, selection) for selection in resolved.selections)


ANONYMOUS_LIMIT = 60
TOKEN_LIMIT = 5000
_SECONDARY_LIMIT_MESSAGE = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
# Faults with a complete response.
_ANSWERED_FAULTS = frozenset({FaultKind.SLOW, FaultKind.RESOURCE_LIMITS, FaultKind.PARTIAL})


@dataclass(frozen=True, slots=True)
class GitHubTarget(RequestTarget):
    """The subject of a request; `project` is the path of a repository in lower case, if there is one."""

    path: str = ""
    body: bytes = b""


class LocalGitHub(LocalService[GitHubTarget]):
    """GitHub with its real behavior, for these repositories.

    Attributes:
        token: The only valid token.
        max_aliases: How many repositories a query may have.
        request_counts: Requests by the path of the repository, in lower case.
        response_counts: Responses with the repository, by its path in lower case.
        failing: Repositories that fail in GraphQL.
        refused: Repositories that are refused to the token, in GraphQL.
        blocked: Repositories that GitHub has blocked, in REST.
        timing_out: Repositories that make a whole query time out.
    """

    def __init__(
        self,
        repositories: Iterable[HostedRepository],
        *,
        token: str = "token-for-the-local-github",  # noqa: S107 - it opens nothing
        clock: Callable[[], float] = time.time,
        max_aliases: int | None = None,
        **service: Any,
    ) -> None:
        super().__init__(**service)
        self.token = token
        self.max_aliases = max_aliases
        self.graphql_quota = HourlyQuota("graphql", TOKEN_LIMIT, clock)
        self.core_quota = HourlyQuota("core", TOKEN_LIMIT, clock)
        self.anonymous_quota = HourlyQuota("core", ANONYMOUS_LIMIT, clock)
        self.request_counts: Counter[str] = Counter()
        self.response_counts: Counter[str] = Counter()
        self.failing: set[str] = set()
        self.refused: set[str] = set()
        self.blocked: set[str] = set()
        self.timing_out: set[str] = set()
        self.authorizations: list[str] = []
        self._repositories: dict[str, HostedRepository] = {}
        self._redirects: dict[str, str] = {}
        for repository in repositories:
            self.add_repository(repository)

    def add_repository(self, repository: HostedRepository) -> None:
        """Add a repository, or replace the one with its path."""
        self._repositories[repository.path.lower()] = repository
        self._redirects |= {path.lower(): repository.path.lower() for path in repository.former_paths}

    def delete_repository(self, path: str) -> None:
        """Delete a repository, including redirects from its earlier paths."""
        del self._repositories[path.lower()]

    def find_repository(self, path: str) -> HostedRepository | None:
        """Return the repository at a path, or the one that has moved from there."""
        key = path.lower()
        return self._repositories.get(key) or self._repositories.get(self._redirects.get(key, ""))

    def parse_target(self, method: str, path: str, body: bytes) -> GitHubTarget:
        bare = path.partition("?")[0]
        match method, bare.split("/")[1:]:
            case "POST", ["graphql"]:
                return GitHubTarget("graphql", path=bare, body=body)
            case "GET", ["rate_limit"]:
                return GitHubTarget("rate_limit", path=bare)
            case "GET", ["repos", owner, name]:
                return GitHubTarget("repository", f"{owner}/{name}".lower(), path=bare)
            case "GET", ["repos", owner, name, "pulls"]:
                return GitHubTarget("pulls", f"{owner}/{name}".lower(), path=bare)
            case "GET", ["repositories", number]:
                paths = (r.path.lower() for r in self._repositories.values() if str(r.repository_id) == number)
                return GitHubTarget("repository", next(paths, ""), path=bare)
        return GitHubTarget("other", path=bare)

    def build_response(self, target: GitHubTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        authorization = request.headers.get("Authorization", "")
        self.authorizations.append(authorization)
        if target.kind == "repository":
            self.request_counts[target.project] += 1
        if authorization and authorization.partition(" ")[2] != self.token:
            return _build_json_response({"message": "Bad credentials", "status": "401"}, {}, status=401)
        if target.kind == "graphql":
            return self._respond_graphql(target, is_authenticated=bool(authorization), fault=fault)
        quota = self.core_quota if authorization else self.anonymous_quota
        if target.kind == "rate_limit":
            return _build_json_response(
                {"resources": {"core": quota.to_dict(), "graphql": self.graphql_quota.to_dict()}}, quota.to_headers()
            )
        if not quota.spend():
            text = "API rate limit exceeded for 127.0.0.1. (But here's the good news: a token gets you more.)"
            return _build_json_response({"message": text}, quota.to_headers(), status=403)
        if fault is not None and fault.kind == FaultKind.SECONDARY_LIMIT:
            return _build_secondary_limit_response(fault, quota, status=403)
        return self._respond_rest(target, quota.to_headers(), Counter[str]() if fault else self.response_counts)

    def _respond_rest(
        self, target: GitHubTarget, headers: Mapping[str, str], response_counts: Counter[str]
    ) -> PreparedResponse:
        repository = self.find_repository(target.project)
        if target.project in self.blocked:
            return _build_json_response(_BLOCKED, headers, status=403)
        if repository is None or repository.is_private or target.kind == "other":
            response_counts[target.project] += 1
            return _build_json_response({"message": "Not Found", "status": "404"}, headers, status=404)
        if repository.path.lower() != target.project:
            return _add_headers(redirect(f"{self.url}/repositories/{repository.repository_id}"), headers)
        if target.kind == "pulls":
            pulls = [{"number": 1}] if repository.open_pull_requests else []
            last = f'<{self.url}{target.path}?state=open&per_page=1&page={repository.open_pull_requests}>; rel="last"'
            return _build_json_response(
                pulls, {**headers, **({"Link": last} if repository.open_pull_requests > 1 else {})}
            )
        response_counts[target.project] += 1
        return _build_json_response(repository.to_rest(), headers)

    def _respond_graphql(
        self, target: GitHubTarget, *, is_authenticated: bool, fault: Fault | None
    ) -> PreparedResponse:
        quota = self.graphql_quota
        if not is_authenticated:
            return _build_json_response({"message": "This endpoint requires you to be authenticated."}, {}, status=401)
        requested_paths = parse_requested_paths(target.body)
        self.request_counts.update(requested_paths.values())
        if not quota.spend():
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
            return _build_json_response({"errors": [error]}, quota.to_headers())
        if not self.timing_out.isdisjoint(requested_paths.values()):
            return PreparedResponse(b"<title>Unicorn!</title>", "text/html", status=502)
        kind = FaultKind(fault.kind) if fault is not None else None
        if fault is not None and kind in (FaultKind.SECONDARY_LIMIT, FaultKind.SECONDARY_LIMIT_200):
            return _build_secondary_limit_response(
                fault, quota, status=403 if kind is FaultKind.SECONDARY_LIMIT else 200
            )
        response_counts = self.response_counts if kind is None or kind in _ANSWERED_FAULTS else Counter[str]()
        skipped_count, skip_error = (
            max(len(requested_paths) - (self.max_aliases or len(requested_paths)), 0),
            RESOURCE_LIMITS_ERROR,
        )
        if kind in (FaultKind.RESOURCE_LIMITS, FaultKind.PARTIAL):
            skipped_count, skip_error = (
                len(requested_paths) - len(requested_paths) // 2,
                RESOURCE_LIMITS_ERROR if kind is FaultKind.RESOURCE_LIMITS else EXECUTION_ERROR,
            )
        result = execute_query(
            target.body,
            self.find_repository,
            response_counts,
            failing=self.failing,
            refused=self.refused,
            skipped_count=skipped_count,
            skip_error=skip_error,
        )
        return _build_json_response(result, quota.to_headers())


def _build_secondary_limit_response(fault: Fault, quota: HourlyQuota, *, status: int) -> PreparedResponse:
    headers = {"Retry-After": fault.retry_after.to_header()} if fault.retry_after else {}
    return _build_json_response({"message": _SECONDARY_LIMIT_MESSAGE}, {**quota.to_headers(), **headers}, status=status)


def _build_json_response(document: Any, headers: Mapping[str, str], *, status: int = 200) -> PreparedResponse:
    return PreparedResponse(
        msgspec.json.encode(document), "application/json; charset=utf-8", status=status, headers=dict(headers)
    )


def _add_headers(response: PreparedResponse, headers: Mapping[str, str]) -> PreparedResponse:
    response.headers |= headers
    return response
