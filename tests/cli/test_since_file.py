"""The since file: a copy of the cursors that may be lost, old or of an older kind, and never costs a change."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.since_file import SinceFile
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.sample.services import LocalPyPI
from shell import Shell

NAME = ".pyaggregator.since"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


@settings(max_examples=40)
@given(st.dictionaries(st.text(), st.integers(min_value=0, max_value=2**63 - 1), max_size=3))
def test_what_is_written_can_be_read(tmp_path_factory: pytest.TempPathFactory, serials: dict[str, int]) -> None:
    file = SinceFile(tmp_path_factory.mktemp("since") / NAME)

    for collection, serial in serials.items():
        file.write(collection, serial)

    assert (dict(file.read().serials), file.read().is_timestamp) == (serials, False)


def test_writing_leaves_the_other_collections_alone(path: Path) -> None:
    file = SinceFile(path)
    file.write("plone", 1)
    file.write("django", 2)

    file.write("plone", 3)

    assert file.read().serials == {"plone": 3, "django": 2}


@pytest.mark.parametrize("content", [b"", b"  \n"])
def test_an_empty_file_says_nothing(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert (SinceFile(path).read().serials, SinceFile(path).read().is_timestamp) == ({}, False)


@pytest.mark.parametrize("content", [b"1769000000", b"1769000000.123\n", b" 0 "])
def test_a_timestamp_is_told_apart(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    assert SinceFile(path).read().is_timestamp


@pytest.mark.parametrize(
    "content",
    [b"yesterday", b"nan", b"[1]", b'{"plone": "7"}', b'{"plone": -7}', b'{"plone": 7', b"\xff", b"{}" * 10**6],
)
def test_a_file_of_another_kind_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    for use in (SinceFile(path).read, lambda: SinceFile(path).write("plone", 1)):
        with pytest.raises(Invalid, match="is no file of serials; delete it or name another with -s"):
            use()

    assert path.read_bytes() == content


def test_a_path_that_can_be_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / NAME, "a\0b"):
        with pytest.raises(Invalid, match=r"^can't (read|write) "):
            SinceFile(path).read()


def test_a_folder_that_has_gone_meanwhile_is_told_without_leaving_anything(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises((Invalid, Unavailable)):
        SinceFile(tmp_path / "loop").write("plone", 1)

    assert [each.name for each in tmp_path.iterdir()] == ["loop"]


def test_the_file_is_for_all_who_may_read_the_folder_and_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text('{"django": 2}')
    path.symlink_to("elsewhere")

    SinceFile(path).write("plone", 1)

    assert path.is_symlink()
    assert SinceFile(tmp_path / "elsewhere").read().serials == {"django": 2, "plone": 1}
    made = tmp_path / "made by open"
    made.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(made.stat().st_mode)


def test_runs_note_the_cursor_of_their_collection(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "flask")
    before = pypi.ecosystem.last_serial
    pypi.ecosystem.tick(5)

    shell.call("-i", "-p", "django")
    shell.call("-f", "-p", "django")

    assert SinceFile(shell.folder / NAME).read().serials == {"flask": before, "django": before + 5}


@pytest.mark.parametrize("content", [None, "", "1769000000\n", '{"plone": 1}', '{"plone": 999999999}'])
def test_a_file_that_is_missing_old_or_ahead_costs_requests_and_never_a_change(
    shell: Shell, pypi: LocalPyPI, content: str | None
) -> None:
    shell.call("-f", "-p", "plone")
    pypi.ecosystem.publish("plone.api", "2.1")
    pypi.requests.clear()
    if content is None:
        (shell.folder / NAME).unlink()
    else:
        (shell.folder / NAME).write_text(content)

    report = shell.call("-i", "-p", "plone", "--json").report

    assert report["indexed"] == 1
    assert pypi.requests.by_kind["project"] <= 4
    assert pypi.requests.by_kind["simple_index"] <= 1
    assert SinceFile(shell.folder / NAME).read().serials == {"plone": pypi.ecosystem.last_serial}


def test_a_timestamp_costs_one_comparison_and_reads_nothing_that_did_not_move(shell: Shell, pypi: LocalPyPI) -> None:
    shell.call("-f", "-p", "plone")
    (shell.folder / NAME).write_text("1769000000.5")
    pypi.requests.clear()

    report = shell.call("-i", "-p", "plone", "--json").report

    assert (report["indexed"], report["unchanged"]) == (0, 4)
    assert (pypi.requests.by_kind["simple_index"], pypi.requests.by_kind["project"]) == (1, 0)


def test_a_cursor_that_the_collection_has_lost_costs_one_comparison(shell: Shell, pypi: LocalPyPI) -> None:
    """A first run that a limit cut short has left none."""
    shell.call("-f", "-p", "plone", "-l", "2")
    pypi.requests.clear()

    shell.call("-i", "-p", "plone")

    assert shell.names("plone") == ["collective-one", "collective-two", "plone-api", "plone-volto"]
    assert (pypi.requests.by_kind["simple_index"], pypi.requests.by_kind["project"]) == (1, 2)


def test_the_older_of_the_two_cursors_wins(shell: Shell, pypi: LocalPyPI) -> None:
    """The collection's own may be ahead of what is in it: somebody has restored half of a backup."""
    shell.call("-f", "-p", "plone")
    pypi.ecosystem.publish("plone.api", "2.1")
    with shell.opened() as database:
        index = SqliteIndex(database)
        index.remember("plone", replace(index.state("plone"), cursor=pypi.ecosystem.last_serial))

    report = shell.call("-i", "-p", "plone", "--json").report

    assert report["indexed"] == 1


@pytest.mark.parametrize("part", [["-l", "1"], ["-fn", "api"], ["--dry-run"]])
@pytest.mark.parametrize("action", ["-f", "-i"])
def test_a_run_that_looks_at_a_part_leaves_the_file_as_it_is(shell: Shell, action: str, part: list[str]) -> None:
    shell.call("-f", "-p", "plone")
    (shell.folder / NAME).write_text('{"plone": 1}')

    ended = shell.call(action, "-p", "plone", *part)

    assert (ended.code, (shell.folder / NAME).read_text()) == (0, '{"plone": 1}')
