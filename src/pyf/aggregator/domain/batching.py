"""Parts work into transactions of a size that lets others in between."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from .collection import ProjectState

Item = TypeVar("Item")


def split_into_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Group items by `size`; no items make one empty group, so that what is wrong is noticed all the same."""
    remaining = iter(items)
    yield list(islice(remaining, size))
    while batch := list(islice(remaining, size)):
        yield batch


def group_names_by_documents(states: Iterable[ProjectState], size: int) -> Iterator[list[str]]:
    """Group projects by name so that a group has `size` documents or somewhat more; it is one project at least."""
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
