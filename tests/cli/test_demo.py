"""`pyfdemo`: the main job shown on this machine, with nothing left behind."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest
from click import ClickException

from pyf.aggregator.cli.demo_page import look_at, served
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.services import LocalPyPI
from shell import DEMO, Shell, wait_until

DOCUMENT = {"info": {"name": "acme", "classifiers": ["Framework :: Flask"]}, "releases": {"1.0": []}, "last_serial": 7}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A user without any setting, whose temporary files can be looked at."""
    (tmp_path / "tmp").mkdir()
    return Shell(tmp_path, {"SQLITE_PATH": "", "TMPDIR": str(tmp_path / "tmp")})


@pytest.fixture
def left(shell: Shell) -> Iterator[None]:
    """Nothing may be left when the demo has ended."""
    yield
    assert list((shell.folder / "tmp").iterdir()) == []
    assert not list(shell.folder.rglob("*.sqlite3*"))


@pytest.mark.usefixtures("left")
def test_the_demo_fills_keeps_up_shows_every_profile_and_serves_the_page(shell: Shell) -> None:
    """The settings of its user have no say in it."""
    ended = shell.run("--once", "--latency", "0", module=DEMO, pypi_base_url="http://127.0.0.1:1", descriptions="some")

    assert ended.code == 0
    assert re.search(
        r"The page is at http://127\.0\.0\.1:\d+/\n10 of its pages were looked at, and are well\.", ended.out
    )
    told = ended.out
    rows = re.findall(r"│ (-\S.*?) +│ +([\d,]+) │ +([\d,]+) │ +([\d,]+) │ +([\d,]+) │", told)
    fetched = {command: int(indexed) for command, _, indexed, _, _ in rows[:4]}
    assert fetched.keys() == {f"-f -p {profile}" for profile in ("plone", "django", "flask", "fastapi")}
    assert min(fetched.values()) >= 10
    again, plone, django, flask, refresh = rows[4:]
    assert again[2] == "0"
    assert (plone[2], plone[4]) == ("2", "1")
    assert (django[2], flask[2]) == ("1", "1")
    assert "flask-talisman: It is in the collection, as of release 1.2: its newest release requires flask" in told
    assert int(refresh[2]) >= 10
    assert '"id": "plone.api-' in told
    assert '"github_stars": ' in told
    assert '"download_last_month": ' in told
    added = re.findall(r"│ (pyf\w+) -p (\w+)(?: --source clickhouse)? +│ +(\d+) │ +(\d+) │", told)
    assert [command for command, *_ in added] == ["pyfgithub", "pyfdownloads"] * 4
    assert all(int(enriched) >= int(found) - 2 > 5 for _, _, found, enriched in added)


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serving_lasts_until_it_is_ended_and_tells_how_it_is_used(shell: Shell, how: signal.Signals) -> None:
    with shell.start("--serve", "--latency", "0", module=DEMO) as demo:
        assert demo.stdout is not None
        told = "".join(iter(demo.stdout.readline, "  pyfaggregator -f -p plone\n"))
        settings = {name.lower(): value for name, value in re.findall(r"export (\w+)=(\S+)", told)}
        fetch = shell.run("-f", "-p", "fastapi", "--json", **settings)
        demo.send_signal(how)
        out, err = demo.communicate(timeout=30)

    assert (fetch.code, fetch.report["failed"], fetch.report["indexed"] > 5) == (0, [], True)
    assert (demo.returncode, out, err) == (0, "Ended.\n", "")


@pytest.mark.usefixtures("left")
def test_a_folder_of_documents_can_be_served(shell: Shell) -> None:
    (shell.folder / "documents").mkdir()
    (shell.folder / "documents" / "acme.json").write_bytes(msgspec.json.encode(DOCUMENT))

    with shell.start("--serve", "--folder", "documents", module=DEMO) as demo:
        assert demo.stdout is not None
        first = demo.stdout.readline()
        with urlopen(f"{first.split()[-1]}/pypi/acme/json", timeout=10) as answer:
            served = msgspec.json.decode(answer.read())
        demo.send_signal(signal.SIGINT)
        demo.wait(timeout=30)

    assert first.startswith("A stand-in for PyPI serves 1 projects at http://127.0.0.1:")
    assert (served["info"]["name"], demo.returncode) == ("acme", 0)


@pytest.mark.usefixtures("left")
def test_ctrl_c_in_the_demo_ends_its_commands_too(shell: Shell) -> None:
    with shell.start("--once", "--latency", "1", module=DEMO) as demo:
        wait_until(lambda: list((shell.folder / "tmp").glob("pyfdemo-*/demo.sqlite3")))
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=30)

    assert demo.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--serve --once", "--serve and --once exclude each other."),
        ("--once --folder .", "--folder goes with --serve"),
        ("--serve --folder missing", "'missing' does not exist"),
        ("--serve --folder .", "no project documents"),
        ("--port 70000", "70000 is not in the range"),
        ("--latency -1", "-1.0 is not in the range"),
    ],
)
def test_wrong_usage_is_one_line(shell: Shell, arguments: str, said: str) -> None:
    ended = shell.call(*arguments.split(), command="pyfdemo")

    assert (ended.code, ended.out) == (2, "")
    assert said in ended.error


def test_the_page_is_served_for_as_long_as_it_is_wanted(tmp_path: Path) -> None:
    with served(tmp_path, {"SQLITE_PATH": str(tmp_path / "index.sqlite3")}) as address:
        looked_at = look_at(address, ["/", "/?again"])
        with pytest.raises(ClickException, match="/in/nowhere does not answer"):
            look_at(address, ["/in/nowhere"])

    assert looked_at == 2
    with pytest.raises(ClickException, match="does not answer"):
        look_at(address, ["/"])


def test_a_page_that_cannot_be_served_says_why(tmp_path: Path) -> None:
    with pytest.raises(ClickException, match=r"the page can't be served: Error: .*DESCRIPTIONS='some'"):  # noqa: SIM117
        with served(tmp_path, {"DESCRIPTIONS": "some"}):
            pass


def test_a_port_that_is_taken_is_one_line(shell: Shell) -> None:
    with LocalPyPI(Ecosystem()) as taken:
        ended = shell.run("--serve", "--port", taken.url.rpartition(":")[2], module=DEMO)

    assert (ended.code, ended.error.startswith("can't serve: ")) == (4, True)
