"""Versions such as `Plone 6.0`: major ones cover minor ones, and older releases support what newest ones leave open."""

from collections.abc import Iterable


def add_major_versions(versions: Iterable[str] | None) -> tuple[str, ...]:
    """Return values with their major versions, which cover the minor ones: `Plone 6` for `Plone 6.0`."""
    covered: dict[str, None] = {}
    for value in versions or ():
        product, _, version = value.rpartition(" ")
        major = version.partition(".")[0]
        covered[value] = None
        if product and major.isdecimal():
            covered[f"{product} {major}"] = None
    return tuple(covered)


def limit_to_newest(supported: Iterable[str], declared: Iterable[str], newest: Iterable[str]) -> tuple[str, ...]:
    """Return the Pythons that an older release supports.

    It can admit a later Python only because it came before it, so what it does not declare counts up to the latest
    Python that the newest release of the package supports.

    Args:
        newest: The Pythons that the newest release supports.
    """
    latest = max(map(_to_key, newest), default=())
    own = frozenset(declared)
    return tuple(value for value in supported if value in own or _to_key(value) <= latest)


def _to_key(value: str) -> tuple[int, ...]:
    numbers = value.rpartition(" ")[2].split(".")
    return tuple(int(number) if number.isdecimal() and len(number) < 10 else 0 for number in numbers)
