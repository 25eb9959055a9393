"""GitHub on this machine: its GraphQL and REST API as far as we ask them about repositories, over real HTTP."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from .answer import Answer, redirect
from .faults import Fault, FaultKind
from .hosted import Hosted
from .quota import Quota
from .repository_queries import STUMBLED, TOO_MUCH, answered, asked_in
from .server import LocalService, Target

ANONYMOUS_LIMIT = 60
TOKEN_LIMIT = 5000
_SLOW_DOWN = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
# Faults that leave the client with an answer all the same.
_DELIVERED = frozenset({FaultKind.SLOW, FaultKind.RESOURCE_LIMITS, FaultKind.LEFT_OUT})


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
        return self._rest(target, quota.headers(), Counter[str]() if fault else self.told)

    def _rest(self, target: GitHubTarget, headers: Mapping[str, str], told: Counter[str]) -> Answer:
        repository = self.find(target.project)
        if repository is None or repository.is_private or target.kind == "other":
            told[target.project] += 1
            return _json({"message": "Not Found", "status": "404"}, headers, status=404)
        if repository.path.lower() != target.project:
            return _with(redirect(f"{self.url}/repositories/{repository.number}"), headers)
        if target.kind == "pulls":
            some = [{"number": 1}] if repository.open_pull_requests else []
            last = f'<{self.url}{target.path}?state=open&per_page=1&page={repository.open_pull_requests}>; rel="last"'
            return _json(some, {**headers, **({"Link": last} if repository.open_pull_requests > 1 else {})})
        told[target.project] += 1
        return _json(repository.document(), headers)

    def _graphql(self, target: GitHubTarget, *, is_known: bool, fault: Fault | None) -> Answer:
        quota = self.graphql
        if not is_known:
            return _json({"message": "This endpoint requires you to be authenticated."}, {}, status=401)
        asked = asked_in(target.body)
        self.asked.update(asked.values())
        if not quota.spend():
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}
            return _json({"errors": [error]}, quota.headers())
        if not self.endless.isdisjoint(asked.values()):
            return Answer(b"<title>Unicorn!</title>", "text/html", status=502)
        kind = FaultKind(fault.kind) if fault is not None else None
        if fault is not None and kind in (FaultKind.SECONDARY_LIMIT, FaultKind.SECONDARY_LIMIT_200):
            return _slow_down(fault, quota, status=403 if kind is FaultKind.SECONDARY_LIMIT else 200)
        told = self.told if kind is None or kind in _DELIVERED else Counter[str]()
        too_many, why = max(len(asked) - (self.most_aliases or len(asked)), 0), TOO_MUCH
        if kind in (FaultKind.RESOURCE_LIMITS, FaultKind.LEFT_OUT):
            too_many, why = len(asked) - len(asked) // 2, TOO_MUCH if kind is FaultKind.RESOURCE_LIMITS else STUMBLED
        answer = answered(target.body, self.find, told, broken=self.broken, unanswered=too_many, why=why)
        return _json(answer, quota.headers())


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
