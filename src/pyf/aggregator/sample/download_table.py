"""How often projects are downloaded, day by day: what the local sources of counts answer from."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zlib import crc32

import yaml
from packaging.utils import canonicalize_name

# The sample's counts begin so many days before the newest one.
_SAMPLE_DAYS = 3 * 365


class DownloadTable:
    """Downloads by project and day; `newest` is the newest day of the data, whether anything was downloaded or not."""

    def __init__(self, daily: Mapping[str, Mapping[date, int]], newest: date) -> None:
        self.newest = newest
        self._daily: dict[str, dict[date, int]] = {canonicalize_name(name): dict(days) for name, days in daily.items()}

    def has_project(self, name: str) -> bool:
        """Whether there are any downloads of a project (normalised name)."""
        return bool(self._daily.get(name))

    def get_first_day(self, name: str) -> date:
        """Return the day of a known project's first download."""
        return min(self._daily[name])

    def sum_last_days(self, name: str, days: int) -> int:
        """Return the downloads of a known project on so many days up to the newest."""
        counts = self._daily[name]
        return sum(counts.get(self.newest - timedelta(ago), 0) for ago in range(days))

    def get_total(self, name: str) -> int:
        """Return all downloads of a known project."""
        return sum(self._daily[name].values())

    def sum_months(self, name: str, month_count: int) -> dict[int, int]:
        """Return the downloads of a known project by month (202601): of the last months that are over and have any."""
        tomorrow = self.newest + timedelta(1)
        months: dict[int, int] = {}
        for day, count in sorted(self._daily[name].items()):
            ago = (tomorrow.year - day.year) * 12 + tomorrow.month - day.month
            if 1 <= ago <= month_count:
                month = day.year * 100 + day.month
                months[month] = months.get(month, 0) + count
        return months

    def iter_rows(self) -> Iterator[tuple[str, date, int]]:
        """Yield (project, day, downloads) of the whole table."""
        for name, days in self._daily.items():
            for day, count in days.items():
                yield name, day, count


def load_sample_downloads(newest: date | None = None) -> DownloadTable:
    """Return the downloads of the packaged sample ecosystem, up to a day; up to yesterday (UTC) where none is given."""
    end = newest or datetime.now(UTC).date() - timedelta(1)
    content = yaml.safe_load(Path(__file__).with_name("downloads.yaml").read_text("utf-8"))
    return DownloadTable({name: _spread_over_days(name, monthly, end) for name, monthly in content["monthly"].items()}, end)


def _spread_over_days(name: str, monthly: int, newest: date) -> dict[date, int]:
    """Spread a monthly number over the days: fewer at weekends, another number a year ago, some noise."""
    yearly = 1.05 + (crc32(name.encode()) % 40 - 12) / 100
    counts = {}
    for ago in range(_SAMPLE_DAYS):
        day = newest - timedelta(ago)
        noise = 0.9 + crc32(f"{name} {day}".encode()) % 200 / 1000
        weekend = 0.6 if day.weekday() >= 5 else 1.15
        if count := round(monthly / 30 * weekend * noise * yearly ** (-ago / 365)):
            counts[day] = count
    return counts
