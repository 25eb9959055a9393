"""Download counts from pypistats: the last day, week and month of one project a request, and few requests a minute."""

from collections.abc import Generator, Iterable, Sequence
from urllib.parse import quote

from msgspec import Struct

from ...domain.downloads import Downloads
from ...domain.errors import AggregatorError
from ...ports import Count, Effort
from ..answers import settled
from ..body import json_reader
from ..retry import Retries, Transient
from ..service import MEBIBYTE, Limits, Request, Service
from .values import Number, known

# 30 requests a minute are allowed. Paced at exactly 2 s, the 31st falls into the first one's minute as soon as that
# one was held up on its way, by opening the connection for example: a little more distance is never punished.
_MARGIN = 1.025


class _Recent(Struct, frozen=True):
    last_day: Number | None = None
    last_week: Number | None = None
    last_month: Number | None = None


class _Answer(Struct, frozen=True):
    package: str
    data: _Recent


_reader = json_reader(_Answer)


def pypistats_limits(delay: float, retries: Retries) -> Limits:
    """Return how pypistats may be asked, with `delay` seconds between the starts of two requests.

    A refusal (429) does not say when to come back. Everything then rests for ten requests' time: three repetitions are
    enough to outlast the minute that the service counts in.
    """
    return Limits(workers=4, delay=delay * _MARGIN, timeout=30, silence=10 * delay, retries=retries)


class Pypistats:
    """The `DownloadStats` of pypistats, below `base_url`. It does not tell which day is its newest, nor totals."""

    source = "pypistats"

    def __init__(self, service: Service, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")

    def effort(self, projects: int) -> Effort:
        return Effort(requests=projects, seconds=projects * self._service.limits.delay)

    def counts(self, names: Iterable[str]) -> Generator[Sequence[Count], None, None]:
        for count in self._service.stream(names, self._count, ahead=self._service.limits.workers):
            yield (count,)

    async def _count(self, name: str) -> Count:
        request = Request(
            url=f"{self._base_url}/api/packages/{quote(name, safe='')}/recent",
            headers={"Accept": "application/json"},
            largest=MEBIBYTE,
        )
        try:
            answer = await self._service.ask(request, _reader)
            if answer.package != name:
                raise Transient(f"{request}: the answer is about {answer.package}")
        except AggregatorError as error:
            return Count(name=name, answer=settled(error))
        return Count(name=name, answer=_downloads(answer.data))


def _downloads(recent: _Recent) -> Downloads:
    return Downloads(
        last_day=known(recent.last_day), last_week=known(recent.last_week), last_month=known(recent.last_month)
    )
