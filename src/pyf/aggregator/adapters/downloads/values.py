"""What sources of counts have in common: numbers that may be missing and are never negative."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

NonNegativeInt = Annotated[int, Meta(ge=0)]


def unset_if_none(number: int | None) -> int | UnsetType:
    """Return a number as the domain has it: what the source leaves open is Unset."""
    return UNSET if number is None else number
