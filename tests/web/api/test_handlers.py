"""Responses of the API."""

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

from pyf.aggregator.domain.collection import CollectionInfo
from pyf.aggregator.domain.documents.facets import HealthBand
from pyf.aggregator.domain.documents.schema import FACETS
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.membership.profile import Profile
from pyf.aggregator.domain.search import SearchQuery, SearchResults, Sort
from pyf.aggregator.settings import load_settings
from pyf.aggregator.testing.reference_search import ReferenceSearch
from pyf.aggregator.web.app import create_app
from pyf.aggregator.web.urls import SEARCH_PARAMS
from support.http_server import serve_app
from support.site_fixtures import EMAIL_ADDRESSES, build_small_site

PLONE = "/api/v1/collections/plone"
PATHS = (
    "/api/v1",
    "/api/v1/collections",
    f"{PLONE}/search",
    f"{PLONE}/suggest?q=p",
    f"{PLONE}/packages/plone.api",
    f"{PLONE}/packages/plone.api/releases",
    f"{PLONE}/packages/plone.api/history",
    f"{PLONE}/compare?name=plone.api&name=plone.rest",
    f"{PLONE}/stats",
    "/api/v1/openapi.json",
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    """The same site without a network connection, for tests with many requests."""
    app = create_app(build_small_site(), {}, load_settings(web_rate_limit=0))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def hit_names(response: httpx.Response) -> list[str]:
    return [hit["name"] for hit in response.json()["hits"]]


def test_index_links_to_description_and_collections(site: httpx.Client) -> None:
    for path in ("/api/v1", "/api/v1/"):
        urls = site.get(path).json()

        assert site.get(urls["openapi"]).json()["info"]["title"] == "pyf.aggregator"
        assert site.get(urls["collections"]).json()[0]["key"] == "plone"


@pytest.mark.parametrize("path", PATHS)
def test_head_matches_get(site: httpx.Client, path: str) -> None:
    whole, head = site.get(path), site.head(path)

    assert (whole.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers["etag"] == whole.headers["etag"]
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("path", PATHS)
def test_responses_contain_no_email(site: httpx.Client, path: str) -> None:
    assert not [address for address in EMAIL_ADDRESSES if address in site.get(path).text]


def test_list_collections(site: httpx.Client) -> None:
    assert site.get("/api/v1/collections").json() == [{"key": "plone", "name": "plone", "packages": 6, "releases": 8}]


def test_search_returns_hits_pages_and_facets(site: httpx.Client) -> None:
    response = site.get(f"{PLONE}/search", params={"q": "api", "per_page": 1})

    assert (response.json()["total"], response.json()["pages"], hit_names(response)) == (3, 3, ["plone.api"])
    assert response.json()["hits"][0]["health"] == "excellent"
    assert {"value": "Plone 6.0", "count": 3} in response.json()["facets"]["framework"]
    assert "page=2" in response.headers["link"]
    assert 'rel="next"' in response.headers["link"]


def test_search_pages_are_linked(site: httpx.Client) -> None:
    url, collected = f"{PLONE}/search?sort=name&per_page=2&q=", []
    while url:
        page = site.get(url)
        collected += hit_names(page)
        url = page.links.get("next", {}).get("url", "")

    assert collected == ["collective.easyform", "collective.hostile", "plone.api", "plone.rest", "Products.Old"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"framework": "Plone 4.3"}, ["Products.Old"]),
        ({"framework": ["Plone 4.3", "Plone 6.1"]}, ["collective.easyform", "plone.api", "Products.Old"]),
        ({"status": "archived"}, ["plone.rest"]),
        ({"health": "excellent"}, ["plone.api"]),
        ({"license": "GPL-2.0-only"}, ["plone.api"]),
        ({"maintainer": "mallory"}, ["collective.hostile"]),
        ({"classifier": "Framework :: Plone :: 6.0"}, ["plone.api"]),
        ({"python": "Python 3.12"}, ["plone.api"]),
        ({"updated_within": 5}, ["collective.easyform", "collective.hostile"]),
        ({"status": "", "license": ""}, None),
    ],
)
def test_search_filters(site: httpx.Client, params: Any, expected: list[str] | None) -> None:
    everything = ["collective.easyform", "collective.hostile", "plone.api", "plone.rest", "Products.Old"]

    assert hit_names(site.get(f"{PLONE}/search", params={"sort": "name", **params})) == (expected or everything)


