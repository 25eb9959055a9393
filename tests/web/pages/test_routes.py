"""Content of the pages: valid HTML without external resources, and nothing that must be hidden."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from msgspec.structs import replace

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.documents.project import normalize_name
from support.builders import PLONE, build_state
from support.fake_dependencies import build_fake_dependencies
from support.html_checks import assert_valid_page
from support.http_server import serve_app
from support.site_fixtures import (
    DAY_SECONDS,
    EMAIL_ADDRESSES,
    LONG_NAME,
    START,
    build_site_project,
    build_small_site,
    build_wide_site,
)

PAGES = {
    "/": 200,
    "/in/plone": 200,
    "/in/plone/search": 200,
    "/in/plone/search?q=many&framework=Plone+6.0&license=MIT&all=classifier&updated_within=90&page=2": 200,
    "/in/plone/search?q=many&declared_only=true&page=99": 200,
    "/in/plone/search?q=nothing+like+it&health=good": 200,
    "/in/plone/search?q=" + "x" * 400: 400,
    "/in/plone/search?q=%3Cscript%3E%22%27%00%E2%80%AE": 200,
    "/in/plone/project/plone-api": 200,
    "/in/plone/project/plone-often": 200,
    f"/in/plone/project/{normalize_name(LONG_NAME)}": 200,
    "/in/plone/project/collective-rtl": 200,
    "/in/plone/project/plone-attack": 200,
    "/in/plone/project/collective-hostile": 200,
    "/in/plone/project/plone-hole": 200,
    "/in/plone/project/plone-evil": 200,
    "/in/plone/project/plone-gone": 404,
    "/in/plone/project/easy": 404,
    "/in/plone/compare": 200,
    "/in/plone/compare?name=plone.api": 200,
    "/in/plone/compare?name=plone.api&name=Plone_Often&name=plone.rest&name=collective.rtl": 200,
    "/in/plone/compare?name=a&name=b&name=c&name=d&name=e": 400,
    "/in/plone/compare?name=plone.api&name=%3Cscript%3E": 404,
    "/in/plone/compare?name=plone.api&name=plone.evil": 404,
    "/in/nowhere": 404,
    "/in/nowhere/project/plone-api": 404,
    "/nowhere": 404,
}


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    with serve_app(build_wide_site()) as client:
        yield client


def page_text(response: httpx.Response) -> str:
    """Return the text of a page in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.text)).split())


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_valid_html_without_emails(site: httpx.Client, path: str) -> None:
    response = site.get(path)

    assert (response.status_code, response.headers["content-type"]) == (PAGES[path], "text/html; charset=utf-8")
    assert_valid_page(response.text)
    assert not any(address in response.text for address in EMAIL_ADDRESSES)
    assert len(response.content) < 60_000 or "/project/" in path


def test_search_page_shows_package_facts(site: httpx.Client) -> None:
    content = page_text(site.get("/in/plone/search?q=many07"))

    assert re.search(r"\d+ packages?( 1–20)? Feed of this search", content)
    assert "plone.many07 7.1 11 Dec 2026 One of many, number 7 Plone 6.1 Python 3.13 3.12" in content
    assert re.search(r"Health \d+ of 100, \w+ plone.many07", content)
    assert re.search(r"License: MIT 19.9k a month 9 stars", content)


def test_project_page_shows_all_sections(site: httpx.Client) -> None:
    content = page_text(site.get("/in/plone/project/plone-api"))

    assert "plone.api 2.0.0 An easy API for Plone" in content
    assert "pip install plone.api" in content
    assert "Maintainers on PyPI ada bob By Ada Lovelace" in content
    assert "Suggested improvements" in content
    assert re.search(r"Compatibility .* 2\.0\.0 .* ✓ ✓ – .* 1\.5\.0 .* – ✓ ✓", content)
    assert "collective.easyform >=2 requests" in content
    assert "For [test] pytest" in content
    assert "yanked" in content


def test_project_url_is_normalized(site: httpx.Client) -> None:
    response = site.get("/in/plone/project/Plone.API")

    assert (response.status_code, response.headers["location"]) == (301, "/in/plone/project/plone-api")


def test_page_of_thousands_of_releases_stays_small() -> None:
    deps = build_small_site()
    releases = [
        {
            "version": f"{n}.0",
            "upload_timestamp": int(START - (3001 - n) * DAY_SECONDS),
            "framework_versions": ("Plone 6.0",) if n % 2 else ("Plone 5.2",),
            "yanked": n % 7 == 0,
        }
        for n in range(3001)
    ]
    deps.index.put("plone", [build_site_project("plone.daily", *reversed(releases))])
    with serve_app(deps, {}) as site:
        page = site.get("/in/plone/project/plone-daily")
        listed = site.get("/api/v1/collections/plone/packages/plone-daily/releases").json()

    assert_valid_page(page.text)
    assert len(page.content) < 150_000
    assert "3,001 releases" in page.text
    assert "2,901 older releases are left out" in page.text
    assert 'href="/api/v1/collections/plone/packages/plone-daily/releases"' in page.text
    assert len(listed) == 3001


def test_release_without_files_is_marked() -> None:
    deps = build_small_site()
    releases = [{"version": "1.0"}, {"version": "2.0", "urls": (), "has_files": False, "upload_timestamp": 0}]
    deps.index.put("plone", [build_site_project("plone.empty", *releases)])
    with serve_app(deps, {}) as site:
        page = site.get("/in/plone/project/plone-empty").text

    assert re.search(r"2\.0</span> <small[^>]*>[^<]*no files", page)


