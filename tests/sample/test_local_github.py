"""The stand-in for GitHub answers what is asked for, limits and refusals included, as the real one does."""

from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from pyf.aggregator.domain.repository_address import address_of
from pyf.aggregator.sample.faults import Fault, RetryAfter
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted, recorded, sample_repositories
from pyf.aggregator.sample.load import sample_documents

Send = Callable[..., SimpleNamespace]

REPOSITORY = Hosted(
    path="Plone/plone.api", stars=90, watchers=7, forks=60, open_issues=4, closed_issues=8, open_pull_requests=2,
    license="GPL-2.0", topics=("plone", "api"), latest_release="2.0", was=("collective/plone.api",),
)  # fmt: skip
ONE = '{ one: repository(owner: "plone", name: "PLONE.api") { %s } }'


@pytest.fixture
def github() -> Iterator[LocalGitHub]:
    hosted = [REPOSITORY, Hosted(path="o/empty", pushed=None, last_commit=None), Hosted(path="o/own", is_private=True)]
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
        answer = msgspec.json.decode(text) if text else None
        return SimpleNamespace(status=response.status, headers=response.headers, answer=answer)

    return send


def test_what_is_asked_for_is_told_and_nothing_else(send: Send) -> None:
    asked = """
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

    reply = send(query=asked, owner="plone")

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
def test_a_query_that_makes_no_sense_is_refused_with_status_200(send: Send, query: str, complaint: str) -> None:
    reply = send(query=query)

    assert reply.status == 200
    assert complaint in reply.answer["errors"][0]["message"]


def test_a_missing_repository_leaves_the_others_good_and_a_former_address_leads_to_the_new(send: Send) -> None:
    reply = send(
        query="""{
        gone: repository(owner: "o", name: "gone") { url }
        moved: repository(owner: "Collective", name: "plone.api") { nameWithOwner }
    }"""
    )

    assert reply.answer["data"] == {"gone": None, "moved": {"nameWithOwner": "Plone/plone.api"}}
    (error,) = reply.answer["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["gone"])


def test_every_answer_tells_the_limit_and_an_exhausted_one_has_status_200(send: Send, github: LocalGitHub) -> None:
    github.graphql.left = 1

    last, beyond = send(query=ONE % "url"), send(query=ONE % "url")

    assert (last.headers["X-RateLimit-Remaining"], last.headers["X-RateLimit-Reset"]) == ("0", "1800003600")
    assert (beyond.status, beyond.answer["errors"][0]["type"]) == (200, "RATE_LIMITED")


@pytest.mark.parametrize(("path", "query"), [("/repos/plone/plone.api", ""), ("/graphql", ONE % "url")])
def test_only_the_right_token_is_accepted(send: Send, path: str, query: str) -> None:
    refused = send(path, query, token="wrong")

    assert (refused.status, refused.answer["message"]) == (401, "Bad credentials")


def test_graphql_needs_a_token_and_rest_allows_sixty_requests_without(send: Send, github: LocalGitHub) -> None:
    github.anonymous.left = 1

    assert send(query=ONE % "url", token="").status == 401
    assert send("/repos/plone/plone.api", token="").status == 200
    assert send("/repos/plone/plone.api", token="").status == 403
    assert send("/rate_limit", token="").answer["resources"]["core"]["remaining"] == 0
    assert send("/repos/plone/plone.api").status == 200


def test_rest_tells_of_a_repository_with_its_quirks(send: Send) -> None:
    told = send("/repos/plone/plone.api").answer

    assert (told["stargazers_count"], told["watchers_count"], told["subscribers_count"]) == (90, 90, 7)
    assert (told["open_issues_count"], told["license"]["spdx_id"]) == (6, "GPL-2.0")


def test_rest_redirects_a_former_address_to_a_number(send: Send) -> None:
    moved = send("/repos/collective/plone.api")

    assert moved.status == 301
    assert send(urlsplit(moved.headers["Location"]).path).answer["full_name"] == "Plone/plone.api"


def test_rest_pages_tell_how_many_pull_requests_are_open(send: Send) -> None:
    assert 'page=2>; rel="last"' in send("/repos/plone/plone.api/pulls?state=open&per_page=1").headers["Link"]
    assert send("/repos/o/empty/pulls?state=open&per_page=1").answer == []


@pytest.mark.parametrize(
    "path", ["/repos/o/gone", "/repos/o/own", "/repositories/1", "/users/o", "/repos/o/gone/pulls"]
)
def test_what_is_not_there_is_404(send: Send, path: str) -> None:
    assert (send(path).status, send(path).answer["message"]) == (404, "Not Found")


def test_faults_of_githubs_own_kind_can_be_ordered(send: Send, github: LocalGitHub) -> None:
    kinds = ("secondary_limit", "secondary_limit_200", "resource_limits", "left_out")
    github.faults.add(*(Fault(kind, times=1, retry_after=RetryAfter(5)) for kind in kinds))
    two = '{ a: repository(owner: "o", name: "empty") { url } b: repository(owner: "o", name: "gone") { url } }'

    slow, slow_200, heavy, stumbling = (send(query=two) for _ in kinds)

    assert [(reply.status, reply.headers["Retry-After"]) for reply in (slow, slow_200)] == [(403, "5"), (200, "5")]
    assert [reply.answer["errors"][0].get("type") for reply in (heavy, stumbling)] == ["RESOURCE_LIMITS_EXCEEDED", None]
    assert all(reply.answer["data"]["a"] and not reply.answer["data"]["b"] for reply in (heavy, stumbling))


def test_what_was_asked_and_what_was_told_is_counted_by_repository(send: Send, github: LocalGitHub) -> None:
    send(query=ONE % "url")
    send("/repos/o/gone")

    assert (github.asked, github.told) == ({"plone/plone.api": 1, "o/gone": 1}, {"plone/plone.api": 1, "o/gone": 1})


def test_a_record_of_a_repository_is_hosted_as_it_says() -> None:
    activity = {"stars": 3, "watchers": 2, "forks": 1, "open_issues": 4, "pull_requests": 5, "is_archived": True}

    (full, empty) = recorded(
        {"url": f"https://github.com/o/{name}", "activity": activity | {"last_commit": commit}}
        for name, commit in (("full", {"date": "2024-01-01T00:00:00Z"}), ("empty", None))
    )

    assert (full.path, full.stars, full.open_pull_requests, full.is_archived) == ("o/full", 3, 5, True)
    assert (full.last_commit, empty.last_commit) == ("2024-01-01T00:00:00Z", None)


def test_the_sample_hosts_what_its_projects_name_but_for_what_is_arranged() -> None:
    hosted = {path.lower() for each in sample_repositories() for path in (each.path, *each.was)}

    named = {
        document["info"]["name"]: [
            address.path.lower()
            for link in [*(document["info"]["project_urls"] or {}).values(), document["info"]["home_page"] or ""]
            if (address := address_of(link)) is not None and address.host == "github.com"
        ]
        for document in sample_documents()
    }

    homeless = {name for name, paths in named.items() if paths and hosted.isdisjoint(paths)}
    assert homeless == {"zopyx.typesense"}
    assert len({each.path.lower() for each in sample_repositories()}) > 110
