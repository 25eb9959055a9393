"""`order` and `sortable` agree with the comparison of packaging."""

import re
from itertools import pairwise, product
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from pyf.aggregator.domain.documents.version import (
    INT64_MAX,
    VersionParts,
    parse_version_parts,
    to_order_key,
    to_sortable,
)

NOT_PEP_440 = ["", "1.0-SNAPSHOT-x", "not a version", "2004a-beta_foo", "zzz", "1.0+", "1..2", "9" * 5000, "1\u0660"]

# Every way to be related to 1.0 and 1.0a1, lowest first (PEP 440, "Summary of permitted suffixes").
ASCENDING_PRE_RELEASES = """
    1.0.dev0 1.0.dev1 1.0.dev1+local 1.0.dev10000 1.0a0.dev1 1.0a0 1.0a1.dev1 1.0a1.dev1+local 1.0a1 1.0a1+local
    1.0a1.post0.dev1 1.0a1.post0 1.0a1.post1.dev1 1.0a1.post1 1.0a1.post1+local 1.0a2.dev0 1.0a2 1.0a9999 1.0a10000.dev1
    1.0a10000 1.0b0.dev1 1.0b0 1.0b1 1.0rc0.dev1 1.0rc0 1.0rc1 1.0rc1.post1 1.0.post0.dev1 1.0.post1.dev1 1.0.0.1.dev1
    1.1.dev1 1!0.dev1 9999!0.dev1 10000!0.dev1
"""
ASCENDING_STABLE = """
    0 0.0.1 1.0 1.0+a 1.0+a.a 1.0+a.0 1.0+a0 1.0+aa 1.0+b 1.0+0 1.0+0.a 1.0+0.0 1.0+1 1.0+9999 1.0+10000 1.0.post0
    1.0.post1 1.0.post1+local 1.0.post10000 1.0.0.0.1 1.0.0.1 1.0.0.1.post1 1.0.0.1.1 1.0.0.9999 1.0.0.10000 1.0.1
    1.0.10000 1.1 9999 9999.1 10000 99999 100000 20240101.1 20240102 1000000000000 1!0 1!1 2!0
"""


class VersionIngredients(NamedTuple):
    """What a version is made of; None or () for what it lacks."""

    epoch: int | None
    release: tuple[int, ...]
    pre: tuple[str, int] | None
    post: int | None
    dev: int | None
    local: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(
            (
                "" if self.epoch is None else f"{self.epoch}!",
                ".".join(map(str, self.release)),
                "" if self.pre is None else f"{self.pre[0]}{self.pre[1]}",
                "" if self.post is None else f".post{self.post}",
                "" if self.dev is None else f".dev{self.dev}",
                f"+{'.'.join(self.local)}" if self.local else "",
            )
        )


boundaries = st.sampled_from([0, 1, 2, 9, 10, 9998, 9999, 10_000, 10_001, 99_999, 100_000, 10**24 - 1, 10**24, 10**40])
numbers = st.one_of(boundaries, st.integers(0, 10**12))
labels = st.one_of(st.text("09az", min_size=1, max_size=4), numbers.map(str))
strategies: dict[str, st.SearchStrategy[Any]] = {
    "epoch": st.one_of(st.none(), numbers),
    "release": st.lists(numbers, min_size=1, max_size=6).map(tuple),
    "pre": st.one_of(st.none(), st.tuples(st.sampled_from(["a", "b", "rc"]), numbers)),
    "post": st.one_of(st.none(), numbers),
    "dev": st.one_of(st.none(), numbers),
    "local": st.one_of(st.just(()), st.lists(labels, min_size=1, max_size=3).map(tuple)),
}
ingredients = st.builds(VersionIngredients, **strategies)
versions = ingredients.map(str)