def test_overview_search_redirects_to_collection(site: httpx.Client) -> None:
    response = site.get("/search", params={"in": "plone", "q": "a&b"})

    assert (response.status_code, response.headers["location"]) == (303, "/in/plone/search?q=a%26b")


def test_quarantined_package_shows_only_a_warning(site: httpx.Client) -> None:
    page = site.get("/in/plone/project/plone-evil")

    assert "quarantine" in page_text(page)
    assert "pip install" not in page.text
    assert "noindex" in page.text
    for path in ("/in/plone", "/in/plone/search?q=evil", "/in/plone/suggest?q=plone", "/in/plone/project/plone-api"):
        assert "plone.evil" not in site.get(path).text


def test_removed_page_shows_date_and_reason(site: httpx.Client) -> None:
    assert "Removed on 14 Jan 2027 : PyPI has removed it." in page_text(site.get("/in/plone/project/plone-gone"))


def test_unknown_name_shows_suggestions(site: httpx.Client) -> None:
    assert "collective.easyform" in page_text(site.get("/in/plone/project/easyform"))


def test_query_text_is_escaped(site: httpx.Client) -> None:
    page = site.get("/in/plone/search?q=%3Cscript%3Ealert(1)%3C/script%3E")

    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text


def test_more_link_expands_a_facet(site: httpx.Client) -> None:
    page = site.get("/in/plone/search").text
    (more,) = re.findall(r'href="([^"]*all=classifier)"', page)

    expanded = site.get(unescape(more)).text

    assert page.count('name="classifier"') == 6 < expanded.count('name="classifier"')
    assert "all=classifier" not in re.findall(r'class="more" href="([^"]*)"', expanded)


def test_selected_value_without_hits_stays_listed(site: httpx.Client) -> None:
    page = site.get("/in/plone/search?license=Nobody-1.0").text

    assert re.search(r'value="Nobody-1.0" checked', page)
    assert "No package found" in page


def test_text_without_hits_links_similar_names_and_words(site: httpx.Client) -> None:
    page = site.get("/in/plone/search?q=plone.apixyz").text

    assert (
        '<a href="/in/plone/search?q=released"><bdi>released</bdi></a>' in site.get("/in/plone/search?q=relaesde").text
    )

    assert 'Did you mean <a href="/in/plone/project/plone-api"><bdi>plone.api</bdi></a>?' in page
    assert "Did you mean" not in site.get("/in/plone/search?q=zzzzqqqq").text
    assert site.get("/api/v1/collections/plone/search?q=plone.apixyz").json()["did_you_mean"] == ["plone.api"]


def test_excluded_package_is_hidden_immediately() -> None:
    profiles = load_profiles()
    profiles["plone"] = replace(profiles["plone"], exclude={"plone-api": "for a test"})

    with serve_app(build_small_site(), profiles) as client:
        pages = [client.get(path) for path in ("/in/plone", "/in/plone/search", "/in/plone/suggest?q=plone")]
        project_page = client.get("/in/plone/project/plone-api")

    assert project_page.status_code == 404
    assert not any("/project/plone-api" in page.text for page in pages)


def test_empty_index_explains_how_to_fill_it() -> None:
    with serve_app(build_fake_dependencies()) as client:
        response = client.get("/")

    assert "pyf fetch -p plone" in page_text(response)
    assert_valid_page(response.text)


def test_empty_collection_explains_how_to_fill_it() -> None:
    deps = build_fake_dependencies()
    deps.admin.create(PLONE, build_state(), alias="plone")
    with serve_app(deps) as client:
        responses = [client.get(path) for path in ("/", "/in/plone", "/in/plone/search", "/in/plone/compare")]

    assert [response.status_code for response in responses] == [200] * 4
    assert "pyf fetch -p plone" in page_text(responses[1])
    for response in responses:
        assert_valid_page(response.text)


def test_comparison_skips_missing_packages(site: httpx.Client) -> None:
    two_left = page_text(site.get("/in/plone/compare?name=plone.api&name=plone.often&name=plone.nowhere"))
    one_left = page_text(site.get("/in/plone/compare?name=plone.api&name=plone.nowhere"))

    assert "Left out: plone-nowhere is not in the collection plone." in two_left
    assert "Property plone.api plone.often Health" in two_left
    assert (
        "Left out: plone-nowhere is not in the collection plone. Comparing plone.api: add another package." in one_left
    )


def test_page_past_the_end_points_to_last_page(site: httpx.Client) -> None:
    content = page_text(site.get("/in/plone/search?q=many&page=99"))

    assert "The last page is 3. Go to page 3" in content
    assert "No package found" not in content


def test_filter_value_spelling_is_resolved(site: httpx.Client) -> None:
    page = site.get("/in/plone/search?q=many&license=mit&framework=6.1").text

    assert re.search(r'value="MIT" checked', page)
    assert re.search(r'value="Plone 6.1" checked', page)
    assert page.count(" checked>") == 2
    assert "No package found" not in page


def test_page_of_an_archived_package_says_that_it_has_ended(site: httpx.Client) -> None:
    page = site.get("/in/plone/project/plone-rest").text

    assert 'This package has ended: <span dir="auto">PyPI lists it as archived</span>.' in page
    assert "This package has ended" not in site.get("/in/plone/project/plone-api").text
