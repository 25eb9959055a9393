"""Parsers of response bodies, fed chunk by chunk."""

import re
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import msgspec

from .retry import Transient

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class BodyReader(Protocol[T_co]):
    """Parser of one response body.

    Both methods raise `Unavailable`, or `Transient` if a retry may help; the message completes "GET <url>: ".
    """

    def feed(self, chunk: bytes) -> None:
        """Parse the next decompressed chunk."""

    def finish(self) -> T_co:
        """Return the value of the complete body."""


# A pair of surrogates, a lone one, or any other escape: a backslash may itself be escaped.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_CONTROL_CHARACTERS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def repair_json(body: bytes) -> bytes:
    """Replace what no text can contain: lone surrogates, invalid UTF-8 and control characters.

    Python's own encoder writes lone surrogates, so one author's text must not make a whole response unreadable.
    """
    text = _ESCAPE.sub(lambda match: rb"\ufffd" if match["lone"] else match[0], body)
    return _CONTROL_CHARACTERS.sub(b" ", text).decode(errors="replace").encode()


class BufferedReader(Generic[T]):
    """Parser of a body that fits in memory as a whole."""

    def __init__(self, decode: Callable[[bytes], T]) -> None:
        self._decode = decode
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        self._chunks.append(chunk)

    def finish(self) -> T:
        return self._decode(b"".join(self._chunks))


def make_json_reader(model: type[T]) -> Callable[[], BodyReader[T]]:
    """Return a factory of readers that decode JSON to one type."""
    decoder = msgspec.json.Decoder(model)

    def decode(body: bytes) -> T:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        try:
            return decoder.decode(repair_json(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Transient(f"the response is not the expected JSON ({error})") from error

    return lambda: BufferedReader(decode)
