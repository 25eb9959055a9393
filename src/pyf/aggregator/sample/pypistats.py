"""pypistats on this machine: the recent downloads of a project, and no word to those who ask too often."""

from urllib.parse import unquote

import msgspec
from aiohttp import web

from .answer import PreparedResponse
from .download_table import DownloadTable
from .faults import Fault
from .limits import RateLimit
from .server import LocalService, RequestTarget


def build_pypistats_limit(scale: float = 1.0) -> RateLimit:
    """Return the service's limits, 30 requests a minute and 5 a second, with `scale` for a second."""
    return RateLimit(30, 60 * scale, additional=RateLimit(5, scale))


class LocalPypistats(LocalService[RequestTarget]):
    """pypistats, answering from a table that may be replaced meanwhile; without a `rate_limit` it never refuses."""

    def __init__(
        self,
        table: DownloadTable,
        *,
        latency: float = 0.0,
        port: int = 0,
        seed: int = 0,
        rate_limit: RateLimit | None = None,
    ) -> None:
        super().__init__(latency=latency, port=port, seed=seed, rate_limit=rate_limit)
        self.table = table

    def target(self, method: str, path: str, body: bytes) -> RequestTarget:
        match path.partition("?")[0].split("/")[1:]:
            case ["api", "packages", name, "recent"] if method == "GET":
                return RequestTarget("recent", unquote(name))
        return RequestTarget("other")

    def refusal(self, target: RequestTarget, limit: RateLimit) -> PreparedResponse:
        return PreparedResponse(b"RATE LIMIT EXCEEDED", "text/html", status=429)

    def answer(self, target: RequestTarget, request: web.BaseRequest, fault: Fault | None) -> PreparedResponse:
        name = target.project
        if target.kind != "recent" or not self.table.has_project(name):
            return PreparedResponse(b"<title>404</title>", "text/html", status=404)
        windows = {"last_day": 1, "last_week": 7, "last_month": 30}
        data = {window: self.table.sum_last_days(name, days) for window, days in windows.items()}
        return PreparedResponse(msgspec.json.encode({"data": data, "package": name, "type": "recent_downloads"}))
