"""Conversion between None and msgspec's UNSET."""

from typing import TypeVar

from msgspec import UNSET, UnsetType

T = TypeVar("T")


def unset_if_none(value: T | None) -> T | UnsetType:
    """Return the value, UNSET for None."""
    return UNSET if value is None else value
