"""The search index beside a SQLite file: whatever becomes of it, the next search answers right."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from builders import PLONE, collection_state, project_documents
from engines import NOW
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.exclusive import exclusive
from pyf.aggregator.adapters.index.fulltext.files import get_search_folder
from pyf.aggregator.adapters.index.fulltext.search import FulltextSearch
from pyf.aggregator.adapters.index.sqlite import SqliteIndex
from pyf.aggregator.adapters.index.sqlite_admin import SqliteAdmin
from pyf.aggregator.adapters.index.sqlite_source import open_search
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.adapters.standards import load_standards
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.search import Question

STANDARDS = load_standards()


class World:
    """A SQLite file with a collection, and as many searches over it as a test opens."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.index = SqliteIndex(self.database)
        self.admin = SqliteAdmin(self.database, now=lambda: NOW)
        self.opened: list[FulltextSearch] = []

    def search(self, synonyms: str = "") -> FulltextSearch:
        self.opened.append(open_search(self.database, load_lexicon(synonyms), STANDARDS, now=lambda: NOW))
        return self.opened[-1]

    def put(self, *names: str) -> None:
        self.index.put(PLONE, [project_documents(name, summary="something") for name in names])

    @property
    def folder(self) -> Path:
        return get_search_folder(self.database.path) / "1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "pyf.sqlite3")
    world.admin.create(PLONE, collection_state())
    world.put("a", "b", "c")
    yield world
    for search in world.opened:
        search.close()
    world.database.close()


def found(search: FulltextSearch, text: str = "something") -> list[str]:
    return sorted(hit.name for hit in search.search(PLONE, Question(text=text)).hits)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in {".idx", ".term", ".store", ".fast"})


def _deleted(folder: Path) -> None:
    shutil.rmtree(folder)


def _emptied(folder: Path) -> None:
    for path in files_of(folder):
        path.write_bytes(b"")


def _one_file_gone(folder: Path) -> None:
    files_of(folder)[0].unlink()


def _cut_short(folder: Path) -> None:
    for path in files_of(folder):
        path.write_bytes(path.read_bytes()[:-20])


def _overwritten(folder: Path) -> None:
    """Another byte in the middle: nothing about the file's form is wrong."""
    for path in files_of(folder):
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 0xFF
        path.write_bytes(content)


def _list_damaged(folder: Path) -> None:
    (folder / "meta.json").write_text("{")


def _entries_damaged(folder: Path) -> None:
    (folder / "entries.sqlite3").write_bytes(b"not a database" * 100)
    for ending in ("-wal", "-shm"):
        (folder / f"entries.sqlite3{ending}").unlink(missing_ok=True)


def _entries_gone(folder: Path) -> None:
    for path in folder.glob("entries.sqlite3*"):
        path.unlink()


def _never_finished(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "entries.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM progress")


def _of_an_older_form(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "entries.sqlite3")) as connection, connection:
        connection.execute("""UPDATE progress SET json = replace(json, '"search_version":', '"search_version":-')""")


@pytest.mark.parametrize(
    "damage",
    [
        _deleted,
        _emptied,
        _one_file_gone,
        _cut_short,
        _overwritten,
        _list_damaged,
        _entries_damaged,
        _entries_gone,
        _never_finished,
        _of_an_older_form,
    ],
)
def test_a_search_index_that_is_not_whole_is_made_anew(world: World, damage: Callable[[Path], None]) -> None:
    assert found(world.search()) == ["a", "b", "c"]
    world.opened.pop().close()

    damage(world.folder)

    assert found(world.search()) == ["a", "b", "c"]
    world.put("d")
    assert found(world.opened[-1]) == ["a", "b", "c", "d"]


def test_an_index_that_is_deleted_under_who_has_it_open_is_made_anew(world: World) -> None:
    search = world.search()
    found(search)

    shutil.rmtree(world.folder.parent)
    world.put("d")

    assert found(search) == ["a", "b", "c", "d"]


def test_an_index_that_is_cut_short_under_who_has_it_open_is_made_anew(world: World) -> None:
    """The files are mapped into memory, where reading behind a new end kills the whole process: so one of its own."""
    program = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite_source import open_search
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.adapters.standards import load_standards
from pyf.aggregator.domain.search import Question
search = open_search(Database(Path({str(world.database.path)!r})), load_lexicon(), load_standards(), now=lambda: 0)
def ask(sort):
    print(*sorted(hit.name for hit in search.search({PLONE!r}, Question(text="something", sort=sort)).hits))
ask("relevance")
for path in Path({str(world.folder)!r}).iterdir():
    os.truncate(path, 0)
