"""The simple index of PyPI: the serials of all projects (30 MB of JSON, parsed in slices), and their pages."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import msgspec
from msgspec import Struct, field
from packaging.utils import canonicalize_version

from ...domain.documents.project import File, ProjectStatus, Release, normalize_name
from ...domain.errors import Unavailable
from ...ports import Serials
from ..http.retry import Transient
from .documents import Serial, to_flag, to_size, to_text, to_unix_seconds

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
_MAX_BUFFER_BYTES = 32 * 1024 * 1024
_PROJECTS = re.compile(rb'"projects"\s*:\s*\[')
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NO_SERIALS = "the simple index has no serials; use PyPI itself instead of a mirror"
_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Entry(Struct, frozen=True):
    name: str
    serial: Serial | None = field(name="_last-serial", default=None)


class _Meta(Struct, frozen=True):
    serial: Serial | None = field(name="_last-serial", default=None)


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
        if len(self._buffer) > _MAX_BUFFER_BYTES:
            raise Transient("the simple index has an element that does not end")
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


ACCEPT = "application/vnd.pypi.simple.v1+json"

_PACKAGE_TYPES = {
    "sdist": "sdist",
    "wheel": "bdist_wheel",
    "egg": "bdist_egg",
    "msi": "bdist_msi",
    "wininst": "bdist_wininst",
    "rpm": "bdist_rpm",
    "dumb": "bdist_dumb",
}


class PageStatus(Struct, frozen=True):
    """Part of the page with the project's status."""

    name: str
    versions: Any = None
    project_status: Any = field(name="project-status", default=None)

    @property
    def status(self) -> ProjectStatus:
        """The project's status, active if missing (as on mirrors) or unknown."""
        status_name = self.project_status.get("status") if isinstance(self.project_status, dict) else None
        return next((status for status in ProjectStatus if status == status_name), ProjectStatus.ACTIVE)

    @property
    def is_empty(self) -> bool:
        """Whether the page explicitly lists no version; mirrors may omit the list."""
        return isinstance(self.versions, list) and not self.versions


class PageFile(Struct, frozen=True):
    """One file of a page."""

    filename: str
    url: str
    hashes: Any = None
    size: Any = None
    upload_time: Any = field(name="upload-time", default=None)
    yanked: Any = None


class PageFiles(Struct, frozen=True):
    """Part of the page with the releases."""

    name: str
    files: list[PageFile]
    versions: list[str]


def parse_page_releases(page: PageFiles) -> dict[str, Release]:
    """Return the releases of a page by version; files whose name contains none of the versions are skipped."""
    # Imported here because it takes 20 MB, and registries whose documents list releases never need it.
    from pypi_simple import UnparsableFilenameError, parse_filename

    spellings = {canonicalize_version(version): version for version in page.versions}
    files: dict[str, list[File]] = {version: [] for version in page.versions}
    yanked_reasons: dict[str, str] = {}
    for entry in page.files:
        try:
            _, version, package_type = parse_filename(entry.filename, page.name)
        except UnparsableFilenameError:
            continue
        spelling = spellings.get(canonicalize_version(version))
        if spelling is not None:
            files[spelling].append(_build_file(entry, _PACKAGE_TYPES[package_type]))
            if reason := to_text(entry.yanked):
                yanked_reasons.setdefault(spelling, reason)
    return {
        version: Release(version=version, files=tuple(files[version]), yanked_reason=yanked_reasons.get(version, ""))
        for version in page.versions
    }


def _build_file(entry: PageFile, packagetype: str) -> File:
    hashes = entry.hashes if isinstance(entry.hashes, dict) else {}
    return File(
        filename=entry.filename,
        url=entry.url,
        size=to_size(entry.size),
        packagetype=packagetype,
        upload_time=to_unix_seconds(entry.upload_time),
        sha256=to_text(hashes.get("sha256")),
        yanked=to_flag(entry.yanked),
    )
