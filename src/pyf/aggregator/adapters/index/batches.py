"""Parts work into transactions of a size that lets others in between."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from ...domain.collection import Holding

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Group items by `size`; no items make one empty group, so that what is wrong is noticed all the same."""
    remaining = iter(items)
    yield list(islice(remaining, size))
    while some := list(islice(remaining, size)):
        yield some


def names_by_documents(holdings: Iterable[Holding], size: int) -> Iterator[list[str]]:
    """Group projects by name so that a group has `size` documents or somewhat more; it is one project at least."""
    names: list[str] = []
    documents = 0
    for held in holdings:
        names.append(held.name_normalized)
        documents += held.releases
        if documents >= size:
            yield names
            names, documents = [], 0
    if names:
        yield names
