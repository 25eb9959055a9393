"""Handle Ctrl-C and SIGTERM. Imports little, so that handlers are set early."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def default_sigint() -> Iterator[None]:
    """Let Ctrl-C end the process at once where there is nothing to clean up, such as during imports.

    Python would raise KeyboardInterrupt inside an import and print a traceback.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # the parent process ignores or handles it
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def treat_sigterm_as_interrupt() -> None:
    """Handle SIGTERM like Ctrl-C, so that open files are closed and temporary ones removed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
