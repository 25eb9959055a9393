"""The other projects of a registry, as many as the real one has: listed in the simple index, and no more than that."""

from collections.abc import Iterator
from random import Random

_WORDS = """
api app async auth azure bot cache chart cli client cloud core data db django easy fast file form game geo graph http
image json kit lang ledger log mail math model my net neural open parse plot py queue rest robot sdk search shell simple
sql stream super table task test text tiny tool utils video vision web wiki x yaml zip
""".split()  # noqa: SIM905 - a list would be a page long


def build_index_entries(count: int, *, serial: int = 1) -> bytes:
    """Return so many entries of the simple index as JSON, each followed by a comma; the same ones every time.

    The names are like real ones in length and make, each has a number so that none comes twice. Some begin as those
    of Django's ecosystem do.
    """
    return b"".join(b'{"_last-serial":%d,"name":"%b"},' % (serial, name.encode()) for name in generate_names(count))


def generate_names(count: int) -> Iterator[str]:
    """Yield so many names, normalised."""
    rng = Random(1)  # noqa: S311 - it is to be the same every time
    for number in range(count):
        words = "-".join(rng.choices(_WORDS, k=rng.choice((1, 2, 2, 3))))
        yield f"{words}-{number:x}"
