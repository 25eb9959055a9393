"""Due times of recurring work, from crontab expressions in UTC."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError
from msgspec import Struct

from .errors import Invalid

_FIELD_COUNT = 5


class Schedule(Struct, frozen=True):
    """A crontab expression: minute, hour, day of month, month, day of week; "" for never."""

    crontab: str

    def validate(self) -> None:
        """Raise `Invalid` if the expression is not valid or never matches."""
        if not self.crontab:
            return
        if len(self.crontab.split()) != _FIELD_COUNT:
            raise Invalid("must have the five fields of a crontab: minute hour day-of-month month day-of-week")
        try:
            next(CronSim(self.crontab, datetime(2026, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise Invalid(f"invalid cron expression: {error}") from error
        except StopIteration:
            raise Invalid("never matches") from None

    def get_next_run(self, timestamp: float) -> float:
        """Return the next due time after a time, both in Unix seconds; infinity for never."""
        if not self.crontab:
            return float("inf")
        return next(CronSim(self.crontab, datetime.fromtimestamp(timestamp, UTC))).timestamp()
