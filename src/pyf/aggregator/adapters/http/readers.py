"""Makes values of the bodies of answers, piece by piece as they come in."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import msgspec

from .retry import Transient

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class BodyReader(Protocol[T_co]):
    """Reads one body.

    Both methods raise `Unavailable`, or `Transient` where another answer may be better, with a text that goes on
    after "GET <address>: ".
    """

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body, decompressed."""

    def finish(self) -> T_co:
        """Return what the body says, which is complete now."""


class BufferedReader(Generic[T]):
    """Reads a body that is small enough to be held as a whole."""

    def __init__(self, decode: Callable[[bytes], T]) -> None:
        self._decode = decode
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        self._chunks.append(chunk)

    def finish(self) -> T:
        return self._decode(b"".join(self._chunks))


def make_json_reader(model: type[T]) -> Callable[[], BodyReader[T]]:
    """Return what makes readers of JSON documents of one type (a msgspec struct, a mapping…)."""
    decoder = msgspec.json.Decoder(model)

    def decode(body: bytes) -> T:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Transient(f"the answer is not the JSON that was asked for ({error})") from error

    return lambda: BufferedReader(decode)
