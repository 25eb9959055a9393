"""What a collection or an alias may be called: names that are safe in a file name, an address and a shell."""

import re

from ..domain.errors import Invalid

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def validate_collection_name(name: str) -> str:
    """Return a name that may be given to a collection or an alias; raises `Invalid` for any other."""
    if not is_collection_name(name):
        raise Invalid(
            f"{name!r} can't be the name of a collection or an alias: it takes a letter or a digit, then letters, "
            "digits, dots, dashes and underscores, 100 characters at most"
        )
    return name


def is_collection_name(name: str) -> bool:
    """Tell whether a collection or an alias may have this name, so that it makes sense to look for one."""
    return _NAME.fullmatch(name) is not None
