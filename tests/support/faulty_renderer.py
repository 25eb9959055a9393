"""Program that replaces the rendering worker and has the fault that its first argument names."""

import os
import signal
import sys
from pathlib import Path

from msgspec import msgpack

from pyf.aggregator.adapters.pipes import receive, send
from pyf.aggregator.adapters.rendering.protocol import READY, RenderResponse
from pyf.aggregator.domain.readme.plain_text import RenderedReadme


def main(fault: str, pid_log: Path) -> None:
    with pid_log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    is_first_start = len(pid_log.read_text().split()) == 1
    if fault == "never begins" or (fault == "does not begin once" and is_first_start):
        raise SystemExit(3)
    send(1, READY)
    while True:
        receive(0)
        if fault == "dies while answering":
            os.write(1, b"\x00\x00\x01\x00half an answer")
        if fault.startswith("dies") and (fault != "dies once" or is_first_start):
            os.abort()
        if fault == "hangs once" and is_first_start:
            pid_log.with_name("is_busy").touch()
            signal.pause()
        if fault == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "fails":
            response = RenderResponse(defect="Traceback: it is our fault")
        else:
            response = RenderResponse(rendered=RenderedReadme(html=f"by {os.getpid()}"))
        send(1, msgpack.encode(response))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
