"""Consecutive runs of `pyfaggregator`."""

import shlex

import pytest

from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]
KEYS = {"found", "indexed", "unchanged", "removed", "rejected", "failed", "requests", "seconds"}

# The forms in which the documentation shows the command, in an order in which they make sense.
DOCUMENTED = [
    '-f -ft "Framework :: Plone" -t packages1',
    "-f -p plone",
    "-f -p django",
    "-f -p flask",
    "-i -p django",
    "--refresh-from-pypi -p plone",
    "--refresh-from-pypi -p plone -l 100",
    "-f -p plone -l 100",
    "-f -p django -t django-test",
    "--show collective.one -t plone",
    "--show Django-Shop -p django",
    "--show plone.api -p plone --all-versions",
    "-f -p plone --recreate-collection",
    "-f -p plone --recreate-collection",
]


def test_json_report_on_stdout_and_target_on_stderr(shell: CommandRunner) -> None:
    result = shell.run("-f", "-p", "plone", "--json")

    assert result.code == 0
    assert result.report.keys() >= KEYS
    assert (result.report["found"], result.report["indexed"], result.report["failed"]) == (4, 4, [])
    assert result.err == f"Index: sqlite {shell.folder}/index.sqlite3, collection: plone (new)\n"


def test_report_table(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "-p", "plone")

    rows = {
        cells[0].strip(): cells[1].strip()
        for line in result.out.splitlines()
        if len(cells := line.split("│")[1:-1]) == 2
    }
    assert (rows["projects found"], rows["indexed"], rows["documents written"], rows["failed"]) == ("4", "4", "8", "0")


def test_documented_commands_work(shell: CommandRunner) -> None:
    codes = {line: shell.invoke(*shlex.split(line)).code for line in DOCUMENTED}

    assert codes == dict.fromkeys(DOCUMENTED, 0)
    assert shell.list_collections()["plone-3"] == ("plone",)
    assert "plone-2" not in shell.list_collections()


@pytest.mark.parametrize(
    "arguments",
    ["-p plone", "-p django -t mine", '-ft "Framework :: Plone" -ft "X :: Y" -t mine', "--no-plone-filter -t all"],
)
@pytest.mark.parametrize("action", ["-i", "--refresh-from-pypi"])
def test_missing_collection_names_the_command_to_create_it(shell: CommandRunner, action: str, arguments: str) -> None:
    result = shell.invoke(action, *shlex.split(arguments))

    assert (result.code, result.out) == (2, "")
    first = result.error.partition("Create it with: pyf ")[2]
    spelled = arguments.replace("-ft", "--classifier").replace("--no-plone-filter", "--all-projects")
    assert first == f"fetch {spelled}"
    assert shell.invoke(*shlex.split(first), "--yes", command="pyf").code == 0


def test_incremental_run_adds_and_removes(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "plone")
    pypi.registry.publish("collective.new", "1.0", info={"classifiers": ["Framework :: Plone"]})
    pypi.registry.publish("plone.api", "2.1")
    pypi.registry.remove_project("plone.volto")

    report = shell.invoke("-i", "-p", "plone", "--json").report

    assert (report["indexed"], report["removed"]) == (2, 1)
    assert shell.list_names("plone") == ["collective-new", "collective-one", "collective-two", "plone-api"]
    assert shell.invoke("--show", "plone.api", "-p", "plone").report["version"] == "2.1"


def test_two_profiles_share_one_folder(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "django")
    shell.invoke("-f", "-p", "flask")
    for name, framework in (("django-late", "Django"), ("flask-late", "Flask")):
        pypi.registry.publish(name, "1.0", info={"classifiers": [f"Framework :: {framework}"]})

    shell.invoke("-i", "-p", "django")
    pypi.registry.publish("flask-later", "1.0", info={"classifiers": ["Framework :: Flask"]})
    shell.invoke("-i", "-p", "flask")

    assert shell.list_names("django") == ["django-blog", "django-late", "django-shop"]
    assert shell.list_names("flask") == ["flask-late", "flask-later", "flask-thing"]


