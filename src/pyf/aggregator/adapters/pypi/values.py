"""Takes values as they are in PyPI's documents, where almost anything may be null, "", absent or of another type.

Metadata is what authors uploaded in twenty years. None of it may keep a project out, so what can't be used counts as
not given.
"""

from datetime import UTC, datetime


def to_text(value: object) -> str:
    """Return a text; of a list its texts, joined by commas; "" for anything else."""
    if isinstance(value, str):
        return value
    return ", ".join(to_texts(value))


def to_texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list, without the empty ones; () for anything else."""
    if not isinstance(value, list):
        return ()
    return tuple([item for item in value if isinstance(item, str) and item])


def to_text_pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Return the keys and values of an object as they are ordered there, where the values are texts."""
    if not isinstance(value, dict):
        return ()
    return tuple((key, item) for key, item in value.items() if isinstance(item, str) and item)


def to_flag(value: object) -> bool:
    """Whether a value says yes: true, or the reason why."""
    return value is True or bool(to_text(value))


def to_size(value: object) -> int:
    """Return a number of bytes; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def to_unix_seconds(value: object) -> int:
    """Return a moment given in ISO 8601, UTC where it does not say; 0 for what is none."""
    if not isinstance(value, str):
        return 0
    try:
        moment = datetime.fromisoformat(value)
        return max(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()), 0)
    except (ValueError, OverflowError):
        return 0
