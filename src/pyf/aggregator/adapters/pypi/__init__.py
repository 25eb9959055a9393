"""PyPI, or a mirror that speaks as PyPI does: its JSON documents, simple index, XML-RPC methods and feeds."""

from .feed import PyPIFeed
from .changelog import PyPIChangelog
from .registry import PyPIRegistry

__all__ = ["PyPIFeed", "PyPIChangelog", "PyPIRegistry"]
