from datetime import UTC, datetime

import pytest

from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.domain.schedule import Schedule


def compute_next_run(crontab: str, after: datetime) -> datetime:
    return datetime.fromtimestamp(Schedule(crontab).get_next_run(after.timestamp()), UTC)


@pytest.mark.parametrize(
    ("crontab", "expected"),
    [
        ("0 2 * * 0", datetime(2026, 11, 29, 2, tzinfo=UTC)),  # a Sunday
        ("0 3 1 * *", datetime(2026, 12, 1, 3, tzinfo=UTC)),
        ("*/5 * * * *", datetime(2026, 11, 22, 22, 5, tzinfo=UTC)),
        ("1 22 * * *", datetime(2026, 11, 22, 22, 1, tzinfo=UTC)),
        ("0 22 * * *", datetime(2026, 11, 23, 22, tzinfo=UTC)),  # later than now, never now
    ],
)
def test_get_next_run_is_in_utc(crontab: str, expected: datetime) -> None:
    assert compute_next_run(crontab, datetime(2026, 11, 22, 22, 0, 30, tzinfo=UTC)) == expected


def test_empty_schedule_is_never_due() -> None:
    Schedule("").validate()

    assert Schedule("").get_next_run(0) == float("inf")


@pytest.mark.parametrize("crontab", ["often", "* * * *", "* * * * * *", "61 * * * *", "0 0 30 2 *", "@daily"])
def test_invalid_crontab_is_rejected(crontab: str) -> None:
    with pytest.raises(Invalid):
        Schedule(crontab).validate()
