"""Headers, caching and compression of every response."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.search import SearchQuery, SearchResults
from pyf.aggregator.ports import PackageIndex
from pyf.aggregator.testing.reference_search import ReferenceSearch
from support.fake_dependencies import build_fake_dependencies
from support.http_server import serve_app
from support.site_fixtures import build_small_site

PATHS = ("/", "/api/v1/collections", "/api/v1/openapi.json", "/health", "/nowhere", "/api/v1/nowhere")


@pytest.mark.parametrize("path", PATHS)
def test_security_headers_are_on_every_response(site: httpx.Client, path: str) -> None:
    headers = site.get(path).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_matching_etag_returns_304(site: httpx.Client) -> None:
    first = site.get("/api/v1/collections")

    again = site.get("/api/v1/collections", headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_errors_are_problem_json_for_api_and_html_for_pages(site: httpx.Client) -> None:
    program, person = site.get("/api/v1/nowhere"), site.get("/nowhere")

    assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json")
    assert program.json()["status"] == 404
    assert (person.status_code, person.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/v1/collections/plone/search"])
@pytest.mark.parametrize("accepted", ["gzip", "br", "gzip, deflate, br;q=0.5", "identity", "gzip;q=0", "*"])
def test_compression_keeps_content_and_etag(site: httpx.Client, path: str, accepted: str) -> None:
    plain = site.get(path, headers={"accept-encoding": ""})

    encoded = site.get(path, headers={"accept-encoding": accepted})

    assert (encoded.content, encoded.headers["etag"]) == (plain.content, plain.headers["etag"])
    assert "accept-encoding" in encoded.headers["vary"]
    assert ("content-encoding" in encoded.headers) == (accepted not in ("identity", "gzip;q=0", "*"))


@pytest.mark.parametrize("known", ["*", '"x", {}', "{}"])
def test_if_none_match_accepts_every_etag_form(site: httpx.Client, known: str) -> None:
    etag = site.get("/").headers["etag"]

    response = site.get("/", headers={"if-none-match": known.replace("{}", etag.removeprefix("W/"))})

    assert (response.status_code, "content-length" in response.headers) == (304, False)
    assert "content-security-policy" in response.headers


def test_responses_with_a_key_are_private(site: httpx.Client) -> None:
    with_key = site.get("/api/v1/collections", headers={"x-api-key": "whatever"})

    assert with_key.headers["cache-control"].startswith("private")
    assert site.get("/api/v1/collections").headers["cache-control"].startswith("public")


def test_errors_are_not_cached(site: httpx.Client) -> None:
    assert site.get("/api/v1/nowhere").headers["cache-control"] == "no-store"


def test_empty_index_explains_how_to_fill_it() -> None:
    with serve_app(build_fake_dependencies(), {}) as site:
        page, collections = site.get("/"), site.get("/api/v1/collections")

    assert (page.status_code, "pyf fetch" in page.text) == (200, True)
    assert collections.json() == []


def test_slow_search_does_not_block_other_requests() -> None:
    """Handlers read the index in threads, so a slow search does not block other requests."""
    deps = build_small_site()
    gate = Event()
    with serve_app(replace(deps, search=SlowSearch(deps.index, gate)), {}) as site, ThreadPoolExecutor() as pool:
        slow = pool.submit(site.get, "/api/v1/collections/plone/search")
        try:
            assert site.get("/health").status_code == 200
            assert not slow.done()
        finally:
            gate.set()

        assert slow.result().status_code == 200


class SlowSearch(ReferenceSearch):
    """A search engine that waits for an event before it answers."""

    def __init__(self, index: PackageIndex, gate: Event) -> None:
        super().__init__(index, now=lambda: 0)
        self._gate = gate

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = frozenset()) -> SearchResults:
        self._gate.wait(60)
        return super().search(collection, query, hidden=hidden)


def test_metrics_report_project_count(site: httpx.Client) -> None:
    response = site.get("/metrics")

    # Prometheus 3 rejects a content type with two charsets.
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert response.headers["content-type"].count("charset=") == 1
    assert 'pyf_projects{collection="plone"} 6.0' in response.text
    assert "pyf_index_up 1.0" in response.text


@pytest.mark.parametrize("headers", [{}, {"origin": "https://a.example"}, {"origin": "https://b.example"}])
def test_cors_responses_vary_by_origin(headers: dict[str, str]) -> None:
    with serve_app(build_small_site(), {}, web_cors_origins="https://a.example,https://c.example") as site:
        response = site.get("/api/v1/collections", headers=headers)

    assert "max-age=60" in response.headers["cache-control"]
    assert response.headers["vary"].lower().split(", ") == ["origin", "accept-encoding"]
