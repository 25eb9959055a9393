"""The local PyPI over HTTP, as any client sees it."""

import gzip
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import RateLimit, RetryAfter
from pyf.aggregator.sandbox.pypi import LocalPyPI

Fetch = Callable[..., SimpleNamespace]

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
CONDITIONAL = [
    "/pypi/acme-blog/json",
    "/pypi/acme-blog/1.0/json",
    "/simple/",
    "/simple/acme-blog/",
    "/rss/updates.xml",
    "/rss/packages.xml",
]


def test_document_headers(fetch: Fetch) -> None:
    response = fetch("/pypi/acme-blog/json")

    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-PyPI-Last-Serial"] == "2" == str(response.json()["last_serial"])
    assert response.headers["Cache-Control"].startswith("max-age=900")
    assert response.json()["info"]["version"] == "2.0"
    assert set(response.json()["releases"]) == {"1.0", "2.0", "2.1a1"}


@pytest.mark.parametrize("path", CONDITIONAL)
def test_etag_returns_304(fetch: Fetch, path: str) -> None:
    first = fetch(path)

    same = fetch(path, {"If-None-Match": first.headers["ETag"]})
    weak = fetch(path, {"If-None-Match": f'"else", W/{first.headers["ETag"]}'})
    other = fetch(path, {"If-None-Match": '"else"'})

    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (weak.status, other.status) == (304, 200)
    assert same.headers["X-PyPI-Last-Serial"] == first.headers["X-PyPI-Last-Serial"]


@pytest.mark.parametrize("path", CONDITIONAL)
def test_etag_changes_with_document(fetch: Fetch, fake_registry: FakeRegistry, path: str) -> None:
    before = fetch(path)
    fake_registry.publish("acme-wiki", "1.0")
    fake_registry.publish("acme-blog", "3.0")
    fake_registry.add_role("acme-blog", "eve")

    after = fetch(path, {"If-None-Match": before.headers["ETag"]})

    assert after.status == 200
    assert after.headers["ETag"] != before.headers["ETag"]


