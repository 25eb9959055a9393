"""Search pages stay below 60 KB for any package and any query, and stay navigable."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from support.html_checks import assert_valid_page
from support.http_server import serve_app
from support.site_fixtures import HTML_QUOTES, LONG_CLASSIFIERS, build_crowded_site, build_search_url

MAX_BYTES = 60_000
SELECTED = list(LONG_CLASSIFIERS[:30])
CROWDED_PATH = build_search_url("classifier", SELECTED, sort="name")


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    with serve_app(build_crowded_site()) as client:
        yield client


def find_button_fields(page: str, label: str) -> dict[str, str]:
    """Return the fields that the button with this label adds to the filter form."""
    (tag,) = re.findall(rf'<button([^>]*form="filters-form"[^>]*)>{re.escape(label)}<', page)
    return {key: unescape(value) for key, value in re.findall(r'(name|value)="([^"]*)"', tag)}


@pytest.mark.parametrize(
    "path",
    [
        build_search_url("classifier", []),
        CROWDED_PATH,
        build_search_url("classifier", SELECTED, q="plone " + HTML_QUOTES[:290], page="2"),
        build_search_url("classifier", SELECTED[:15], q="plone " + "🧨" * 290),
        build_search_url("classifier", SELECTED, page="99"),
        build_search_url("license", [f"{number:02}{HTML_QUOTES[:60]}" for number in range(30)]),
        build_search_url("license", [f"{number}{'x' * 90}" for number in range(70)]),
        build_search_url("classifier", SELECTED[:3], per_page="100"),
        "/in/plone",
        "/",
    ],
    ids=[
        "nothing",
        "classifiers",
        "quotes",
        "emoji",
        "past end",
        "licenses",
        "too many",
        "100 hits",
        "start",
        "overview",
    ],
)
def test_page_budget_limits_any_page_to_60_kb(site: httpx.Client, path: str) -> None:
    response = site.get(path)

    assert response.status_code in (200, 400)
    assert_valid_page(response.text)
    assert len(response.content) <= MAX_BYTES
    assert response.text.count('class="hit"') in (0, 20)


def test_short_page_uses_links(site: httpx.Client) -> None:
    plain = site.get("/in/plone/search?q=plone&sort=name").text
    crowded = site.get(CROWDED_PATH).text

    assert 'rel="next"' in plain
    assert 'form="filters-form"' not in plain.partition('class="pages"')[2]
    assert 'rel="next"' not in crowded


def test_long_url_uses_form_buttons(site: httpx.Client) -> None:
    page = site.get(CROWDED_PATH)

    assert find_button_fields(page.text, "Next") == {"name": "page", "value": "2"}
    assert find_button_fields(page.text, "2") == {"name": "page", "value": "2"}
    assert len(re.findall(r'name="classifier" value="[^"]*" checked', page.text)) == 30
    assert page.text.count("checked") == 30
    assert '<b class="badge">30<' in page.text


def test_filter_token_removes_the_filter_by_redirect(site: httpx.Client) -> None:
    page = site.get(CROWDED_PATH).text
    token = re.findall(r'name="without" value="([^"]*)"', page)[0]

    response = site.get(f"{CROWDED_PATH}&without={token}")

    pairs = parse_qsl(urlsplit(response.headers["location"]).query)
    assert response.status_code == 303
    assert [value for name, value in pairs if name == "classifier"] == SELECTED[1:]
    assert ("sort", "name") in pairs
    assert "without" not in dict(pairs)


def test_feed_of_long_query_redirects(site: httpx.Client) -> None:
    assert 'formaction="/in/plone/feed"' in site.get(CROWDED_PATH).text

    response = site.get(CROWDED_PATH.replace("/search", "/feed"), follow_redirects=True)

    assert response.status_code == 200
    assert response.text.count("<entry>") == 50


def test_too_many_filters_are_reported(site: httpx.Client) -> None:
    many = site.get(build_search_url("maintainer", [f"m{number}" for number in range(70)]))
    long = site.get(build_search_url("license", ["x" * 201]))

    assert (many.status_code, long.status_code) == (400, 400)
    assert "Too many filters: only the first 30 were applied." in many.text
    assert "Filters longer than 200 characters were ignored." in long.text
