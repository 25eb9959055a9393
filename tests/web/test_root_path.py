"""A site below a path of its host: every link works, whether or not the proxy removes the path."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.settings import load_settings
from support.http_server import serve_app
from support.setting_coverage import covers_setting
from support.site_fixtures import build_small_site

ROOT = "/tools/packages"
# Attributes of HTML and XML that hold a path of this site.
_PATH = re.compile(r"""(?:href|src|action|formaction|data-[a-z-]+)=["'](?:http://host\.example)?(/[^"']*)["']""")
_PAGES = (
    "/",
    "/in/plone",
    "/in/plone/search",
    "/in/plone/search?q=api&framework=Plone+6.1",
    "/in/plone/project/plone-api",
    "/in/plone/compare?name=plone-api&name=collective-easyform",
    "/in/plone/readiness",
    "/in/plone/project/nobody",
    "/nowhere",
    "/feeds/plone/new.atom",
    "/feeds/plone/updated.atom",
    "/feeds/plone/project/plone.api.atom",
    "/feeds/plone/packages.atom?name=plone.api",
)


@pytest.fixture(
    scope="module", params=[{"web_url": f"http://host.example{ROOT}"}, {"web_root_path": "tools/packages/"}]
)
def rooted_site(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with serve_app(build_small_site(), {}, **request.param) as client:
        yield client


def list_paths(text: str, client: httpx.Client) -> set[str]:
    """Return the paths of this site that a response links to."""
    own_url = str(client.base_url).rstrip("/")
    return {path.replace("&amp;", "&") for path in _PATH.findall(text.replace(own_url, ""))}


@covers_setting("web_root_path")
@pytest.mark.parametrize("page", _PAGES)
@pytest.mark.parametrize("prefix", [ROOT, ""])
def test_every_link_is_below_the_root_path(rooted_site: httpx.Client, page: str, prefix: str) -> None:
    response = rooted_site.get(prefix + page)

    paths = list_paths(response.text, rooted_site)
    assert paths
    assert [path for path in paths if path != ROOT and not path.startswith(f"{ROOT}/")] == []


def test_links_lead_to_pages(rooted_site: httpx.Client) -> None:
    paths = {path for page in _PAGES for path in list_paths(rooted_site.get(ROOT + page).text, rooted_site)}

    forms = {f"{ROOT}/search"}  # needs the fields of the form
    statuses = {path: rooted_site.get(path).status_code for path in sorted(paths - forms) if "nobody" not in path}
    assert {path: status for path, status in statuses.items() if status not in (200, 301, 303)} == {}
    assert len(statuses) > 30


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/in/plone/project/Plone.Api", f"{ROOT}/in/plone/project/plone-api"),
        ("/search?in=plone&q=api", f"{ROOT}/in/plone/search?q=api"),
    ],
)
def test_redirects_stay_below_the_root_path(rooted_site: httpx.Client, path: str, location: str) -> None:
    assert rooted_site.get(ROOT + path, follow_redirects=False).headers["location"] == location


def test_api_names_its_own_urls(rooted_site: httpx.Client) -> None:
    response = rooted_site.get(f"{ROOT}/api/v1/collections/plone/search", params={"per_page": 1})

    (url,) = re.findall(r'<([^>]*)>; rel="next"', response.headers["link"])
    assert urlsplit(url).path == f"{ROOT}/api/v1/collections/plone/search"
    assert rooted_site.get(f"{ROOT}/api/v1/openapi.json").json()["servers"] == [{"url": ROOT}]


def test_feed_ids_do_not_depend_on_the_root_path(rooted_site: httpx.Client, site: httpx.Client) -> None:
    for path in (path for path in _PAGES if ".atom" in path):
        ids = [
            [e.text for e in fromstring(c.get(path).content).iter("{http://www.w3.org/2005/Atom}id")]
            for c in (rooted_site, site)
        ]
        assert ids[0] == ids[1]


def test_crawlers_find_urls_below_the_root_path(rooted_site: httpx.Client) -> None:
    robots, sitemap = rooted_site.get(f"{ROOT}/robots.txt").text, rooted_site.get(f"{ROOT}/sitemap.xml").text

    assert f"{ROOT}/sitemap.xml" in robots
    assert f"Disallow: {ROOT}/feeds/" in robots
    assert all(urlsplit(url).path.startswith(f"{ROOT}/in/") for url in re.findall(r"<loc>([^<]+)</loc>", sitemap))


def test_similar_path_is_not_the_root_path(rooted_site: httpx.Client) -> None:
    assert rooted_site.get("/tools/packages2/in/plone").status_code == 404


@pytest.mark.parametrize("value", ["a b", "/x?y", "/../x y", "ä"])
def test_invalid_root_path_is_rejected(value: str) -> None:
    with pytest.raises(Invalid, match="WEB_ROOT_PATH"):
        load_settings(web_root_path=value)
