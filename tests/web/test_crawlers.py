"""What search engines and previews of links see."""

import re
from xml.etree.ElementTree import fromstring

import pytest

from support.http_server import serve_app
from support.site_fixtures import build_small_site

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def list_locations(xml: bytes) -> list[str]:
    return [element.text or "" for element in fromstring(xml).iter(f"{SITEMAP}loc")]


def test_robots_keep_off_filtered_lists() -> None:
    with serve_app(build_small_site(), {}, web_url="https://packages.example") as site:
        response = site.get("/robots.txt")

    assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert {"Disallow: /in/*/search?", "Disallow: /api/"} < set(response.text.splitlines())
    assert response.text.endswith("Sitemap: https://packages.example/sitemap.xml\n")


def test_sitemap_lists_visible_packages() -> None:
    with serve_app(build_small_site(), {}, web_url="https://packages.example") as site:
        (collection_sitemap,) = list_locations(site.get("/sitemap.xml").content)
        response = site.get(collection_sitemap.removeprefix("https://packages.example"))
        missing = site.get("/in/plone/sitemap.xml?page=2")
        locations = list_locations(response.content)
        codes = {site.get(url.removeprefix("https://packages.example")).status_code for url in locations}

    assert response.headers["content-type"] == "application/xml"
    assert locations[0] == "https://packages.example/in/plone"
    assert "https://packages.example/in/plone/project/plone-api" in locations
    assert len(locations) == 6  # the start page, and all packages but the quarantined one
    assert (codes, missing.status_code) == ({200}, 404)


@pytest.mark.parametrize("path", ["/", "/in/plone", "/in/plone/project/plone-api"])
def test_pages_describe_themselves(path: str) -> None:
    with serve_app(build_small_site(), {}, web_url="https://packages.example/", web_site_name="Mine") as site:
        html = site.get(path).text
    tags = dict(re.findall(r'<meta (?:name|property)="([a-z:_]+)" content="([^"]*)">', html))

    assert tags["og:site_name"] == "Mine"
    assert tags["og:url"] == f"https://packages.example{path}"
    assert f'<link rel="canonical" href="https://packages.example{path}">' in html
    assert tags["description"] == tags["og:description"] != ""
    assert tags["og:title"] in html.partition("</title>")[0]


def test_filtered_lists_are_not_indexed() -> None:
    with serve_app(build_small_site(), {}) as site:
        whole, filtered = site.get("/in/plone/search").text, site.get("/in/plone/search?q=api").text

    assert "noindex" not in whole
    assert '<meta name="robots" content="noindex">' in filtered


def test_filter_links_of_a_package_are_not_followed() -> None:
    with serve_app(build_small_site(), {}) as site:
        html = site.get("/in/plone/project/plone-api").text

    links = re.findall(r'<a href="(/in/plone/search\?[^"]*)"([^>]*)>', html)
    assert links
    assert all('rel="nofollow"' in attributes for _, attributes in links)
