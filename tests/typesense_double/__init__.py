"""A Typesense server on this machine that answers as recordings of a real one do; the tests replay them through it."""

from typesense_double.server import ADMIN_KEY
from typesense_double.service import LocalTypesense
from typesense_double.store import Store

__all__ = ["ADMIN_KEY", "LocalTypesense", "Store"]