ask("name")
"""

    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False, capture_output=True, text=True)

    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, ["a b c", "a b c"], "")


def test_another_file_of_the_same_name_has_another_index(world: World, tmp_path: Path) -> None:
    found(world.search())
    world.opened.pop().close()
    world.database.close()
    for path in tmp_path.glob("pyf.sqlite3*"):
        if path.is_file():
            path.unlink()

    other = World(tmp_path / "pyf.sqlite3")
    other.admin.create(PLONE, collection_state())
    for name in ("x", "y", "z", "w"):
        other.put(name)

    assert found(other.search()) == ["w", "x", "y", "z"]
    other.opened[0].close()
    other.database.close()


def test_who_searches_while_another_process_writes_gets_the_state_before(world: World) -> None:
    search = world.search()
    found(search)
    world.put("d")

    lock = world.folder.with_name("1.lock")
    with exclusive(lock, "taken"):
        before = found(search)
    after = found(search)

    assert (before, after) == (["a", "b", "c"], ["a", "b", "c", "d"])


def test_what_a_process_leaves_that_was_killed_in_the_middle_is_repaired(world: World) -> None:
    """It dies with all terms written and nothing noted, the worst moment there is."""
    path = world.database.path
    program = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from pyf.aggregator.adapters.index.fulltext.stored_fields import StoredFieldsWriter
from pyf.aggregator.adapters.index.database import Database
from pyf.aggregator.adapters.index.sqlite_source import open_search
from pyf.aggregator.adapters.lexicon import load_lexicon
from pyf.aggregator.adapters.standards import load_standards
from pyf.aggregator.domain.search import Question
StoredFieldsWriter.put_progress = lambda *_: os.kill(os.getpid(), 9)
database = Database(Path({str(path)!r}))
open_search(database, load_lexicon(), load_standards(), now=lambda: 0).search({PLONE!r}, Question())
"""

    def killed() -> int:
        return subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode

    first = killed()
    assert found(world.search()) == ["a", "b", "c"]
    world.put("d", "e")
    second = killed()

    assert (first, second) == (-9, -9)
    assert found(world.search()) == ["a", "b", "c", "d", "e"]
    assert [path.name for path in world.folder.parent.iterdir() if ".new-" in path.name] == []


def test_several_threads_and_searches_find_what_was_written(world: World) -> None:
    searches = [world.search() for _ in range(3)]

    def work(number: int) -> int:
        world.put(f"n{number}")
        return sum(search.search(PLONE, Question()).total for search in searches)

    with ThreadPoolExecutor(6) as threads:
        totals = list(threads.map(work, range(12)))

    assert all(9 <= total <= 45 for total in totals)
    assert {len(found(search)) for search in searches} == {15}


def test_a_name_between_two_finds_its_place_until_there_is_none_left(world: World) -> None:
    """Each of these comes right before the one that came last, so the room before it is halved every time."""
    search = world.search()
    found(search)
    names = [f"b-{number:03}" for number in range(30, 0, -1)]

    for name in names:
        world.put(name)
        found(search)

    hits = search.search(PLONE, Question(sort="name", per_page=100)).hits  # type: ignore[arg-type]
    assert [hit.name for hit in hits] == sorted(["a", "b", "c", *names])


def test_other_prefixes_of_names_make_another_index(world: World, tmp_path: Path) -> None:
    world.put("acme.calendar")
    (tmp_path / "mine.yaml").write_text("prefixes: [acme]\nsynonyms: [[schedule, calendar]]\n")
    before = world.search().search(PLONE, Question(text="schedule")).total

    mine = world.search(str(tmp_path / "mine.yaml"))

    assert before == 0
    assert [hit.name for hit in mine.search(PLONE, Question(text="schedule")).hits] == ["acme.calendar"]


def test_the_index_goes_with_its_collection(world: World) -> None:
    found(world.search())
    assert world.folder.is_dir()

    world.admin.drop(PLONE)

    assert list(world.folder.parent.iterdir()) == []


def test_a_folder_that_can_not_be_made_is_told_in_one_line(world: World) -> None:
    world.folder.parent.write_text("in the way")

    with pytest.raises(Unavailable, match="search"):
        found(world.search())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are told by Linux only")
def test_states_that_are_over_keep_no_file_open(world: World) -> None:
    search = world.search()

    def open_entries() -> int:
        found(search)
        names = [os.readlink(each.path) for each in os.scandir("/proc/self/fd") if os.path.lexists(each.path)]
        return sum(name.startswith(str(world.folder)) and "entries" in name for name in names)

    counts = [open_entries()]
    for number in range(5):
        world.put(f"d{number}")
        counts.append(open_entries())
    assert counts[-1] == counts[1], counts
