"""The local PyPI over HTTP: what PyPI does, seen by a client that knows nothing of it."""

import gzip
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import pytest

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.faults import RetryAfter
from pyf.aggregator.sample.limits import RateLimit
from pyf.aggregator.sample.services import LocalPyPI

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


def test_a_document_carries_its_serial_and_how_long_it_is_good(fetch: Fetch) -> None:
    answer = fetch("/pypi/acme-blog/json")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-PyPI-Last-Serial"] == "2" == str(answer.json()["last_serial"])
    assert answer.headers["Cache-Control"].startswith("max-age=900")
    assert answer.json()["info"]["version"] == "2.0"
    assert set(answer.json()["releases"]) == {"1.0", "2.0", "2.1a1"}


@pytest.mark.parametrize("path", CONDITIONAL)
def test_what_the_client_holds_is_not_sent_again(fetch: Fetch, path: str) -> None:
    first = fetch(path)

    same = fetch(path, {"If-None-Match": first.headers["ETag"]})
    weak = fetch(path, {"If-None-Match": f'"else", W/{first.headers["ETag"]}'})
    other = fetch(path, {"If-None-Match": '"else"'})

    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (weak.status, other.status) == (304, 200)
    assert same.headers["X-PyPI-Last-Serial"] == first.headers["X-PyPI-Last-Serial"]


@pytest.mark.parametrize("path", CONDITIONAL)
def test_a_change_gives_another_tag(fetch: Fetch, ecosystem: Ecosystem, path: str) -> None:
    before = fetch(path)
    ecosystem.publish("acme-wiki", "1.0")
    ecosystem.publish("acme-blog", "3.0")
    ecosystem.add_role("acme-blog", "eve")

    after = fetch(path, {"If-None-Match": before.headers["ETag"]})

    assert after.status == 200
    assert after.headers["ETag"] != before.headers["ETag"]


