"""Whole runs of `pyfaggregator`, one after the other, as a user's week has them."""

import shlex

import pytest

from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell

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


def test_the_report_is_one_object_on_stdout_and_stderr_names_index_and_collection(shell: Shell) -> None:
    ended = shell.run("-f", "-p", "plone", "--json")

    assert ended.code == 0
    assert ended.report.keys() >= KEYS
    assert (ended.report["found"], ended.report["indexed"], ended.report["failed"]) == (4, 4, [])
    assert ended.err == f"Index: sqlite {shell.folder}/index.sqlite3, collection: plone (not there yet)\n"


def test_the_report_is_a_table_for_people(shell: Shell) -> None:
    ended = shell.call("-f", "-p", "plone")

    rows = {
        cells[0].strip(): cells[1].strip()
        for line in ended.out.splitlines()
        if len(cells := line.split("│")[1:-1]) == 2
    }
    assert (rows["projects found"], rows["indexed"], rows["documents written"], rows["failed"]) == ("4", "4", "6", "0")


def test_the_documented_lines_work(shell: Shell) -> None:
    codes = {line: shell.call(*shlex.split(line)).code for line in DOCUMENTED}

    assert codes == dict.fromkeys(DOCUMENTED, 0)
    assert shell.collections()["plone-3"] == ("plone",)
    assert "plone-2" not in shell.collections()


@pytest.mark.parametrize(
    "asked",
    ["-p plone", "-p django -t mine", '-ft "Framework :: Plone" -ft "X :: Y" -t mine', "--no-plone-filter -t all"],
)
@pytest.mark.parametrize("action", ["-i", "--refresh-from-pypi"])
def test_a_run_on_a_collection_that_is_not_there_names_the_command_that_makes_it(
    shell: Shell, action: str, asked: str
) -> None:
    ended = shell.call(action, *shlex.split(asked))

    assert (ended.code, ended.out) == (2, "")
    first = ended.error.partition("fill it first with pyfaggregator ")[2]
    assert first == f"-f {asked}"
    assert shell.call(*shlex.split(first), "--yes").code == 0


def test_an_incremental_run_takes_what_was_published_and_what_left(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "plone")
    pypi.ecosystem.publish("collective.new", "1.0", info={"classifiers": ["Framework :: Plone"]})
    pypi.ecosystem.publish("plone.api", "2.1")
    pypi.ecosystem.remove_project("plone.volto")

    report = shell.call("-i", "-p", "plone", "--json").report

    assert (report["indexed"], report["removed"]) == (2, 1)
    assert shell.names("plone") == ["collective-new", "collective-one", "collective-two", "plone-api"]
    assert shell.call("--show", "plone.api", "-p", "plone").report["version"] == "2.1"


def test_two_profiles_from_one_folder_miss_nothing(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "django")
    shell.call("-f", "-p", "flask")
    for name, framework in (("django-late", "Django"), ("flask-late", "Flask")):
        pypi.ecosystem.publish(name, "1.0", info={"classifiers": [f"Framework :: {framework}"]})

    shell.call("-i", "-p", "django")
    pypi.ecosystem.publish("flask-later", "1.0", info={"classifiers": ["Framework :: Flask"]})
    shell.call("-i", "-p", "flask")

    assert shell.names("django") == ["django-blog", "django-late", "django-shop"]
    assert shell.names("flask") == ["flask-late", "flask-later", "flask-thing"]


def test_a_collection_is_kept_up_by_the_filter_that_it_remembers(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-ft", "Framework :: Django", "-t", "mine")
    pypi.ecosystem.publish("django-late", "1.0", info={"classifiers": ["Framework :: Django :: 5.1"]})

    ended = shell.call("-i", "-t", "mine")

    assert (ended.code, "Warning" in ended.err) == (0, False)
    assert shell.names("mine") == ["django-blog", "django-late", "django-shop"]


def test_a_collection_is_not_refilled_by_another_filter_unless_it_is_recreated(shell: Shell) -> None:
    shell.call("-f", "-ft", "Framework :: Django", "-t", "mine")

    refused = shell.call("-f", "-p", "flask", "-t", "mine")
    assert refused.code == 2
    assert "--recreate-collection" in refused.error
    assert shell.names("mine") == ["django-blog", "django-shop"]

    assert shell.call("-f", "-p", "flask", "-t", "mine", "--recreate-collection").code == 0
    assert shell.names("mine") == ["flask-thing"]


def test_recreation_builds_the_next_numbered_collection_and_drops_the_one_before(shell: Shell) -> None:
    shell.call("-f", "-p", "plone", "--recreate-collection")
    assert shell.collections() == {"plone-1": ("plone",)}

    shell.call("-f", "-p", "plone", "--recreate-collection")
    assert shell.collections() == {"plone-2": ("plone",)}
    assert shell.names("plone") == PLONE


@pytest.mark.parametrize("form", ["--json", ""])
def test_an_outage_is_exit_code_4_with_a_report_and_removes_nothing(shell: Shell, pypi: LocalPyPI, form: str) -> None:
    shell.call("-f", "-p", "plone")
    pypi.faults.add(Fault("503"))

    for action in ("-f", "-i", "--refresh-from-pypi"):
        ended = shell.call(action, "-p", "plone", *form.split(), pypi_max_retries=0)

        assert (ended.code, "503" in ended.error) == (4, True)
        assert not form or ended.error == ended.report["error"]
    assert shell.names("plone") == PLONE


@pytest.mark.parametrize("action", ["-f", "-i", "--refresh-from-pypi"])
def test_an_index_that_cannot_be_opened_is_exit_code_4_with_a_report(shell: Shell, action: str) -> None:
    ended = shell.call(action, "-p", "plone", "--json", sqlite_path=shell.folder)

    assert ended.code == 4
    assert ended.error == ended.report["error"]
    assert f"Index: sqlite {shell.folder}, collection: plone\n" in ended.err


def test_a_home_that_is_nobodys_is_one_line(shell: Shell) -> None:
    ended = shell.call("-f", "-p", "plone", sqlite_path="~nobody-has-this-name/index.sqlite3")

    assert (ended.code, ended.error.startswith("SQLITE_PATH=")) == (2, True)


def test_a_second_run_on_the_same_collection_waits_its_turn_with_exit_code_4(shell: Shell) -> None:
    with shell.opened() as database, SqliteAdmin(database).exclusive("plone"):
        ended = shell.call("-f", "-p", "plone", "--json")

    assert (ended.code, ended.report["requests"]) == (4, 0)
    assert "another run is at work" in ended.error
