"""Download counts from pypistats: last day, week and month of one project per request, at 30 requests a minute."""

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Annotated
from urllib.parse import quote

from msgspec import Meta, Struct

from ...domain.documents.document import unset_if_none
from ...domain.downloads import Downloads
from ...domain.errors import AggregatorError
from ...ports import CostEstimate, DownloadResult
from ..http.errors import drop_traceback
from ..http.readers import make_json_reader
from ..http.retry import RetryPolicy, Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient, ServiceLimits

# pypistats allows 30 requests a minute. At intervals of exactly 2 s, a delay of the first request (opening the
# connection, for example) puts the 31st into the same minute; this factor adds the missing distance.
_MARGIN = 1.025

NonNegativeInt = Annotated[int, Meta(ge=0)]


class _Recent(Struct, frozen=True):
    last_day: NonNegativeInt | None = None
    last_week: NonNegativeInt | None = None
    last_month: NonNegativeInt | None = None


class _PypistatsResponse(Struct, frozen=True):
    package: str
    data: _Recent


_make_reader = make_json_reader(_PypistatsResponse)


def build_pypistats_limits(delay: float, retries: RetryPolicy) -> ServiceLimits:
    """Return the limits of pypistats, with `delay` seconds between the starts of two requests.

    A 429 does not say how long to wait. All requests then pause for ten delays: three retries outlast the minute in
    which the service counts.
    """
    return ServiceLimits(max_concurrency=4, delay=delay * _MARGIN, timeout=30, cooldown=10 * delay, retries=retries)


def build_source(
    connect: Callable[[ServiceLimits], ServiceClient],
    *,
    base_url: str,
    rate_limit_delay: float,
    max_retries: int,
    retry_backoff: float,
) -> "Pypistats":
    """Build the source; see `adapters.downloads`."""
    retries = RetryPolicy(max_retries=max_retries, backoff=retry_backoff)
    return Pypistats(connect(build_pypistats_limits(rate_limit_delay, retries)), base_url)


class Pypistats:
    """The port `DownloadStats` on pypistats, which reports neither totals nor its newest day."""

    source = "pypistats"

    def __init__(self, service: ServiceClient, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")

    def estimate_cost(self, project_count: int) -> CostEstimate:
        return CostEstimate(requests=project_count, seconds=project_count * self._service.limits.delay)

    def fetch_counts(self, names: Iterable[str]) -> Generator[Sequence[DownloadResult], None, None]:
        for result in self._service.stream(names, self._fetch_result, max_pending=self._service.limits.max_concurrency):
            yield (result,)

    async def _fetch_result(self, name: str) -> DownloadResult:
        request = Request(
            url=f"{self._base_url}/api/packages/{quote(name, safe='')}/recent",
            headers={"Accept": "application/json"},
            max_bytes=MEBIBYTE,
        )
        try:
            response = await self._service.get_async(request, _make_reader)
            if response.package != name:
                raise Transient(f"{request}: the response is about {response.package}")
        except AggregatorError as error:
            return DownloadResult(name=name, outcome=drop_traceback(error))
        return DownloadResult(name=name, outcome=_build_downloads(response.data))


def _build_downloads(recent: _Recent) -> Downloads:
    return Downloads(
        last_day=unset_if_none(recent.last_day),
        last_week=unset_if_none(recent.last_week),
        last_month=unset_if_none(recent.last_month),
    )
