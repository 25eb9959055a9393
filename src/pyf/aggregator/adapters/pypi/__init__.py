"""Adapters of PyPI and its mirrors: JSON API, simple index, XML-RPC methods and feeds."""

from .feed import PyPIFeed
from .registry import PyPIRegistry
from .xmlrpc import PyPIChangelog

__all__ = ["PyPIChangelog", "PyPIFeed", "PyPIRegistry"]
