"""`pyfupdater` on a local index."""

import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import decode, encode

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import UPDATER, CommandRunner, CompletedCommand

PLONE = ["collective-one", "collective-two", "plone-api", "plone-volto"]


@pytest.fixture
def plone(shell: CommandRunner, pypi: LocalPyPI) -> CommandRunner:
    """A runner with a Plone collection that makes no further requests."""
    shell.invoke("-f", "-p", "plone")
    pypi.requests.clear()
    return shell


def run_updater(shell: CommandRunner, arguments: str, **settings: Any) -> CompletedCommand:
    return shell.invoke(*arguments.split(), command="pyfupdater", **settings)


def get_lines(result: CompletedCommand) -> list[str]:
    assert result.code == 0, result
    return result.out.splitlines()


def rename_to_unaliased(shell: CommandRunner, name: str) -> None:
    """Make a collection that bears the name itself, as an older program of this schema would have."""
    numbered = f"{name}-0"
    assert run_updater(shell, f"--migrate -s plone -t {numbered}").code == 0
    with shell.open_database() as database, database.writing() as connection:
        connection.execute("UPDATE collections SET name = ? WHERE name = ?", (name, numbered))


def test_documented_steps(shell: CommandRunner) -> None:
    shell.invoke("-f", "-ft", "Framework :: Plone", "-t", "packages1")

    alias = run_updater(shell, "--add-alias -s packages -t packages1")
    key = run_updater(shell, "--add-search-only-apikey -t packages -key your_custom_key")

    assert alias.code == 0
    assert get_lines(key) == ["your_custom_key"]
    assert get_lines(run_updater(shell, "-lsa")) == ["packages → packages1", "packages1 → packages1-1"]
    assert get_lines(run_updater(shell, "-lsn")) == ["packages", "packages1"]
    assert shell.list_names("packages") == PLONE


def test_add_alias_moves_and_is_idempotent(plone: CommandRunner) -> None:
    plone.invoke("-f", "-p", "flask")
    for target in ("plone", "plone", "flask -f", "flask-1"):
        assert run_updater(plone, f"--add-alias -s packages -t {target}").code == 0

    assert get_lines(run_updater(plone, "-lsa")) == ["flask → flask-1", "packages → flask", "plone → plone-1"]


def test_add_alias_by_profile(plone: CommandRunner) -> None:
    run_updater(plone, "--add-alias -s packages -p plone")

    assert plone.list_collections() == {"plone-1": ("packages", "plone")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-s packages -t nowhere", "Collection nowhere does not exist; the alias packages was not changed."),
        ("-s plone-1 -t plone", "plone-1 is the name of a collection; an alias can't have it."),
        ("-s a/b -t plone", "'a/b' is not a valid name"),
    ],
)
def test_invalid_alias_is_one_line_error(plone: CommandRunner, arguments: str, message: str) -> None:
    before = plone.list_collections()

    result = run_updater(plone, f"--add-alias {arguments}")

    assert (result.code, plone.list_collections()) == (2, before)
    assert message in result.error


def test_list_collections(plone: CommandRunner) -> None:
    output = run_updater(plone, "-ls").out
    (listed,) = run_updater(plone, "-ls --json").report  # type: ignore[misc]

    assert re.search(r"plone-1 +plone +4 +8 +20\d\d-\d\d-\d\d \d\d:\d\d +profile plone", output)
    assert isinstance(listed, dict)
    assert {**listed, "created_at": 0} == {
        "name": "plone-1",
        "aliases": ["plone"],
        "projects": 4,
        "documents": 8,
        "created_at": 0,
        "filter": decode(encode(load_profiles()["plone"].filter)),
        "cursor": plone.get_state("plone").cursor,
    }