def is_pep_440(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


others = st.one_of(st.sampled_from(NOT_PEP_440), st.text(), versions.map("x{}".format)).filter(
    lambda text: text in NOT_PEP_440 or not is_pep_440(text)
)


@st.composite
def draw_near_pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Two versions that differ in one or two ingredients, or only in zeros at the end."""
    first = second = draw(ingredients)
    for change in draw(st.lists(st.sampled_from([*strategies, "next", "zeros"]), min_size=1, max_size=2)):
        release = second.release
        if change == "next":
            place = draw(st.integers(0, len(release) - 1))
            second = second._replace(release=(*release[:place], release[place] + 1, *release[place + 1 :]))
        elif change == "zeros":
            second = second._replace(release=(*release, 0))
        else:
            second = second._replace(**{change: draw(strategies[change])})
    return str(first), str(second)


def compare(first: Any, second: Any) -> int:
    return int(first > second) - int(first < second)


def compute_expected_key(version: str) -> tuple[bool, Version]:
    parsed = Version(version)
    return not parsed.is_prerelease, parsed


def remove_dots(version: str) -> str:
    return to_sortable(version).replace(".", "")


def assert_same_order(first: str, second: str) -> None:
    truth = compare(compute_expected_key(first), compute_expected_key(second))
    assert compare(to_sortable(first), to_sortable(second)) == truth
    assert compare(remove_dots(first), remove_dots(second)) == truth
    assert compare(to_order_key(first), to_order_key(second)) == truth


@settings(max_examples=100)
@given(versions, versions)
def test_keys_sort_as_versions_do(first: str, second: str) -> None:
    assert_same_order(first, second)


@settings(max_examples=100)
@given(draw_near_pairs())
def test_keys_sort_like_versions(pair: tuple[str, str]) -> None:
    assert_same_order(*pair)


def test_keys_sort_a_whole_small_universe_as_versions_do() -> None:
    """Every combination of a few values, sorted: neighbours tell for all pairs."""
    universe = [
        VersionIngredients(*combination)
        for combination in product(
            (None, 1),
            ((0,), (1,), (1, 0, 0, 0, 1), (1, 0, 0, 1), (10_000,)),
            (None, ("a", 0), ("a", 1), ("a", 10_000), ("b", 0), ("rc", 1)),
            (None, 0, 10_000),
            (None, 0, 9_999),
            ((), ("a",), ("a", "0"), ("a0",), ("0",), ("10000",)),
        )
    ]

    ascending = sorted(map(str, universe), key=compute_expected_key)

    assert len(ascending) == 3_240
    for lower, higher in pairwise(ascending):
        assert to_sortable(lower) < to_sortable(higher)
        assert remove_dots(lower) < remove_dots(higher)
        assert to_order_key(lower) < to_order_key(higher)


@pytest.mark.parametrize("in_order", [ASCENDING_PRE_RELEASES, ASCENDING_STABLE], ids=["pre-releases", "stable"])
def test_versions_sort_by_kind(in_order: str) -> None:
    ascending = in_order.split()
    shuffled = ascending[1::2] + ascending[0::2]

    assert sorted(shuffled, key=to_sortable) == ascending
    assert sorted(shuffled, key=remove_dots) == ascending
    assert sorted(shuffled, key=to_order_key) == ascending


def test_stable_versions_sort_above_pre_releases() -> None:
    lowest_stable, highest_pre_release = ASCENDING_STABLE.split()[0], ASCENDING_PRE_RELEASES.split()[-1]

    assert to_sortable(highest_pre_release) < to_sortable(lowest_stable)
    assert remove_dots(highest_pre_release) < remove_dots(lowest_stable)
    assert to_order_key(highest_pre_release) < to_order_key(lowest_stable)


@pytest.mark.parametrize("spelling", ["1", "1.0.0", "v1.0", " 1.0 ", "1.0.0.0.0", "0!1"])
def test_equal_versions_share_a_key(spelling: str) -> None:
    assert to_sortable(spelling) == to_sortable("1.0")
    assert to_order_key(spelling) == to_order_key("1.0")


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("2.5.3", "1.0002.0005.0003.0000.0000"),
        ("3.0.0a2", "0.0003.0000.0000.0001.0002"),
        ("0.dev0", "0.0000.0000.0000.0000.0000"),
        ("1.2.10", "1.0001.0002.0010.0000.0000"),
        ("5", "1.0005.0000.0000.0000.0000"),
        ("1.0.0.dev1", "0.0001.0000.0000.0000.0001"),
        ("6.0b13", "0.0006.0000.0000.0002.0013"),
        ("9999.9999.9999rc9999", "0.9999.9999.9999.0003.9999"),
        ("v1.0", "1.0001.0000.0000.0000.0000"),
        ("1.0.ALPHA-1", "0.0001.0000.0000.0001.0001"),
        ("1.0c", "0.0001.0000.0000.0003.0000"),
    ],
)
def test_documented_examples(version: str, key: str) -> None:
    assert to_sortable(version) == key


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("20240101.1", "1.d20240101.0001.0000.0000.0000"),
        ("1.2.3.4", "1.0001.0002.0003.x0004.0000.0000"),
        ("1!2.0", "1.z0001.0002.0000.0000.0000.0000"),
        ("1.0.post1", "1.0001.0000.0000.0004.0001"),
        ("1.0.post1.dev2", "0.0001.0000.0000.0004.0001.d0002"),
        ("1.0a2.dev3", "0.0001.0000.0000.0001.0001.y0003"),
        ("1.0b0.dev3", "0.0001.0000.0000.0001.y0003"),
        ("1.0a2.post1", "0.0001.0000.0000.0001.0002.p0001.f"),
        ("1.0a2.post1.dev3", "0.0001.0000.0000.0001.0002.p0001.d0003"),
        ("1.0+ab.7", "1.0001.0000.0000.0000.0000.l1a1b0.n0007"),
        (f"{10**24}", f"1.u0025{10**24}.0000.0000.0000.0000"),
    ],
)
def test_long_version_sorts_with_letters(version: str, key: str) -> None:
    assert to_sortable(version) == key


@given(
    st.lists(st.integers(0, 9_999), min_size=1, max_size=3),
    st.sampled_from([(".dev", 0), ("a", 1), ("b", 2), ("rc", 3), None]),
    st.integers(0, 9_999),
)
def test_six_segments_are_written_as_documented(release: list[int], pre: tuple[str, int] | None, number: int) -> None:
    version = ".".join(map(str, release)) + (f"{pre[0]}{number}" if pre else "")
    major, minor, bugfix = (*release, 0, 0)[:3]
    stable, pretype, prenum = (0, pre[1], number) if pre else (1, 0, 0)

    assert to_sortable(version) == f"{stable}.{major:04}.{minor:04}.{bugfix:04}.{pretype:04}.{prenum:04}"


@given(st.one_of(versions, others))
def test_keys_are_digits_small_letters_and_dots(version: str) -> None:
    assert re.fullmatch("[0-9a-z.]+", to_sortable(version))


@given(others, versions)
@example(other="", version="0.dev0")
@example(other="zzz", version="0.0.0.dev0")
def test_invalid_version_sorts_below_valid(other: str, version: str) -> None:
    assert to_sortable(other) < to_sortable(version)
    assert remove_dots(other) < remove_dots(version)
    assert to_order_key(other) < to_order_key(version)


@given(st.lists(others))
def test_invalid_versions_sort_by_text(texts: list[str]) -> None:
    assert sorted(texts, key=to_order_key) == sorted(texts)
    assert len({to_sortable(text) for text in texts}) <= 1


@pytest.mark.parametrize(
    ("version", "major", "minor", "bugfix", "postfix"),
    [
        ("2.5.3", 2, 5, 3, ""),
        ("1", 1, 0, 0, ""),
        ("1.2.3.4", 1, 2, 3, ""),
        ("3.0.0a2", 3, 0, 0, "a2"),
        ("1.0-1", 1, 0, 0, ".post1"),
        ("1.0.DEV3", 1, 0, 0, ".dev3"),
        ("v2!1.0.Alpha.2.rev1_dev3+Local-7", 1, 0, 0, "a2.post1.dev3+local.7"),
        ("1.0-SNAPSHOT-x", 0, 0, 0, ""),
        ("", 0, 0, 0, ""),
    ],
)
def test_parts_are_three_numbers_and_the_rest(version: str, major: int, minor: int, bugfix: int, postfix: str) -> None:
    assert parse_version_parts(version) == VersionParts(major=major, minor=minor, bugfix=bugfix, postfix=postfix)


@given(versions)
@example(str(INT64_MAX + 1))
def test_parts_fit_into_an_int64(version: str) -> None:
    found = parse_version_parts(version)

    assert all(0 <= number < 2**63 for number in (found.major, found.minor, found.bugfix))


@given(versions)
def test_release_numbers_and_postfix_make_the_normalized_version(version: str) -> None:
    parsed = Version(version)

    assert parsed.base_version + parse_version_parts(version).postfix == str(parsed)
