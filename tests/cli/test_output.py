"""The progress bar is for terminals only."""

import re
from typing import Any

import pytest

from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner, CompletedCommand
from support.terminal import open_terminal

COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m|\x1b\[[0-9;]*9[0-7][0-9;]*m")


def run_fetch_in_terminal(shell: CommandRunner, **settings: Any) -> tuple[CompletedCommand, str]:
    """Return how a fetch ended with a terminal for its stderr, and what is on the terminal."""
    with (
        open_terminal() as (stderr, screen),
        shell.start("-f", "-p", "plone", "--json", stderr=stderr, **settings) as fetch,
    ):
        out, _ = fetch.communicate(timeout=60)
    return CompletedCommand(fetch.returncode, out, ""), screen.text


@pytest.fixture
def slow_shell(shell: CommandRunner, pypi: LocalPyPI) -> CommandRunner:
    """A user whose registry takes its time, so that there is something to watch."""
    pypi.latency = 0.02
    shell.environment |= {"TERM": "xterm-256color", "PYPI_MAX_WORKERS": "1"}
    return shell


def test_progress_bar_shows_rate_and_is_removed(slow_shell: CommandRunner) -> None:
    result, screen = run_fetch_in_terminal(slow_shell)

    assert (result.code, result.report["indexed"]) == (0, 4)
    assert re.search(r"reading package 4 of 4.* \S*[0-9.]+/s.* \S*0:00:0\d", screen)
    assert COLOR.search(screen)
    assert "found" not in screen  # the report is elsewhere
    assert "\x1b[?25h" in screen  # the cursor is visible again
    assert screen.rstrip().endswith("\x1b[2K")


def test_no_color_disables_colors(slow_shell: CommandRunner) -> None:
    _, screen = run_fetch_in_terminal(slow_shell, no_color=1)

    assert "4 of 4" in screen
    assert not COLOR.search(screen)


def test_ascii_progress_bar(slow_shell: CommandRunner) -> None:
    result, screen = run_fetch_in_terminal(slow_shell, pythonioencoding="ascii")

    assert (result.code, "4 of 4" in screen) == (0, True)
    assert "\\u" not in screen


@pytest.mark.parametrize("wish", ["", "FORCE_COLOR"])
def test_no_progress_bar_without_terminal(slow_shell: CommandRunner, wish: str) -> None:
    """Build servers request colors in log files, in which a progress bar is unreadable."""
    wished: dict[str, Any] = {wish.lower(): 1} if wish else {}

    result = slow_shell.run("-f", "-p", "plone", **wished)

    assert result.code == 0
    assert wish or "\x1b" not in result.out
    assert result.err.splitlines() == [f"Index: sqlite {slow_shell.folder}/index.sqlite3, collection: plone (new)"]
