"""A list has at most 60 KB, whatever packages say and whatever is asked, and leads on all the same."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from crowded_site import CLASSIFIERS, QUOTES, asking, crowded
from served import served
from strict_page import assert_whole

MOST = 60_000
CHOSEN = list(CLASSIFIERS[:30])
CROWDED = asking("classifier", CHOSEN, sort="name")


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    with served(crowded()) as client:
        yield client


def sent(page: str, label: str) -> dict[str, str]:
    """Return what the button of this label adds to what the filters' form asks for."""
    (tag,) = re.findall(rf'<button([^>]*form="filters-form"[^>]*)>{re.escape(label)}<', page)
    return {key: unescape(value) for key, value in re.findall(r'(name|value)="([^"]*)"', tag)}


@pytest.mark.parametrize(
    "address",
    [
        asking("classifier", []),
        CROWDED,
        asking("classifier", CHOSEN, q="plone " + QUOTES[:290], page="2"),
        asking("classifier", CHOSEN[:15], q="plone " + "🧨" * 290),
        asking("classifier", CHOSEN, page="99"),
        asking("license", [f"{number:02}{QUOTES[:60]}" for number in range(30)]),
        asking("license", [f"{number}{'x' * 90}" for number in range(70)]),
        asking("classifier", CHOSEN[:3], per_page="100"),
        "/in/plone",
        "/",
    ],
    ids=[
        "nothing",
        "classifiers",
        "quotes",
        "emoji",
        "behind",
        "licences",
        "too many",
        "100 hits",
        "start",
        "overview",
    ],
)
def test_the_fullest_page_has_at_most_60_kilobytes_and_is_whole(site: httpx.Client, address: str) -> None:
    answer = site.get(address)

    assert answer.status_code in (200, 400)
    assert_whole(answer.text)
    assert len(answer.content) <= MOST
    assert answer.text.count('class="hit"') in (0, 20)


def test_a_page_that_says_little_is_told_with_links(site: httpx.Client) -> None:
    plain = site.get("/in/plone/search?q=plone&sort=name").text
    crowded = site.get(CROWDED).text

    assert 'rel="next"' in plain
    assert 'form="filters-form"' not in plain.partition('class="pages"')[2]
    assert 'rel="next"' not in crowded


def test_the_ways_on_of_a_long_address_are_buttons_of_its_form(site: httpx.Client) -> None:
    page = site.get(CROWDED)

    assert sent(page.text, "Next") == {"name": "page", "value": "2"}
    assert sent(page.text, "2") == {"name": "page", "value": "2"}
    assert len(re.findall(r'name="classifier" value="[^"]*" checked', page.text)) == 30
    assert page.text.count("checked") == 30
    assert '<b class="badge">30<' in page.text


def test_a_filter_is_taken_away_by_its_key_and_the_address_is_clean_afterwards(site: httpx.Client) -> None:
    page = site.get(CROWDED).text
    key = re.findall(r'name="without" value="([^"]*)"', page)[0]

    answer = site.get(f"{CROWDED}&without={key}")

    pairs = parse_qsl(urlsplit(answer.headers["location"]).query)
    assert answer.status_code == 303
    assert [value for name, value in pairs if name == "classifier"] == CHOSEN[1:]
    assert ("sort", "name") in pairs
    assert "without" not in dict(pairs)


def test_the_feed_of_a_long_question_is_reached_through_the_form(site: httpx.Client) -> None:
    assert 'formaction="/in/plone/feed"' in site.get(CROWDED).text

    answer = site.get(CROWDED.replace("/search", "/feed"), follow_redirects=True)

    assert answer.status_code == 200
    assert answer.text.count("<entry>") == 50


def test_more_filters_than_there_is_room_for_are_refused_in_words(site: httpx.Client) -> None:
    many = site.get(asking("maintainer", [f"m{number}" for number in range(70)]))
    long = site.get(asking("license", ["x" * 201]))

    assert (many.status_code, long.status_code) == (400, 400)
    assert "So much can&#39;t be asked for at once: the first 30 filters were used." in many.text
    assert "A filter has 200 characters at most: what is longer was left out." in long.text
