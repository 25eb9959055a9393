"""Takes the place of the program that renders, and does what it should not; the first argument says what."""

import os
import signal
import sys
from pathlib import Path

from msgspec import msgpack

from pyf.aggregator.adapters.rendering_messages import READY, Answer, receive, send
from pyf.aggregator.domain.readme import Rendered


def main(misdeed: str, diary: Path) -> None:
    with diary.open("a") as file:
        file.write(f"{os.getpid()}\n")
    first = len(diary.read_text().split()) == 1
    if misdeed == "never begins" or (misdeed == "does not begin once" and first):
        raise SystemExit(3)
    send(1, READY)
    while True:
        receive(0)
        if misdeed == "dies while answering":
            os.write(1, b"\x00\x00\x01\x00half an answer")
        if misdeed.startswith("dies") and (misdeed != "dies once" or first):
            os.abort()
        if misdeed == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if misdeed == "fails":
            answer = Answer(defect="Traceback: it is our fault")
        else:
            answer = Answer(rendered=Rendered(html=f"by {os.getpid()}"))
        send(1, msgpack.encode(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