def test_lists_mention_orphaned_rebuilds(plone: CommandRunner) -> None:
    run_updater(plone, "--migrate -s plone -t plone-2")
    with plone.open_database() as database, database.writing() as connection:
        connection.execute(
            "UPDATE collections SET state = json_set(state, '$.rebuild_of', 'plone') WHERE name = 'plone-2'"
        )

    for option in ("-ls", "-lsn", "--info"):
        result = run_updater(plone, option)
        assert "plone-2" not in result.out
        assert "Not listed: plone-2. A rebuild is filling it" in result.err


def test_lists_of_empty_index(shell: CommandRunner) -> None:
    run_updater(shell, "--recreate-collection -t plone")
    run_updater(shell, "--delete-collection plone-1 -f")

    assert get_lines(run_updater(shell, "-lsn")) == get_lines(run_updater(shell, "-lsa")) == []
    for option in ("-ls", "-lsn", "-lsa", "-lssoa"):
        assert run_updater(shell, f"{option} --json").report == []
    assert run_updater(shell, "--info --json").report["collections"] == []


def test_info(plone: CommandRunner, pypi: LocalPyPI) -> None:
    plone.invoke("-f", "-p", "flask")
    pypi.requests.clear()

    index_info, collection_info = (
        run_updater(plone, f"--info --json {target_option}").report for target_option in ("", "-t plone-1")
    )

    assert (index_info["engine"], index_info["location"]) == ("sqlite", str(plone.folder / "index.sqlite3"))
    assert (
        index_info["projects"],
        index_info["documents"],
        collection_info["projects"],
        collection_info["documents"],
    ) == (5, 9, 4, 8)
    assert index_info["bytes"] > 10_000
    (details,) = collection_info["collections"]
    assert (details["names"], details["collection"], details["filter"]) == (["plone"], "plone-1", "profile plone")
    assert details["cursor"] == pypi.registry.last_serial
    assert 0 <= details["cursor_age"] < 60
    assert details["newest_serial"] <= details["cursor"]
    assert details["newest_project"] in ("Plone.Api", "collective.one", "collective.two", "plone.volto")
    assert "confirmed" in run_updater(plone, "--info").out
    assert pypi.requests.total == 0


def test_added_key_value_is_shown_once(plone: CommandRunner) -> None:
    new_key = run_updater(plone, "--add-search-only-apikey -p plone --json").report
    (listed,) = run_updater(plone, "-lssoa --json").report  # type: ignore[misc]

    value = new_key.pop("value")
    assert len(value) >= 32
    assert listed == new_key
    assert (new_key["prefix"], new_key["collections"], new_key["actions"]) == (
        value[:4],
        ["plone"],
        ["documents:search"],
    )
    table = run_updater(plone, "-lssoa").out
    assert value[:4] in table
    assert value not in table


def test_key_of_numbered_collection_prints_notice(plone: CommandRunner) -> None:
    result = run_updater(plone, "--add-search-only-apikey -t plone-1")

    assert "A rebuild of plone ends it. A key for -t plone stays valid." in result.err


def test_default_profile_applies_to_keys_and_export(plone: CommandRunner) -> None:
    assert run_updater(plone, "--add-search-only-apikey", default_profile="plone").code == 0
    assert run_updater(plone, "--export out.jsonl", default_profile="plone").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--add-search-only-apikey -t plone -key your_custom_key", "there is a key of that value already"),
        ("--add-search-only-apikey -t plone -key short", "8 to 200 visible ASCII characters"),
        ("--add-search-only-apikey -t nowhere", "Collection nowhere does not exist"),
        ("--delete-apikey 99 -f", "Key 99 does not exist"),
        ("--delete-apikey -1", "Key -1 does not exist"),
    ],
)
def test_invalid_key_is_one_line_error(plone: CommandRunner, arguments: str, message: str) -> None:
    run_updater(plone, "--add-search-only-apikey -t plone -key your_custom_key")

    result = run_updater(plone, arguments)

    assert (result.code, result.out) == (2, "")
    assert message in result.error
    assert len(run_updater(plone, "-lssoa --json").report) == 1


