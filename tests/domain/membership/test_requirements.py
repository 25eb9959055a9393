"""Requirements at run time, and requirements of an extra."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from pyf.aggregator.domain.membership.requirements import (
    ParsedRequirement,
    Requirements,
    excludes_python,
    parse_required_names,
    parse_requirement,
    parse_requirement_lines,
    parse_requirements,
)


@pytest.mark.parametrize(
    "line",
    [
        "Flask",
        "flask>=2.0,<4",
        "Flask (>=2.0)",
        "FLASK[async] >= 2 ; python_version < '3.8'",
        'flask; sys_platform == "win32" and implementation_name == "pypy"',
        "flask @ https://files.example/flask.zip",
        'flask; extra == "web" or python_version < "3"',
        'flask; extra != "bare"',
        'flask; (extra == "a" and os_name == "nt") or os_name == "posix"',
    ],
)
def test_requirement_without_extra_is_a_runtime_requirement(line: str) -> None:
    assert parse_requirements([line]).run_time == {"flask": line}


@pytest.mark.parametrize(
    ("line", "extras"),
    [
        ('flask; extra == "web"', ("web",)),
        ("Flask>=2 ; 'web' == extra", ("web",)),
        ('flask; python_version >= "3.8" and extra == "web"', ("web",)),
        ('flask; extra == "web" or extra == "all"', ("web", "all")),
        ('flask; (extra == "a" or extra == "b") and (os_name == "nt" or os_name == "posix")', ("a", "b")),
        ('flask; extra in "a b"', ()),
        ('flask; "a" in extras', ()),
    ],
)
def test_extra_requirement_is_reported_with_extra(line: str, extras: tuple[str, ...]) -> None:
    needed = parse_requirements([line])

    assert (needed.run_time, needed.extras) == ({}, {"flask": extras})


def test_one_matching_requirement_is_enough() -> None:
    needed = parse_requirements(['flask; extra == "web"', "Flask>=2; python_version < '3.10'", "flask>=3"])

    assert needed.run_time == {"flask": "Flask>=2; python_version < '3.10'"}


# Spellings of twenty years that tools of today reject: the line still names its project.
OLD_SPELLINGS = [
    "Flask>=0.10.*",
    "Flask (>=0.9,<2.0.*)",
    "Flask>='1.0'",
    "Flask~=2",
    "Flask>dev",
    "Flask==0.10.1-foo",
    "flask >= banana",
    "Flask (1.0)",
    "Flask 1.0",
    "Flask=>1.0",
    "Flask=1.0",
    "Flask^2.0",
    "Flask>=1.0,",
    "Flask,",
    "Flask[async]>=2.*",
    "flask>=1.0.*; python_version < '3.0.*'",
    "flask>=1.*;python_version<'3'",
    "flask; nonsense",
    "'Flask>=1.0'",
    "\tFlask  >=  1.* , <  2",
    "Flask @ not a url",
    "Flask>=1.* # for the web",
    "Flask # for the web",
]
NO_REQUIREMENTS = ["", "  ", "???", "-", "Flask is needed", "git+https://code.example/flask#egg=flask", "Flask,Jinja2"]


@pytest.mark.parametrize("line", OLD_SPELLINGS)
def test_invalid_requirement_counts_by_name(line: str) -> None:
    (displayed,) = parse_requirement_lines([line])

    assert parse_requirements([line]).run_time == {"flask": " ".join(line.split())}
    assert parse_required_names([line]) == {"flask"}
    assert (displayed.name_normalized, displayed.extras) == ("flask", ())


@pytest.mark.parametrize(
    ("line", "extras"),
    [("flask>=0.9.*; extra == 'web'", ("web",)), ("flask>dev ; 'a' == extra or extra == 'b'", ("a", "b"))],
)
def test_old_spellings_keep_their_extras(line: str, extras: tuple[str, ...]) -> None:
    assert parse_requirements([line]).extras == {"flask": extras}
    assert parse_requirement_lines([line])[0].extras == extras


def test_invalid_marker_with_an_extra_does_not_count_as_run_time() -> None:
    assert parse_requirements(["flask; extra =="]) == Requirements(extras={"flask": ()})


@pytest.mark.parametrize("line", NO_REQUIREMENTS)
def test_line_without_a_plain_name_is_displayed_as_published(line: str) -> None:
    displayed = parse_requirement_lines([line])

    assert parse_requirements([line, "jinja2"]).run_time == {"jinja2": "jinja2"}
    assert parse_required_names([line]) == frozenset()
    assert [(shown.name, shown.name_normalized) for shown in displayed] == [(line, "")] * bool(line.strip())


def test_unparsable_requirement_is_displayed_as_published() -> None:
    lines = parse_requirement_lines(["B (>=0.9,<2.0.*)", "A>=0.10.*; python_version < '3.0.*'", "what is this"])

    assert [(line.name, line.versions, line.condition) for line in lines] == [
        ("A", ">=0.10.*", 'python_version < "3.0.*"'),
        ("B", ">=0.9,<2.0.*", ""),
        ("what is this", "", ""),
    ]


@given(st.text(max_size=60) | st.text("flask [];=\"'()<>extraos_nm0123andor", max_size=40))
def test_any_line_is_accepted(line: str) -> None:
    parse_requirements([line, f"flask; {line}"])


def test_marker_of_many_parentheses_is_invalid() -> None:
    marker = "(" * 50_000

    assert parse_requirement(f"flask; {marker}") == ParsedRequirement(name="flask", condition=marker)
    assert not excludes_python(marker, "3.14")


def test_only_what_is_wanted_is_looked_at() -> None:
    assert parse_requirements(["Flask", "Jinja2"], {"jinja2"}.__contains__).run_time == {"jinja2": "Jinja2"}


_EXTRA = [f'extra == "{extra}"' for extra in "ab"] + ['extra != "a"', '"b" != extra']
_SYSTEMS = [f'os_name == "{system}"' for system in ("nt", "posix", "java")]
_PYTHONS = [f'python_version == "{version}"' for version in ("3.8", "3.12")]
_MARKERS = st.recursive(
    st.sampled_from([*_EXTRA, *_SYSTEMS, *_PYTHONS]),
    lambda parts: st.builds("({} {} {})".format, parts, st.sampled_from(["and", "or"]), parts),
    max_leaves=6,
)


@given(_MARKERS)
def test_marker_of_any_system_counts(marker: str) -> None:
    """Conditions that exclude each other are not detected."""
    holds = any(
        Marker(marker).evaluate({"extra": "", "os_name": system, "python_version": version})
        for system, version in product(("nt", "posix", "java"), ("3.8", "3.12"))
    )

    if holds:
        assert parse_requirements([f"flask; {marker}"]).run_time


@given(st.lists(st.sampled_from(_EXTRA), min_size=1, max_size=4), st.sampled_from([" and ", " or "]))
def test_extra_markers_are_evaluated_like_packaging(comparisons: list[str], joint: str) -> None:
    marker = joint.join(comparisons)

    assert bool(parse_requirements([f"flask; {marker}"]).run_time) is Marker(marker).evaluate({"extra": ""})
