"""Parts work into transactions of a size that lets others in between."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Group items by `size`; no items make one empty group, so that what is wrong is noticed all the same."""
    remaining = iter(items)
    yield list(islice(remaining, size))
    while some := list(islice(remaining, size)):
        yield some
