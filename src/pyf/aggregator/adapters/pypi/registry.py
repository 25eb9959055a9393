"""Projects of PyPI: list them, check their status, read them."""

from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from ...domain.documents.project import Project, normalize_name
from ...domain.errors import AggregatorError
from ...domain.policy import Descriptions
from ...ports import ProjectRequest, ProjectResult, Serials, SimplePageStatus, always
from ..http.errors import drop_traceback
from ..http.readers import make_json_reader
from ..http.retry import Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient
from .project_reader import ProjectReader, check_name
from .simple_index import SerialsReader
from .simple_page import ACCEPT, PageStatus
from .xmlrpc import ResponseReader, Value, build_call

_page_reader = make_json_reader(PageStatus)


class PyPIRegistry:
    """The port `PackageRegistry` on PyPI.

    Args:
        base_url: URL above `/pypi` and `/simple`.
        descriptions: Which releases of a project get their README.
    """

    def __init__(
        self, service: ServiceClient, base_url: str, *, descriptions: Descriptions = Descriptions.NEWEST
    ) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")
        keeps_all_readmes = descriptions is Descriptions.ALL
        self._project_reader = ProjectReader(service, self._base_url, keeps_all_readmes=keeps_all_readmes)

    def browse_classifiers(self, classifiers: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
        # Sequentially: PyPI allows only a few XML-RPC calls per second, and none of them is slow.
        for classifier in classifiers:
            yield classifier, self._service.get(build_call(self._base_url, "browse", [classifier]), _NamesReader)

    def fetch_serials(self) -> Serials:
        request = Request(
            url=f"{self._base_url}/simple/",
            headers={"Accept": ACCEPT},
            max_bytes=1024 * MEBIBYTE,
            timeout_factor=5,
            must_exist=True,
        )
        return self._service.get(request, SerialsReader)

    def read_projects(
        self, requests: Iterable[ProjectRequest], *, needs_releases: Callable[[Project], bool] = always
    ) -> Iterator[ProjectResult]:
        return self._project_reader.read_projects(requests, needs_releases)

    def check_simple_pages(self, names: Iterable[str]) -> Iterator[SimplePageStatus]:
        return self._service.stream(
            names, self._check_simple_page, max_pending=5 * self._service.limits.max_concurrency
        )

    async def _check_simple_page(self, name: str) -> SimplePageStatus:
        request = Request(
            url=f"{self._base_url}/simple/{quote(normalize_name(name), safe='')}/", headers={"Accept": ACCEPT}
        )
        try:
            page = await self._service.get_async(request, _page_reader)
            check_name(request, normalize_name(name), page.name)
        except AggregatorError as error:
            return SimplePageStatus(name=name, outcome=drop_traceback(error))
        return SimplePageStatus(name=name, outcome=page.status, is_empty=page.is_empty)


class _NamesReader(ResponseReader[frozenset[str]]):
    """Reads the response of `browse`: the projects of a list of releases."""

    def __init__(self) -> None:
        super().__init__()
        self._names: set[str] = set()

    def add_row(self, row: list[Value]) -> None:
        match row:
            case [str(name), str()] if name:
                self._names.add(name)
            case _:
                raise Transient("the list of releases has an unreadable row")

    def build_result(self, value: Value) -> frozenset[str]:
        if value != []:
            raise Transient("the response is not a list of releases")
        return frozenset(map(normalize_name, self._names))