def test_deletion_requires_confirmation(plone: CommandRunner) -> None:
    run_updater(plone, "--add-search-only-apikey -t plone -key your_custom_key")
    run_updater(plone, "--add-alias -s packages -t plone")
    before = plone.list_collections()

    collection, key = run_updater(plone, "--delete-collection plone-1"), run_updater(plone, "--delete-apikey 1")

    assert (collection.code, key.code, plone.list_collections()) == (2, 2, before)
    assert (
        "Delete the collection plone-1, with 8 documents of 4 packages (collective-one, collective-two, plone-api, "
        "plone-volto), and the aliases packages, plone of it; 1 API key (id 1) would give access to nothing?"
    ) in collection.error
    assert "Delete the key 1 (search only: plone), which begins with your and gives access to plone?" in key.error
    assert "not a terminal: confirm with -f/--force. Nothing was changed" in collection.error


def test_force_skips_confirmation(plone: CommandRunner) -> None:
    run_updater(plone, "--add-search-only-apikey -t plone -key your_custom_key")

    assert run_updater(plone, "--delete-collection plone-1 --force").code == 0
    assert run_updater(plone, "--delete-apikey 1 -f").code == 0

    assert plone.list_collections() == {}
    assert run_updater(plone, "-lssoa --json").report == []


@pytest.mark.parametrize(
    ("response", "code", "remaining_collections"), [("y", 0, {}), ("n", 2, {"plone-1": ("plone",)})]
)
def test_confirmation_on_terminal(
    plone: CommandRunner, response: str, code: int, remaining_collections: dict[str, Any]
) -> None:
    ours, theirs = pty.openpty()

    with plone.start("--delete-collection", "plone-1", module=UPDATER, stdin=theirs) as run:
        os.write(ours, f"{response}\n".encode())
        _, err = run.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)

    assert (run.returncode, plone.list_collections()) == (code, remaining_collections)
    assert "Delete the collection plone-1, with 8 documents of 4 packages (collective-one," in err
    assert "and the alias plone of it?" in err


@pytest.mark.parametrize("name", ["plone", "packages"])
def test_listed_names_can_be_deleted(plone: CommandRunner, name: str) -> None:
    run_updater(plone, "--add-alias -s packages -t plone")
    assert name in get_lines(run_updater(plone, "-lsn"))
    other = {"plone": "packages", "packages": "plone"}[name]

    question = run_updater(plone, f"--delete-collection {name}")
    assert (question.code, len(plone.list_collections())) == (2, 1)
    assert f"Delete the alias {name} and the collection plone-1 behind it, with 8 documents of 4 pack" in question.error
    assert f"and the alias {other} of it?" in question.error

    deleted = run_updater(plone, f"--delete-collection {name} -f")
    assert (deleted.code, plone.list_collections()) == (0, {})
    assert f"Deleting the alias {name} and the collection plone-1 behind it" in deleted.err


def test_large_collections_are_deleted_by_number(plone: CommandRunner, pypi: LocalPyPI) -> None:
    for number in range(8):
        pypi.registry.publish(f"collective.n{number}", "1.0", info={"classifiers": ["Framework :: Plone"]})
    plone.invoke("-f", "-p", "plone")

    assert "of 12 packages, and the alias plone of it?" in run_updater(plone, "--delete-collection plone-1").error


def test_alias_is_moved_after_confirmation(plone: CommandRunner) -> None:
    plone.invoke("-f", "-p", "flask")
    run_updater(plone, "--add-alias -s packages -t flask")

    question = run_updater(plone, "--add-alias -s packages -t plone")
    assert (question.code, plone.list_collections()["flask-1"]) == (2, ("flask", "packages"))
    assert "Move the alias packages from flask-1 (1 package (flask-thing)) to plone-1?" in question.error

    moved = run_updater(plone, "--add-alias -s packages -t plone --force")
    assert (moved.code, plone.list_collections()["plone-1"]) == (0, ("packages", "plone"))
    assert "Moving the alias packages from flask-1" in moved.err


