import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from pyf.aggregator.domain.support.specifiers import has_upper_bound, parse_specifier


@pytest.mark.parametrize(
    ("published", "meaning"),
    [
        ("", ""),
        (">=3.9,!=3.9.1", ">=3.9,!=3.9.1"),
        (">=3.6.*", ">=3.6"),
        (">=2.7.*, <4.*", ">=2.7,<4"),
        ("~=3", ">=3,<4"),
        ("^3.8", ">=3.8,<4"),
        ("~3.8.1", ">=3.8.1,<3.9"),
        ("~=3.8", "~=3.8"),
        ("3.8", "==3.8.*"),
        ("=3.8.*", "==3.8.*"),
        (">='3.6'", ">=3.6"),
        ('">=3.6"', ">=3.6"),
        (">=3.6,", ">=3.6"),
        ("=>3.6", ">=3.6"),
        (">=3.7 <4", ">=3.7,<4"),
        ("(>=3.6)", ">=3.6"),
    ],
)
def test_old_spellings_have_their_meaning(published: str, meaning: str) -> None:
    assert parse_specifier(published) == SpecifierSet(meaning)


@pytest.mark.parametrize("published", [">=dev", "python 3", ">", "^banana", "?", "9" * 5000, ">=" + "1" * 5000])
def test_text_without_meaning_is_none(published: str) -> None:
    assert parse_specifier(published) is None


@given(st.text("<>=!~^.*,; 0123456789'\"v", max_size=30))
def test_any_text_is_accepted(text: str) -> None:
    parse_specifier(text)


@pytest.mark.parametrize(
    ("text", "is_bounded"),
    [(">=3.9", False), ("!=3.5.*,>=3", False), ("", False), (">=3.9,<4", True), ("~=3.9", True), ("==3.10.*", True)],
)
def test_upper_bound(text: str, is_bounded: bool) -> None:
    assert has_upper_bound(SpecifierSet(text)) is is_bounded
