"""A Typesense server on this machine, as far as the recording of a real one goes; `test_recording.py` compares them."""

from typesense_double.service import ADMIN_KEY, LocalTypesense
from typesense_double.store import Store

__all__ = ["ADMIN_KEY", "LocalTypesense", "Store"]
