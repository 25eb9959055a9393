"""`pyfaggregator --explain`: the score of a package, its reasons and suggested improvements."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from msgspec import UNSET
from rich.console import Console

from pyf.aggregator.cli.actions.score_view import build_score_view
from pyf.aggregator.domain.health import compute_score
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.usecases.read.explanation import ScoreExplanation
from support.cli_runner import CommandRunner
from support.scoring_fixtures import NOW, SCORING_CONFIG, build_signals


@pytest.fixture
def filled_shell(shell: CommandRunner) -> CommandRunner:
    shell.invoke("-f", "-p", "plone")
    return shell


def parse_rules(table: str) -> Iterator[tuple[str, str]]:
    """Yield the rules and groups of a table with their points."""
    yield from re.findall(r"^ *([a-z-]+) +(\d+\.\d of \d+\.\d)\b", table, re.MULTILINE)


def test_table_shows_points_observation_and_advice(filled_shell: CommandRunner) -> None:
    result = filled_shell.invoke("--explain", "plone_API", "-p", "plone")

    assert result.code == 0
    assert re.match(r"Plone\.Api 2\.0: \d+ of 100, model basic, 100% of it known\n", result.out)
    table_rules = dict(parse_rules(result.out))
    assert {"recency", "documentation", "metadata", "release", "prose", "license", "contact"} <= table_rules.keys()
    assert "2.0 was released on 2022-01-01" in result.out
    assert "→ Set `requires-python`" in result.out
    assert "Read more:" in result.out
    assert "https://keepachangelog.com/" in result.out


def test_table_points_add_up_to_score(filled_shell: CommandRunner) -> None:
    result = filled_shell.invoke("--explain", "plone.api", "-p", "plone")

    groups = [points for name, points in parse_rules(result.out) if name in ("recency", "documentation", "metadata")]
    points, most = zip(*(map(float, group.split(" of ")) for group in groups), strict=True)
    (score,) = re.findall(r": (\d+) of 100", result.out)
    assert int(score) == pytest.approx(100 * sum(points) / sum(most), abs=1)


def test_cap_is_shown_with_reason(filled_shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.registry.archive("plone.api")
    filled_shell.invoke("--refresh-from-pypi", "--all", "-p", "plone")

    result = filled_shell.invoke("--explain", "plone.api", "-p", "plone")

    assert "Capped at 20: Marked as archived on PyPI by its owners." in result.out


def test_json_equals_stored_breakdown(filled_shell: CommandRunner) -> None:
    breakdown = filled_shell.invoke("--explain", "plone.api", "-p", "plone", "--json").report

    document = filled_shell.invoke("--show", "plone.api", "-p", "plone").report
    assert breakdown == {
        "name": "Plone.Api",
        "version": "2.0",
        "stored_health_score": document["health_score"],
        **{name: value for name, value in document.items() if name.startswith("health_")},
    }


def test_outdated_stored_score_is_mentioned(filled_shell: CommandRunner) -> None:
    (filled_shell.folder / "mine.yaml").write_text("models: {basic: {recency: 0, metadata: 0}}")

    result = filled_shell.invoke("--explain", "plone.api", "-p", "plone", health_file="mine.yaml")

    assert re.search(r"\(in the index: \d+, until it is scored again\)", result.out)


def test_unknown_package_is_one_line_error(filled_shell: CommandRunner, fake_registry: FakeRegistry) -> None:
    result = filled_shell.invoke("--explain", "nobody", "-p", "plone")

    assert (result.code, result.error, result.out) == (2, "nobody is not in the collection plone", "")


def test_removed_package_shows_reason(filled_shell: CommandRunner, pypi: LocalPyPI) -> None:
    pypi.registry.remove_project("plone.volto")
    filled_shell.invoke("-i", "-p", "plone")

    result = filled_shell.invoke("--explain", "plone.volto", "-p", "plone")

    assert (result.code, "was removed from the collection plone" in result.error) == (2, True)


def test_missing_characters_become_question_marks(filled_shell: CommandRunner) -> None:
    result = filled_shell.run("--explain", "collective.two", "-p", "plone", pythonioencoding="ascii")

    assert result.code == 0
    assert result.out.isascii()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_fit_the_terminal(columns: int) -> None:
    explained = ScoreExplanation(
        name="good",
        version="2.1.4",
        score=compute_score(build_signals(changelog="", status="archived", issues=UNSET), SCORING_CONFIG, NOW),
    )
    console = Console(width=columns, file=StringIO())

    with console.capture() as captured:
        console.print(build_score_view(explained))

    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= columns
    assert "issues – of 3.0 not known" in " ".join(captured.get().split())
