"""Filler projects that make the simple index as large as the real one; they exist only there."""

from collections.abc import Iterator
from random import Random

_WORDS = """
api app async auth azure bot cache chart cli client cloud core data db django easy fast file form game geo graph http
image json kit lang ledger log mail math model my net neural open parse plot py queue rest robot sdk search shell simple
sql stream super table task test text tiny tool utils video vision web wiki x yaml zip
""".split()  # noqa: SIM905 - a list would be a page long


def build_index_entries(count: int, *, serial: int = 1) -> bytes:
    """Return entries of the simple index as JSON, each followed by a comma; the same ones every time.

    The names resemble real ones; each has a number, so that it is unique. Some start like names of Django's ecosystem.
    """
    return b"".join(b'{"_last-serial":%d,"name":"%b"},' % (serial, name.encode()) for name in generate_names(count))


def generate_names(count: int) -> Iterator[str]:
    """Yield `count` normalized names."""
    rng = Random(1)  # noqa: S311 - must be the same every time
    for number in range(count):
        words = "-".join(rng.choices(_WORDS, k=rng.choice((1, 2, 2, 3))))
        yield f"{words}-{number:x}"
