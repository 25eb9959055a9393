"""A local GitLab and a local Forgejo: the parts of their APIs that the program uses, over real HTTP.

They follow the documentation of both, not recorded responses.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec
from aiohttp import web

from .faults import Fault
from .github_fixtures import HostedRepository, Json
from .graphql import GraphQLError, Node, parse_query
from .local_service import LocalService, RequestTarget
from .responses import PreparedResponse

# What GitLab accepts in `fullPaths`.
MAX_PATHS = 50


@dataclass(frozen=True, slots=True)
class HostTarget(RequestTarget):
    """The subject of a request; `project` is the path of a repository in lower case, if there is one."""

    body: bytes = b""


class _LocalHost(LocalService[HostTarget]):
    """A host with these repositories.

    Attributes:
        token: The only valid token; "" for a host that knows none.
        request_counts: Requests by the path of the repository, in lower case.
        pause: Seconds that every response demands to wait; 0 for none.
        failing: Repositories that fail with status 502.
        authorizations: The header of each request.
    """

    def __init__(self, repositories: Iterable[HostedRepository], *, token: str = "", **service: Any) -> None:
        super().__init__(**service)
        self.token = token
        self.request_counts: Counter[str] = Counter()
        self.pause = 0
        self.failing: set[str] = set()
        self.authorizations: list[str] = []
        self._repositories = {repository.path.lower(): repository for repository in repositories}
        self._moved = {
            path.lower(): repository for repository in self._repositories.values() for path in repository.former_paths
        }

    def find_repository(self, path: str, *, follows: bool = False) -> HostedRepository | None:
        """Return the public repository at a path; with `follows`, also the one that has moved from there."""
        repository = self._repositories.get(path) or (self._moved.get(path) if follows else None)
        return None if repository is None or repository.is_private else repository

    def build_response(self, target: HostTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        authorization = request.headers.get("Authorization", "")
        self.authorizations.append(authorization)
        self.request_counts[target.project] += 1
        if authorization and authorization.partition(" ")[2] != self.token:
            return _build_json_response({"message": "401 Unauthorized"}, status=401)
        if self.pause:
            headers = {"Retry-After": str(self.pause), "RateLimit-Remaining": "0"}
            return PreparedResponse(b"Retry later", "text/plain", status=429, headers=headers)
        if target.project in self.failing:
            return PreparedResponse(b"<title>502</title>", "text/html", status=502)
        return self.respond(target)

    def respond(self, target: HostTarget) -> PreparedResponse:
        """Return the correct response."""
        raise NotImplementedError


class LocalGitLab(_LocalHost):
    """GitLab; its GraphQL finds projects by their present path only, its REST follows renames."""

    def parse_target(self, method: str, path: str, body: bytes) -> HostTarget:
        match method, path.partition("?")[0].split("/")[1:]:
            case "POST", ["api", "graphql"]:
                return HostTarget("graphql", body=body)
            case "GET", ["api", "v4", "projects", name]:
                return HostTarget("project", unquote(name).lower())
        return HostTarget("other")

    def respond(self, target: HostTarget) -> PreparedResponse:
        if target.kind == "graphql":
            return self._respond_graphql(target.body)
        repository = self.find_repository(target.project, follows=True)
        if repository is None:
            return _build_json_response({"message": "404 Project Not Found"}, status=404)
        return _build_json_response(_to_gitlab_rest(repository))

    def _respond_graphql(self, body: bytes) -> PreparedResponse:
        request = msgspec.json.decode(body)
        try:
            query = parse_query(request["query"], request.get("variables") or {})
            (field,) = query.iter_fields(Node("Query", {}))
            paths = [path.lower() for path in field.arguments["fullPaths"]]
            self.request_counts.update(paths)
            if not self.failing.isdisjoint(paths):
                return PreparedResponse(b"<title>502</title>", "text/html", status=502)
            if field.name != "projects" or len(paths) > MAX_PATHS:
                raise GraphQLError("You cannot provide more than 50 full_paths")
            nodes = [_to_gitlab_node(found) for path in paths if (found := self.find_repository(path))]
            data = {field.alias: query.resolve(Node("ProjectConnection", {"nodes": nodes}), field.selections)}
        except GraphQLError as error:
            return _build_json_response({"errors": [{"message": str(error)}]})
        return _build_json_response({"data": data})


class LocalForgejo(_LocalHost):
    """Forgejo, as on Codeberg; it redirects requests for a repository that has moved."""

    def parse_target(self, method: str, path: str, body: bytes) -> HostTarget:
        match method, path.partition("?")[0].split("/")[1:]:
            case "GET", ["api", "v1", "repos", owner, name]:
                return HostTarget("repository", f"{owner}/{name}".lower())
            case "GET", ["api", "v1", "repos", owner, name, "branches", _branch]:
                return HostTarget("branch", f"{owner}/{name}".lower())
        return HostTarget("other")

    def respond(self, target: HostTarget) -> PreparedResponse:
        repository = self.find_repository(target.project)
        if moved := self.find_repository(target.project, follows=True) if repository is None else None:
            return PreparedResponse(b"", "text/plain", status=307, headers={"Location": f"/api/v1/repos/{moved.path}"})
        if repository is None or target.kind == "other":
            return _build_json_response({"message": "The target couldn't be found."}, status=404)
        if target.kind == "branch":
            return _build_json_response({"name": "main", "commit": {"timestamp": repository.last_commit}})
        return _build_json_response(_to_forgejo(repository))


def _to_gitlab_node(repository: HostedRepository) -> Node:
    commit = repository.last_commit and Node("Commit", {"committedDate": repository.last_commit})
    tree = Node("Tree", {"lastCommit": commit})
    return Node(
        "Project",
        {
            "fullPath": repository.path,
            "visibility": "public",
            "archived": repository.is_archived,
            "createdAt": repository.created,
            "lastActivityAt": repository.updated,
            "topics": list(repository.topics),
            "starCount": repository.stars,
            "forksCount": repository.forks,
            "openIssuesCount": repository.open_issues,
            "openMergeRequestsCount": repository.open_pull_requests,
            "repository": Node("Repository", {"tree": tree if commit else None}),
        },
    )


def _to_gitlab_rest(repository: HostedRepository) -> Json:
    return {
        "id": repository.repository_id,
        "path_with_namespace": repository.path,
        "visibility": "public",
        "archived": repository.is_archived,
        "created_at": repository.created,
        "last_activity_at": repository.updated,
        "topics": list(repository.topics),
        "star_count": repository.stars,
        "forks_count": repository.forks,
        "open_issues_count": repository.open_issues,
    }


def _to_forgejo(repository: HostedRepository) -> Json:
    return {
        "id": repository.repository_id,
        "full_name": repository.path,
        "private": False,
        "internal": False,
        "empty": repository.last_commit is None,
        "archived": repository.is_archived,
        "stars_count": repository.stars,
        "watchers_count": repository.watchers,
        "forks_count": repository.forks,
        "has_issues": True,
        "open_issues_count": repository.open_issues,
        "has_pull_requests": True,
        "open_pr_counter": repository.open_pull_requests,
        "topics": list(repository.topics),
        "licenses": [repository.license] if repository.license not in ("", "NOASSERTION") else [],
        "default_branch": "main",
        "created_at": repository.created,
        "updated_at": repository.updated,
    }


def _build_json_response(document: Any, *, status: int = 200) -> PreparedResponse:
    return PreparedResponse(msgspec.json.encode(document), "application/json; charset=utf-8", status=status)
