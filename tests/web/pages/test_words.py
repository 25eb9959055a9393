"""Numbers, times and strangers' texts as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.web.pages import words


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0 k"),
        (1234, "1.2 k"),
        (99_949, "100 k"),
        (999_499, "999 k"),
        (999_500, "1.0 M"),
        (1_234_567, "1.2 M"),
        (18_780_034, "19 M"),
        (2_500_000_000, "2.5 bn"),
    ],
)
def test_a_number_in_three_digits(number: int, said: str) -> None:
    assert words.shortly(number) == said


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_short_numbers_are_in_order(one: int, other: int) -> None:
    def value(number: int) -> float:
        digits, _, unit = words.shortly(number).partition(" ")
        return float(digits) * {"": 1, "k": 1e3, "M": 1e6, "bn": 1e9}[unit]

    assert (value(one) <= value(other)) or one > other


@given(st.integers(0, 10**12))
def test_a_short_number_is_short(number: int) -> None:
    assert len(words.shortly(number).partition(" ")[0].replace(".", "")) <= 4


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "today"), (1, "1 day ago"), (6.9, "6 days ago"), (7, "1 week ago"), (40, "1 month ago"), (800, "2 years ago")],
)
def test_how_long_ago_in_the_largest_unit(days: float, said: str) -> None:
    now = 1_800_000_000

    assert words.ago(int(now - days * 86_400), now) == said


def test_what_is_not_known_is_not_said() -> None:
    assert (words.date(0), words.ago(0, 1.0)) == ("", "")


@given(st.text())
def test_a_strangers_text_is_one_line_that_runs_its_own_way(text: str) -> None:
    shown = words.legible(text)

    assert not set(shown) & set("\n\r\t\x00\x0b\x7f\u202e\u2066\u2028")
    assert words.legible(shown) == shown


def test_a_mail_address_is_not_shown() -> None:
    assert "@" not in words.told("Ask ada@lovelace.example or <bob@builders.example>")


@pytest.mark.parametrize(
    ("names", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")]
)
def test_names_in_a_sentence(names: list[str], said: str) -> None:
    assert words.listed(names) == said
