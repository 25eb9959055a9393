"""The cursor file: a lost, old or unreadable copy of the cursors never skips a change."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pyf.aggregator.adapters.cursor_file import CursorFile
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.sandbox.pypi import LocalPyPI
from support.cli_runner import CommandRunner

NAME = ".pyaggregator.since"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


@settings(max_examples=40)
@given(st.dictionaries(st.text(), st.integers(min_value=0, max_value=2**63 - 1), max_size=3))
def test_write_read_round_trip(tmp_path_factory: pytest.TempPathFactory, serials: dict[str, int]) -> None:
    file = CursorFile(tmp_path_factory.mktemp("since") / NAME)

    for collection, serial in serials.items():
        file.write(collection, serial)

    assert (dict(file.read().serials), file.read().is_legacy) == (serials, False)


def test_write_keeps_other_collections(path: Path) -> None:
    file = CursorFile(path)
    file.write("plone", 1)
    file.write("django", 2)

    file.write("plone", 3)

    assert file.read().serials == {"plone": 3, "django": 2}


@pytest.mark.parametrize("content", [b"", b"  \n"])
def test_read_empty_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert (CursorFile(path).read().serials, CursorFile(path).read().is_legacy) == ({}, False)


@pytest.mark.parametrize("content", [b"1769000000", b"1769000000.123\n", b" 0 "])
def test_read_timestamp(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert CursorFile(path).read().is_legacy


@pytest.mark.parametrize(
    "content",
    [b"yesterday", b"nan", b"[1]", b'{"plone": "7"}', b'{"plone": -7}', b'{"plone": 7', b"\xff", b"{}" * 10**6],
)
def test_foreign_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    for use in (CursorFile(path).read, lambda: CursorFile(path).write("plone", 1)):
        with pytest.raises(Invalid, match="is not a cursor file; delete it or choose another with -s"):
            use()

    assert path.read_bytes() == content


def test_invalid_path_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / NAME, "a\0b"):
        with pytest.raises(Invalid, match=r"^can't (read|write) "):
            CursorFile(path).read()


def test_write_to_removed_folder_fails_cleanly(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises((Invalid, Unavailable)):
        CursorFile(tmp_path / "loop").write("plone", 1)

    assert [path_entry.name for path_entry in tmp_path.iterdir()] == ["loop"]


def test_file_mode_and_symlink_are_kept(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text('{"django": 2}')
    path.symlink_to("elsewhere")

    CursorFile(path).write("plone", 1)

    assert path.is_symlink()
    assert CursorFile(tmp_path / "elsewhere").read().serials == {"django": 2, "plone": 1}
    reference_file = tmp_path / "made by open"
    reference_file.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(reference_file.stat().st_mode)


def test_runs_store_collection_cursor(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "flask")
    before = pypi.registry.last_serial
    pypi.registry.add_filler_changes(5)

    shell.invoke("-i", "-p", "django")
    shell.invoke("-f", "-p", "django")

    assert CursorFile(shell.folder / NAME).read().serials == {"flask": before, "django": before + 5}


@pytest.mark.parametrize("content", [None, "", "1769000000\n", '{"plone": 1}', '{"plone": 999999999}'])
def test_missing_or_wrong_file_loses_no_change(shell: CommandRunner, pypi: LocalPyPI, content: str | None) -> None:
    shell.invoke("-f", "-p", "plone")
    pypi.registry.publish("plone.api", "2.1")
    pypi.requests.clear()
    if content is None:
        (shell.folder / NAME).unlink()
    else:
        (shell.folder / NAME).write_text(content)

    report = shell.invoke("-i", "-p", "plone", "--json").report

    assert report["indexed"] == 1
    assert pypi.requests.by_kind["project"] <= 4
    assert pypi.requests.by_kind["simple_index"] <= 1
    assert CursorFile(shell.folder / NAME).read().serials == {"plone": pypi.registry.last_serial}


def test_timestamp_costs_one_comparison(shell: CommandRunner, pypi: LocalPyPI) -> None:
    shell.invoke("-f", "-p", "plone")
    (shell.folder / NAME).write_text("1769000000.5")
    pypi.requests.clear()

    report = shell.invoke("-i", "-p", "plone", "--json").report

    assert (report["indexed"], report["unchanged"]) == (0, 4)
    assert (pypi.requests.by_kind["simple_index"], pypi.requests.by_kind["project"]) == (1, 0)


def test_lost_cursor_costs_one_comparison(shell: CommandRunner, pypi: LocalPyPI) -> None:
    """A first run that a limit cut short has left none."""
    shell.invoke("-f", "-p", "plone", "-l", "2")
    pypi.requests.clear()

    shell.invoke("-i", "-p", "plone")

    assert shell.list_names("plone") == ["collective-one", "collective-two", "plone-api", "plone-volto"]
    assert (pypi.requests.by_kind["simple_index"], pypi.requests.by_kind["project"]) == (1, 2)


def test_older_cursor_wins(shell: CommandRunner, pypi: LocalPyPI) -> None:
    """The collection's own cursor may be ahead of its content after an incomplete restore."""
    shell.invoke("-f", "-p", "plone")
    pypi.registry.publish("plone.api", "2.1")
    with shell.open_database() as database:
        index = SqliteIndex(database)
        index.set_state("plone", replace(index.get_state("plone"), cursor=pypi.registry.last_serial))

    report = shell.invoke("-i", "-p", "plone", "--json").report

    assert report["indexed"] == 1


@pytest.mark.parametrize("part", [["-l", "1"], ["-fn", "api"], ["--dry-run"]])
@pytest.mark.parametrize("action", ["-f", "-i"])
def test_partial_run_keeps_file(shell: CommandRunner, action: str, part: list[str]) -> None:
    shell.invoke("-f", "-p", "plone")
    (shell.folder / NAME).write_text('{"plone": 1}')

    result = shell.invoke(action, "-p", "plone", *part)

    assert (result.code, (shell.folder / NAME).read_text()) == (0, '{"plone": 1}')
