"""Download counts from pypistats: the last day, week and month of one project a request, and few requests a minute."""

from collections.abc import Generator, Iterable, Sequence
from urllib.parse import quote

from msgspec import Struct

from ...domain.downloads import Downloads
from ...domain.errors import AggregatorError
from ...ports import CostEstimate, DownloadResult
from ..http.errors import drop_traceback
from ..http.readers import make_json_reader
from ..http.retry import RetryPolicy, Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient, ServiceLimits
from .values import NonNegativeInt, unset_if_none

# 30 requests a minute are allowed. Paced at exactly 2 s, the 31st falls into the first one's minute as soon as that
# one was held up on its way, by opening the connection for example: a little more distance is never punished.
_MARGIN = 1.025


class _Recent(Struct, frozen=True):
    last_day: NonNegativeInt | None = None
    last_week: NonNegativeInt | None = None
    last_month: NonNegativeInt | None = None


class _PypistatsResponse(Struct, frozen=True):
    package: str
    data: _Recent


_make_reader = make_json_reader(_PypistatsResponse)


def build_pypistats_limits(delay: float, retries: RetryPolicy) -> ServiceLimits:
    """Return how pypistats may be asked, with `delay` seconds between the starts of two requests.

    A refusal (429) does not say when to come back. Everything then rests for ten requests' time: three repetitions are
    enough to outlast the minute that the service counts in.
    """
    return ServiceLimits(max_concurrency=4, delay=delay * _MARGIN, timeout=30, cooldown=10 * delay, retries=retries)


class Pypistats:
    """The `DownloadStats` of pypistats, below `base_url`. It does not tell which day is its newest, nor totals."""

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
                raise Transient(f"{request}: the answer is about {response.package}")
        except AggregatorError as error:
            return DownloadResult(name=name, outcome=drop_traceback(error))
        return DownloadResult(name=name, outcome=_build_downloads(response.data))


def _build_downloads(recent: _Recent) -> Downloads:
    return Downloads(
        last_day=unset_if_none(recent.last_day),
        last_week=unset_if_none(recent.last_week),
        last_month=unset_if_none(recent.last_month),
    )
