"""A Typesense server on this machine, as far as the recording of a real one goes; `test_recording.py` compares them."""

from support.typesense_fake.service import ADMIN_KEY, LocalTypesense
from support.typesense_fake.store import Store

__all__ = ["ADMIN_KEY", "LocalTypesense", "Store"]
