"""PyPI, or a mirror that speaks as PyPI does: its JSON documents, simple index, XML-RPC methods and feeds."""

from .feed import PyPIFeed
from .journal import PyPIJournal
from .registry import PyPIRegistry

__all__ = ["PyPIFeed", "PyPIJournal", "PyPIRegistry"]
