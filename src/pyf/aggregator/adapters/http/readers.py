"""Parsers of response bodies, fed chunk by chunk."""

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
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Transient(f"the response is not the expected JSON ({error})") from error

    return lambda: BufferedReader(decode)
