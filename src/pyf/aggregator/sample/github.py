"""GitHub on this machine: its GraphQL and REST API as far as we ask them about repositories, over real HTTP."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from .answer import Answer, redirect
from .faults import Fault, FaultKind
from .graphql import Field, Node, Query, Refused, parsed
from .hosted import Hosted, Json
from .quota import Quota
from .server import LocalService, Target

ANONYMOUS_LIMIT = 60
TOKEN_LIMIT = 5000
# Nodes that one query may ask for.
NODE_LIMIT = 500_000

_SLOW_DOWN = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_HALVES = {
    FaultKind.RESOURCE_LIMITS: {
        "type": "RESOURCE_LIMITS_EXCEEDED",
        "message": "Resource limits for this query exceeded.",
    },
    FaultKind.LEFT_OUT: {
        "message": "Something went wrong while executing your query. This may be the result of a timeout."
    },
}


@dataclass(frozen=True, slots=True)
class GitHubTarget(Target):
    """A request's subject; `project` is a repository's path in lower case, where the request is about one."""

    path: str = ""
    body: bytes = b""


class LocalGitHub(LocalService[GitHubTarget]):
    """GitHub as it really behaves, for these repositories; `token` is the only one that it accepts.

    `most_aliases` is how many repositories a query may hold before GitHub finds it too much. `asked` counts how often
    each repository was asked about, `told` how often the client got an answer, by path in lower case. `broken` are
    repositories that GraphQL stumbles over, `endless` those that make a whole query take too long.
    """

    def __init__(
        self,
        repositories: Iterable[Hosted],
        *,
        token: str = "a-token-that-the-stand-in-accepts",  # noqa: S107 - it opens nothing
        clock: Callable[[], float] = time.time,
        most_aliases: int | None = None,
        **service: Any,
    ) -> None:
        super().__init__(**service)
        self.token = token
        self.most_aliases = most_aliases
        self.graphql = Quota("graphql", TOKEN_LIMIT, clock)
        self.core = Quota("core", TOKEN_LIMIT, clock)
        self.anonymous = Quota("core", ANONYMOUS_LIMIT, clock)
        self.asked: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.broken: set[str] = set()
        self.endless: set[str] = set()
        self.authorizations: list[str] = []
        self._repositories: dict[str, Hosted] = {}
        self._moved: dict[str, str] = {}
        for repository in repositories:
            self.host(repository)

    def host(self, repository: Hosted) -> None:
        """Host a repository, in the place of one that had its path."""
        self._repositories[repository.path.lower()] = repository
        self._moved |= {path.lower(): repository.path.lower() for path in repository.was}

    def delete(self, path: str) -> None:
        """Delete a repository; addresses from before it moved lead nowhere then."""
        del self._repositories[path.lower()]

    def find(self, path: str) -> Hosted | None:
        """Return the repository at a path, or the one that was there before it moved."""
        key = path.lower()
        return self._repositories.get(key) or self._repositories.get(self._moved.get(key, ""))

    def target(self, method: str, path: str, body: bytes) -> GitHubTarget:
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
                found = (r.path.lower() for r in self._repositories.values() if str(r.number) == number)
                return GitHubTarget("repository", next(found, ""), path=bare)
        return GitHubTarget("other", path=bare)

    def answer(self, target: GitHubTarget, request: web.BaseRequest, fault: Fault | None) -> Answer:
        authorization = request.headers.get("Authorization", "")
        self.authorizations.append(authorization)
        if target.kind == "repository":
            self.asked[target.project] += 1
        if authorization and authorization.partition(" ")[2] != self.token:
            return _json({"message": "Bad credentials", "status": "401"}, {}, status=401)
        if target.kind == "graphql":
            return self._graphql(target, is_known=bool(authorization), fault=fault)
        quota = self.core if authorization else self.anonymous
        if target.kind == "rate_limit":
            return _json({"resources": {"core": quota.told(), "graphql": self.graphql.told()}}, quota.headers())
        if not quota.spend():
            text = "API rate limit exceeded for 127.0.0.1. (But here's the good news: a token gets you more.)"
            return _json({"message": text}, quota.headers(), status=403)
        if fault is not None and fault.kind == FaultKind.SECONDARY_LIMIT:
            return _slow_down(fault, quota, status=403)
        return self._rest(target, quota.headers())

    def _rest(self, target: GitHubTarget, headers: Mapping[str, str]) -> Answer:
        repository = self.find(target.project)
        if repository is None or repository.is_private or target.kind == "other":
            self.told[target.project] += 1
            return _json({"message": "Not Found", "status": "404"}, headers, status=404)
        if repository.path.lower() != target.project:
            return _with(redirect(f"{self.url}/repositories/{repository.number}"), headers)
        if target.kind == "pulls":
            some = [{"number": 1}] if repository.open_pull_requests else []
            last = f'<{self.url}{target.path}?state=open&per_page=1&page={repository.open_pull_requests}>; rel="last"'
            return _json(some, {**headers, **({"Link": last} if repository.open_pull_requests > 1 else {})})
        self.told[target.project] += 1
        return _json(repository.document(), headers)

    def _graphql(self, target: GitHubTarget, *, is_known: bool, fault: Fault | None) -> Answer:
        quota = self.graphql
        if not is_known:
            return _json({"message": "This endpoint requires you to be authenticated."}, {}, status=401)
        asked = self._asked_in(target.body)
        self.asked.update(asked.values())
        if not quota.spend():
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
            return _json({"errors": [error]}, quota.headers())
        if not self.endless.isdisjoint(asked.values()):
            return Answer(b"<title>Unicorn!</title>", "text/html", status=502)
        match fault and FaultKind(fault.kind):
            case FaultKind.SECONDARY_LIMIT | FaultKind.SECONDARY_LIMIT_200 as kind if fault:
                return _slow_down(fault, quota, status=403 if kind is FaultKind.SECONDARY_LIMIT else 200)
            case FaultKind.RESOURCE_LIMITS | FaultKind.LEFT_OUT as kind:
                return self._answered(target.body, quota, unanswered=len(asked) - len(asked) // 2, why=_HALVES[kind])
            case None:
                too_many = max(len(asked) - (self.most_aliases or len(asked)), 0)
                why = _HALVES[FaultKind.RESOURCE_LIMITS]
                return self._answered(target.body, quota, unanswered=too_many, why=why)
        return _json({}, quota.headers())  # what the client gets instead is the fault's matter

    def _asked_in(self, body: bytes) -> dict[str, str]:
        try:
            fields = _query(body).asked_of(Node("Query", {}))
            return {field.alias: _path(field) for field in fields if field.name == "repository"}
        except Refused:
            return {}

    def _answered(self, body: bytes, quota: Quota, *, unanswered: int, why: Json) -> Answer:
        try:
            query = _query(body)
            fields = list(query.asked_of(Node("Query", {})))
            if sum(_nodes(query, field) for field in fields) > NODE_LIMIT:
                raise Refused(f"The query requests more than the maximum limit of {NODE_LIMIT:,} nodes.")
            data, errors = self._told_of(query, fields, unanswered, why)
        except Refused as refused:
            return _json({"errors": [{"message": str(refused)}]}, quota.headers())
        return _json({"data": data, **({"errors": errors} if errors else {})}, quota.headers())

    def _told_of(self, query: Query, fields: Sequence[Field], unanswered: int, why: Json) -> tuple[Json, list[Json]]:
        data: Json = {}
        errors: list[Json] = []
        answered = len(fields) - unanswered
        for place, field in enumerate(fields):
            if field.name != "repository":
                raise Refused(f"Field '{field.name}' doesn't exist on type 'Query'")
            path = _path(field)
            repository = self.find(path)
            data[field.alias] = None
            if place >= answered:
                errors.append({**why, **({"path": [field.alias]} if "type" in why else {})})
            elif path in self.broken:
                errors.append(_HALVES[FaultKind.LEFT_OUT])
            elif repository is None:
                text = f"Could not resolve to a Repository with the name '{path}'."
                errors.append({"type": "NOT_FOUND", "path": [field.alias], "message": text})
                self.told[path] += 1
            else:
                data[field.alias] = query.told(repository.node(), field.selections)
                self.told[path] += 1
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


def _slow_down(fault: Fault, quota: Quota, *, status: int) -> Answer:
    headers = {"Retry-After": fault.retry_after.header()} if fault.retry_after else {}
    return _json({"message": _SLOW_DOWN}, {**quota.headers(), **headers}, status=status)


def _json(document: Any, headers: Mapping[str, str], *, status: int = 200) -> Answer:
    return Answer(
        msgspec.json.encode(document), "application/json; charset=utf-8", status=status, headers=dict(headers)
    )


def _with(answer: Answer, headers: Mapping[str, str]) -> Answer:
    answer.headers |= headers
    return answer