def test_alias_is_deleted_after_confirmation(plone: CommandRunner) -> None:
    run_updater(plone, "--add-alias -s packages -t plone")
    run_updater(plone, "--add-search-only-apikey -t packages -key your_custom_key")

    question = run_updater(plone, "--delete-alias packages")
    assert (question.code, plone.list_collections()) == (2, {"plone-1": ("packages", "plone")})
    assert (
        "Remove the alias packages of plone-1, which stays as plone; 1 API key (id 1) would give access to nothing?"
        in question.error
    )

    assert run_updater(plone, "--delete-alias packages -f").code == 0
    assert plone.list_collections() == {"plone-1": ("plone",)}
    assert "there is no alias" in run_updater(plone, "--delete-alias packages -f").error
    assert "is a collection, not an alias" in run_updater(plone, "--delete-alias plone-1 -f").error


def test_delete_missing_collection_or_key(plone: CommandRunner) -> None:
    assert run_updater(plone, "--delete-collection nowhere -f").error == "Collection nowhere does not exist."


def test_locked_collection_is_not_deleted(plone: CommandRunner, pypi: LocalPyPI) -> None:
    with plone.open_database() as database:
        from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin

        with SqliteAdmin(database).lock("plone"):
            result = run_updater(plone, "--delete-collection plone-1 -f")

    assert (result.code, plone.list_collections()) == (4, {"plone-1": ("plone",)})
    assert "locked by another run" in result.error


def test_recreate_makes_no_requests(plone: CommandRunner, pypi: LocalPyPI) -> None:
    before = plone.invoke("--show", "plone.api", "--all-versions", "-p", "plone").out

    result = run_updater(plone, "--recreate-collection -t plone --json")

    assert (result.code, result.report["copied"], result.report["documents"]) == (0, 4, 8)
    assert get_lines(run_updater(plone, "-lsa")) == ["plone → plone-2"]
    assert plone.invoke("--show", "plone.api", "--all-versions", "-p", "plone").out == before
    assert pypi.requests.total == 0


def test_incremental_run_after_recreate(plone: CommandRunner, pypi: LocalPyPI) -> None:
    run_updater(plone, "--recreate-collection -p plone")
    pypi.registry.publish("collective.one", "0.3")

    assert plone.invoke("-i", "-p", "plone", "--json").report["indexed"] == 1


def test_recreate_unaliased_requires_confirmation(plone: CommandRunner) -> None:
    rename_to_unaliased(plone, "old")

    refusal = run_updater(plone, "--recreate-collection -t old")
    assert (refusal.code, set(plone.list_collections())) == (2, {"old", "plone-1"})
    assert "old is a collection, not an alias" in refusal.error
    assert "Replace it with an alias to old-1 (copy it to old-1, then delete old)?" in refusal.error

    assert run_updater(plone, "--recreate-collection -t old -f").code == 0
    assert plone.list_collections() == {"old-1": ("old",), "plone-1": ("plone",)}
    assert plone.list_names("old") == PLONE


def test_rebuild_unaliased_requires_confirmation(plone: CommandRunner) -> None:
    rename_to_unaliased(plone, "old")
    rebuild = ("-f", "-p", "plone", "-t", "old", "--recreate-collection")

    refusal = plone.invoke(*rebuild)
    assert (refusal.code, set(plone.list_collections())) == (2, {"old", "plone-1"})
    assert "read everything from PyPI into old-1, then delete old" in refusal.error

    assert plone.invoke(*rebuild, "--yes").code == 0
    assert plone.list_collections() == {"old-1": ("old",), "plone-1": ("plone",)}
    assert plone.list_names("old") == PLONE


def test_recreate_behind_alias_is_refused(plone: CommandRunner) -> None:
    result = run_updater(plone, "--recreate-collection -t plone-1")

    assert (result.code, result.error) == (2, "plone-1 is the collection behind plone. Rebuild plone instead.")


