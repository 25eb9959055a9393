"""`pyfupdater` as its users see it."""

import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import decode, encode

from pyf.aggregator.adapters.profiles import load_profiles
from pyf.aggregator.sample.services import LocalPyPI
from shell import UPDATER, Ended, Shell

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]


@pytest.fixture
def plone(shell: Shell, pypi: LocalPyPI) -> Shell:
    """A user with a collection of Plone, from whom PyPI hears no more."""
    shell.call("-f", "-p", "plone")
    pypi.requests.clear()
    return shell


def update(shell: Shell, arguments: str, **settings: Any) -> Ended:
    return shell.call(*arguments.split(), command="pyfupdater", **settings)


def lines(ended: Ended) -> list[str]:
    assert ended.code == 0, ended
    return ended.out.splitlines()


def bare(shell: Shell, name: str) -> None:
    """Make a collection that bears the name itself, as an older program of this schema would have."""
    numbered = f"{name}-0"
    assert update(shell, f"--migrate -s plone -t {numbered}").code == 0
    with shell.opened() as database, database.writing() as connection:
        connection.execute("UPDATE collections SET name = ? WHERE name = ?", (name, numbered))


def test_the_documented_steps_from_a_collection_to_a_key(shell: Shell) -> None:
    shell.call("-f", "-ft", "Framework :: Plone", "-t", "packages1")

    alias = update(shell, "--add-alias -s packages -t packages1")
    key = update(shell, "--add-search-only-apikey -t packages -key your_custom_key")

    assert alias.code == 0
    assert lines(key) == ["your_custom_key"]
    assert lines(update(shell, "-lsa")) == ["packages → packages1", "packages1 → packages1-1"]
    assert lines(update(shell, "-lsn")) == ["packages", "packages1"]
    assert shell.names("packages") == PLONE


def test_an_alias_is_moved_and_one_that_leads_there_already_stays(plone: Shell) -> None:
    plone.call("-f", "-p", "flask")
    for target in ("plone", "plone", "flask", "flask-1"):
        assert update(plone, f"--add-alias -s packages -t {target}").code == 0

    assert lines(update(plone, "-lsa")) == ["flask → flask-1", "packages → flask", "plone → plone-1"]


def test_an_alias_may_be_named_by_profile(plone: Shell) -> None:
    update(plone, "--add-alias -s packages -p plone")

    assert plone.collections() == {"plone-1": ("packages", "plone")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("-s packages -t nowhere", "there is no collection nowhere: packages would lead nowhere"),
        ("-s plone-1 -t plone", "there is a collection plone-1: an alias can't have its name"),
        ("-s a/b -t plone", "'a/b' can't be the name"),
    ],
)
def test_an_alias_that_can_not_be_is_one_line_and_changes_nothing(plone: Shell, arguments: str, said: str) -> None:
    before = plone.collections()

    ended = update(plone, f"--add-alias {arguments}")

    assert (ended.code, plone.collections()) == (2, before)
    assert said in ended.error


def test_collections_are_listed_with_all_details(plone: Shell) -> None:
    shown = update(plone, "-ls").out
    (listed,) = update(plone, "-ls --json").report  # type: ignore[misc]

    assert re.search(r"plone-1 +│ plone +│ 4 +│ 6 +│ 20\d\d-\d\d-\d\d \d\d:\d\d +│ profile plone", shown)
    assert isinstance(listed, dict)
    assert {**listed, "created_at": 0} == {
        "name": "plone-1",
        "aliases": ["plone"],
        "projects": 4,
        "documents": 6,
        "created_at": 0,
        "filter": decode(encode(load_profiles()["plone"].filter)),
        "cursor": plone.state("plone").cursor,
    }


def test_lists_leave_out_what_a_rebuild_left_and_say_so(plone: Shell) -> None:
    update(plone, "--migrate -s plone -t plone-2")
    with plone.opened() as database, database.writing() as connection:
        connection.execute(
            "UPDATE collections SET state = json_set(state, '$.standby_for', 'plone') WHERE name = 'plone-2'"
        )

    for option in ("-ls", "-lsn", "--info"):
        ended = update(plone, option)
        assert "plone-2" not in ended.out
        assert "Not listed: plone-2, which is being built" in ended.err


