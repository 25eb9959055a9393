"""Split work into batches, so that a transaction or a request stays small."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from .collection import ProjectState

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def split_into_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`; without items one empty list, so that the caller still checks its target."""
    batches = batched(items, size)
    yield next(batches, [])
    yield from batches


def group_names_by_documents(states: Iterable[ProjectState], size: int) -> Iterator[list[str]]:
    """Yield names of projects in lists that have about `size` documents together, and at least one project."""
    names: list[str] = []
    document_count = 0
    for state in states:
        names.append(state.name_normalized)
        document_count += state.release_count
        if document_count >= size:
            yield names
            names, document_count = [], 0
    if names:
        yield names
