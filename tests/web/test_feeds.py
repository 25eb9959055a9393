"""Feeds are what RFC 4287 says, whatever packages say of themselves."""

import re
from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.domain.search import HealthBand, Question
from pyf.aggregator.web.atom import Entry, feed
from pyf.aggregator.web.feeds import feed_address
from served import served
from small_site import ADDRESSES, DAY, START, filled, project

ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def checked(body: bytes) -> Element:
    """Return a feed, after looking for all that RFC 4287 wants of it."""
    root = fromstring(body)
    assert root.tag == f"{ATOM}feed"
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    entries = root.findall(f"{ATOM}entry")
    for element in (root, *entries):
        for required in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{required}")) == 1
        assert (element.findtext(f"{ATOM}id") or "").startswith("urn:uuid:")
        assert MOMENT.fullmatch(element.findtext(f"{ATOM}updated") or "")
        assert len([link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"]) == 1
        assert all((link.get("href") or "").startswith("http") for link in element.findall(f"{ATOM}link"))
    identifiers = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(identifiers)) == len(identifiers)
    return root


def titles(site: httpx.Client, address: str) -> list[str]:
    answer = site.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml")
    return [entry.findtext(f"{ATOM}title") or "" for entry in checked(answer.content).findall(f"{ATOM}entry")]


def test_the_latest_releases_come_first(site: httpx.Client) -> None:
    assert titles(site, "/feeds/plone/updated.atom") == [
        "collective.easyform 4.0",
        "collective.hostile 1.0",
        "plone.api 2.0.0",
        "plone.rest 1.0",
        "Products.Old 0.9",
    ]


def test_projects_are_new_by_their_first_release(site: httpx.Client) -> None:
    assert titles(site, "/feeds/plone/new.atom")[-2:] == ["plone.api", "Products.Old"]


def test_a_feed_of_a_search_tells_of_what_the_search_finds(site: httpx.Client) -> None:
    question = Question(text="api", framework_versions=("Plone 6.1",), health=(HealthBand.EXCELLENT,))

    assert titles(site, feed_address("plone", "updated", question)) == ["plone.api 2.0.0"]
    assert titles(site, "/feeds/plone/new.atom?statuses=archived") == ["plone.rest"]


@pytest.mark.parametrize("address", ["/feeds/plone/old.atom", "/feeds/nowhere/new.atom"])
def test_there_are_no_other_feeds(site: httpx.Client, address: str) -> None:
    assert site.get(address).status_code == 404


def test_a_feed_names_a_parameter_that_it_does_not_take(site: httpx.Client) -> None:
    refused = site.get("/feeds/plone/new.atom?sort=name")

    assert (refused.status_code, refused.json()["faults"][0]["parameter"]) == (400, "sort")


@pytest.mark.parametrize("kind", ["new", "updated"])
def test_nothing_quarantined_and_no_address_is_in_a_feed(site: httpx.Client, kind: str) -> None:
    body = site.get(f"/feeds/plone/{kind}.atom").text

    assert "plone.evil" not in body
    assert not [address for address in ADDRESSES if address in body]


def test_entries_keep_their_identifiers_when_others_come() -> None:
    services = filled()
    with served(services, {}, web_max_age=0) as site:
        before = checked(site.get("/feeds/plone/updated.atom").content)
        services.index.put("plone", [project("plone.fresh", {"version": "1.0", "upload_timestamp": int(START - DAY)})])
        after = checked(site.get("/feeds/plone/updated.atom").content)

    old, new = ({entry.findtext(f"{ATOM}id") for entry in each.findall(f"{ATOM}entry")} for each in (before, after))
    assert old < new
    assert len(new - old) == 1
    assert before.findtext(f"{ATOM}id") == after.findtext(f"{ATOM}id")
    assert (before.findtext(f"{ATOM}updated") or "") < (after.findtext(f"{ATOM}updated") or "")


def test_an_empty_feed_is_a_feed_too(site: httpx.Client) -> None:
    assert titles(site, "/feeds/plone/new.atom?text=nothing-is-called-that") == []


@given(st.text(alphabet=st.characters(), max_size=80), st.integers(0, 2**35))
def test_whatever_a_package_says_stays_text(text: str, moment: int) -> None:
    entry = Entry(key=text, title=text, summary=text, address="https://here.example/", updated=moment)

    root = checked(
        feed(key="k", title=text, address="https://here.example/f", page="https://here.example/", entries=[entry])
    )

    shown = root.findtext(f"{ATOM}entry/{ATOM}summary") or ""
    assert len(shown) == len(text.replace("\r\n", "\n")) or "\r" in text
    assert [element.tag for element in root.iter()].count(f"{ATOM}entry") == 1