def test_recreate_missing_uses_profile(shell: CommandRunner) -> None:
    assert run_updater(shell, "--recreate-collection -t plone").code == 0
    assert run_updater(shell, "--recreate-collection -p django -t mine").code == 0

    assert shell.list_collections() == {"mine-1": ("mine",), "plone-1": ("plone",)}
    assert run_updater(shell, "--recreate-collection -t nowhere").code == 2


def test_migrate_is_repeatable(plone: CommandRunner) -> None:
    first, second = (run_updater(plone, "--migrate -s plone -t packages2 --json").report for _ in range(2))

    assert (first["action"], first["collection"], first["copied"], first["unchanged"]) == ("merge", "packages2", 4, 0)
    assert (second["copied"], second["unchanged"]) == (0, 4)
    assert plone.list_names("packages2") == PLONE


def test_export_import_round_trip(plone: CommandRunner, tmp_path: Path) -> None:
    assert run_updater(plone, "--export plone.jsonl.gz -p plone").code == 0

    elsewhere = run_updater(plone, "--import plone.jsonl.gz -p plone --json", sqlite_path=tmp_path / "other.sqlite3")

    assert (elsewhere.code, elsewhere.report["copied"], elsewhere.report["documents"]) == (0, 4, 8)
    second_export = run_updater(plone, "--export again.jsonl.gz -p plone", sqlite_path=tmp_path / "other.sqlite3")
    assert second_export.code == 0
    assert (tmp_path / "again.jsonl.gz").read_bytes() == (tmp_path / "plone.jsonl.gz").read_bytes()


def test_export_import_through_pipe(plone: CommandRunner) -> None:
    with plone.start("--export", "-", "-p", "plone", module=UPDATER) as sender:
        assert sender.stdout is not None
        with plone.start("--import", "-", "-t", "other", module=UPDATER, stdin=sender.stdout.fileno()) as receiver:
            receiver.communicate(timeout=60)
        sender.wait(timeout=60)

    assert (sender.returncode, receiver.returncode) == (0, 0)
    assert plone.list_names("other") == PLONE


def test_invalid_lines_are_listed(plone: CommandRunner, tmp_path: Path) -> None:
    run_updater(plone, "--export out.jsonl -p plone")
    content = (tmp_path / "out.jsonl").read_text("utf-8").splitlines(keepends=True)
    content[2:2] = ["garbled\n", '{"id": 1}\n']
    (tmp_path / "out.jsonl").write_text("".join(content), "utf-8")

    result = run_updater(plone, "--import out.jsonl -t other")

    assert result.code == 3
    assert re.search(r"^failed: line 3: JSON is malformed", result.err, re.MULTILINE)
    assert "failed: line 4: " in result.err
    assert plone.list_names("other") == PLONE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--import missing -t other", "can't read missing: No such file or directory"),
        ("--export no/where -p plone", "can't write no/where: the folder"),
        ("--export out -t nowhere", "Collection nowhere does not exist"),
        ("--export . -p plone", "can't write .: it is a folder"),
    ],
)
def test_invalid_file_is_one_line_error(plone: CommandRunner, tmp_path: Path, arguments: str, message: str) -> None:
    before = plone.list_collections()

    result = run_updater(plone, arguments)

    assert (result.code, plone.list_collections()) == (2, before)
    assert message in result.error
    assert not (tmp_path / "out").exists()


def test_full_disk_is_one_line_error(plone: CommandRunner) -> None:
    result = run_updater(plone, "--export /dev/full -p plone")

    assert result.code == 4
    assert "can't write /dev/full: No space left on device" in result.error
    assert Path("/dev/full").is_char_device()


def test_export_to_closed_pipe_ends_silently(plone: CommandRunner) -> None:
    for number in range(3):
        run_updater(plone, f"--migrate -s plone -t more{number}")

    result = plone.run("--export", "-", "-p", "plone", module=UPDATER, redirected="| head -c 10")

    assert "Traceback" not in result.err
    assert "Error" not in result.err
