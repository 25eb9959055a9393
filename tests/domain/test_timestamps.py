"""Times in the future count as never."""

import pytest

from pyf.aggregator.domain.timestamps import drop_future

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [(0, 0), (NOW - 5, NOW - 5), (NOW, NOW), (NOW + 60, NOW + 60), (NOW + 3600, 0), (NOW + 86_400 * 100, 0)],
)
def test_drop_future(timestamp: int, expected: int) -> None:
    assert drop_future(timestamp, NOW) == expected