def test_a_change_without_a_serial_changes_the_document_all_the_same(fetch: Fetch, ecosystem: Ecosystem) -> None:
    before = fetch("/pypi/acme-blog/json")

    ecosystem.set_vulnerabilities("acme-blog", [{"id": "PYSEC-1", "aliases": [], "fixed_in": []}])

    after = fetch("/pypi/acme-blog/json", {"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert after.json()["vulnerabilities"][0]["id"] == "PYSEC-1"
    assert after.json()["last_serial"] == before.json()["last_serial"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/pypi/Acme.Blog/json", "/pypi/acme-blog/json"),
        ("/pypi/Acme_Blog/1.0/json", "/pypi/acme-blog/1.0/json"),
        ("/simple/Acme.Blog/", "/simple/acme-blog/"),
        ("/simple/acme-blog", "/simple/acme-blog/"),
        ("/simple", "/simple/"),
    ],
)
def test_other_spellings_are_sent_to_the_normalised_name(fetch: Fetch, asked: str, told: str) -> None:
    answer = fetch(asked)

    assert (answer.status, answer.headers["Location"]) == (301, told)


def test_escaped_paths_and_queries_are_understood(fetch: Fetch, ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-blog", "3.0+local")

    answer = fetch("/pypi/acme-blog/3.0%2Blocal/json?reason=cache")

    assert answer.json()["info"]["version"] == "3.0+local"


@pytest.mark.parametrize(
    "path",
    ["/pypi/nobody/json", "/pypi/acme-blog/9.9/json", "/pypi/nobody/1.0/json", "/simple/Nobody/", "/else", "/pypi"],
)
def test_what_is_not_there_is_a_404(fetch: Fetch, path: str) -> None:
    assert fetch(path).status == 404


@pytest.mark.parametrize(
    ("change", "page"),
    [
        (lambda ecosystem: ecosystem.quarantine("acme-shop"), 200),
        (lambda ecosystem: ecosystem.remove_release("acme-shop", "0.1"), 200),
        (lambda ecosystem: ecosystem.remove_project("acme-shop"), 404),
    ],
    ids=["quarantined", "without releases", "removed"],
)
def test_only_the_simple_index_tells_gone_from_hidden(
    fetch: Fetch, ecosystem: Ecosystem, change: Callable[[Ecosystem], None], page: int
) -> None:
    change(ecosystem)

    assert fetch("/pypi/acme-shop/json").status == 404
    assert fetch("/pypi/acme-shop/0.1/json").status == 404
    assert fetch("/simple/acme-shop/").status == page


def test_the_simple_index_lists_display_names_with_their_serials(fetch: Fetch, ecosystem: Ecosystem) -> None:
    ecosystem.tick(5)

    answer = fetch("/simple/", JSON)

    assert answer.headers["Content-Type"] == JSON["Accept"]
    assert answer.headers["X-PyPI-Last-Serial"] == "7"
    assert answer.json() == {
        "meta": {"_last-serial": 7, "api-version": "1.4"},
        "projects": [{"_last-serial": 2, "name": "Acme.Blog"}, {"_last-serial": 1, "name": "acme-shop"}],
    }


def test_a_simple_page_tells_the_status(fetch: Fetch, ecosystem: Ecosystem) -> None:
    ecosystem.archive("acme-blog")

    page = fetch("/simple/acme-blog/", JSON).json()

    assert page["name"] == "acme-blog"
    assert page["project-status"] == {"status": "archived"}
    assert page["files"][0].keys() >= {"filename", "url", "hashes", "size", "upload-time", "yanked", "provenance"}


def test_who_does_not_ask_for_json_gets_html(fetch: Fetch) -> None:
    index, page = fetch("/simple/"), fetch("/simple/acme-shop/")

    assert index.headers["Content-Type"].startswith("text/html")
    assert b'<a href="/simple/acme-blog/">Acme.Blog</a>' in index.body
    assert b">acme_shop-0.1.tar.gz</a>" in page.body


def test_the_feed_of_releases_tells_them_newest_first(fetch: Fetch, ecosystem: Ecosystem) -> None:
    ecosystem.publish("Acme.Blog", "3.0", info={"summary": "A <b>\x07 & more"})

    items = ET.fromstring(fetch("/rss/updates.xml").body).findall("./channel/item")

    told = [{field.tag: field.text or "" for field in item} for item in items]
    assert [item["title"] for item in told] == [
        "Acme.Blog 3.0",
        "Acme.Blog 2.1a1",
        "Acme.Blog 2.0",
        "Acme.Blog 1.0",
        "acme-shop 0.1",
    ]
    assert told[0]["link"] == "https://pypi.example/project/acme-blog/3.0/"
    assert told[0]["description"] == "A <b> & more"
    assert told[0]["author"] == "ada@example.org"
    assert "author" not in told[4]
    assert told[0]["pubDate"].endswith("GMT")
    assert parsedate_to_datetime(told[0]["pubDate"]).timestamp() == 1_800_000_000


def test_the_feed_of_projects_tells_no_versions(fetch: Fetch, ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-wiki", "1.0")

    items = ET.fromstring(fetch("/rss/packages.xml").body).findall("./channel/item")

    assert [item.findtext("title") for item in items] == [
        "acme-wiki added to PyPI",
        "Acme.Blog added to PyPI",
        "acme-shop added to PyPI",
    ]
    assert items[1].findtext("link") == "https://pypi.example/project/acme-blog/"


def test_the_feeds_forget(fetch: Fetch, ecosystem: Ecosystem) -> None:
    for number in range(101):
        ecosystem.publish(f"acme-{number}", "1.0", files=())

    releases = ET.fromstring(fetch("/rss/updates.xml").body).findall("./channel/item")
    projects = ET.fromstring(fetch("/rss/packages.xml").body).findall("./channel/item")

    assert (len(releases), len(projects)) == (100, 40)


def test_large_answers_are_compressed_for_those_who_ask(fetch: Fetch, ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-blog", "3.0", info={"description": "words " * 100_000})

    plain = fetch("/pypi/acme-blog/json")
    packed = fetch("/pypi/acme-blog/json", {"Accept-Encoding": "gzip, deflate"})
    small = fetch("/pypi/acme-shop/json", {"Accept-Encoding": "gzip, deflate"})

    assert plain.headers["Content-Encoding"] is None
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert small.headers["Content-Encoding"] is None


def test_documents_may_lag_behind_until_told_otherwise(fetch: Fetch, pypi: LocalPyPI, ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-blog", "3.0")
    ecosystem.remove_project("acme-shop")

    pypi.document_lag = 1
    stale, gone = fetch("/pypi/acme-blog/json"), fetch("/pypi/acme-shop/json")
    pypi.document_lag = 0
    fresh = fetch("/pypi/acme-blog/json")

    assert ("3.0" in stale.json()["releases"], stale.json()["last_serial"]) == (False, 2)
    assert ("3.0" in fresh.json()["releases"], fresh.json()["last_serial"]) == (True, 5)
    assert gone.status == 200


def test_the_simple_index_may_lag_behind(fetch: Fetch, pypi: LocalPyPI, ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-wiki", "1.0", files=())
    ecosystem.tick(10)

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
def test_too_many_requests_are_refused(
    fetch: Fetch, pypi: LocalPyPI, retry_after: RetryAfter | None, pattern: str
) -> None:
    pypi.rate_limit = RateLimit(2, period=3600, retry_after=retry_after)

    answers = [fetch("/pypi/acme-blog/json") for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert re.fullmatch(pattern, str(answers[2].headers["Retry-After"]))


def test_a_limit_ends_with_its_period() -> None:
    limit = RateLimit(2, period=10.0)

    admitted = [limit.admits(now) for now in (100.0, 101.0, 109.9, 110.0, 110.1, 110.2)]

    assert admitted == [True, True, False, True, True, False]
