"""The simple index: 30 MB of JSON with the serials of 700,000 projects, parsed slice by slice."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import msgspec
from msgspec import Struct, field

from ...domain.documents.project import normalize_name
from ...domain.errors import Unavailable
from ...ports import Serials
from ..http.retry import Transient

_BUCKET_COUNT = 4_096


class SerialTable(Mapping[str, int]):
    """Serials by normalized name in about 40 bytes each: 25 MB for 700,000 projects, a quarter of a dictionary.

    Stored as lines of text in a hash table of byte buffers.
    """

    def __init__(self) -> None:
        self._buckets = [bytearray(b"\n") for _ in range(_BUCKET_COUNT)]
        self._length = 0

    def add(self, name: str, serial: int) -> None:
        """Add a normalized name that is not in the table yet."""
        key = name.encode()
        self._buckets[crc32(key) % _BUCKET_COUNT] += b"%b %d\n" % (key, serial)
        self._length += 1

    def __getitem__(self, name: str) -> int:
        key = name.encode()
        bucket = self._buckets[crc32(key) % _BUCKET_COUNT]
        start = bucket.find(b"\n%b " % key)
        if start < 0:
            raise KeyError(name)
        start += len(key) + 2
        return int(bucket[start : bucket.index(b"\n", start)])

    def __iter__(self) -> Iterator[str]:
        for bucket in self._buckets:
            for line in bucket.decode().splitlines():
                if line:
                    yield line.partition(" ")[0]

    def __len__(self) -> int:
        return self._length


_SLICE_BYTES = 256 * 1024
_PROJECTS = re.compile(rb'"projects"\s*:\s*\[')
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NO_SERIALS = "the simple index has no serials; use PyPI itself instead of a mirror"
_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Entry(Struct, frozen=True):
    name: str
    serial: int | None = field(name="_last-serial", default=None)


class _Meta(Struct, frozen=True):
    serial: int | None = field(name="_last-serial", default=None)


class _Index(Struct, frozen=True):
    """The index without its projects."""

    meta: _Meta
    projects: list[Any]


_entries_decoder = msgspec.json.Decoder(list[_Entry])
_index_decoder = msgspec.json.Decoder(_Index)


class SerialsReader:
    """A `BodyReader` that decodes the list of projects slice by slice.

    The end of an element is found by trying: a slice that ends with "}" and is a valid list can only end between two
    elements.
    """

    def __init__(self) -> None:
        self._head = b""
        self._buffer = bytearray()
        self._min_buffer_size = _SLICE_BYTES
        self._table = SerialTable()

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk
        if len(self._buffer) < self._min_buffer_size:
            return
        self._split_head()
        end = self._buffer.rfind(b"},") + 1
        if self._head and end and self._add_projects(end):
            del self._buffer[: end + 1]
        # After a failed attempt, wait until the buffer has doubled.
        self._min_buffer_size = max(_SLICE_BYTES, 2 * len(self._buffer))

    def finish(self) -> Serials:
        self._split_head()
        end = self._buffer.find(b"]") if self._head else -1
        while end >= 0 and not self._add_projects(end):
            end = self._buffer.find(b"]", end + 1)
        try:
            index = _index_decoder.decode(self._head + self._buffer[max(end, 0) :])
        except _DECODE_ERRORS as error:
            raise Transient(f"the response is not a simple index ({error})") from error
        if index.meta.serial is None:
            raise Unavailable(_NO_SERIALS)
        return Serials(last_serial=index.meta.serial, by_name=self._table)

    def _split_head(self) -> None:
        """Move the part before the projects to `_head`, once it is complete."""
        if not self._head and (start := _PROJECTS.search(self._buffer)):
            self._head = bytes(self._buffer[: start.end()])
            del self._buffer[: start.end()]

    def _add_projects(self, end: int) -> bool:
        """Add the projects before `end` to the table; return False if `end` cuts one in two."""
        try:
            entries = _entries_decoder.decode(b"[" + self._buffer[:end] + b"]")
        except msgspec.ValidationError as error:
            raise Transient(f"the simple index has an unreadable project ({error})") from error
        except _DECODE_ERRORS:
            return False
        for entry in entries:
            if entry.serial is None:
                raise Unavailable(_NO_SERIALS)
            name = normalize_name(entry.name)
            if _NAME.fullmatch(name):
                self._table.add(name, entry.serial)
        return True
