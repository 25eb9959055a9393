"""The local GitHub responds as the real one, including limits and errors."""

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from pyf.aggregator.domain.repositories import parse_repository_url
from pyf.aggregator.sandbox.faults import Fault, RetryAfter
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository, load_sample_repositories, parse_records
from pyf.aggregator.sandbox.load import load_sample_documents

Send = Callable[..., SimpleNamespace]

REPOSITORY = HostedRepository(
    path="Plone/plone.api", stars=90, watchers=7, forks=60, open_issues=4, closed_issues=8, open_pull_requests=2,
    license="GPL-2.0", topics=("plone", "api"), latest_release="2.0", former_paths=("collective/plone.api",),
)  # fmt: skip
ONE = '{ one: repository(owner: "plone", name: "PLONE.api") { %s } }'


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    hosted = [
        REPOSITORY,
        HostedRepository(path="o/empty", pushed=None, last_commit=None),
        HostedRepository(path="o/own", is_private=True),
    ]
    with LocalGitHub(hosted, token="right", clock=lambda: 1_800_000_000.0) as github:
        yield github


@pytest.fixture
def send(github: LocalGitHub) -> Send:
    """Send a request as a plain client does: GET a path, or POST a query."""

    def send(path: str = "/graphql", query: str = "", token: str = "right", **variables: Any) -> SimpleNamespace:
        connection = HTTPConnection(urlsplit(github.url).netloc, timeout=5)
        try:
            body = msgspec.json.encode({"query": query, "variables": variables}) if query else None
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            connection.request("POST" if query else "GET", path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        document = msgspec.json.decode(text) if text else None
        return SimpleNamespace(status=response.status, headers=response.headers, answer=document)

    return send


def test_graphql_returns_requested_fields_only(send: Send) -> None:
    query_text = """
        query($owner: String!) {
          a: repository(owner: $owner, name: "plone.api") { ...facts stargazerCount }
          b: repository(owner: "o", name: "empty") { pushedAt defaultBranchRef { target { oid } } }
        }
        fragment facts on Repository {
          nameWithOwner open: issues(states: OPEN) { totalCount } closed: issues(states: [CLOSED]) { totalCount }
          repositoryTopics(first: 1) { nodes { topic { name } } totalCount }
          defaultBranchRef { target { ... on Commit { committedDate } ... on Tag { name } } }
        }
    """

    reply = send(query=query_text, owner="plone")

    assert reply.answer == {
        "data": {
            "a": {
                "nameWithOwner": "Plone/plone.api",
                "open": {"totalCount": 4},
                "closed": {"totalCount": 8},
                "repositoryTopics": {"nodes": [{"topic": {"name": "plone"}}], "totalCount": 2},
                "defaultBranchRef": {"target": {"committedDate": "2025-01-01T00:00:00Z"}},
                "stargazerCount": 90,
            },
            "b": {"pushedAt": None, "defaultBranchRef": None},
        }
    }


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        (ONE % "stars", "Field 'stars' doesn't exist on type 'Repository'"),
        (ONE % "watchers", "Field must have selections"),
        (ONE % "repositoryTopics { nodes { topic { name } } }", "`first`"),
        (ONE % "...nothing", "Fragment nothing was used, but not defined"),
        ("{ viewer { login } }", "Field 'viewer' doesn't exist on type 'Query'"),
        ("{ a: repository(owner: $who) { url } }", "Variable $who"),
        ("{ a: repository(", "Unexpected end"),
        ("{ a ; }", "Parse error"),
        (ONE % "repositoryTopics(first: 900000) { nodes { topic { name } } }", "500,000 nodes"),
    ],
)
def test_invalid_query_has_status_200(send: Send, query: str, complaint: str) -> None:
    reply = send(query=query)

    assert reply.status == 200
    assert complaint in reply.answer["errors"][0]["message"]