@pytest.mark.parametrize("sort", list(Sort))
def test_search_accepts_every_sort(site: httpx.Client, sort: Sort) -> None:
    assert len(hit_names(site.get(f"{PLONE}/search", params={"sort": sort.value}))) == 5


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
        (f"q={'x' * 501}", "q"),
        (f"license={'x' * 201}", "license"),
    ],
)
def test_invalid_parameter_is_named(site: httpx.Client, query: str, parameter: str) -> None:
    response = site.get(f"{PLONE}/search?{query}")

    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert [fault["name"] for fault in response.json()["invalid_params"]] == [parameter]


def test_facets_with_choices_ignore_case_and_blank_values(site: httpx.Client) -> None:
    assert hit_names(site.get(f"{PLONE}/search?status=ARCHIVED&health=")) == ["plone.rest"]
    assert site.get(f"{PLONE}/search?status=retired").json()["detail"].startswith("status: must be one of active,")


def test_number_of_values_is_limited_over_all_filters(site: httpx.Client) -> None:
    values = [("license", f"L{number}") for number in range(16)] + [("maintainer", f"m{n}") for n in range(15)]

    assert site.get(f"{PLONE}/search", params=values[:30]).status_code == 200
    response = site.get(f"{PLONE}/search", params=values)
    assert response.status_code == 400
    assert {fault["name"] for fault in response.json()["invalid_params"]} == {"license", "maintainer"}


def test_suggest(site: httpx.Client) -> None:
    suggestions = site.get(f"{PLONE}/suggest", params={"q": "Plone.", "limit": 1}).json()

    assert [suggestion["name"] for suggestion in suggestions] == ["plone.api"]


def test_package_is_found_by_any_spelling(site: httpx.Client) -> None:
    package = site.get(f"{PLONE}/packages/Plone_API").json()

    assert (package["hit"]["name"], package["install"]) == ("plone.api", "pip install plone.api")
    assert [line["version"] for line in site.get(f"{PLONE}/packages/PLONE-API/releases").json()] == [
        "2.0.0",
        "1.5.0",
        "1.0.0",
    ]


def test_history_has_the_values_of_each_month(site: httpx.Client) -> None:
    months = site.get(f"{PLONE}/packages/Plone_API/history").json()

    assert [(month["month"], month["score"], month["stars"]) for month in months] == [
        ("2026-10", 80, None),
        ("2026-11", 84, 80),
        ("2026-12", 85, 84),
        ("2027-01", 86, 86),
    ]
    assert [month["is_other_repository"] for month in months] == [False, False, True, False]
    assert (months[1]["release"], months[1]["frameworks"]) == ("1.5.0", ["Plone 5.2", "Plone 6.0"])
    assert site.get(f"{PLONE}/packages/plone.rest/history").json() == []


def test_quarantined_package_has_no_install_command(site: httpx.Client) -> None:
    package = site.get(f"{PLONE}/packages/plone.evil").json()

    assert (package["is_quarantined"], package["install"]) == (True, "")
    assert "plone.evil" not in site.get(f"{PLONE}/search").text + site.get(f"{PLONE}/suggest?q=plone").text


def test_removed_package_gives_the_reason(site: httpx.Client) -> None:
    removed, never = site.get(f"{PLONE}/packages/plone.gone"), site.get(f"{PLONE}/packages/nobody")

    assert (removed.status_code, never.status_code) == (404, 404)
    assert "PyPI has removed it" in removed.json()["detail"]


def test_excluded_package_is_hidden_immediately() -> None:
    profile = Profile(key="plone", name="Plone", classifiers=("Framework :: Plone",), exclude={"plone-api": "a test"})

    with serve_app(build_small_site(), {"plone": profile}) as site:
        assert "plone.api" not in hit_names(site.get(f"{PLONE}/search"))
        assert site.get(f"{PLONE}/packages/plone.api").status_code == 404


@pytest.mark.parametrize("query", ["", "?name=plone.api", "?name=a&name=b&name=c&name=d&name=e"])
def test_compare_rejects_wrong_number_of_names(site: httpx.Client, query: str) -> None:
    assert site.get(f"{PLONE}/compare{query}").status_code == 400


