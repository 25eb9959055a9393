"""Sources of download counts: pypistats, one project a request, and ClickHouse, hundreds of them."""

from .clickhouse import CLICKHOUSE_LIMITS, ClickHouseDownloads
from .pypistats import Pypistats, build_pypistats_limits

__all__ = ["CLICKHOUSE_LIMITS", "ClickHouseDownloads", "Pypistats", "build_pypistats_limits"]
