"""Content of the Atom feeds and their conformance with RFC 4287."""

import re
from html import unescape
from xml.etree.ElementTree import Element, fromstring

import feedparser
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.documents.facets import HealthBand
from pyf.aggregator.web.feeds import AtomEntry, AtomFeed, build_feed_path, render_feed
from pyf.aggregator.web.urls import MAX_FEED_PACKAGES, build_packages_feed_path
from support.builders import build_project, build_query
from support.http_server import serve_app
from support.site_fixtures import DAY_SECONDS, EMAIL_ADDRESSES, START, build_site_project, build_small_site

ATOM = "{http://www.w3.org/2005/Atom}"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def parse_feed(body: bytes) -> Element:
    """Parse a feed and check the elements that RFC 4287 requires."""
    root = fromstring(body)
    assert root.tag == f"{ATOM}feed"
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    entries = root.findall(f"{ATOM}entry")
    for element in (root, *entries):
        for required in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{required}")) == 1
        assert (element.findtext(f"{ATOM}id") or "").startswith("urn:uuid:")
        assert TIMESTAMP.fullmatch(element.findtext(f"{ATOM}updated") or "")
        assert len([link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"]) == 1
        assert all((link.get("href") or "").startswith("http") for link in element.findall(f"{ATOM}link"))
    identifiers = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(identifiers)) == len(identifiers)
    return root


def fetch_titles(site: httpx.Client, url: str) -> list[str]:
    response = site.get(url)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/atom+xml")
    return [entry.findtext(f"{ATOM}title") or "" for entry in parse_feed(response.content).findall(f"{ATOM}entry")]


def test_updated_feed_lists_latest_releases_first(site: httpx.Client) -> None:
    assert fetch_titles(site, "/feeds/plone/updated.atom") == [
        "collective.easyform 4.0",
        "collective.hostile 1.0",
        "plone.api 2.0.0",
        "plone.rest 1.0",
        "Products.Old 0.9",
    ]


def test_new_feed_sorts_by_first_release(site: httpx.Client) -> None:
    assert fetch_titles(site, "/feeds/plone/new.atom")[-2:] == ["plone.api", "Products.Old"]


def test_feed_applies_search_filters(site: httpx.Client) -> None:
    query = build_query(text="api", framework=("Plone 6.1",), health=(HealthBand.EXCELLENT,))

    assert fetch_titles(site, build_feed_path("plone", "updated", query)) == ["plone.api 2.0.0"]
    assert fetch_titles(site, "/feeds/plone/new.atom?status=archived") == ["plone.rest"]


@pytest.mark.parametrize("url", ["/feeds/plone/old.atom", "/feeds/nowhere/new.atom"])
def test_unknown_feed_is_not_found(site: httpx.Client, url: str) -> None:
    assert site.get(url).status_code == 404


def test_feed_rejects_unknown_parameter(site: httpx.Client) -> None:
    response = site.get("/feeds/plone/new.atom?sort=name")

    assert (response.status_code, response.json()["invalid_params"][0]["name"]) == (400, "sort")


@pytest.mark.parametrize("kind", ["new", "updated"])
def test_feed_hides_quarantined_packages_and_emails(site: httpx.Client, kind: str) -> None:
    body = site.get(f"/feeds/plone/{kind}.atom").text

    assert "plone.evil" not in body
    assert not [address for address in EMAIL_ADDRESSES if address in body]


def test_entry_ids_are_stable() -> None:
    deps = build_small_site()
    with serve_app(deps, {}, web_cache_max_age=0) as site:
        before = parse_feed(site.get("/feeds/plone/updated.atom").content)
        deps.index.put(
            "plone",
            [build_site_project("plone.fresh", {"version": "1.0", "upload_timestamp": int(START - DAY_SECONDS)})],
        )
        after = parse_feed(site.get("/feeds/plone/updated.atom").content)

    old, new = ({entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")} for feed in (before, after))
    assert old < new
    assert len(new - old) == 1
    assert before.findtext(f"{ATOM}id") == after.findtext(f"{ATOM}id")
    assert (before.findtext(f"{ATOM}updated") or "") < (after.findtext(f"{ATOM}updated") or "")


def test_empty_feed_is_valid(site: httpx.Client) -> None:
    assert fetch_titles(site, "/feeds/plone/new.atom?q=nothing-is-called-that") == []


@pytest.mark.parametrize("path", ["/feeds/plone/new.atom", "/feeds/plone/updated.atom"])
def test_release_without_files_is_not_in_feeds(path: str) -> None:
    deps = build_small_site()
    deps.index.put("plone", [build_project("no.files", upload_timestamp=0, has_files=False, urls=())])
    with serve_app(deps, {}) as site:
        feeds = [site.get(path).text, site.get(f"{path}?q=nothing-is-called-that").text]

    assert all("no.files" not in feed and "1970" not in feed for feed in feeds)


@given(st.text(alphabet=st.characters(), max_size=80), st.integers(1, 2**35))
def test_render_feed_escapes_any_text(text: str, timestamp: int) -> None:
    entry = AtomEntry(key=text, title=text, summary=text, url="https://here.example/", updated=timestamp)

    root = parse_feed(
        render_feed(
            AtomFeed(
                key="k", title=text, url="https://here.example/f", page_url="https://here.example/", updated=timestamp
            ),
            [entry],
        )
    )

    summary = root.findtext(f"{ATOM}entry/{ATOM}summary") or ""
    assert len(summary) == len(text.replace("\r\n", "\n")) or "\r" in text
    assert [element.tag for element in root.iter()].count(f"{ATOM}entry") == 1


def test_package_feed_lists_its_releases(site: httpx.Client) -> None:
    titles = fetch_titles(site, "/feeds/plone/project/Plone_API.atom")

    assert titles[0] == "plone.api 2.0.0"
    assert all(title.startswith("plone.api ") for title in titles)
    assert len(titles) > 1


def test_packages_feed_follows_a_list(site: httpx.Client) -> None:
    titles = fetch_titles(
        site, "/feeds/plone/packages.atom?package=plone.rest&package=Collective_Easyform&package=unknown"
    )

    assert titles[0] == "collective.easyform 4.0"
    assert {title.partition(" ")[0] for title in titles} == {"collective.easyform", "plone.rest"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("project/nobody.atom", 404),
        ("project/plone.gone.atom", 404),
        ("project/plone.api", 404),
        ("packages.atom?package=nobody&name=nobody2", 404),
        ("packages.atom", 400),
        ("packages.atom?package=plone.api&q=x", 400),
        ("packages.atom?package=plone.api&to=Django+6.0", 400),
        ("packages.atom?" + "&".join(f"package=p{number}" for number in range(201)), 400),
    ],
)
def test_invalid_package_feeds(site: httpx.Client, path: str, status: int) -> None:
    response = site.get(f"/feeds/plone/{path}")

    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


def test_quarantined_package_is_in_no_feed(site: httpx.Client) -> None:
    assert fetch_titles(site, "/feeds/plone/packages.atom?name=plone.evil&name=plone.rest") == ["plone.rest 1.0"]
    assert fetch_titles(site, "/feeds/plone/project/plone.evil.atom") == []


def test_reader_follows_a_pasted_file_by_its_link(site: httpx.Client) -> None:
    form = {"text": "Plone_API==2.0.0\nplone.rest\nunlisted\nplone-api==1.0", "to": "6.0", "python": ""}
    page = site.post("/in/plone/check", data=form)
    (link,) = re.findall(r'href="(/feeds/plone/packages[^"]+)"', page.text)

    feed = feedparser.parse(site.get(unescape(link)).content)

    assert unescape(link) == "/feeds/plone/packages.atom?package=plone-api&package=plone-rest&to=Plone+6.0"
    assert not feed.bozo
    titles = [entry.title for entry in feed.entries]
    assert [title for title in titles if "is ready for" in title] == ["plone.api 1.5.0 is ready for Plone 6.0"]
    assert {"plone.api 2.0.0", "plone.rest 1.0"} < set(titles)
    times = [entry.updated_parsed for entry in feed.entries]
    assert times == sorted(times, reverse=True)
    ready = feedparser.parse(site.get("/feeds/plone/ready.atom?to=Plone+6.0").content)
    assert {entry.id for entry in ready.entries} & {entry.id for entry in feed.entries}


def test_packages_feed_path_is_stable_and_bounded() -> None:
    pairs = [("to", "Plone 6.1"), ("python", "")]

    path = build_packages_feed_path("plone", ["Zope", "plone.api", "zope"], pairs)

    assert path == "/feeds/plone/packages.atom?package=plone-api&package=zope&to=Plone+6.1"
    assert build_packages_feed_path("plone", ["plone-api", "ZOPE"], pairs) == path
    assert build_packages_feed_path("plone", (f"p{number}" for number in range(MAX_FEED_PACKAGES)))
    assert not build_packages_feed_path("plone", (f"p{number}" for number in range(MAX_FEED_PACKAGES + 1)))
    assert not build_packages_feed_path("plone", (f"{number:060}" for number in range(MAX_FEED_PACKAGES)))
    assert not build_packages_feed_path("plone", [])


def test_package_page_links_its_feed(site: httpx.Client) -> None:
    assert '="/feeds/plone/project/plone-api.atom">' in site.get("/in/plone/project/plone-api").text
