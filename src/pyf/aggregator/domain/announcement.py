"""What a registry's feed announces, and the key by which it is remembered that an announcement was dealt with."""

from enum import StrEnum


class Feed(StrEnum):
    """The feeds, by what their keys call them."""

    NEW = "new"
    UPDATE = "update"


def build_dedup_key(name: str, version: str) -> str:
    """Return the key of an announcement, of a normalised name; a new project's has no version.

    So versions of one project do not hide one another, and a project is new once.
    """
    return f"pyf:dedup:{Feed.UPDATE}:{name}:{version}" if version else f"pyf:dedup:{Feed.NEW}:{name}"