@pytest.mark.parametrize(
    "path", ["/api/v1/collections/nowhere/search", f"{PLONE}-1/search", "/api/v1/collections/x/y/z"]
)
def test_not_found_is_a_problem(site: httpx.Client, path: str) -> None:
    assert (site.get(path).status_code, site.get(path).json()["status"]) == (404, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_write_methods_are_not_allowed(site: httpx.Client, method: str) -> None:
    response = site.request(method, f"{PLONE}/search")

    assert (response.status_code, response.json()["status"]) == (405, 405)
    assert "GET" in response.headers["allow"]


def test_too_large_body_is_rejected(site: httpx.Client) -> None:
    response = site.request(
        "GET", f"{PLONE}/search", headers={"content-length": "70000"}, content=iter([b"x"] * 70_000)
    )

    assert response.status_code == 413


def test_too_long_url_is_rejected(site: httpx.Client) -> None:
    response = site.get(f"{PLONE}/search?q={'x' * 9000}")

    assert (response.status_code, response.json()["status"]) == (414, 414)


class BrokenSearch(ReferenceSearch):
    """A search engine that raises `error`."""

    error: Exception

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = frozenset()) -> SearchResults:
        raise self.error


class UnavailableAdmin:
    """An unavailable index."""

    def resolve(self, name: str) -> str:
        raise Unavailable("/secret/place does not respond", retry_after=7.2)

    def get_location(self) -> str:
        return "/secret/place"

    def list_collections(self) -> Sequence[CollectionInfo]:
        raise Unavailable("/secret/place does not respond")


@pytest.mark.parametrize("path", [f"{PLONE}/search", "/health", "/"])
def test_unavailable_index_returns_503_with_retry_after(path: str) -> None:
    with serve_app(replace(build_small_site(), admin=UnavailableAdmin()), {}) as site:
        response = site.get(path)

    assert (response.status_code, int(response.headers["retry-after"]) > 0) == (503, True)
    assert "secret" not in response.text


def test_internal_error_hides_details() -> None:
    deps = build_small_site()
    broken = BrokenSearch(deps.index, now=deps.now)
    broken.error = RuntimeError("the secret of line 7")

    with serve_app(replace(deps, search=broken), {}) as site:
        response = site.get(f"{PLONE}/search")

    assert (response.status_code, response.json()["status"]) == (500, 500)
    assert "secret" not in response.text
    assert "Traceback" not in response.text


def test_openapi_describes_every_search_parameter(site: httpx.Client) -> None:
    operation = site.get("/api/v1/openapi.json").json()["paths"]["/api/v1/collections/{collection}/search"]["get"]

    assert {parameter["name"] for parameter in operation["parameters"]} == SEARCH_PARAMS | {"collection"}
    assert "application/problem+json" in operation["responses"]["400"]["content"]


HOSTILE_TEXTS = (
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "*",
    "name:[a TO *]",
    "\x00",
    "\u202e",
    "a AND",
    '"',
    "~" * 300,
)

HOSTILE = st.one_of(st.text(max_size=600), st.sampled_from(HOSTILE_TEXTS))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "q": HOSTILE,
            **{name: st.lists(HOSTILE, max_size=2) for name in FACETS if name != "health"},
            "health": st.lists(st.sampled_from([*HealthBand, "x"]), max_size=2),
            "updated_within": st.integers(-5, 40_000),
            "sort": st.sampled_from([*Sort, ""]),
            "page": st.integers(-1, 10**30),
            "per_page": st.integers(-1, 200),
        },
    )
)
def test_search_never_fails_on_any_parameters(client: TestClient[Litestar], params: dict[str, Any]) -> None:
    response = client.get(f"{PLONE}/search", params=params)

    assert response.status_code in (200, 400, 414)
    assert response.headers["content-type"] == (
        "application/json" if response.status_code == 200 else "application/problem+json"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HOSTILE.filter(lambda name: name.strip("./") == name and name != ""))
def test_package_paths_never_fail_on_any_name(client: TestClient[Litestar], name: str) -> None:
    for path in (f"{PLONE}/packages/{{}}", "/badge/plone/{}/health.svg", "/badge/{}/plone.api/downloads.svg"):
        response = client.get(path.format(quote(name.encode("utf-8", "replace"), safe="")))

        assert response.status_code in (200, 404)


def test_filter_values_ignore_case_and_prefix(site: httpx.Client) -> None:
    def search_names(**params: str) -> list[str]:
        response = site.get("/api/v1/collections/plone/search", params=params).json()
        return [hit["name"] for hit in response["hits"]]

    assert search_names(license="gpl-2.0-ONLY") == search_names(license="GPL-2.0-only") == ["plone.api"]
    assert search_names(python="3.12") == ["plone.api"]
    assert search_names(license="nobody's") == []
