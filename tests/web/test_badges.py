"""Badges show a number and a word, and say it aloud."""

from xml.etree.ElementTree import fromstring

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.web.badges import _COLOURS, _LABEL, _NEUTRAL, drawn, shortened

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("plone.api/health.svg", "health: 86 excellent"),
        ("PLONE_API/downloads.svg", "downloads: 12.3k/month"),
        ("plone.rest/health.svg", "health: unknown"),
        ("plone.rest/downloads.svg", "downloads: unknown"),
        ("plone.evil/health.svg", "health: quarantined"),
        ("plone.evil/downloads.svg", "downloads: unknown"),
    ],
)
def test_a_badge_shows_a_number_and_says_it(site: httpx.Client, path: str, said: str) -> None:
    answer = site.get(f"/badge/plone/{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    picture = fromstring(answer.content)
    assert (picture.findtext(f"{SVG}title"), picture.get("role"), picture.get("aria-label")) == (said, "img", said)
    assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("path", ["plone/nobody", "plone/plone.gone", "nowhere/plone.api"])
@pytest.mark.parametrize("kind", ["health", "downloads"])
def test_what_is_not_there_gets_a_picture_that_says_so(site: httpx.Client, path: str, kind: str) -> None:
    answer = site.get(f"/badge/{path}/{kind}.svg")

    assert answer.status_code == 404
    assert fromstring(answer.content).findtext(f"{SVG}title") == f"{kind}: not found"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=40))
def test_words_stay_words(words: str) -> None:
    picture = fromstring(drawn("label", words, "#000"))

    assert picture.findtext(f"{SVG}title") == f"label: {words}"


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (12_345, "12.3k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (1_234_567, "1.2M"),
        (987_654_321, "988M"),
        (5_000_000_000, "5.0G"),
    ],
)
def test_numbers_have_three_digits_at_most(number: int, short: str) -> None:
    assert shortened(number) == short


@given(st.integers(0, 999_499_999_999))
def test_a_short_number_is_never_long(number: int) -> None:
    assert sum(c.isdigit() for c in shortened(number)) <= 3


@pytest.mark.parametrize("colour", [_LABEL, _NEUTRAL, *_COLOURS.values()])
def test_white_can_be_read_on_every_colour(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG has it."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
