"""The files of a search index: where they lie, whether they are whole, and how they are put in place and taken away."""

import json
import shutil
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from ...domain.errors import Unavailable

# Every file of tantivy's but its lists ends with a checksum of what comes before, and says so in this way.
_MAGIC = 1337
_LISTS = (".json", ".lock")
_AT_ONCE = 1024 * 1024

# A file's size in bytes and the time of its last change in nanoseconds.
Stamp: TypeAlias = tuple[int, int]


class Damaged(Exception):
    """A search index can't be used: it has to be made anew."""


def index_folder(database: Path, collection: int) -> Path:
    """Return the folder with the search index of a collection, by its number."""
    return database.with_name(f"{database.name}-search") / str(collection)


def forget(database: Path, collection: int) -> None:
    """Delete the search index of a collection; what can't be deleted takes up space and is never looked at again."""
    folder = index_folder(database, collection)
    for each in (folder, *folder.parent.glob(f"{folder.name}.*")):
        if each.suffix != ".lock":
            clear_away(each)
    with suppress(OSError):
        folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)


def check(folder: Path, *, trusted: Mapping[str, Stamp]) -> dict[str, Stamp]:
    """Look at every file of tantivy's that is not `trusted` by its size and time; raises `Damaged`.

    Returns the sizes and times of all of them, to trust them by.
    """
    stamps = {}
    try:
        listed = json.loads((folder / "meta.json").read_text())
        prefixes = {str(segment["segment_id"]).replace("-", "") for segment in listed["segments"]}
        for path in folder.iterdir():
            if path.name.split(".")[0] in prefixes and path.suffix not in _LISTS:
                stamps[path.name] = _stamp(path)
                if trusted.get(path.name) != stamps[path.name]:
                    _check_file(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{folder}: {error}") from error
    return stamps


def are_untouched(folder: Path, trusted: Mapping[str, Stamp]) -> bool:
    """Tell whether files are as they were when they were looked at, or gone: who has them open goes on reading those.

    They are mapped into memory: whoever reads from one that has been cut short since is killed by the system (SIGBUS).
    """
    for name, stamp in trusted.items():
        with suppress(OSError):
            if _stamp(folder / name) != stamp:
                return False
    return True


def clear_away(folder: Path) -> None:
    """Delete a folder; whoever has its files open goes on reading them."""
    shutil.rmtree(folder, ignore_errors=True)


def take_place(made: Path, folder: Path) -> None:
    """Put a folder in the place of another; raises `Unavailable` where that can't be done."""
    old = folder.with_name(f"{folder.name}.old")
    try:
        clear_away(old)
        if folder.exists():
            folder.rename(old)
        made.rename(folder)
    except OSError as error:
        raise Unavailable(f"the search index {folder} can't be written: {error.strerror}") from error
    clear_away(old)


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _check_file(path: Path) -> None:
    """Compare a file with its checksum: content, footer as JSON, the footer's length, and a number to know it by."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - 8, 0))
        tail = file.read()
        length, magic = int.from_bytes(tail[:4], "little"), int.from_bytes(tail[4:], "little")
        if len(tail) != 8 or magic != _MAGIC or length > size - 8:
            raise ValueError(f"{path.name} does not end as it should")
        file.seek(size - 8 - length)
        expected = json.loads(file.read(length))["crc"]
        file.seek(0)
        left, found = size - 8 - length, 0
        while left and (read := file.read(min(_AT_ONCE, left))):
            found, left = zlib.crc32(read, found), left - len(read)
    if found != expected:
        raise ValueError(f"{path.name} is not what was written")
