"""Locate, check, replace and remove the files of a search index."""

import json
import shutil
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from ...domain.errors import Unavailable

# Every file of tantivy, except its lists, ends with a checksum of its content and this number.
_MAGIC = 1337
_LISTS = (".json", ".lock")
_CHUNK = 1024 * 1024

# A file's size in bytes and the time of its last change in nanoseconds.
Stamp: TypeAlias = tuple[int, int]


class CorruptIndex(Exception):
    """A search index is missing or damaged and must be rebuilt."""


def get_search_folder(database: Path) -> Path:
    """Return the folder beside a SQLite file for the search indexes of its collections."""
    return database.with_name(f"{database.name}-search")


def get_lock_path(folder: Path) -> Path:
    """Return the lock file for writing the index in a folder."""
    return folder.with_name(f"{folder.name}.lock")


def remove_index(folder: Path) -> None:
    """Delete a search index; files that can't be deleted only take up space."""
    for path in (folder, folder.with_name(f"{folder.name}.old"), *folder.parent.glob(f"{folder.name}.new-*")):
        remove_tree(path)
    with suppress(OSError):
        get_lock_path(folder).unlink(missing_ok=True)


def remove_orphans(parent: Path, kept: Collection[str]) -> None:
    """Delete the search indexes whose folders are not among the `kept` names."""
    for path in parent.iterdir():
        if path.is_dir() and path.name not in kept and not path.name.endswith(".old") and ".new-" not in path.name:
            remove_index(path)


def check(folder: Path, *, trusted: Mapping[str, Stamp]) -> dict[str, Stamp]:
    """Verify the files of tantivy whose stamps are not `trusted`; raises `CorruptIndex`.

    Returns the stamps of all files, to trust them at the next check.
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
        raise CorruptIndex(f"{folder}: {error}") from error
    return stamps


def are_unchanged(folder: Path, trusted: Mapping[str, Stamp]) -> bool:
    """Return whether files are unchanged since they were verified, or deleted: open files stay readable.

    They are mapped into memory: the system kills a process that reads from a truncated file (SIGBUS).
    """
    for name, stamp in trusted.items():
        with suppress(OSError):
            if _stamp(folder / name) != stamp:
                return False
    return True


def remove_tree(folder: Path) -> None:
    """Delete a folder; its open files stay readable."""
    shutil.rmtree(folder, ignore_errors=True)


def swap_in(new: Path, folder: Path) -> None:
    """Replace a folder with a new one; raises `Unavailable`."""
    old = folder.with_name(f"{folder.name}.old")
    try:
        remove_tree(old)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        raise Unavailable(f"the search index {folder} can't be written: {error.strerror}") from error
    remove_tree(old)


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _check_file(path: Path) -> None:
    """Compare a file with its checksum: content, footer as JSON, the footer's length, and a marker."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - 8, 0))
        tail = file.read()
        length, magic = int.from_bytes(tail[:4], "little"), int.from_bytes(tail[4:], "little")
        if len(tail) != 8 or magic != _MAGIC or length > size - 8:
            raise ValueError(f"{path.name} has no valid footer")
        file.seek(size - 8 - length)
        expected = json.loads(file.read(length))["crc"]
        file.seek(0)
        remaining, checksum = size - 8 - length, 0
        while remaining and (chunk := file.read(min(_CHUNK, remaining))):
            checksum, remaining = zlib.crc32(chunk, checksum), remaining - len(chunk)
    if checksum != expected:
        raise ValueError(f"{path.name} does not match its checksum")
