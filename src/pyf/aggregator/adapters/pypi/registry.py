"""The projects of PyPI: which there are, how they stand, and what they are."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from ...domain.errors import AggregatorError
from ...domain.project import Project, normalized
from ...ports import Reading, Serials, Standing, Wanted, whatever_it_is
from ..answers import settled
from ..body import json_reader
from ..retry import Transient
from ..service import MEBIBYTE, Request, Service
from .project_reader import Descriptions, ProjectReader, check_name
from .serials import SerialsReader
from .simple_page import ACCEPT, PageStanding
from .xmlrpc import AnswerReader, Value, call

_page_reader = json_reader(PageStanding)


class PyPIRegistry:
    """The `PackageRegistry` of PyPI.

    `base_url` is the address that `/pypi` and `/simple` are below. With `descriptions` = "newest" only the newest
    release of a project comes with its README.
    """

    def __init__(self, service: Service, base_url: str, *, descriptions: Descriptions = "newest") -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")
        self._projects = ProjectReader(service, self._base_url, descriptions)

    def browse(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        # One after the other: of these methods PyPI allows some a second only, and none is slow.
        for classifier in classifiers:
            yield classifier, self._service.fetch(call(self._base_url, "browse", [classifier]), _Names)

    def serials(self) -> Serials:
        request = Request(
            url=f"{self._base_url}/simple/",
            headers={"Accept": ACCEPT},
            largest=1024 * MEBIBYTE,
            patience=5,
            always_there=True,
        )
        return self._service.fetch(request, SerialsReader)

    def read(
        self, wanted: Iterable[Wanted], *, is_worth_it: Callable[[Project], bool] = whatever_it_is
    ) -> Iterator[Reading]:
        return self._projects.read(wanted, is_worth_it)

    def standings(self, names: Iterable[str]) -> Iterator[Standing]:
        return self._service.stream(names, self._standing, ahead=5 * self._service.limits.workers)

    async def _standing(self, name: str) -> Standing:
        request = Request(
            url=f"{self._base_url}/simple/{quote(normalized(name), safe='')}/", headers={"Accept": ACCEPT}
        )
        try:
            page = await self._service.ask(request, _page_reader)
            check_name(request, normalized(name), page.name)
        except AggregatorError as error:
            return Standing(name=name, answer=settled(error))
        return Standing(name=name, answer=page.status, is_empty=page.is_empty)


class _Names(AnswerReader[frozenset[str]]):
    """Reads what `browse` tells: the projects of a list of releases."""

    def __init__(self) -> None:
        super().__init__()
        self._names: set[str] = set()

    def take(self, row: list[Value]) -> None:
        match row:
            case [str(name), str()] if name:
                self._names.add(name)
            case _:
                raise Transient("the list of releases has a row that can't be read")

    def result(self, value: Value) -> frozenset[str]:
        if value != []:
            raise Transient("the answer is not a list of releases")
        return frozenset(map(normalized, self._names))