def test_etag_changes_without_serial(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    before = fetch("/pypi/acme-blog/json")

    fake_registry.set_vulnerabilities("acme-blog", [{"id": "PYSEC-1", "aliases": [], "fixed_in": []}])

    after = fetch("/pypi/acme-blog/json", {"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert after.json()["vulnerabilities"][0]["id"] == "PYSEC-1"
    assert after.json()["last_serial"] == before.json()["last_serial"]


@pytest.mark.parametrize(
    ("requested_path", "location"),
    [
        ("/pypi/Acme.Blog/json", "/pypi/acme-blog/json"),
        ("/pypi/Acme_Blog/1.0/json", "/pypi/acme-blog/1.0/json"),
        ("/simple/Acme.Blog/", "/simple/acme-blog/"),
        ("/simple/acme-blog", "/simple/acme-blog/"),
        ("/simple", "/simple/"),
    ],
)
def test_other_spellings_redirect(fetch: Fetch, requested_path: str, location: str) -> None:
    response = fetch(requested_path)

    assert (response.status, response.headers["Location"]) == (301, location)


def test_escaped_path_and_query(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-blog", "3.0+local")

    response = fetch("/pypi/acme-blog/3.0%2Blocal/json?reason=cache")

    assert response.json()["info"]["version"] == "3.0+local"


@pytest.mark.parametrize(
    "path",
    ["/pypi/nobody/json", "/pypi/acme-blog/9.9/json", "/pypi/nobody/1.0/json", "/simple/Nobody/", "/else", "/pypi"],
)
def test_missing_is_404(fetch: Fetch, path: str) -> None:
    assert fetch(path).status == 404


@pytest.mark.parametrize(
    ("change", "page"),
    [
        (lambda fake_registry: fake_registry.quarantine("acme-shop"), 200),
        (lambda fake_registry: fake_registry.remove_release("acme-shop", "0.1"), 200),
        (lambda fake_registry: fake_registry.remove_project("acme-shop"), 404),
    ],
    ids=["quarantined", "without releases", "removed"],
)
def test_simple_index_distinguishes_removed_and_hidden(
    fetch: Fetch, fake_registry: FakeRegistry, change: Callable[[FakeRegistry], None], page: int
) -> None:
    change(fake_registry)

    assert fetch("/pypi/acme-shop/json").status == 404
    assert fetch("/pypi/acme-shop/0.1/json").status == 404
    assert fetch("/simple/acme-shop/").status == page


def test_simple_index_entries(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    fake_registry.add_filler_changes(5)

    response = fetch("/simple/", JSON)

    assert response.headers["Content-Type"] == JSON["Accept"]
    assert response.headers["X-PyPI-Last-Serial"] == "7"
    assert response.json() == {
        "meta": {"_last-serial": 7, "api-version": "1.4"},
        "projects": [{"_last-serial": 2, "name": "Acme.Blog"}, {"_last-serial": 1, "name": "acme-shop"}],
    }


def test_simple_page_status(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    fake_registry.archive("acme-blog")

    page = fetch("/simple/acme-blog/", JSON).json()

    assert page["name"] == "acme-blog"
    assert page["project-status"] == {"status": "archived"}
    assert page["files"][0].keys() >= {"filename", "url", "hashes", "size", "upload-time", "yanked", "provenance"}


def test_simple_html_by_default(fetch: Fetch) -> None:
    index, page = fetch("/simple/"), fetch("/simple/acme-shop/")

    assert index.headers["Content-Type"].startswith("text/html")
    assert b'<a href="/simple/acme-blog/">Acme.Blog</a>' in index.body
    assert b">acme_shop-0.1.tar.gz</a>" in page.body


def test_updates_feed(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("Acme.Blog", "3.0", info={"summary": "A <b>\x07 & more"})

    items = ET.fromstring(fetch("/rss/updates.xml").body).findall("./channel/item")

    entries = [{field.tag: field.text or "" for field in item} for item in items]
    assert [item["title"] for item in entries] == [
        "Acme.Blog 3.0",
        "Acme.Blog 2.1a1",
        "Acme.Blog 2.0",
        "Acme.Blog 1.0",
        "acme-shop 0.1",
    ]
    assert entries[0]["link"] == "https://pypi.example/project/acme-blog/3.0/"
    assert entries[0]["description"] == "A <b> & more"
    assert entries[0]["author"] == "ada@example.org"
    assert "author" not in entries[4]
    assert entries[0]["pubDate"].endswith("GMT")
    assert parsedate_to_datetime(entries[0]["pubDate"]).timestamp() == 1_800_000_000


def test_packages_feed(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-wiki", "1.0")

    items = ET.fromstring(fetch("/rss/packages.xml").body).findall("./channel/item")

    assert [item.findtext("title") for item in items] == [
        "acme-wiki added to PyPI",
        "Acme.Blog added to PyPI",
        "acme-shop added to PyPI",
    ]
    assert items[1].findtext("link") == "https://pypi.example/project/acme-blog/"


def test_feeds_are_limited(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    for number in range(101):
        fake_registry.publish(f"acme-{number}", "1.0", files=())

    releases = ET.fromstring(fetch("/rss/updates.xml").body).findall("./channel/item")
    projects = ET.fromstring(fetch("/rss/packages.xml").body).findall("./channel/item")

    assert (len(releases), len(projects)) == (100, 40)


def test_gzip_for_large_responses(fetch: Fetch, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-blog", "3.0", info={"description": "words " * 100_000})

    plain = fetch("/pypi/acme-blog/json")
    compressed = fetch("/pypi/acme-blog/json", {"Accept-Encoding": "gzip, deflate"})
    small = fetch("/pypi/acme-shop/json", {"Accept-Encoding": "gzip, deflate"})

    assert plain.headers["Content-Encoding"] is None
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.body) == plain.body
    assert small.headers["Content-Encoding"] is None


def test_document_lag(fetch: Fetch, pypi: LocalPyPI, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-blog", "3.0")
    fake_registry.remove_project("acme-shop")

    pypi.document_lag = 1
    stale, shop_response = fetch("/pypi/acme-blog/json"), fetch("/pypi/acme-shop/json")
    pypi.document_lag = 0
    fresh = fetch("/pypi/acme-blog/json")

    assert ("3.0" in stale.json()["releases"], stale.json()["last_serial"]) == (False, 2)
    assert ("3.0" in fresh.json()["releases"], fresh.json()["last_serial"]) == (True, 5)
    assert shop_response.status == 200


def test_index_lag(fetch: Fetch, pypi: LocalPyPI, fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-wiki", "1.0", files=())
    fake_registry.add_filler_changes(10)

    pypi.index_lag = 12
    stale = fetch("/simple/", JSON).json()
    pypi.index_lag = 10
    later = fetch("/simple/", JSON).json()

    assert stale["meta"]["_last-serial"] == 2
    assert [entry["name"] for entry in stale["projects"]] == ["Acme.Blog", "acme-shop"]
    assert later["meta"]["_last-serial"] == 4
    assert {"name": "acme-wiki", "_last-serial": 4} in later["projects"]


@pytest.mark.parametrize(
    ("retry_after", "pattern"),
    [(None, "None"), (RetryAfter(7), "7"), (RetryAfter(7, as_date=True), r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT")],
    ids=["untold", "seconds", "date"],
)
def test_rate_limit_returns_429(fetch: Fetch, pypi: LocalPyPI, retry_after: RetryAfter | None, pattern: str) -> None:
    pypi.rate_limit = RateLimit(2, period=3600, retry_after=retry_after)

    answers = [fetch("/pypi/acme-blog/json") for _ in range(4)]

    assert [response.status for response in answers] == [200, 200, 429, 429]
    assert re.fullmatch(pattern, str(answers[2].headers["Retry-After"]))


def test_rate_limit_period() -> None:
    limit = RateLimit(2, period=10.0)

    admitted = [limit.acquire(now) for now in (100.0, 101.0, 109.9, 110.0, 110.1, 110.2)]

    assert admitted == [True, True, False, True, True, False]
