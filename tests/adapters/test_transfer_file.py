"""Export files: atomic, reproducible, and read line by line."""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from pyf.aggregator.adapters.transfer_file import open_lines, write_entries
from pyf.aggregator.domain.collection import ExportEntry, ExportHeader, ExportTrailer
from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.errors import Invalid, Unavailable
from support.builders import build_fields, build_state

ENTRIES: list[ExportEntry] = [
    ExportHeader(state=build_state(cursor=7)),
    Document(registry=build_fields("a", "1.0", summary="Größe → \u2028 𝟙")),
    ExportTrailer(documents=1, tombstones=0),
]


def read_lines(path: Path) -> list[object]:
    with open_lines(str(path)) as lines:
        return [line.entry for line in lines]


@pytest.mark.parametrize("name", ["plain.jsonl", "packed.jsonl.gz", "ö.gz"])
def test_write_and_read_entries(tmp_path: Path, name: str) -> None:
    write_entries(str(tmp_path / name), ENTRIES)

    assert read_lines(tmp_path / name) == ENTRIES
    assert ((tmp_path / name).read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_equal_entries_make_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.gz", "another.gz"):
        write_entries(str(tmp_path / name), ENTRIES)

    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "another.gz").read_bytes()


def test_compression_is_detected_by_content(tmp_path: Path) -> None:
    write_entries(str(tmp_path / "packed.gz"), ENTRIES)
    (tmp_path / "packed.gz").rename(tmp_path / "renamed.jsonl")

    assert read_lines(tmp_path / "renamed.jsonl") == ENTRIES


def test_open_lines_reads_lazily(tmp_path: Path) -> None:
    write_entries(str(tmp_path / "plain"), ENTRIES)

    with gzip.open(tmp_path / "packed", "wb") as packed:
        packed.write((tmp_path / "plain").read_bytes().replace(b"\n", b"\r\n\r\n"))

    with open_lines(str(tmp_path / "packed")) as lines:
        assert [line.number for line in lines] == [1, 3, 5]


def test_failed_write_keeps_previous_file(tmp_path: Path) -> None:
    write_entries(str(tmp_path / "file"), ENTRIES)
    before = (tmp_path / "file").read_bytes()

    def broken() -> Iterator[ExportEntry]:
        yield ENTRIES[0]
        raise Unavailable("the index has gone")

    with pytest.raises(Unavailable, match="the index has gone"):
        write_entries(str(tmp_path / "file"), broken())

    assert (tmp_path / "file").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_write_entries_follows_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "file")

    write_entries(str(tmp_path / "link"), ENTRIES)

    assert (tmp_path / "link").is_symlink()
    assert read_lines(tmp_path / "elsewhere" / "file") == ENTRIES


def test_write_entries_does_not_replace_special_file(tmp_path: Path) -> None:
    """For root, a rename would replace the device."""
    os.mkfifo(tmp_path / "pipe")
    received: list[bytes] = []
    reader = Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()

    write_entries(str(tmp_path / "pipe"), ENTRIES)

    reader.join(timeout=10)
    assert received[0].count(b"\n") == 3
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    ("name", "message"),
    [(".", "it is a folder"), ("no/such/file", "the folder"), ("a\0b", "null"), ("a" * 300, "name too long")],
)
def test_write_entries_invalid_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises((Invalid, Unavailable)) as raised:
        write_entries(name, ENTRIES)

    assert message in str(raised.value).lower()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".", "missing", "a\0b"])
def test_open_lines_invalid_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="can't read"), open_lines(str(tmp_path / name)):
        pass


@pytest.mark.parametrize("damage", [slice(-12, None), slice(30, 40)])
def test_open_lines_damaged_file(tmp_path: Path, damage: slice) -> None:
    write_entries(str(tmp_path / "packed.gz"), ENTRIES)
    content = bytearray((tmp_path / "packed.gz").read_bytes())
    content[damage] = b"\0" * len(content[damage])
    (tmp_path / "packed.gz").write_bytes(content)

    with pytest.raises(Invalid, match=r"packed\.gz is damaged after line \d: "):
        read_lines(tmp_path / "packed.gz")


def test_open_lines_skips_endless_line(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "bomb.gz", "wb", compresslevel=1) as bomb:
        for _ in range(130):
            bomb.write(b" " * 1024 * 1024)
        bomb.write(b"\n[]\n")

    entries = read_lines(tmp_path / "bomb.gz")

    assert [str(entry) for entry in entries] == ["longer than 67,108,864 bytes", "Expected `object`, got `array`"]
