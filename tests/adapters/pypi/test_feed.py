"""PyPI's RSS feeds, valid and damaged."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIFeed
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.ports import FeedEntry

DATE = "Tue, 22 Mar 2022 16:54:42 GMT"
MOMENT = 1_647_968_082


@pytest.fixture
def feed(httpserver: HTTPServer) -> Iterator[PyPIFeed]:
    with HttpClient() as http:
        yield PyPIFeed(ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=0))), httpserver.url_for("/"))


def build_rss(*items: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{"".join(items)}</channel></rss>'


def build_item(link: str, date: str = DATE) -> str:
    return f"<item><title>Acme 1.0</title><link>{link}</link><pubDate>{date}</pubDate></item>"


def build_project_url(name: str = "acme", version: str = "1.0") -> str:
    return f"https://pypi.example/project/{name}/{version}/"


def fetch_releases(feed: PyPIFeed, httpserver: HTTPServer, body: str | bytes) -> list[FeedEntry]:
    httpserver.expect_request("/rss/updates.xml").respond_with_data(body, content_type="text/xml")
    return list(feed.fetch_newest_releases())


def test_feed_reads_name_and_version_from_link(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    entries = fetch_releases(feed, httpserver, build_rss(build_item(build_project_url("Acme_Blog", "1.0%2Blocal.1"))))

    assert entries == [FeedEntry(name="acme-blog", version="1.0+local.1", published=MOMENT)]


def test_feed_accepts_other_hosts(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    entries = fetch_releases(
        feed, httpserver, build_rss(build_item("/project/acme/1.0"), build_item("http://mirror.example/project/b/2/"))
    )

    assert [(entry.name, entry.version) for entry in entries] == [("acme", "1.0"), ("b", "2")]


@pytest.mark.parametrize(
    "nonsense",
    [
        "<item/>",
        build_item(""),
        build_item("https://pypi.example/"),
        build_item("https://pypi.example/project/acme/1.0/more/"),
        build_item("https://pypi.example/user/acme/1.0/"),
        build_item(build_project_url(name="%20", version="1")),
        build_item(build_project_url(name="-acme-")),
        build_item("https://[/project/acme/1.0/"),
        build_item("https://pypi.example/project/acme/"),
    ],
)
def test_feed_skips_invalid_item(feed: PyPIFeed, httpserver: HTTPServer, nonsense: str) -> None:
    entries = fetch_releases(feed, httpserver, build_rss(nonsense, build_item(build_project_url())))

    assert [(entry.name, entry.version) for entry in entries] == [("acme", "1.0")]


@pytest.mark.parametrize(
    "text",
    [
        "\x0b",
        "a\x00b",
        "&#11;",
        "&#0;",
        "&#xB;",
        "&#xD800;",
        "&#x110000;",
        "&#999999999;",
        "\ufffe",
        "caf&eacute;",
        "R&D",
        "a && b",
        "&",
        "&;",
        "&#;",
        "a < b",
        "<b>bold",
        "</b>",
        "<p class=x>",
        "<![CDATA[never closed",
        "]]>",
        "<!-- never closed",
        "<deep>" * 10_000,
    ],
)
def test_feed_reads_all_items_beside_one_that_is_not_xml(feed: PyPIFeed, httpserver: HTTPServer, text: str) -> None:
    broken = build_item(build_project_url("bad")).replace("<pubDate>", f"<description>{text}</description><pubDate>")
    items = [build_item(build_project_url("acme")), broken, build_item(build_project_url("other"))]

    entries = fetch_releases(feed, httpserver, build_rss(*items))

    assert {"acme", "other"} <= {entry.name for entry in entries}


@pytest.mark.parametrize("text", [b"\xed\xa0\x80", b"\xff\xfe", b"caf\xe9"])
@pytest.mark.parametrize("field", [b"title", b"author", b"link"])
def test_feed_reads_all_items_beside_one_with_invalid_bytes(
    feed: PyPIFeed, httpserver: HTTPServer, text: bytes, field: bytes
) -> None:
    broken = b"<item><%b>%b</%b></item>" % (field, text, field)
    good = build_item(build_project_url("acme")).encode()

    entries = fetch_releases(feed, httpserver, build_rss("ITEMS").encode().replace(b"ITEMS", good + broken + good))

    assert [entry.name for entry in entries] == ["acme", "acme"]


def test_feed_with_a_large_nested_item_needs_little_memory(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    nested = build_item(build_project_url("deep")).replace("</item>", "<a>" * 700_000 + "</item>")
    tracemalloc.start()
    try:
        fetch_releases(feed, httpserver, build_rss(nested, build_item(build_project_url("acme"))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 40 * 1024 * 1024


def test_feed_has_a_size_limit(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    with pytest.raises(Unavailable, match="larger than"):
        fetch_releases(feed, httpserver, build_rss(build_item(build_project_url()), " " * 5_000_000))


@pytest.mark.parametrize("date", ["", "today", "Tue, 99 Foo 2022", "Tue, 22 Mar 99999 16:54:42 GMT"])
def test_feed_invalid_date_is_zero(feed: PyPIFeed, httpserver: HTTPServer, date: str) -> None:
    assert [
        entry.published for entry in fetch_releases(feed, httpserver, build_rss(build_item(build_project_url(), date)))
    ] == [0]


@pytest.mark.parametrize("date", [DATE, "Tue, 22 Mar 2022 16:54:42 -0000", "Tue, 22 Mar 2022 18:54:42 +0200"])
def test_feed_dates_are_utc(feed: PyPIFeed, httpserver: HTTPServer, date: str) -> None:
    assert [
        entry.published for entry in fetch_releases(feed, httpserver, build_rss(build_item(build_project_url(), date)))
    ] == [MOMENT]


def test_feed_keeps_two_releases_of_a_project(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    entries = fetch_releases(
        feed,
        httpserver,
        build_rss(build_item(build_project_url(version="1.1")), build_item(build_project_url(version="1.0"))),
    )

    assert [entry.version for entry in entries] == ["1.1", "1.0"]


def test_newest_projects_have_no_version(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    body = build_rss(build_item("https://pypi.example/project/acme/"), build_item(build_project_url("b")))
    httpserver.expect_request("/rss/packages.xml").respond_with_data(body)

    assert [(entry.name, entry.version) for entry in feed.fetch_newest_projects()] == [("acme", ""), ("b", "")]


def test_feed_may_be_empty(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    assert fetch_releases(feed, httpserver, build_rss()) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<!doctype html><title>Sorry</title>",
        "<html><body>Sorry</body></html>",
        build_rss(build_item(build_project_url()))[:-20],
        build_rss(build_item("https://pypi.example/"), build_item("")),
        '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">]>'
        + build_rss(build_item("&a;")).partition("?>")[2],
        '<?xml version="1.0" encoding="no-such-code"?><rss/>',
    ],
)
def test_invalid_feed_is_unavailable(feed: PyPIFeed, httpserver: HTTPServer, body: str) -> None:
    with pytest.raises(Unavailable):
        fetch_releases(feed, httpserver, body)


def test_missing_feed_is_unavailable(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rss/packages.xml").respond_with_data(status=404)

    with pytest.raises(Unavailable, match="404 Not Found"):
        feed.fetch_newest_projects()


def test_recorded_feeds(feed: PyPIFeed, httpserver: HTTPServer, shared_data: Path) -> None:
    recorded = (shared_data / "pypi" / "ecosystems-packages.xml").read_bytes()
    httpserver.expect_request("/rss/packages.xml").respond_with_data(recorded)

    entries = fetch_releases(feed, httpserver, (shared_data / "pypi" / "ecosystems-updates.xml").read_bytes())
    projects = feed.fetch_newest_projects()

    assert (len(entries), len(projects)) == (100, 40)
    assert all(entry.name and entry.version and entry.published for entry in entries)
    assert all(entry.name and not entry.version and entry.published for entry in projects)


@pytest.mark.parametrize(
    ("mark", "condition", "value"),
    [("ETag", "If-None-Match", 'W/"abc"'), ("Last-Modified", "If-Modified-Since", DATE)],
)
def test_feed_request_is_conditional(
    feed: PyPIFeed, httpserver: HTTPServer, mark: str, condition: str, value: str
) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get(condition) == value:
            return Response(status=304)
        return Response(build_rss(build_item(build_project_url())), headers={mark: value})

    httpserver.expect_request("/rss/updates.xml").respond_with_handler(answer)

    first, second = feed.fetch_newest_releases(), feed.fetch_newest_releases()

    assert [entry.name for entry in first] == ["acme"]
    assert second == first
    assert [response.status_code for _, response in httpserver.log] == [200, 304]


def test_feeds_are_cached_separately(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rss/updates.xml").respond_with_data(
        build_rss(build_item(build_project_url())), headers={"ETag": '"1"'}
    )
    httpserver.expect_request("/rss/packages.xml").respond_with_data(
        build_rss(build_item("/project/b/")), headers={"ETag": '"1"'}
    )

    names = [entry.name for entry in (*feed.fetch_newest_releases(), *feed.fetch_newest_projects())]

    assert names == ["acme", "b"]
    assert not any("If-None-Match" in request.headers for request, _ in httpserver.log)


def test_invalid_feed_is_not_cached(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/rss/updates.xml").respond_with_data("<rss", headers={"ETag": '"1"'})
    with pytest.raises(Unavailable):
        feed.fetch_newest_releases()

    fetch_releases(feed, httpserver, build_rss(build_item(build_project_url())))

    assert "If-None-Match" not in httpserver.log[-1][0].headers


def test_not_modified_without_cache_is_unavailable(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rss/updates.xml").respond_with_data("", status=304)

    with pytest.raises(Unavailable, match="304"):
        feed.fetch_newest_releases()


def test_unchanged_feed_is_not_sent_again(feed: PyPIFeed, httpserver: HTTPServer) -> None:
    conditions = {"etag": '"first"', "body": build_rss(build_item("https://pypi.example/project/one/1.0/"))}
    sent = []

    def answer(request: Request) -> Response:
        is_known = request.headers.get("If-None-Match") == conditions["etag"]
        sent.append(304 if is_known else 200)
        return Response("" if is_known else conditions["body"], status=sent[-1], headers={"ETag": conditions["etag"]})

    httpserver.expect_request("/rss/updates.xml").respond_with_handler(answer)

    first, again = feed.fetch_newest_releases(), feed.fetch_newest_releases()
    conditions.update(etag='"second"', body=build_rss(build_item("https://pypi.example/project/two/2.0/")))
    changed = feed.fetch_newest_releases()

    assert [(entry.name, entry.version) for entry in first] == [("one", "1.0")]
    assert again == first
    assert [(entry.name, entry.version) for entry in changed] == [("two", "2.0")]
    assert sent == [200, 304, 200]