def test_an_empty_index_has_nothing_to_list(shell: Shell) -> None:
    assert lines(update(shell, "-lsn")) == lines(update(shell, "-lsa")) == []
    for option in ("-ls", "-lsn", "-lsa", "-lssoa"):
        assert update(shell, f"{option} --json").report == []
    assert update(shell, "--info --json").report["collections"] == []


def test_info_tells_what_is_in_the_index_and_how_current_it_is(plone: Shell, pypi: LocalPyPI) -> None:
    plone.call("-f", "-p", "flask")
    pypi.requests.clear()

    whole, one = (update(plone, f"--info --json {named}").report for named in ("", "-t plone-1"))

    assert (whole["engine"], whole["location"]) == ("sqlite", str(plone.folder / "index.sqlite3"))
    assert (whole["projects"], whole["documents"], one["projects"], one["documents"]) == (5, 7, 4, 6)
    assert whole["bytes"] > 10_000
    (details,) = one["collections"]
    assert (details["names"], details["collection"], details["filter"]) == (["plone"], "plone-1", "profile plone")
    assert details["cursor"] == pypi.ecosystem.last_serial
    assert 0 <= details["cursor_age"] < 60
    assert details["newest_serial"] <= details["cursor"]
    assert details["newest_project"] in ("Plone.Api", "collective.one", "collective.two", "plone.volto")
    assert "confirmed" in update(plone, "--info").out
    assert pypi.requests.total == 0


def test_a_key_of_its_own_value_is_shown_once(plone: Shell) -> None:
    made = update(plone, "--add-search-only-apikey -p plone --json").report
    (listed,) = update(plone, "-lssoa --json").report  # type: ignore[misc]

    value = made.pop("value")
    assert len(value) >= 32
    assert listed == made
    assert (made["prefix"], made["collections"], made["actions"]) == (value[:4], ["plone"], ["documents:search"])
    table = update(plone, "-lssoa").out
    assert value[:4] in table
    assert value not in table


def test_a_key_of_a_numbered_collection_comes_with_a_word_about_its_end(plone: Shell) -> None:
    ended = update(plone, "--add-search-only-apikey -t plone-1")

    assert "It ends with that collection; one for -t plone opens whatever plone leads to." in ended.err


def test_the_default_profile_names_the_collection_of_a_key_and_of_an_export(plone: Shell) -> None:
    assert update(plone, "--add-search-only-apikey", default_profile="plone").code == 0
    assert update(plone, "--export out.jsonl", default_profile="plone").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--add-search-only-apikey -t plone -key your_custom_key", "there is a key of that value already"),
        ("--add-search-only-apikey -t plone -key short", "8 to 200 visible ASCII characters"),
        ("--add-search-only-apikey -t nowhere", "there is no collection nowhere yet"),
        ("--delete-apikey 99 -f", "there is no key 99"),
        ("--delete-apikey -1", "there is no key -1"),
    ],
)
def test_a_key_that_can_not_be_made_or_deleted_is_one_line(plone: Shell, arguments: str, said: str) -> None:
    update(plone, "--add-search-only-apikey -t plone -key your_custom_key")

    ended = update(plone, arguments)

    assert (ended.code, ended.out) == (2, "")
    assert said in ended.error
    assert len(update(plone, "-lssoa --json").report) == 1


def test_a_deletion_has_to_be_confirmed_and_says_what_it_destroys(plone: Shell) -> None:
    update(plone, "--add-search-only-apikey -t plone -key your_custom_key")
    update(plone, "--add-alias -s packages -t plone")
    before = plone.collections()

    collection, key = update(plone, "--delete-collection plone-1"), update(plone, "--delete-apikey 1")

    assert (collection.code, key.code, plone.collections()) == (2, 2, before)
    assert "Delete the collection plone-1 with 6 documents of 4 projects, and the aliases packages, plone" in (
        collection.error
    )
    assert "Delete the key 1 (search only: plone), which begins with your and opens plone?" in key.error
    assert "nobody can be asked here, so nothing was done; -f/--force answers with yes" in collection.error