def test_missing_and_renamed_repositories_in_one_query(send: Send) -> None:
    reply = send(
        query="""{
        gone: repository(owner: "o", name: "gone") { url }
        moved: repository(owner: "Collective", name: "plone.api") { nameWithOwner }
    }"""
    )

    assert reply.answer["data"] == {"gone": None, "moved": {"nameWithOwner": "Plone/plone.api"}}
    (error,) = reply.answer["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["gone"])


def test_rate_limit_headers_and_exhaustion(send: Send, github: LocalGitHub) -> None:
    github.graphql_quota.remaining = 1

    last, beyond = send(query=ONE % "url"), send(query=ONE % "url")

    assert (last.headers["X-RateLimit-Remaining"], last.headers["X-RateLimit-Reset"]) == ("0", "1800003600")
    assert (beyond.status, beyond.answer["errors"][0]["type"]) == (200, "RATE_LIMITED")


@pytest.mark.parametrize(("path", "query"), [("/repos/plone/plone.api", ""), ("/graphql", ONE % "url")])
def test_invalid_token_is_rejected(send: Send, path: str, query: str) -> None:
    refusal = send(path, query, token="wrong")

    assert (refusal.status, refusal.answer["message"]) == (401, "Bad credentials")


def test_graphql_requires_token_and_rest_allows_60(send: Send, github: LocalGitHub) -> None:
    github.anonymous_quota.remaining = 1

    assert send(query=ONE % "url", token="").status == 401
    assert send("/repos/plone/plone.api", token="").status == 200
    assert send("/repos/plone/plone.api", token="").status == 403
    assert send("/rate_limit", token="").answer["resources"]["core"]["remaining"] == 0
    assert send("/repos/plone/plone.api").status == 200


def test_rest_document(send: Send) -> None:
    document = send("/repos/plone/plone.api").answer

    assert (document["stargazers_count"], document["watchers_count"], document["subscribers_count"]) == (90, 90, 7)
    assert (document["open_issues_count"], document["license"]["spdx_id"]) == (6, "GPL-2.0")


def test_rest_redirects_former_path(send: Send) -> None:
    redirect = send("/repos/collective/plone.api")

    assert redirect.status == 301
    assert send(urlsplit(redirect.headers["Location"]).path).answer["full_name"] == "Plone/plone.api"


def test_rest_pull_request_pages(send: Send) -> None:
    assert 'page=2>; rel="last"' in send("/repos/plone/plone.api/pulls?state=open&per_page=1").headers["Link"]
    assert send("/repos/o/empty/pulls?state=open&per_page=1").answer == []


@pytest.mark.parametrize(
    "path", ["/repos/o/gone", "/repos/o/own", "/repositories/1", "/users/o", "/repos/o/gone/pulls"]
)
def test_rest_missing_is_404(send: Send, path: str) -> None:
    assert (send(path).status, send(path).answer["message"]) == (404, "Not Found")


def test_github_specific_faults(send: Send, github: LocalGitHub) -> None:
    kinds = ("secondary_limit", "secondary_limit_200", "resource_limits", "left_out")
    github.faults.add(*(Fault(kind, times=1, retry_after=RetryAfter(5)) for kind in kinds))
    two = '{ a: repository(owner: "o", name: "empty") { url } b: repository(owner: "o", name: "gone") { url } }'

    slow, slow_200, heavy, stumbling = (send(query=two) for _ in kinds)

    assert [(reply.status, reply.headers["Retry-After"]) for reply in (slow, slow_200)] == [(403, "5"), (200, "5")]
    assert [reply.answer["errors"][0].get("type") for reply in (heavy, stumbling)] == ["RESOURCE_LIMITS_EXCEEDED", None]
    assert all(reply.answer["data"]["a"] and not reply.answer["data"]["b"] for reply in (heavy, stumbling))


def test_request_and_response_counts(send: Send, github: LocalGitHub) -> None:
    send(query=ONE % "url")
    send("/repos/o/gone")

    assert (github.request_counts, github.response_counts) == (
        {"plone/plone.api": 1, "o/gone": 1},
        {"plone/plone.api": 1, "o/gone": 1},
    )


def test_parse_records() -> None:
    activity = {"stars": 3, "watchers": 2, "forks": 1, "open_issues": 4, "pull_requests": 5, "is_archived": True}

    (full, empty) = parse_records(
        {"url": f"https://github.com/o/{name}", "activity": activity | {"last_commit": commit}}
        for name, commit in (("full", {"date": "2024-01-01T00:00:00Z"}), ("empty", None))
    )

    assert (full.path, full.stars, full.open_pull_requests, full.is_archived) == ("o/full", 3, 5, True)
    assert (full.last_commit, empty.last_commit) == ("2024-01-01T00:00:00Z", None)


def test_sample_repositories_match_projects() -> None:
    hosted = {
        path.lower()
        for repository in load_sample_repositories()
        for path in (repository.path, *repository.former_paths)
    }

    linked_paths = {
        document["info"]["name"]: [
            address.path.lower()
            for link in [*(document["info"]["project_urls"] or {}).values(), document["info"]["home_page"] or ""]
            if (address := parse_repository_url(link)) is not None and address.host == "github.com"
        ]
        for document in load_sample_documents()
    }

    homeless = {name for name, paths in linked_paths.items() if paths and hosted.isdisjoint(paths)}
    assert homeless == {"zopyx.typesense"}
    assert len({each.path.lower() for each in load_sample_repositories()}) > 110
