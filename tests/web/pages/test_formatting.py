"""Formatting of numbers, times and untrusted text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.web.pages import formatting


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (1234, "1.2k"),
        (12_345, "12.3k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_234_567, "1.2M"),
        (18_780_034, "18.8M"),
        (987_654_321, "988M"),
        (2_500_000_000, "2.5bn"),
    ],
)
def test_format_compact(number: int, expected: str) -> None:
    assert formatting.format_compact(number) == expected


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_format_compact_keeps_order(smaller: int, larger: int) -> None:
    def parse_compact(number: int) -> float:
        text = formatting.format_compact(number)
        digits = text.rstrip("kMbn")
        return float(digits) * {"": 1, "k": 1e3, "M": 1e6, "bn": 1e9}[text.removeprefix(digits)]

    assert (parse_compact(smaller) <= parse_compact(larger)) or smaller > larger


@given(st.integers(0, 999_499_999_999))
def test_format_compact_has_at_most_three_digits(number: int) -> None:
    assert sum(character.isdigit() for character in formatting.format_compact(number)) <= 3


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, "today"), (1, "1 day ago"), (6.9, "6 days ago"), (7, "1 week ago"), (40, "1 month ago"), (800, "2 years ago")],
)
def test_time_ago_uses_the_largest_unit(days: float, expected: str) -> None:
    now = 1_800_000_000

    assert formatting.format_time_ago(int(now - days * 86_400), now) == expected


def test_unknown_time_is_empty() -> None:
    assert (formatting.format_date(0), formatting.format_time_ago(0, 1.0)) == ("", "")


@given(st.text())
def test_single_line_removes_control_characters(text: str) -> None:
    line = formatting.to_clean_line(text)

    assert not set(line) & set("\n\r\t\x00\x0b\x7f\u202e\u2066\u2028")
    assert formatting.to_clean_line(line) == line


def test_sanitize_masks_emails() -> None:
    assert "@" not in formatting.sanitize("Ask ada@lovelace.example or <bob@builders.example>")


@pytest.mark.parametrize(
    ("names", "expected"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")]
)
def test_join_names(names: list[str], expected: str) -> None:
    assert formatting.join_names(names) == expected
