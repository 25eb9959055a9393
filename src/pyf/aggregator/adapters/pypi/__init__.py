"""Adapters of PyPI and its mirrors: JSON API, simple index, XML-RPC methods and feeds."""

from .changelog import PyPIChangelog
from .feed import PyPIFeed
from .registry import PyPIRegistry

__all__ = ["PyPIChangelog", "PyPIFeed", "PyPIRegistry"]
