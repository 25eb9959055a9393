"""Pages of the changelog are complete and without duplicates."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.sandbox.changelog import PAGE_SIZE, Changelog


@given(
    changes=st.lists(st.one_of(st.none(), st.integers(1, 50)), max_size=12),
    limit=st.integers(1, 40),
    start=st.integers(-3, 100),
)
def test_paging_returns_every_serial_once(changes: list[int | None], limit: int, start: int) -> None:
    journal = Changelog()
    for change in changes:
        if change is None:
            journal.append("acme", None, 0.0, "create")
        else:
            journal.append_filler(change, 0.0)

    cursor, serials = start, list[int]()
    while page := journal.get_since(cursor, limit):
        assert len(page) <= limit
        serials += [row.serial for row in page]
        cursor = serials[-1]

    assert serials == list(range(max(start, 0) + 1, journal.last_serial + 1))


def test_page_size_limit() -> None:
    journal = Changelog()
    journal.append_filler(120_000, 1_800_000_000.0)

    pages = [journal.get_since(serial) for serial in (0, 50_000, 100_000, 120_000)]

    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 20_000, 0]
    assert all(before.serial < after.serial for before, after in pairwise(pages[0]))


def test_filler_rows_are_deterministic() -> None:
    journal = Changelog()
    journal.append_filler(100, 1_800_000_000.0)

    assert journal.get_since(40)[:10] == journal.get_since(0)[40:50]


def test_append_filler_requires_positive_count() -> None:
    with pytest.raises(ValueError, match="one change"):
        Changelog().append_filler(0, 0.0)
