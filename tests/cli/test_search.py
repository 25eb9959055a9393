"""`pyfsearch` as its users see it."""

import shutil
from typing import Any

import pytest

from shell import SEARCH, Ended, Shell


@pytest.fixture
def filled(shell: Shell) -> Shell:
    assert shell.call("-f", "-p", "plone").code == 0
    return shell


def asked(shell: Shell, *arguments: str, **settings: Any) -> Ended:
    return shell.call(*arguments, command="pyfsearch", **settings)


def names(ended: Ended) -> list[str]:
    return [hit["name"] for hit in ended.report["hits"]]


def test_a_package_is_found_and_shown_in_a_table_without_colours(filled: Shell) -> None:
    ended = asked(filled, "-p", "plone", "plone", "api")

    assert ended.code == 0
    assert ended.out.splitlines()[0].split() == ["package", "version", "date", "health", "a", "month", "summary"]
    assert ended.out.splitlines()[1].split()[0] == "Plone.Api"
    assert "\x1b" not in ended.out


def test_json_says_all_that_an_answer_has(filled: Shell) -> None:
    report = asked(filled, "-p", "plone", "plone.api", "--json").report

    assert {"total", "page", "per_page", "missing", "hits", "facets"} == report.keys()
    assert report["hits"][0]["name_normalized"] == "plone-api"
    assert report["hits"][0]["health_band"] in {"excellent", "good", "fair", "poor"}
    assert {"value": "active", "count": report["total"]} in report["facets"]["statuses"]


def test_all_is_found_without_a_query_page_by_page(filled: Shell) -> None:
    every = asked(filled, "-p", "plone", "--json", "--sort", "name", "--per-page", "250")

    pages = [
        names(asked(filled, "-p", "plone", "--json", "--sort", "name", "--per-page", "9", "--page", n)) for n in "12"
    ]

    assert names(every)[:4] == pages[0] + pages[1]
    assert every.report["total"] == len(names(every))


def test_filters_narrow_an_answer(filled: Shell) -> None:
    found = asked(filled, "-p", "plone", "--json", "--framework", "Plone 6.0", "--status", "active")

    assert 0 < found.report["total"] < asked(filled, "-p", "plone", "--json").report["total"]
    assert all("Plone 6.0" in hit["framework_versions"] for hit in found.report["hits"])


@pytest.mark.parametrize(
    ("option", "short", "whole"),
    [
        ("--framework", "6.0", "Plone 6.0"),
        ("--framework", "plone 6.0", "Plone 6.0"),
        ("--classifier", "framework :: plone :: 6.0", "Framework :: Plone :: 6.0"),
        ("--status", "ACTIVE", "active"),
    ],
)
def test_values_of_filters_are_found_as_people_write_them(filled: Shell, option: str, short: str, whole: str) -> None:
    exactly = asked(filled, "-p", "plone", "--json", option, whole)

    assert names(asked(filled, "-p", "plone", "--json", option, short)) == names(exactly) != []


def test_a_value_that_no_package_has_is_told_in_one_line_with_what_there_is(filled: Shell) -> None:
    ended = asked(filled, "-p", "plone", "--framework", "9.9", "--json")

    assert (ended.code, ended.report["total"]) == (0, 0)
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("No package has framework version 9.9; there are: Plone ")


def test_facets_are_shown_where_they_are_asked_for(filled: Shell) -> None:
    ended = asked(filled, "-p", "plone", "--facets")

    assert "framework versions" in ended.out
    assert "Plone 6.0 (" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zzzzqqqq",), "Nothing was found. Try fewer words, or fewer filters."),
        (("--page", "900"), "Page 900 is behind the last one, which is "),
    ],
)
def test_an_empty_page_is_explained(filled: Shell, arguments: tuple[str, ...], said: str) -> None:
    ended = asked(filled, "-p", "plone", *arguments)

    assert (ended.code, said in ended.err) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("plone",), 2),
        (("-t", "nowhere", "plone"), 2),
        (("-p", "nowhere", "plone"), 2),
        (("-p", "plone", "--page", "0"), 2),
        (("-p", "plone", "--health", "splendid"), 2),
        (("-p", "plone", "--updated-within", "-1"), 2),
    ],
)
def test_wrong_usage_is_one_line(filled: Shell, arguments: tuple[str, ...], code: int) -> None:
    ended = asked(filled, *arguments)

    assert (ended.code, ended.out) == (code, "")
    assert ended.error


def test_hostile_text_is_an_answer_like_others(filled: Shell) -> None:
    for text in ("'; DROP TABLE documents; --", "(" * 5000, "\u202eenolp", "<script>", "name:*", "\\"):
        assert asked(filled, "-p", "plone", "--", text).code == 0


def test_a_process_of_its_own_repairs_a_search_index_that_is_gone(filled: Shell) -> None:
    before = filled.run("-p", "plone", "plone.api", "--json", module=SEARCH)
    (folder,) = filled.folder.glob("*.sqlite3-search")
    shutil.rmtree(folder)

    after = filled.run("-p", "plone", "plone.api", "--json", module=SEARCH)

    assert after.report == before.report
    assert names(after)[0] == "Plone.Api"
