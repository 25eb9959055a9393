"""Sources of download counts: pypistats (one project per request) and ClickHouse (hundreds per request)."""

from .clickhouse import CLICKHOUSE_LIMITS, ClickHouseDownloads
from .pypistats import Pypistats, build_pypistats_limits

__all__ = ["CLICKHOUSE_LIMITS", "ClickHouseDownloads", "Pypistats", "build_pypistats_limits"]
