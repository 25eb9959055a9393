"""The entry point of `pyf`: Ctrl-C ends it without a traceback while it imports its first modules, too."""

from collections.abc import Sequence

from .signals import default_sigint


def main(arguments: Sequence[str] | None = None) -> None:
    """Import and run `pyf`; with None, the arguments are those of the process."""
    with default_sigint():
        from .main import main as pyf
    pyf(arguments)
