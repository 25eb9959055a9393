"""When something recurring is due, told from a line of a crontab; times are UTC."""

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError
from msgspec import Struct

from .errors import Invalid

_FIELD_COUNT = 5


class Schedule(Struct, frozen=True):
    """A crontab's five fields: minute, hour, day of month, month, day of week; "" for never."""

    crontab: str

    def validate(self) -> None:
        """Raise `Invalid` for what is no crontab."""
        if not self.crontab:
            return
        if len(self.crontab.split()) != _FIELD_COUNT:
            raise Invalid("must have the five fields of a crontab: minute hour day-of-month month day-of-week")
        try:
            next(CronSim(self.crontab, datetime(2026, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise Invalid(f"is no crontab: {error}") from error
        except StopIteration:
            raise Invalid("never comes true") from None

    def get_next_run(self, timestamp: float) -> float:
        """Return when it is due next after a moment, both in Unix seconds; infinity for never."""
        if not self.crontab:
            return float("inf")
        return next(CronSim(self.crontab, datetime.fromtimestamp(timestamp, UTC))).timestamp()
