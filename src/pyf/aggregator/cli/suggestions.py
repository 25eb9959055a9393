"""Suggest the known value that a user probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(value: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return "Did you mean X?", or "" if no known value is similar: `cutoff` is the ratio of difflib."""
    by_lower_case = {name.lower(): name for name in known}
    matches = get_close_matches(value.lower(), by_lower_case, n=1, cutoff=cutoff)
    return f"Did you mean {by_lower_case[matches[0]]}?" if matches else ""
