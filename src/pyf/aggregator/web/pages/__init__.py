"""The pages for people: what the use cases answer, made into views, and the routes that serve them as HTML."""

from .routes import pages

__all__ = ["pages"]
