"""`pyfaggregator --explain`: the score of a package, its reasons, and what would bring more."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from msgspec import UNSET
from rich.console import Console

from healthy import NOW, STANDARDS, facts
from pyf.aggregator.cli.explanation import explanation
from pyf.aggregator.domain.health import score
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.services import LocalPyPI
from pyf.aggregator.usecases.explain import Explanation
from shell import Shell


@pytest.fixture
def filled(shell: Shell) -> Shell:
    shell.call("-f", "-p", "plone")
    return shell


def rules(table: str) -> Iterator[tuple[str, str]]:
    """Yield the rules and groups of a table with their points."""
    yield from re.findall(r"^ *([a-z-]+) +(\d+\.\d of \d+\.\d)\b", table, re.MULTILINE)


def test_the_table_says_of_each_rule_its_points_what_was_seen_and_what_to_do(filled: Shell) -> None:
    ended = filled.call("--explain", "plone_API", "-p", "plone")

    assert ended.code == 0
    assert re.match(r"Plone\.Api 2\.0: \d+ of 100, model basic, 100% of it known\n", ended.out)
    shown = dict(rules(ended.out))
    assert {"recency", "documentation", "metadata", "release", "prose", "licence", "contact"} <= shown.keys()
    assert "2.0 is of 2022-01-01" in ended.out
    assert "→ Set `requires-python`" in ended.out
    assert "Read more:" in ended.out
    assert "https://keepachangelog.com/" in ended.out


def test_the_points_of_the_table_add_up_to_the_score(filled: Shell) -> None:
    ended = filled.call("--explain", "plone.api", "-p", "plone")

    groups = [points for name, points in rules(ended.out) if name in ("recency", "documentation", "metadata")]
    points, most = zip(*(map(float, each.split(" of ")) for each in groups), strict=True)
    (told,) = re.findall(r": (\d+) of 100", ended.out)
    assert int(told) == pytest.approx(100 * sum(points) / sum(most), abs=1)


def test_a_cap_is_told_with_its_reason(filled: Shell, pypi: LocalPyPI) -> None:
    pypi.ecosystem.archive("plone.api")
    filled.call("--refresh-from-pypi", "--all", "-p", "plone")

    ended = filled.call("--explain", "plone.api", "-p", "plone")

    assert "Capped at 20: Its owners have marked it as archived on PyPI." in ended.out


def test_as_json_it_is_the_breakdown(filled: Shell) -> None:
    told = filled.call("--explain", "plone.api", "-p", "plone", "--json").report

    shown = filled.call("--show", "plone.api", "-p", "plone").report
    assert told == {
        "name": "Plone.Api",
        "version": "2.0",
        "stored_health_score": shown["health_score"],
        **{name: value for name, value in shown.items() if name.startswith("health_")},
    }


def test_a_score_that_differs_from_the_one_in_the_index_says_so(filled: Shell) -> None:
    (filled.folder / "mine.yaml").write_text("models: {basic: {recency: 0, metadata: 0}}")

    ended = filled.call("--explain", "plone.api", "-p", "plone", health_file="mine.yaml")

    assert re.search(r"\(in the index: \d+, until it is scored again\)", ended.out)


def test_an_unknown_package_is_one_line(filled: Shell, ecosystem: Ecosystem) -> None:
    ended = filled.call("--explain", "nobody", "-p", "plone")

    assert (ended.code, ended.error, ended.out) == (2, "nobody is not in the collection plone", "")


def test_a_removed_package_is_told_with_its_reason(filled: Shell, pypi: LocalPyPI) -> None:
    pypi.ecosystem.remove_project("plone.volto")
    filled.call("-i", "-p", "plone")

    ended = filled.call("--explain", "plone.volto", "-p", "plone")

    assert (ended.code, "left the collection plone" in ended.error) == (2, True)


def test_a_terminal_that_lacks_a_character_gets_a_question_mark(filled: Shell) -> None:
    ended = filled.run("--explain", "collective.two", "-p", "plone", pythonioencoding="ascii")

    assert ended.code == 0
    assert ended.out.isascii()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    explained = Explanation(
        name="good", version="2.1.4", score=score(facts(changelog="", status="archived", issues=UNSET), STANDARDS, NOW)
    )
    console = Console(width=columns, file=StringIO())

    with console.capture() as captured:
        console.print(explanation(explained))

    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= columns
    assert "issues – of 3.0 not known" in " ".join(captured.get().split())
