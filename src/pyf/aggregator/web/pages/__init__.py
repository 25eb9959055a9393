"""HTML pages: views built from use cases, and the routes that render them."""

from .routes import pages

__all__ = ["pages"]
