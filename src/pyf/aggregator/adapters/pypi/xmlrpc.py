"""XML-RPC as far as PyPI's methods need it, read as it comes in: `browse` may answer with 20 MB.

The standard library's parser takes twice the time, and keeps every row until the last one has come.
"""

import re
from abc import ABC, abstractmethod
from typing import Generic, TypeAlias, TypeVar
from xml.parsers import expat
from xmlrpc.client import dumps

from ...domain.errors import Unavailable
from ..retry import Transient
from ..service import MEBIBYTE, Request

T = TypeVar("T")

Value: TypeAlias = "str | int | list[Value] | dict[str, Value] | None"

_SCALARS = frozenset({"string", "int", "i4", "i8", "nil"})
_FRAMES = frozenset({"array", "struct"})
_PLAIN = frozenset({"methodResponse", "params", "param", "fault", "value", "data", "member", "name"})
_RESET = re.compile(r"reset in (\d{1,6}) seconds")


def call(base_url: str, method: str, *arguments: str | int | list[str]) -> Request:
    """Return the request that calls a method."""
    return Request(
        url=f"{base_url}/pypi",
        method="POST",
        headers={"Content-Type": "text/xml"},
        body=dumps(arguments, method).encode(),
        about=method,
        largest=512 * MEBIBYTE,
        patience=5,
        always_there=True,
    )


class AnswerReader(ABC, Generic[T]):
    """Reads the answer to a call.

    Of an array of arrays the inner ones are handed over one by one, and are not part of the value in the end.
    """

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._text: list[str] = []
        self._parser.CharacterDataHandler = self._text.append
        # Entities are declared in a document type; expanded, a few lines of them can be gigabytes.
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._frames: list[list[Value]] = [[]]
        self._is_untyped = False
        self._is_fault = False

    @abstractmethod
    def take(self, row: list[Value]) -> None:
        """Take an inner array."""

    @abstractmethod
    def result(self, value: Value) -> T:
        """Return what the answer says; `value` is all but the inner arrays."""

    def feed(self, piece: bytes) -> None:
        self._parse(piece, False)

    def finish(self) -> T:
        self._parse(b"", True)
        values = self._frames[0]
        if len(values) != 1:
            raise Transient(f"the answer is not one value of XML-RPC but {len(values)}")
        if self._is_fault:
            raise _refusal(values[0])
        return self.result(values[0])

    def _parse(self, piece: bytes, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except (expat.ExpatError, ValueError) as error:
            raise Transient(f"the answer is not XML-RPC ({error})") from error

    def _start(self, tag: str, _: object) -> None:
        self._text.clear()
        if tag == "value":
            self._is_untyped = True
        elif tag in _SCALARS:
            self._is_untyped = False
        elif tag in _FRAMES:
            self._is_untyped = False
            self._frames.append([])
        elif tag == "fault":
            self._is_fault = True
        elif tag not in _PLAIN:
            raise ValueError(f"unexpected <{tag:.30}>")

    def _end(self, tag: str) -> None:
        if tag == "value":
            if self._is_untyped:
                self._frames[-1].append("".join(self._text))
                self._is_untyped = False
        elif tag in ("string", "name"):
            self._frames[-1].append("".join(self._text))
        elif tag == "nil":
            self._frames[-1].append(None)
        elif tag in _SCALARS:
            self._frames[-1].append(int("".join(self._text)))
        elif tag == "array":
            row = self._frames.pop()
            if len(self._frames) == 2:
                self.take(row)
            else:
                self._frames[-1].append(row)
        elif tag == "struct":
            members = self._frames.pop()
            self._frames[-1].append({str(key): value for key, value in zip(members[::2], members[1::2], strict=True)})
        self._text.clear()


def _refuse_document_type(*declaration: object) -> None:
    raise ValueError("it declares a document type")


def _refusal(fault: Value) -> Unavailable:
    """Return the meaning of a fault; PyPI answers with one also where HTTP has a status for it."""
    text = " ".join(str(fault.get("faultString", "")).split()) if isinstance(fault, dict) else ""
    if "TooManyRequests" in text:
        reset = _RESET.search(text)
        wait = float(reset[1]) if reset else None
        return Transient("too many requests" + (f", asks to wait {wait:.0f} s" if wait else ""), retry_after=wait)
    return Unavailable(f"the method is refused or gone ({text:.200})")
