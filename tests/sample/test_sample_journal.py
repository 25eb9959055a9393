"""The journal's pages: nothing missing, nothing twice, whoever made the rows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.sample.journal import PAGE_SIZE, Journal


@given(
    changes=st.lists(st.one_of(st.none(), st.integers(1, 50)), max_size=12),
    limit=st.integers(1, 40),
    start=st.integers(-3, 100),
)
def test_reading_page_by_page_gives_every_serial_once(changes: list[int | None], limit: int, start: int) -> None:
    journal = Journal()
    for change in changes:
        if change is None:
            journal.append("acme", None, 0.0, "create")
        else:
            journal.append_strangers(change, 0.0)

    cursor, serials = start, list[int]()
    while page := journal.since(cursor, limit):
        assert len(page) <= limit
        serials += [row.serial for row in page]
        cursor = serials[-1]

    assert serials == list(range(max(start, 0) + 1, journal.last_serial + 1))


def test_a_page_holds_fifty_thousand_rows_at_most() -> None:
    journal = Journal()
    journal.append_strangers(120_000, 1_800_000_000.0)

    pages = [journal.since(serial) for serial in (0, 50_000, 100_000, 120_000)]

    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 20_000, 0]
    assert all(before.serial < after.serial for before, after in pairwise(pages[0]))


def test_rows_of_strangers_are_the_same_each_time_they_are_read() -> None:
    journal = Journal()
    journal.append_strangers(100, 1_800_000_000.0)

    assert journal.since(40)[:10] == journal.since(0)[40:50]


def test_nothing_cannot_be_recorded() -> None:
    with pytest.raises(ValueError, match="one change"):
        Journal().append_strangers(0, 0.0)
