"""PyPI's changelog and classifiers, read with its XML-RPC methods.

Responses are parsed as they arrive: one of `browse` can be 20 MB long. The parser of the standard library takes
twice as long and keeps all rows in memory.
"""

import codecs
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from sys import intern
from typing import Generic, TypeAlias, TypeVar
from xml.parsers import expat
from xmlrpc.client import dumps

from ...domain.documents.project import normalize_name
from ...domain.errors import Unavailable
from ...ports import ChangelogEntry
from ..http.retry import Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient
from .documents import MAX_SERIAL
from .xml_text import MAX_REFERENCE, repair_xml

T = TypeVar("T")

Value: TypeAlias = "str | int | list[Value] | dict[str, Value] | None"

_SCALAR_TAGS = frozenset({"string", "int", "i4", "i8", "nil"})
_CONTAINER_TAGS = frozenset({"array", "struct"})
_STRUCTURAL_TAGS = frozenset({"methodResponse", "params", "param", "fault", "value", "data", "member", "name"})
_MAX_DEPTH = 64
_RESET = re.compile(r"reset in (\d{1,6}) seconds")


def build_call(base_url: str, method: str, *arguments: str | int | list[str]) -> Request:
    """Return the request of a method call."""
    return Request(
        url=f"{base_url}/pypi",
        method="POST",
        headers={"Content-Type": "text/xml"},
        body=dumps(arguments, method).encode(),
        label=method,
        max_bytes=256 * MEBIBYTE,
        timeout_factor=5,
        must_exist=True,
    )


class ResponseReader(ABC, Generic[T]):
    """Parser of a response; the inner arrays of an array of arrays go to `add_row` instead of into the value."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""  # an incomplete reference
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start_element
        self._parser.EndElementHandler = self._end_element
        self._text: list[str] = []
        self._parser.CharacterDataHandler = self._text.append
        # A few lines of entities in a document type can expand to gigabytes.
        self._parser.StartDoctypeDeclHandler = _reject_doctype
        self._frames: list[list[Value]] = [[]]
        self._depth = 0
        self._is_untyped = False
        self._is_fault = False

    @abstractmethod
    def add_row(self, row: list[Value]) -> None:
        """Process an inner array."""

    @abstractmethod
    def build_result(self, value: Value) -> T:
        """Return the result; `value` is the response without inner arrays."""

    def feed(self, chunk: bytes) -> None:
        self._parse(chunk, False)

    def finish(self) -> T:
        self._parse(b"", True)
        values = self._frames[0]
        if len(values) != 1:
            raise Transient(f"the XML-RPC response has {len(values)} values instead of one")
        if self._is_fault:
            raise _error_from_fault(values[0])
        return self.build_result(values[0])

    def _parse(self, chunk: bytes, is_last: bool) -> None:
        text = self._pending + self._decoder.decode(chunk, is_last)
        start = len(text) if is_last else text.rfind("&", max(len(text) - MAX_REFERENCE, 0))
        end = len(text) if start < 0 or ";" in text[start:] else start
        text, self._pending = text[:end], text[end:]
        try:
            self._parser.Parse(repair_xml(text), is_last)
        except (expat.ExpatError, ValueError) as error:
            raise Transient(f"the response is not XML-RPC ({error})") from error

    def _start_element(self, tag: str, _: object) -> None:
        self._text.clear()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"elements are nested deeper than {_MAX_DEPTH}")
        if tag == "value":
            self._is_untyped = True
        elif tag in _SCALAR_TAGS:
            self._is_untyped = False
        elif tag in _CONTAINER_TAGS:
            self._is_untyped = False
            self._frames.append([])
        elif tag == "fault":
            self._is_fault = True
        elif tag not in _STRUCTURAL_TAGS:
            raise ValueError(f"unexpected <{tag:.30}>")

    def _end_element(self, tag: str) -> None:
        self._depth -= 1
        if tag == "value":
            if self._is_untyped:
                self._frames[-1].append("".join(self._text))
                self._is_untyped = False
        elif tag in ("string", "name"):
            self._frames[-1].append("".join(self._text))
        elif tag == "nil":
            self._frames[-1].append(None)
        elif tag in _SCALAR_TAGS:
            self._frames[-1].append(int("".join(self._text)))
        elif tag == "array":
            row = self._frames.pop()
            if len(self._frames) == 2:
                self.add_row(row)
            else:
                self._frames[-1].append(row)
        elif tag == "struct":
            members = self._frames.pop()
            self._frames[-1].append({str(key): value for key, value in zip(members[::2], members[1::2], strict=True)})
        self._text.clear()


def _reject_doctype(*declaration: object) -> None:
    raise ValueError("it declares a document type")


def _error_from_fault(fault: Value) -> Unavailable:
    """Map a fault to an error; PyPI sends a fault even for errors that have an HTTP status, such as 429."""
    text = " ".join(str(fault.get("faultString", "")).split()) if isinstance(fault, dict) else ""
    if "TooManyRequests" in text:
        reset = _RESET.search(text)
        wait = float(reset[1]) if reset else None
        return Transient("too many requests" + (f", retry after {wait:.0f} s" if wait else ""), retry_after=wait)
    return Unavailable(f"the method is rejected or removed ({text:.200})")


class PyPIChangelog:
    """The port `Changelog` on PyPI."""

    page_size = 50_000

    def __init__(self, service: ServiceClient, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")

    def fetch_last_serial(self) -> int:
        return self._service.get(build_call(self._base_url, "changelog_last_serial"), _SerialReader)

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
        entries = self._service.get(build_call(self._base_url, "changelog_since_serial", serial), _EntriesReader)
        # PyPI documents this order; sorting makes sure, because the last entry becomes a cursor.
        return sorted((entry for entry in entries if entry.serial > serial), key=lambda entry: entry.serial)


class _SerialReader(ResponseReader[int]):
    def add_row(self, row: list[Value]) -> None:
        raise Transient("the response is a list, not a serial")

    def build_result(self, value: Value) -> int:
        if not isinstance(value, int) or not 0 <= value <= MAX_SERIAL:
            raise Transient("the response is not a serial")
        return value


class _EntriesReader(ResponseReader[list[ChangelogEntry]]):
    def __init__(self) -> None:
        super().__init__()
        self._entries: list[ChangelogEntry] = []

    def add_row(self, row: list[Value]) -> None:
        match row:
            case [str(name), str() | None as version, int(timestamp), str(action), int(serial)] if (
                name and 0 < serial <= MAX_SERIAL
            ):
                self._entries.append(
                    ChangelogEntry(
                        name=normalize_name(name),
                        version=version or "",
                        timestamp=timestamp,
                        action=intern(action),
                        serial=serial,
                    )
                )
            case _:
                # An unreadable entry may be any change, so the cursor must not move past it.
                raise Transient("the changelog has an unreadable entry")

    def build_result(self, value: Value) -> list[ChangelogEntry]:
        if value != []:
            raise Transient("the response is not a list of changes")
        return self._entries
