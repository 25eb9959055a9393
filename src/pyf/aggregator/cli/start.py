"""The entry point of `pyf`: Ctrl-C ends it without a traceback while it imports its first modules, too."""

from .signals import default_sigint

with default_sigint():
    from .main import main

__all__ = ["main"]