def test_force_answers_the_question(plone: Shell) -> None:
    update(plone, "--add-search-only-apikey -t plone -key your_custom_key")

    assert update(plone, "--delete-collection plone-1 --force").code == 0
    assert update(plone, "--delete-apikey 1 -f").code == 0

    assert plone.collections() == {}
    assert update(plone, "-lssoa --json").report == []


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, {}), ("n", 2, {"plone-1": ("plone",)})])
def test_on_a_terminal_the_user_is_asked(plone: Shell, answer: str, code: int, left: dict[str, Any]) -> None:
    ours, theirs = pty.openpty()

    with plone.start("--delete-collection", "plone-1", module=UPDATER, stdin=theirs) as run:
        os.write(ours, f"{answer}\n".encode())
        _, err = run.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)

    assert (run.returncode, plone.collections()) == (code, left)
    assert "Delete the collection plone-1 with 6 documents of 4 projects, and the alias plone" in err


@pytest.mark.parametrize("option", ["", " -f"])
def test_an_alias_is_not_deleted_in_its_collections_place(plone: Shell, option: str) -> None:
    ended = update(plone, f"--delete-collection plone{option}")

    assert (ended.code, plone.collections()) == (2, {"plone-1": ("plone",)})
    assert ended.error == "plone is an alias; the collection that it leads to is plone-1"


def test_what_is_not_there_can_not_be_deleted(plone: Shell) -> None:
    assert update(plone, "--delete-collection nowhere -f").error == "there is no collection nowhere"


def test_a_collection_that_is_being_filled_is_not_deleted(plone: Shell, pypi: LocalPyPI) -> None:
    with plone.opened() as database:
        from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin

        with SqliteAdmin(database).exclusive("plone"):
            ended = update(plone, "--delete-collection plone-1 -f")

    assert (ended.code, plone.collections()) == (4, {"plone-1": ("plone",)})
    assert "another run is at work" in ended.error


def test_a_recreation_asks_pypi_nothing(plone: Shell, pypi: LocalPyPI) -> None:
    before = plone.call("--show", "plone.api", "--all-versions", "-p", "plone").out

    ended = update(plone, "--recreate-collection -t plone --json")

    assert (ended.code, ended.report["copied"], ended.report["documents"]) == (0, 4, 6)
    assert lines(update(plone, "-lsa")) == ["plone → plone-2"]
    assert plone.call("--show", "plone.api", "--all-versions", "-p", "plone").out == before
    assert pypi.requests.total == 0


def test_runs_go_on_where_they_were_after_a_recreation(plone: Shell, pypi: LocalPyPI) -> None:
    update(plone, "--recreate-collection -p plone")
    pypi.ecosystem.publish("collective.one", "0.2")

    assert plone.call("-i", "-p", "plone", "--json").report["indexed"] == 1


def test_a_bare_collection_becomes_an_alias_only_when_that_is_confirmed(plone: Shell) -> None:
    bare(plone, "old")

    refused = update(plone, "--recreate-collection -t old")
    assert (refused.code, set(plone.collections())) == (2, {"old", "plone-1"})
    assert "old is a collection itself" in refused.error
    assert "copy it to old-1, delete old, and have old lead to old-1 from then on?" in refused.error

    assert update(plone, "--recreate-collection -t old -f").code == 0
    assert plone.collections() == {"old-1": ("old",), "plone-1": ("plone",)}
    assert plone.names("old") == PLONE


def test_a_rebuild_from_pypi_makes_an_alias_of_a_bare_collection_when_that_is_confirmed(plone: Shell) -> None:
    bare(plone, "old")
    rebuild = ("-f", "-p", "plone", "-t", "old", "--recreate-collection")

    refused = plone.call(*rebuild)
    assert (refused.code, set(plone.collections())) == (2, {"old", "plone-1"})
    assert "read everything from PyPI into old-1, delete old, and have old lead to old-1" in refused.error

    assert plone.call(*rebuild, "--yes").code == 0
    assert plone.collections() == {"old-1": ("old",), "plone-1": ("plone",)}
    assert plone.names("old") == PLONE


