"""`pyfsearch` on a local index."""

import shutil
from typing import Any

import pytest

from pyf.aggregator.cli.commands.search import search
from pyf.aggregator.domain.documents.schema import FACETS
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.web.urls import SEARCH_PARAMS
from support.cli_runner import SEARCH, CommandRunner, CompletedCommand


@pytest.fixture
def filled_shell(shell: CommandRunner) -> CommandRunner:
    assert shell.invoke("-f", "-p", "plone").code == 0
    return shell


def run_search(shell: CommandRunner, *arguments: str, **settings: Any) -> CompletedCommand:
    return shell.invoke(*arguments, command="pyfsearch", **settings)


def get_names(result: CompletedCommand) -> list[str]:
    return [hit["name"] for hit in result.report["hits"]]


def test_results_table_without_colors(filled_shell: CommandRunner) -> None:
    result = run_search(filled_shell, "-p", "plone", "plone", "api")

    assert result.code == 0
    assert result.out.splitlines()[0].split() == ["package", "version", "date", "health", "a", "month", "summary"]
    assert result.out.splitlines()[1].split()[0] == "Plone.Api"
    assert "\x1b" not in result.out


def test_json_contains_all_fields(filled_shell: CommandRunner) -> None:
    report = run_search(filled_shell, "-p", "plone", "plone.api", "--json").report

    assert {"total", "page", "per_page", "missing", "did_you_mean", "hits", "facets"} == report.keys()
    assert report["hits"][0]["name_normalized"] == "plone-api"
    assert report["hits"][0]["health_band"] in {"excellent", "good", "fair", "poor"}
    assert {"value": "active", "count": report["total"]} in report["facets"]["status"]


def test_empty_query_lists_all_pages(filled_shell: CommandRunner) -> None:
    every = run_search(filled_shell, "-p", "plone", "--json", "--sort", "name", "--per-page", "100")

    pages = [
        get_names(run_search(filled_shell, "-p", "plone", "--json", "--sort", "name", "--per-page", "9", "--page", n))
        for n in "12"
    ]

    assert get_names(every)[:4] == pages[0] + pages[1]
    assert every.report["total"] == len(get_names(every))


def test_filters_narrow_results(filled_shell: CommandRunner) -> None:
    result = run_search(filled_shell, "-p", "plone", "--json", "--framework", "Plone 6.0", "--status", "active")

    assert 0 < result.report["total"] < run_search(filled_shell, "-p", "plone", "--json").report["total"]
    assert all("Plone 6.0" in hit["framework_versions"] for hit in result.report["hits"])


@pytest.mark.parametrize(
    ("option", "short", "full_value"),
    [
        ("--framework", "6.0", "Plone 6.0"),
        ("--framework", "plone 6.0", "Plone 6.0"),
        ("--classifier", "framework :: plone :: 6.0", "Framework :: Plone :: 6.0"),
        ("--status", "ACTIVE", "active"),
    ],
)
def test_filter_values_accept_short_forms(
    filled_shell: CommandRunner, option: str, short: str, full_value: str
) -> None:
    exactly = run_search(filled_shell, "-p", "plone", "--json", option, full_value)

    assert get_names(run_search(filled_shell, "-p", "plone", "--json", option, short)) == get_names(exactly) != []


def test_unknown_filter_value_suggests_known_values(filled_shell: CommandRunner) -> None:
    result = run_search(filled_shell, "-p", "plone", "--framework", "9.9", "--json")

    assert (result.code, result.report["total"]) == (0, 0)
    assert len(result.err.splitlines()) == 1
    assert result.err.startswith("No package has framework version 9.9. Did you mean: Plone ")


def test_facets_option(filled_shell: CommandRunner) -> None:
    result = run_search(filled_shell, "-p", "plone", "--facets")

    assert "framework version" in result.out
    assert "Plone 6.0 (" in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zzzzqqqq",), "No package matches. Try fewer words, or fewer filters."),
        (("plone.apixyz",), "No package matches. Did you mean Plone.Api"),
        (("--page", "900"), "Page 900 does not exist (last page: "),
    ],
)
def test_empty_page_is_explained(filled_shell: CommandRunner, arguments: tuple[str, ...], message: str) -> None:
    result = run_search(filled_shell, "-p", "plone", *arguments)

    assert (result.code, message in result.err) == (0, True)


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
def test_usage_error_is_one_line(filled_shell: CommandRunner, arguments: tuple[str, ...], code: int) -> None:
    result = run_search(filled_shell, *arguments)

    assert (result.code, result.out) == (code, "")
    assert result.error


def test_declared_only_is_an_option(filled_shell: CommandRunner) -> None:
    result = run_search(filled_shell, "-p", "plone", "--python", "3.11", "--declared-only")

    assert (result.code, result.out) == (0, "")
    assert "No package has Python version 3.11" in result.err


def test_major_version_of_the_framework(filled_shell: CommandRunner) -> None:
    hits = run_search(filled_shell, "-p", "plone", "--json", "--framework", "6", "--per-page", "100").report["hits"]

    assert hits
    assert all(any(version.startswith("Plone 6") for version in hit["framework_versions"]) for hit in hits)


def test_options_have_the_names_of_the_parameters_of_api_and_pages() -> None:
    options = {parameter.name for parameter in search.params}

    assert options - {"profile", "target", "facets", "as_json", "query"} == SEARCH_PARAMS - {"q"}
    assert set(FACETS) < SEARCH_PARAMS


def test_number_of_filter_values_is_limited(shell: CommandRunner) -> None:
    result = run_search(shell, "-p", "plone", *(f"--license=L{number}" for number in range(31)))

    assert (result.code, result.error) == (2, "At most 30 filter values can be given.")


def test_hostile_query_text(filled_shell: CommandRunner) -> None:
    for text in ("'; DROP TABLE documents; --", "(" * 5000, "\u202eenolp", "<script>", "name:*", "\\"):
        assert run_search(filled_shell, "-p", "plone", "--", text).code == 0


def test_missing_search_index_is_rebuilt(filled_shell: CommandRunner) -> None:
    before = filled_shell.run("-p", "plone", "plone.api", "--json", module=SEARCH)
    (folder,) = filled_shell.folder.glob("*.sqlite3-search")
    shutil.rmtree(folder)

    after = filled_shell.run("-p", "plone", "plone.api", "--json", module=SEARCH)

    assert after.report == before.report
    assert get_names(after)[0] == "Plone.Api"


def test_table_names_the_successor_of_a_package(shell: CommandRunner, pypi: LocalPyPI) -> None:
    info = {"classifiers": ["Framework :: Plone"], "summary": "Deprecated in favor of Plone.Api"}
    pypi.registry.publish("plone.olden", "1.0", info=info)
    assert shell.invoke("-f", "-p", "plone").code == 0

    table = run_search(shell, "-p", "plone", "olden")

    assert "[use Plone.Api] Deprecated" in table.out
