"""`pyf demo`: the main job on this machine, without leftovers."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from urllib.request import urlopen

import msgspec
import pytest
from click import ClickException

from pyf.aggregator.cli.actions.demo_servers import check_pages, serve_pages
from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import DEMO, CommandRunner
from support.waiting import wait_until

DOCUMENT = {"info": {"name": "acme", "classifiers": ["Framework :: Flask"]}, "releases": {"1.0": []}, "last_serial": 7}


@pytest.fixture
def shell(tmp_path: Path) -> CommandRunner:
    """A user without any setting, whose temporary files can be looked at."""
    (tmp_path / "tmp").mkdir()
    return CommandRunner(tmp_path, {"SQLITE_PATH": "", "TMPDIR": str(tmp_path / "tmp")})


@pytest.fixture
def check_no_leftovers(shell: CommandRunner) -> Iterator[None]:
    """Nothing may be left when the demo has ended."""
    yield
    assert list((shell.folder / "tmp").iterdir()) == []
    assert not list(shell.folder.rglob("*.sqlite3*"))


def read_instructions(demo: Popen[str]) -> str:
    """Return the output up to the example of a command."""
    assert demo.stdout is not None
    return "".join(iter(demo.stdout.readline, "  pyf fetch -p plone\n"))


@pytest.mark.usefixtures("check_no_leftovers")
def test_demo_runs_every_profile_and_serves_pages(shell: CommandRunner) -> None:
    """The user's settings have no effect."""
    profiles = load_profiles()

    result = shell.run("--once", "--latency", "0", module=DEMO, pypi_base_url="http://127.0.0.1:1", descriptions="some")

    assert result.code == 0
    checked = f"{2 + 2 * len(profiles)} of its pages were checked, without errors"
    assert re.search(rf"The site is at http://127\.0\.0\.1:\d+/\n{checked}\.", result.out)
    output = result.out
    rows = re.findall(
        r"^((?:fetch|update|refresh) .*?) {2,}([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) ", output, re.MULTILINE
    )
    fetched = {command: int(indexed) for command, _, indexed, _, _ in rows[: len(profiles)]}
    assert fetched.keys() == {f"fetch -p {profile}" for profile in profiles}
    assert min(fetched.values()) >= 10
    repeated, plone, django, flask, refresh = rows[len(profiles) :]
    assert repeated[2] == "0"
    assert (plone[2], plone[4]) == ("2", "1")
    assert (django[2], flask[2]) == ("1", "1")
    assert "flask-talisman: It is in the collection, as of release 1.2: its newest release requires flask" in output
    assert int(refresh[2]) >= 10
    assert '"id": "plone.api-' in output
    assert '"github_stars": ' in output
    assert '"download_last_month": ' in output
    added = re.findall(
        r"^(repositories|downloads) -p (\w+)(?: --source clickhouse)? {2,}(\d+) +(\d+) ", output, re.MULTILINE
    )
    assert [command for command, *_ in added] == ["repositories", "downloads"] * len(profiles)
    assert all(int(enriched) >= int(found_count) - 2 > 5 for _, _, found_count, enriched in added)


@pytest.mark.usefixtures("check_no_leftovers")
def test_serve_prints_settings_and_ends_with_ctrl_c(shell: CommandRunner) -> None:
    with shell.start("--serve", "--latency", "0", module=DEMO) as demo:
        settings = {name.lower(): value for name, value in re.findall(r"export (\w+)=(\S+)", read_instructions(demo))}
        fetch = shell.run("-f", "-p", "fastapi", "--json", **settings)
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=30)

    assert (fetch.code, fetch.report["failed"], fetch.report["indexed"] > 5) == (0, [], True)
    assert (demo.returncode, out, err) == (0, "Stopped.\n", "")


@pytest.mark.usefixtures("check_no_leftovers")
def test_serve_ends_with_sigterm(shell: CommandRunner) -> None:
    with shell.start("--serve", "--latency", "0", module=DEMO) as demo:
        read_instructions(demo)
        demo.send_signal(signal.SIGTERM)
        out, err = demo.communicate(timeout=30)

    assert (demo.returncode, out, err) == (0, "Stopped.\n", "")


@pytest.mark.usefixtures("check_no_leftovers")
def test_serve_folder_of_documents(shell: CommandRunner) -> None:
    (shell.folder / "documents").mkdir()
    (shell.folder / "documents" / "acme.json").write_bytes(msgspec.json.encode(DOCUMENT))

    with shell.start("--serve", "--folder", "documents", module=DEMO) as demo:
        assert demo.stdout is not None
        first = demo.stdout.readline()
        with urlopen(f"{first.split()[-1]}/pypi/acme/json", timeout=10) as response:
            served_documents = msgspec.json.decode(response.read())
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=30)

    assert first.startswith("The local PyPI serves 1 projects at http://127.0.0.1:")
    assert (served_documents["info"]["name"], demo.returncode) == ("acme", 0)


@pytest.mark.usefixtures("check_no_leftovers")
def test_ctrl_c_stops_child_commands(shell: CommandRunner) -> None:
    with shell.start("--once", "--latency", "1", module=DEMO) as demo:
        wait_until(lambda: list((shell.folder / "tmp").glob("pyfdemo-*/demo.sqlite3")))
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=30)

    assert demo.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--serve --once", "--serve and --once exclude each other."),
        ("--once --folder .", "--folder can only be used with --serve"),
        ("--serve --folder missing", "'missing' does not exist"),
        ("--serve --folder .", "no project documents"),
        ("--port 70000", "70000 is not in the range"),
        ("--latency -1", "-1.0 is not in the range"),
    ],
)
def test_usage_error_is_one_line(shell: CommandRunner, arguments: str, message: str) -> None:
    result = shell.invoke(*arguments.split(), command="pyfdemo")

    assert (result.code, result.out) == (2, "")
    assert message in result.error


def test_serve_pages_stops_with_the_context(tmp_path: Path) -> None:
    with serve_pages(tmp_path, {"SQLITE_PATH": str(tmp_path / "index.sqlite3")}) as address:
        looked_at = check_pages(address, ["/", "/?again"])
        with pytest.raises(ClickException, match="/in/nowhere does not respond"):
            check_pages(address, ["/in/nowhere"])

    assert looked_at == 2
    with pytest.raises(ClickException, match="does not respond"):
        check_pages(address, ["/"])


def test_serve_pages_reports_startup_error(tmp_path: Path) -> None:
    with pytest.raises(ClickException, match=r"pyf serve did not start: Error: .*DESCRIPTIONS='some'"):  # noqa: SIM117
        with serve_pages(tmp_path, {"DESCRIPTIONS": "some"}):
            pass


def test_occupied_port_is_one_line_error(shell: CommandRunner) -> None:
    with LocalPyPI(FakeRegistry()) as occupied:
        result = shell.run("--serve", "--port", occupied.url.rpartition(":")[2], module=DEMO)

    assert (result.code, result.error.startswith("can't serve: ")) == (4, True)
