"""The search index beside a SQLite file repairs itself with the next search."""

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

from pyf.aggregator.adapters.fulltext.files import get_search_folder
from pyf.aggregator.adapters.fulltext.search import FulltextSearch
from pyf.aggregator.adapters.sqlite.admin import SqliteAdmin
from pyf.aggregator.adapters.sqlite.database import Database, hold_file_lock
from pyf.aggregator.adapters.sqlite.index import SqliteIndex
from pyf.aggregator.adapters.sqlite.search_source import open_search
from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.search import SearchQuery
from support.builders import PLONE, build_project, build_state
from support.index_engines import NOW

SCORING_CONFIG = load_scoring_config()


class SearchSandbox:
    """A SQLite file with a collection, and as many searches over it as a test opens."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.index = SqliteIndex(self.database)
        self.admin = SqliteAdmin(self.database, now=lambda: NOW)
        self.searches: list[FulltextSearch] = []

    def open_search(self, synonyms: str = "") -> FulltextSearch:
        self.searches.append(open_search(self.database, load_lexicon(synonyms), SCORING_CONFIG, now=lambda: NOW))
        return self.searches[-1]

    def put(self, *names: str) -> None:
        self.index.put(PLONE, [build_project(name, summary="something") for name in names])

    @property
    def folder(self) -> Path:
        return get_search_folder(self.database.path) / "1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SearchSandbox]:
    world = SearchSandbox(tmp_path / "pyf.sqlite3")
    world.admin.create(PLONE, build_state())
    world.put("a", "b", "c")
    yield world
    for search in world.searches:
        search.close()
    world.database.close()


def search_names(search: FulltextSearch, text: str = "something") -> list[str]:
    return sorted(hit.name for hit in search.search(PLONE, SearchQuery(text=text)).hits)


def list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in {".idx", ".term", ".store", ".fast"})


def delete_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def truncate_files(folder: Path) -> None:
    for path in list_files(folder):
        path.write_bytes(b"")


def delete_one_file(folder: Path) -> None:
    list_files(folder)[0].unlink()


def shorten_files(folder: Path) -> None:
    for path in list_files(folder):
        path.write_bytes(path.read_bytes()[:-20])


def flip_bytes(folder: Path) -> None:
    """Another byte in the middle: nothing about the file's form is wrong."""
    for path in list_files(folder):
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 0xFF
        path.write_bytes(content)


def damage_file_list(folder: Path) -> None:
    (folder / "meta.json").write_text("{")


def damage_entries(folder: Path) -> None:
    (folder / "entries.sqlite3").write_bytes(b"not a database" * 100)
    for ending in ("-wal", "-shm"):
        (folder / f"entries.sqlite3{ending}").unlink(missing_ok=True)


def delete_entries(folder: Path) -> None:
    for path in folder.glob("entries.sqlite3*"):
        path.unlink()


def leave_unfinished(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "entries.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM progress")


def downgrade_format(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "entries.sqlite3")) as connection, connection:
        connection.execute("""UPDATE progress SET json = replace(json, '"search_version":', '"search_version":-')""")


@pytest.mark.parametrize(
    "damage",
    [
        delete_folder,
        truncate_files,
        delete_one_file,
        shorten_files,
        flip_bytes,
        damage_file_list,
        damage_entries,
        delete_entries,
        leave_unfinished,
        downgrade_format,
    ],
)
def test_damaged_index_is_rebuilt(world: SearchSandbox, damage: Callable[[Path], None]) -> None:
    assert search_names(world.open_search()) == ["a", "b", "c"]
    world.searches.pop().close()

    damage(world.folder)

    assert search_names(world.open_search()) == ["a", "b", "c"]
    world.put("d")
    assert search_names(world.searches[-1]) == ["a", "b", "c", "d"]


def test_index_deleted_while_open_is_rebuilt(world: SearchSandbox) -> None:
    search = world.open_search()
    search_names(search)

    shutil.rmtree(world.folder.parent)
    world.put("d")

    assert search_names(search) == ["a", "b", "c", "d"]


def test_index_truncated_while_open_is_rebuilt(world: SearchSandbox) -> None:
    """The files are mapped into memory, where reading behind a new end kills the whole process: so one of its own."""
    program = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.search_source import open_search
from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.search import SearchQuery
search = open_search(Database(Path({str(world.database.path)!r})), load_lexicon(), load_scoring_config(), now=lambda: 0)
def ask(sort):
    print(*sorted(hit.name for hit in search.search({PLONE!r}, SearchQuery(text="something", sort=sort)).hits))
ask("relevance")
for path in Path({str(world.folder)!r}).iterdir():
    os.truncate(path, 0)
