"""Serve an empty server as a process of its own: `python -m typesense_fake`; prints its address and its key."""

import argparse
from contextlib import suppress
from threading import Event

from support.typesense_fake import ADMIN_KEY, LocalTypesense


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m typesense_fake", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="any free port if left out")
    with LocalTypesense(port=parser.parse_args().port) as service, suppress(KeyboardInterrupt):
        print(service.url, ADMIN_KEY, flush=True)
        Event().wait()


if __name__ == "__main__":
    main()
