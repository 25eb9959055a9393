"""The committed recording of a real server: whole namespaces of our own tests, and the forms of requests in them.

`python -m support.typesense_fake.recording FOLDER` writes it: of what the tests have recorded with
TYPESENSE_RECORDING=FOLDER it takes namespaces that have every form with every status.
"""

import argparse
import gzip
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from msgspec.json import Decoder, encode

from support.typesense_fake.forms import list_forms
from support.typesense_fake.replay import Exchange
from support.typesense_fake.requests import build_request

# Larger namespaces are left out: smaller ones have the same forms.
_MAX_BYTES = 2_000_000
# How many namespaces have a form, where so many do.
_EXAMPLES = 3

RECORDING = Path(__file__).parents[2] / "data" / "typesense.jsonl.gz"

# A namespace: the exchanges of one server that was empty before, in their order.
Session = Sequence[Exchange]
_DECODER = Decoder(list[Exchange])


@cache
def read_recording() -> tuple[Session, ...]:
    if not RECORDING.exists():
        return ()
    with gzip.open(RECORDING) as lines:
        return tuple(_DECODER.decode(line) for line in lines)


@cache
def list_covered_forms() -> frozenset[str]:
    """Return the forms of all requests that a real server has answered in the recording."""
    return frozenset(
        form for session in read_recording() for exchange in session for form in list_exchange_forms(exchange)
    )


def list_exchange_forms(exchange: Exchange) -> frozenset[str]:
    body = (exchange.request_body or "").encode()
    return list_forms(build_request(exchange.method, exchange.path, exchange.query, body))


def select_sessions(sessions: Sequence[Session]) -> Iterator[Session]:
    """Yield beginnings of sessions that together have every form with every status, by what they add for their size.

    Further sessions with the same forms follow: more examples are compared.
    """
    outcomes = {
        number: {(form, exchange.status) for exchange in session for form in list_exchange_forms(exchange)}
        for number, session in enumerate(sessions)
    }
    sizes = [len(encode(session)) for session in sessions]
    for _ in range(_EXAMPLES):
        missing = set().union(*outcomes.values())
        while missing:
            best = max(outcomes, key=lambda number: len(outcomes[number] & missing) / sizes[number])
            yield _cut(sessions[best], missing)
            missing -= outcomes.pop(best)


def _cut(session: Session, missing: set[tuple[str, int]]) -> Session:
    """Return a session up to the last exchange that has something not seen before."""
    wanted, last = set(missing), 0
    for number, exchange in enumerate(session):
        outcomes = {(form, exchange.status) for form in list_exchange_forms(exchange)}
        if outcomes & wanted:
            wanted -= outcomes
            last = number
    return session[: last + 1]


def main() -> None:
    """Write the recording."""
    parser = argparse.ArgumentParser(prog="python -m support.typesense_fake.recording", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="what TYPESENSE_RECORDING has named")
    parser.add_argument("--add", action="store_true", help="keep the namespaces of the present recording")
    arguments = parser.parse_args()
    line = Decoder(Exchange)
    kept = list(read_recording()) if arguments.add else []
    sessions = kept + [
        [line.decode(text) for text in file.read_bytes().split(b"\n") if text]
        for file in sorted(arguments.folder.glob("*.jsonl"))
        if file.stat().st_size <= _MAX_BYTES
    ]
    selected = list(select_sessions(sessions))
    RECORDING.write_bytes(gzip.compress(b"\n".join(map(encode, selected)), mtime=0))
    count = sum(map(len, selected))
    print(
        f"{count} of {sum(map(len, sessions))} exchanges, {len(selected)} namespaces, {RECORDING.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