def test_stored_filter_keeps_collection_current(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-ft", "Framework :: Django", "-t", "mine")
    pypi.registry.publish("django-late", "1.0", info={"classifiers": ["Framework :: Django :: 5.1"]})

    result = shell.invoke("-i", "-t", "mine")

    assert (result.code, "Warning" in result.err) == (0, False)
    assert shell.list_names("mine") == ["django-blog", "django-late", "django-shop"]


def test_different_filter_requires_rebuild(shell: CommandRunner) -> None:
    shell.invoke("-f", "-ft", "Framework :: Django", "-t", "mine")

    refusal = shell.invoke("-f", "-p", "flask", "-t", "mine")
    assert refusal.code == 2
    command = "collection rebuild mine --from-pypi -p flask"
    assert refusal.error.endswith(f"or run: pyf {command}")
    refusal = shell.invoke("-f", "-ft", "Framework :: Flask", "-t", "mine")
    other_command = 'collection rebuild mine --from-pypi --classifier "Framework :: Flask"'
    assert refusal.error.endswith(f"or run: pyf {other_command}")
    assert shell.list_names("mine") == ["django-blog", "django-shop"]

    assert shell.invoke("-f", "-p", "flask", "-t", "mine", "--recreate-collection").code == 0
    assert shell.list_names("mine") == ["flask-thing"]


def test_rebuild_creates_next_number_and_drops_previous(shell: CommandRunner) -> None:
    shell.invoke("-f", "-p", "plone", "--recreate-collection")
    assert shell.list_collections() == {"plone-1": ("plone",)}

    shell.invoke("-f", "-p", "plone", "--recreate-collection")
    assert shell.list_collections() == {"plone-2": ("plone",)}
    assert shell.list_names("plone") == PLONE


@pytest.mark.parametrize("form", ["--json", ""])
def test_outage_exits_4_with_report_and_removes_nothing(shell: CommandRunner, pypi: LocalPyPI, form: str) -> None:
    shell.invoke("-f", "-p", "plone")
    pypi.faults.add(Fault("503"))

    for action in ("-f", "-i", "--refresh-from-pypi"):
        result = shell.invoke(action, "-p", "plone", *form.split(), pypi_max_retries=0)

        assert (result.code, "503" in result.error) == (4, True)
        assert not form or result.error == result.report["error"]
    assert shell.list_names("plone") == PLONE


@pytest.mark.parametrize("action", ["-f", "-i", "--refresh-from-pypi"])
def test_unreadable_index_exits_4_with_report(shell: CommandRunner, action: str) -> None:
    result = shell.invoke(action, "-p", "plone", "--json", sqlite_path=shell.folder)

    assert result.code == 4
    assert result.error == result.report["error"]
    assert f"Index: sqlite {shell.folder}, collection: plone\n" in result.err


def test_unknown_home_is_one_line_error(shell: CommandRunner) -> None:
    result = shell.invoke("-f", "-p", "plone", sqlite_path="~nobody-has-this-name/index.sqlite3")

    assert (result.code, result.error.startswith("SQLITE_PATH=")) == (2, True)


def test_locked_collection_exits_4(shell: CommandRunner) -> None:
    with shell.open_database() as database, SqliteAdmin(database).lock("plone"):
        result = shell.invoke("-f", "-p", "plone", "--json")

    assert (result.code, result.report["requests"]) == (4, 0)
    assert "locked by another run" in result.error


@pytest.mark.parametrize("option", ["-p flask", '--classifier "Framework :: Flask"'])
def test_rebuild_changes_the_filter(shell: CommandRunner, option: str) -> None:
    shell.invoke("-f", "-ft", "Framework :: Django", "-t", "mine")

    result = shell.invoke(*shlex.split(f"collection rebuild mine --from-pypi {option}"), command="pyf")

    assert (result.code, shell.list_names("mine")) == (0, ["flask-thing"])


def test_idle_update_sends_one_request(shell: CommandRunner, pypi: LocalPyPI) -> None:
    """New packages of a classifier are found once an hour."""
    shell.invoke("fetch", "-p", "django", command="pyf")
    pypi.requests.clear()

    idle = shell.invoke("update", "-p", "django", "--json", command="pyf", discovery_interval=3600)
    pypi.registry.publish("unframed", "9.0")
    pypi.registry.publish("late-shop", "1.0", info={"classifiers": ["Framework :: Django"]})
    busy = shell.invoke("-i", "-p", "django", "--json", discovery_interval=3600)
    due = shell.invoke("-i", "-p", "django", "--json", discovery_interval=0)

    assert (idle.report["requests"], busy.report["requests"]) == (1, 2)
    assert due.report["added_names"] == ["late-shop"]


def test_verbose_run_names_packages(shell: CommandRunner, pypi: LocalPyPI) -> None:
    first = shell.invoke("fetch", "-p", "plone", "-v", command="pyf")
    pypi.registry.publish("plone.api", "9.0")
    pypi.registry.remove_project("collective.one")
    pypi.registry.publish("collective.two", "2.0", info={"classifiers": []})

    second = shell.invoke("-i", "-p", "plone", "-v")

    assert "added (4):\n  collective-one, collective-two, plone-api, plone-volto\n" in first.err
    assert "updated (1):\n  plone-api\n" in second.err
    assert "Removing 2 packages (" in second.err
    assert "removed: collective-one: both the JSON API and the Simple API report it as removed" in second.err
    assert "removed: collective-two: it does not match profile plone: since 2.0, " in second.err


def test_quiet_run_still_names_removals(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("fetch", "-p", "plone", command="pyf")
    pypi.registry.remove_project("collective.one")

    result = shell.invoke("-q", "update", "-p", "plone", command="pyf")

    assert [line.partition(":")[0] for line in result.err.splitlines()] == ["removed"]


def test_refused_removals_are_named(shell: CommandRunner, pypi: LocalPyPI) -> None:
    names = [f"collective.n{number}" for number in range(6)]
    for name in names:
        pypi.registry.publish(name, "1.0", info={"classifiers": ["Framework :: Plone"]})
    shell.invoke("fetch", "-p", "plone", command="pyf")
    for name in names:
        pypi.registry.remove_project(name)

    result = shell.invoke("update", "-p", "plone", command="pyf")

    assert (result.code, len(shell.list_names("plone"))) == (3, 10)
    assert "Refusing to remove 6 packages (collective-n0, collective-n1, " in result.err
    assert "of 10 in one run. If this is intended, run again with --allow-mass-removal." in result.err
    assert "not removed: both the JSON API and the Simple API report it as removed (6):" in result.err


def test_cursor_file_is_beside_the_index(shell: CommandRunner) -> None:
    folder = shell.folder / "data"

    assert shell.invoke("fetch", "-p", "flask", command="pyf", sqlite_path=folder / "pyf.sqlite3").code == 0

    assert (folder / ".pyaggregator.since").exists()
    assert not (shell.folder / ".pyaggregator.since").exists()


@pytest.mark.parametrize(("path", "code"), [("/proc/cursors", 4), ("folder", 2), ("file/cursors", 2)])
@pytest.mark.parametrize("arguments", [["fetch"], ["update"], ["watch"]])
def test_unwritable_cursor_file_ends_run_at_start(
    shell: CommandRunner, pypi: LocalPyPI, arguments: list[str], path: str, code: int
) -> None:
    shell.invoke("fetch", "-p", "flask", command="pyf")
    (shell.folder / "folder").mkdir()
    (shell.folder / "file").write_text("kept")
    pypi.requests.clear()

    result = shell.invoke(*arguments, "-p", "flask", "--cursor-file", path, command="pyf")

    assert (result.code, pypi.requests.total) == (code, 0)
    assert path in result.error
