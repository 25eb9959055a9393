"""The repositories of the local GitHub, and their form in GraphQL and in REST."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from .graphql import GraphQLError, Node

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HostedRepository:
    """One repository; times are ISO 8601. It is empty without `last_commit`; `license` is "" if there is none.

    `former_paths` are its paths before it was moved; they redirect to it.
    """

    path: str
    stars: int = 0
    watchers: int = 0
    forks: int = 0
    open_issues: int = 0
    closed_issues: int = 0
    open_pull_requests: int = 0
    is_archived: bool = False
    is_private: bool = False
    license: str = ""
    topics: tuple[str, ...] = ()
    latest_release: str = ""
    created: str = "2020-01-01T00:00:00Z"
    updated: str = "2025-01-01T00:00:00Z"
    pushed: str | None = "2025-01-01T00:00:00Z"
    last_commit: str | None = "2025-01-01T00:00:00Z"
    former_paths: tuple[str, ...] = ()

    @property
    def repository_id(self) -> int:
        """GitHub's id, which does not depend on the name."""
        return int.from_bytes(sha256(self.path.lower().encode()).digest()[:4])

    def to_node(self) -> Node:
        """Return its form in GraphQL."""
        return Node(
            "Repository",
            {
                "nameWithOwner": self.path,
                "url": f"https://github.com/{self.path}",
                "isPrivate": self.is_private,
                "isArchived": self.is_archived,
                "createdAt": self.created,
                "updatedAt": self.updated,
                "pushedAt": self.pushed,
                "stargazerCount": self.stars,
                "forkCount": self.forks,
                "watchers": _build_count("UserConnection", self.watchers),
                "issues": self._count_issues,
                "pullRequests": self._count_pull_requests,
                "licenseInfo": Node("License", {"spdxId": self.license}) if self.license else None,
                "repositoryTopics": self._build_topics,
                "latestRelease": Node("Release", {"tagName": self.latest_release}) if self.latest_release else None,
                "defaultBranchRef": self.last_commit and Node("Ref", {"name": "main", "target": self._build_commit()}),
            },
        )

    def to_rest(self) -> Json:
        """Return its form in REST, including GitHub's peculiarities."""
        return {
            "id": self.repository_id,
            "full_name": self.path,
            "private": self.is_private,
            "html_url": f"https://github.com/{self.path}",
            "archived": self.is_archived,
            "created_at": self.created,
            "updated_at": self.updated,
            "pushed_at": self.pushed,
            "stargazers_count": self.stars,
            "watchers_count": self.stars,
            "subscribers_count": self.watchers,
            "forks_count": self.forks,
            "open_issues_count": self.open_issues + self.open_pull_requests,
            "license": {"key": self.license.lower(), "spdx_id": self.license} if self.license else None,
            "topics": list(self.topics),
            "default_branch": "main",
        }

    def _count_issues(self, states: Any = None) -> Node:
        counted_states = {states} if isinstance(states, str) else set(states or ("OPEN", "CLOSED"))
        counts = {"OPEN": self.open_issues, "CLOSED": self.closed_issues}
        return _build_count("IssueConnection", sum(counts[state] for state in counted_states))

    def _count_pull_requests(self, states: Any = None) -> Node:
        if states not in ("OPEN", ["OPEN"]):
            raise GraphQLError("the local GitHub counts open pull requests only")
        return _build_count("PullRequestConnection", self.open_pull_requests)

    def _build_topics(self, first: int = 0) -> Node:
        if not 1 <= first <= 100:
            raise GraphQLError("You must provide a `first` value of 1 to 100 to get the `repositoryTopics` connection")
        nodes = [Node("RepositoryTopic", {"topic": Node("Topic", {"name": name})}) for name in self.topics[:first]]
        return Node("RepositoryTopicConnection", {"nodes": nodes, "totalCount": len(self.topics)})

    def _build_commit(self) -> Node:
        return Node("Commit", {"committedDate": self.last_commit})


def load_sample_repositories(host: str = "github.com") -> Iterator[HostedRepository]:
    """Yield the repositories of the sample ecosystem on a host."""
    text = Path(__file__).with_name("repositories.yaml").read_text("utf-8")
    for path, entry in yaml.safe_load(text)[host].items():
        yield _parse_entry(path, entry)


def parse_records(records: Iterable[Mapping[str, Any]]) -> Iterator[HostedRepository]:
    """Yield repositories from records with a `url` and an `activity`; missing values are generated."""
    for record in records:
        activity = record["activity"]
        commit = (activity.get("last_commit") or {}).get("date")
        yield HostedRepository(
            path=record["url"].removeprefix("https://github.com/").rstrip("/"),
            stars=activity["stars"],
            watchers=activity["watchers"],
            forks=activity["forks"],
            open_issues=activity["open_issues"],
            open_pull_requests=activity["pull_requests"],
            is_archived=activity["is_archived"],
            pushed=commit,
            last_commit=commit,
        )


def _parse_entry(path: str, entry: Mapping[str, Any]) -> HostedRepository:
    open_issues, closed_issues = entry["issues"]
    pushed = _format_noon(entry["pushed"])
    return HostedRepository(
        path=path,
        stars=entry["stars"],
        watchers=entry.get("watchers", entry["stars"] // 40 + 3),
        forks=entry["forks"],
        open_issues=open_issues,
        closed_issues=closed_issues,
        open_pull_requests=entry["pulls"],
        is_archived=entry.get("archived", False),
        license=entry.get("license", ""),
        topics=tuple(entry.get("topics", ())),
        latest_release=entry.get("release", ""),
        created=_format_noon(entry["created"]),
        updated=pushed,
        pushed=pushed,
        last_commit=pushed,
        former_paths=tuple(entry.get("was", ())),
    )


def _format_noon(day: date) -> str:
    return f"{datetime(day.year, day.month, day.day, 12, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"


def _build_count(type_: str, number: int) -> Node:
    return Node(type_, {"totalCount": number})
