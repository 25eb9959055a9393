"""Sources of download counts: pypistats, one project a request, and ClickHouse, hundreds of them."""

from .clickhouse import CLICKHOUSE_LIMITS, ClickHouse
from .pypistats import Pypistats, pypistats_limits

__all__ = ["CLICKHOUSE_LIMITS", "ClickHouse", "Pypistats", "pypistats_limits"]
