"""A Typesense server on this machine that answers as recordings of a real one do; the tests replay them through it."""

from support.typesense_fake.server import ADMIN_KEY
from support.typesense_fake.service import LocalTypesense, open_store
from support.typesense_fake.store import Store

__all__ = ["ADMIN_KEY", "LocalTypesense", "Store", "open_store"]
