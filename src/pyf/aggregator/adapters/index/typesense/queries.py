"""Builds filters that name many projects or documents, each short enough for a request's address."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from .limits import FILTER_IN_URL

# What a project's normalised name is made of; no project with another name can be asked for, so none is taken in.
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# Ids that need no care in a filter; all others are named in an address of their own.
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]+")


def is_name(name: str) -> bool:
    """Tell whether a text can be the normalised name of a project that is held."""
    return _NAME.fullmatch(name) is not None


def by_names(names: Iterable[str]) -> Iterator[tuple[frozenset[str], str]]:
    """Yield sets of names, each once, with the filter that finds their documents; leaves out what can't be a name."""
    for some in _of_length(dict.fromkeys(filter(is_name, names))):
        yield frozenset(some), f"name_normalized:=[{','.join(f'`{name}`' for name in some)}]"


def by_ids(ids: Iterable[str]) -> Iterator[str]:
    """Yield filters that find documents by id; all of the ids must be plain."""
    for some in _of_length(dict.fromkeys(ids)):
        yield f"id:[{','.join(some)}]"


def is_plain_id(identifier: str) -> bool:
    """Tell whether an id may stand in a filter as it is."""
    return _PLAIN_ID.fullmatch(identifier) is not None


def in_path(identifier: str) -> str:
    """Return an id as it may stand in an address: the client does not look at what is in it."""
    return quote(identifier, safe="")


def _of_length(texts: Iterable[str]) -> Iterator[list[str]]:
    some: list[str] = []
    length = 0
    for text in texts:
        taken = len(quote(f"`{text}`,", safe=""))
        if some and length + taken > FILTER_IN_URL:
            yield some
            some, length = [], 0
        some.append(text)
        length += taken
    if some:
        yield some