ask("name")
"""

    completed = subprocess.run([sys.executable, "-c", program], timeout=60, check=False, capture_output=True, text=True)

    assert (completed.returncode, completed.stdout.splitlines(), completed.stderr) == (0, ["a b c", "a b c"], "")


def test_another_database_of_the_same_name_has_its_own_index(world: SearchSandbox, tmp_path: Path) -> None:
    search_names(world.open_search())
    world.searches.pop().close()
    world.database.close()
    for path in tmp_path.glob("pyf.sqlite3*"):
        if path.is_file():
            path.unlink()

    other = SearchSandbox(tmp_path / "pyf.sqlite3")
    other.admin.create(PLONE, build_state())
    for name in ("x", "y", "z", "w"):
        other.put(name)

    assert search_names(other.open_search()) == ["w", "x", "y", "z"]
    other.searches[0].close()
    other.database.close()


def test_search_during_write_returns_state_before(world: SearchSandbox) -> None:
    search = world.open_search()
    search_names(search)
    world.put("d")

    lock = world.folder.with_name("1.lock")
    with hold_file_lock(lock, "taken"):
        before = search_names(search)
    after = search_names(search)

    assert (before, after) == (["a", "b", "c"], ["a", "b", "c", "d"])


def test_index_of_a_killed_process_is_repaired(world: SearchSandbox) -> None:
    """It dies with all terms written and nothing noted, the worst moment there is."""
    path = world.database.path
    program = f"""
import os, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from pyf.aggregator.adapters.fulltext.stored_fields import StoredFieldsWriter
from pyf.aggregator.adapters.sqlite.database import Database
from pyf.aggregator.adapters.sqlite.search_source import open_search
from pyf.aggregator.config.lexicon import load_lexicon
from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.search import SearchQuery
StoredFieldsWriter.put_progress = lambda *_: os.kill(os.getpid(), 9)
database = Database(Path({str(path)!r}))
open_search(database, load_lexicon(), load_scoring_config(), now=lambda: 0).search({PLONE!r}, SearchQuery())
"""

    def killed() -> int:
        return subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode

    first = killed()
    assert search_names(world.open_search()) == ["a", "b", "c"]
    world.put("d", "e")
    second = killed()

    assert (first, second) == (-9, -9)
    assert search_names(world.open_search()) == ["a", "b", "c", "d", "e"]
    assert [path.name for path in world.folder.parent.iterdir() if ".new-" in path.name] == []


def test_threads_and_processes_find_all_writes(world: SearchSandbox) -> None:
    searches = [world.open_search() for _ in range(3)]

    def work(number: int) -> int:
        world.put(f"n{number}")
        return sum(search.search(PLONE, SearchQuery()).total for search in searches)

    with ThreadPoolExecutor(6) as threads:
        totals = list(threads.map(work, range(12)))

    assert all(9 <= total <= 45 for total in totals)
    assert {len(search_names(search)) for search in searches} == {15}


def test_sort_positions_run_out_and_the_index_is_rebuilt(world: SearchSandbox) -> None:
    """Each of these comes right before the one that came last, so the room before it is halved every time."""
    search = world.open_search()
    search_names(search)
    names = [f"b-{number:03}" for number in range(30, 0, -1)]

    for name in names:
        world.put(name)
        search_names(search)

    hits = search.search(PLONE, SearchQuery(sort="name", per_page=100)).hits  # type: ignore[arg-type]
    assert [hit.name for hit in hits] == sorted(["a", "b", "c", *names])


def test_changed_name_prefixes_rebuild_the_index(world: SearchSandbox, tmp_path: Path) -> None:
    world.put("acme.calendar")
    (tmp_path / "mine.yaml").write_text("prefixes: [acme]\nsynonyms: [[schedule, calendar]]\n")
    before = world.open_search().search(PLONE, SearchQuery(text="schedule")).total

    mine = world.open_search(str(tmp_path / "mine.yaml"))

    assert before == 0
    assert [hit.name for hit in mine.search(PLONE, SearchQuery(text="schedule")).hits] == ["acme.calendar"]


def test_index_is_removed_with_its_collection(world: SearchSandbox) -> None:
    search_names(world.open_search())
    assert world.folder.is_dir()

    world.admin.drop(PLONE)

    assert list(world.folder.parent.iterdir()) == []


def test_folder_that_cannot_be_created_raises_unavailable(world: SearchSandbox) -> None:
    world.folder.parent.write_text("in the way")

    with pytest.raises(Unavailable, match="search"):
        search_names(world.open_search())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are told by Linux only")
def test_replaced_snapshots_close_their_files(world: SearchSandbox) -> None:
    search = world.open_search()

    def open_entries() -> int:
        search_names(search)
        names = [
            os.readlink(descriptor.path)
            for descriptor in os.scandir("/proc/self/fd")
            if os.path.lexists(descriptor.path)
        ]
        return sum(name.startswith(str(world.folder)) and "entries" in name for name in names)

    counts = [open_entries()]
    for number in range(5):
        world.put(f"d{number}")
        counts.append(open_entries())
    assert counts[-1] == counts[1], counts