def test_the_collection_behind_an_alias_is_not_recreated_in_its_place(plone: Shell) -> None:
    ended = update(plone, "--recreate-collection -t plone-1")

    assert (ended.code, ended.error) == (2, "plone-1 is the collection behind plone: recreate plone")


def test_where_there_is_nothing_a_profiles_collection_is_made(shell: Shell) -> None:
    assert update(shell, "--recreate-collection -t plone").code == 0
    assert update(shell, "--recreate-collection -p django -t mine").code == 0

    assert shell.collections() == {"mine-1": ("mine",), "plone-1": ("plone",)}
    assert update(shell, "--recreate-collection -t nowhere").code == 2


def test_a_migration_reports_and_can_be_repeated(plone: Shell) -> None:
    first, second = (update(plone, "--migrate -s plone -t packages2 --json").report for _ in range(2))

    assert (first["action"], first["collection"], first["copied"], first["unchanged"]) == ("migrate", "packages2", 4, 0)
    assert (second["copied"], second["unchanged"]) == (0, 4)
    assert plone.names("packages2") == PLONE


def test_a_collection_goes_through_a_file_into_another_index(plone: Shell, tmp_path: Path) -> None:
    assert update(plone, "--export plone.jsonl.gz -p plone").code == 0

    elsewhere = update(plone, "--import plone.jsonl.gz -p plone --json", sqlite_path=tmp_path / "other.sqlite3")

    assert (elsewhere.code, elsewhere.report["copied"], elsewhere.report["documents"]) == (0, 4, 6)
    again = update(plone, "--export again.jsonl.gz -p plone", sqlite_path=tmp_path / "other.sqlite3")
    assert again.code == 0
    assert (tmp_path / "again.jsonl.gz").read_bytes() == (tmp_path / "plone.jsonl.gz").read_bytes()


def test_a_pipe_carries_a_collection(plone: Shell) -> None:
    with plone.start("--export", "-", "-p", "plone", module=UPDATER) as sender:
        assert sender.stdout is not None
        with plone.start("--import", "-", "-t", "other", module=UPDATER, stdin=sender.stdout.fileno()) as receiver:
            receiver.communicate(timeout=60)
        sender.wait(timeout=60)

    assert (sender.returncode, receiver.returncode) == (0, 0)
    assert plone.names("other") == PLONE


def test_bad_lines_are_named_on_stderr_and_change_the_exit_code(plone: Shell, tmp_path: Path) -> None:
    update(plone, "--export out.jsonl -p plone")
    content = (tmp_path / "out.jsonl").read_text("utf-8").splitlines(keepends=True)
    content[2:2] = ["garbled\n", '{"id": 1}\n']
    (tmp_path / "out.jsonl").write_text("".join(content), "utf-8")

    ended = update(plone, "--import out.jsonl -t other")

    assert ended.code == 3
    assert re.search(r"^failed: line 3: JSON is malformed", ended.err, re.MULTILINE)
    assert "failed: line 4: " in ended.err
    assert plone.names("other") == PLONE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--import missing -t other", "can't read missing: No such file or directory"),
        ("--export no/where -p plone", "can't write no/where: there is no folder"),
        ("--export out -t nowhere", "there is no collection nowhere yet"),
        ("--export . -p plone", "can't write .: it is a folder"),
    ],
)
def test_a_file_that_can_not_be_is_one_line(plone: Shell, tmp_path: Path, arguments: str, said: str) -> None:
    before = plone.collections()

    ended = update(plone, arguments)

    assert (ended.code, plone.collections()) == (2, before)
    assert said in ended.error
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_line(plone: Shell) -> None:
    ended = update(plone, "--export /dev/full -p plone")

    assert ended.code == 4
    assert "can't write /dev/full: No space left on device" in ended.error
    assert Path("/dev/full").is_char_device()


def test_a_reader_that_goes_away_ends_an_export_without_a_word(plone: Shell) -> None:
    for number in range(3):
        update(plone, f"--migrate -s plone -t more{number}")

    ended = plone.run("--export", "-", "-p", "plone", module=UPDATER, redirected="| head -c 10")

    assert "Traceback" not in ended.err
    assert "Error" not in ended.err
