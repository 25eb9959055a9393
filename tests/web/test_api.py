"""What programs are answered at `/api/v1/`."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient
from msgspec.structs import replace

from pyf.aggregator.adapters.index.reference_search import ReferenceSearch
from pyf.aggregator.domain.collection import CollectionInfo
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.profile import Profile
from pyf.aggregator.domain.search import Facet, HealthBand, Question, Results, Sort
from pyf.aggregator.settings import load_settings
from pyf.aggregator.web.api.parameters import OF_SEARCH
from pyf.aggregator.web.app import make_app
from served import served
from small_site import ADDRESSES, filled

PLONE = "/api/v1/profiles/plone"
PATHS = (
    "/api/v1/profiles",
    f"{PLONE}/search",
    f"{PLONE}/suggest?text=p",
    f"{PLONE}/projects/plone.api",
    f"{PLONE}/projects/plone.api/releases",
    f"{PLONE}/compare?names=plone.api&names=plone.rest",
    f"{PLONE}/stats",
    "/api/v1/openapi.json",
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    """The same site without a network, for many requests."""
    app = make_app(filled(), {}, load_settings(_env_file=None, web_rate_limit=0))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def names(response: httpx.Response) -> list[str]:
    return [hit["name"] for hit in response.json()["hits"]]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_can_be_asked_for_its_head_only(site: httpx.Client, path: str) -> None:
    whole, head = site.get(path), site.head(path)

    assert (whole.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["etag"] == whole.headers["etag"]
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_has_an_address_in_it(site: httpx.Client, path: str) -> None:
    assert not [address for address in ADDRESSES if address in site.get(path).text]


def test_collections_are_listed_by_the_names_that_people_use(site: httpx.Client) -> None:
    assert site.get("/api/v1/profiles").json() == [{"key": "plone", "name": "plone", "projects": 6, "releases": 8}]


def test_a_search_tells_hits_pages_and_facets(site: httpx.Client) -> None:
    found = site.get(f"{PLONE}/search", params={"text": "api", "per_page": 1})

    assert (found.json()["total"], found.json()["pages"], names(found)) == (3, 3, ["plone.api"])
    assert found.json()["hits"][0]["health"] == "excellent"
    assert {"value": "Plone 6.0", "count": 3} in found.json()["facets"]["framework_versions"]
    assert "page=2" in found.headers["link"]
    assert 'rel="next"' in found.headers["link"]


def test_the_pages_of_a_search_lead_to_one_another(site: httpx.Client) -> None:
    address, seen = f"{PLONE}/search?sort=name&per_page=2&text=", []
    while address:
        page = site.get(address)
        seen += names(page)
        address = page.links.get("next", {}).get("url", "")

    assert seen == ["collective.easyform", "collective.hostile", "plone.api", "plone.rest", "Products.Old"]


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ({"framework_versions": "Plone 4.3"}, ["Products.Old"]),
        ({"framework_versions": ["Plone 4.3", "Plone 6.1"]}, ["collective.easyform", "plone.api", "Products.Old"]),
        ({"statuses": "archived"}, ["plone.rest"]),
        ({"health": "excellent"}, ["plone.api"]),
        ({"licenses": "GPL-2.0-only"}, ["plone.api"]),
        ({"maintainers": "mallory"}, ["collective.hostile"]),
        ({"classifiers": "Framework :: Plone :: 6.0"}, ["plone.api"]),
        ({"python_versions": "Python 3.12"}, ["plone.api"]),
        ({"updated_within": 5}, ["collective.easyform", "collective.hostile"]),
        ({"statuses": "", "licenses": ""}, None),
    ],
)
def test_every_filter_narrows_what_is_found(site: httpx.Client, given_: Any, found: list[str] | None) -> None:
    everything = ["collective.easyform", "collective.hostile", "plone.api", "plone.rest", "Products.Old"]

    assert names(site.get(f"{PLONE}/search", params={"sort": "name", **given_})) == (found or everything)


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_is_taken(site: httpx.Client, sort: Sort) -> None:
    assert len(names(site.get(f"{PLONE}/search", params={"sort": sort.value}))) == 5


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=1.5", "page"),
        ("page=99999999999999999999", "page"),
        ("per_page=101", "per_page"),
        ("sort=best", "sort"),
        ("health=fine", "health"),
        ("updated_within=-1", "updated_within"),
        ("framework_version=6", "framework_version"),
        (f"text={'x' * 501}", "text"),
        (f"licenses={'x' * 201}", "licenses"),
    ],
)
def test_a_parameter_that_can_not_be_used_is_named(site: httpx.Client, query: str, parameter: str) -> None:
    refused = site.get(f"{PLONE}/search?{query}")

    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert [fault["parameter"] for fault in refused.json()["faults"]] == [parameter]


def test_suggestions_come_as_somebody_types(site: httpx.Client) -> None:
    found = site.get(f"{PLONE}/suggest", params={"text": "Plone.", "limit": 1}).json()

    assert [each["name"] for each in found] == ["plone.api"]


def test_any_spelling_finds_a_project(site: httpx.Client) -> None:
    found = site.get(f"{PLONE}/projects/Plone_API").json()

    assert (found["hit"]["name"], found["install"]) == ("plone.api", "pip install plone.api")
    assert [line["version"] for line in site.get(f"{PLONE}/projects/PLONE-API/releases").json()] == [
        "2.0.0",
        "1.5.0",
        "1.0.0",
    ]


def test_a_quarantined_project_is_marked_and_has_no_line_to_install_it(site: httpx.Client) -> None:
    found = site.get(f"{PLONE}/projects/plone.evil").json()

    assert (found["is_quarantined"], found["install"]) == (True, "")
    assert "plone.evil" not in site.get(f"{PLONE}/search").text + site.get(f"{PLONE}/suggest?text=plone").text


def test_a_project_that_has_left_is_told_apart_from_one_that_never_was(site: httpx.Client) -> None:
    left, never = site.get(f"{PLONE}/projects/plone.gone"), site.get(f"{PLONE}/projects/nobody")

    assert (left.status_code, never.status_code) == (404, 404)
    assert "PyPI has removed it" in left.json()["detail"]


def test_a_project_that_a_profile_excludes_is_hidden_at_once() -> None:
    hiding = Profile(key="plone", name="Plone", classifiers=("Framework :: Plone",), exclude={"plone-api": "a test"})

    with served(filled(), {"plone": hiding}) as site:
        assert "plone.api" not in names(site.get(f"{PLONE}/search"))
        assert site.get(f"{PLONE}/projects/plone.api").status_code == 404


@pytest.mark.parametrize("query", ["", "?names=plone.api", "?names=a&names=b&names=c&names=d&names=e"])
def test_two_to_four_are_compared(site: httpx.Client, query: str) -> None:
    assert site.get(f"{PLONE}/compare{query}").status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/profiles/nowhere/search", f"{PLONE}-1/search", "/api/v1/profiles/x/y/z"])
def test_what_is_not_there_is_a_problem_of_its_own(site: httpx.Client, path: str) -> None:
    assert (site.get(path).status_code, site.get(path).json()["status"]) == (404, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(site: httpx.Client, method: str) -> None:
    refused = site.request(method, f"{PLONE}/search")

    assert (refused.status_code, refused.json()["status"]) == (405, 405)
    assert "GET" in refused.headers["allow"]


def test_a_body_that_is_too_long_is_refused_before_it_is_read(site: httpx.Client) -> None:
    refused = site.request("GET", f"{PLONE}/search", headers={"content-length": "70000"}, content=iter([b"x"] * 70_000))

    assert refused.status_code == 413


def test_an_address_that_is_too_long_is_refused(site: httpx.Client) -> None:
    refused = site.get(f"{PLONE}/search?text={'x' * 9000}")

    assert (refused.status_code, refused.json()["status"]) == (414, 414)


class Broken(ReferenceSearch):
    """A search engine that fails in one way or another."""

    error: Exception

    def search(self, collection: str, question: Question, *, hidden: frozenset[str] = frozenset()) -> Results:
        raise self.error


class Down:
    """An index that does not answer."""

    def resolve(self, name: str) -> str:
        raise Unavailable("/secret/place does not answer", retry_after=7.2)

    def location(self) -> str:
        return "/secret/place"

    def collections(self) -> Sequence[CollectionInfo]:
        raise Unavailable("/secret/place does not answer")


@pytest.mark.parametrize("path", [f"{PLONE}/search", "/health", "/"])
def test_an_index_that_does_not_answer_is_asked_again_later(path: str) -> None:
    with served(replace(filled(), admin=Down()), {}) as site:
        answer = site.get(path)

    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert "secret" not in answer.text


def test_a_defect_tells_nobody_where_it_is() -> None:
    services = filled()
    broken = Broken(services.index, now=services.now)
    broken.error = RuntimeError("the secret of line 7")

    with served(replace(services, search=broken), {}) as site:
        answer = site.get(f"{PLONE}/search")

    assert (answer.status_code, answer.json()["status"]) == (500, 500)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_the_description_tells_every_parameter_of_a_search(site: httpx.Client) -> None:
    described = site.get("/api/v1/openapi.json").json()["paths"]["/api/v1/profiles/{profile}/search"]["get"]

    assert {each["name"] for each in described["parameters"]} == OF_SEARCH | {"profile"}
    assert "application/problem+json" in described["responses"]["400"]["content"]


TRICKS = ("' OR 1=1 --", "<script>alert(1)</script>", "*", "name:[a TO *]", "\x00", "\u202e", "a AND", '"', "~" * 300)

HOSTILE = st.one_of(
    st.text(max_size=600),
    st.sampled_from(
        ["' OR 1=1 --", "<script>alert(1)</script>", "*", "name:[a TO *]", "\x00", "\u202e", "a AND", '"', "~" * 300]
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "text": HOSTILE,
            **{facet.value: st.lists(HOSTILE, max_size=2) for facet in Facet if facet is not Facet.HEALTH},
            "health": st.lists(st.sampled_from([*HealthBand, "x"]), max_size=2),
            "updated_within": st.integers(-5, 40_000),
            "sort": st.sampled_from([*Sort, ""]),
            "page": st.integers(-1, 10**30),
            "per_page": st.integers(-1, 200),
        },
    )
)
def test_whatever_is_asked_is_answered_or_refused(client: TestClient[Litestar], asked: dict[str, Any]) -> None:
    answer = client.get(f"{PLONE}/search", params=asked)

    assert answer.status_code in (200, 400, 414)
    assert answer.headers["content-type"] == (
        "application/json" if answer.status_code == 200 else "application/problem+json"
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE.filter(lambda name: name.strip("./") == name and name != ""))
def test_whatever_a_project_is_called_is_found_or_not(client: TestClient[Litestar], name: str) -> None:
    for path in (f"{PLONE}/projects/{{}}", "/badge/plone/{}/health.svg", "/badge/{}/plone.api/downloads.svg"):
        answer = client.get(path.format(quote(name.encode("utf-8", "replace"), safe="")))

        assert answer.status_code in (200, 404)


def test_values_of_filters_are_taken_as_people_write_them(site: httpx.Client) -> None:
    def found(**asked: str) -> list[str]:
        answer = site.get("/api/v1/profiles/plone/search", params=asked).json()
        return [hit["name"] for hit in answer["hits"]]

    assert found(licenses="gpl-2.0-ONLY") == found(licenses="GPL-2.0-only") == ["plone.api"]
    assert found(python_versions="3.12") == ["plone.api"]
    assert found(licenses="nobody's") == []
