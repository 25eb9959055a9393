"""Projects of PyPI: list them, check their status, read them.

Reading a project takes one request for its JSON document, and one for each unknown release.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace
from packaging.utils import canonicalize_version

from ...domain.collection import Descriptions
from ...domain.documents.project import Project, Release, normalize_name, select_newest
from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...ports import ProjectRequest, ProjectResult, Serials, SimplePageStatus, always
from ..http.errors import drop_traceback
from ..http.readers import make_json_reader
from ..http.retry import Transient
from ..http.service_client import MEBIBYTE, Request, ServiceClient
from .documents import (
    ProjectDocument,
    ReleaseDocument,
    ReleaseDocumentWithReadme,
    add_description,
    parse_maintainers,
    parse_releases,
)
from .simple_index import ACCEPT, PageFiles, PageStatus, SerialsReader, parse_page_releases
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
            max_bytes=256 * MEBIBYTE,
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
            url=f"{self._base_url}/simple/{quote(normalize_name(name), safe='')}/",
            headers={"Accept": ACCEPT},
            max_bytes=_MAX_PROJECT_BYTES,
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


# A project with 20,000 files, more than any has, has a document of about 20 MB.
_MAX_PROJECT_BYTES = 32 * MEBIBYTE

_project_reader = make_json_reader(ProjectDocument)
_release_reader = make_json_reader(ReleaseDocument)
_readme_reader = make_json_reader(ReleaseDocumentWithReadme)
_files_reader = make_json_reader(PageFiles)


class ProjectReader:
    """Reads projects for `PyPIRegistry`.

    Without `keeps_all_readmes`, READMEs of older releases are not even decoded. If a project's document lists no
    releases (that part of it is deprecated), one more request reads them from the simple index.
    """

    def __init__(self, service: ServiceClient, base_url: str, *, keeps_all_readmes: bool) -> None:
        self._service = service
        self._base_url = base_url
        self._keeps_all_readmes = keeps_all_readmes

    def read_projects(
        self, requests: Iterable[ProjectRequest], needs_releases: Callable[[Project], bool]
    ) -> Iterator[ProjectResult]:
        """Yield the results of projects as they arrive."""

        async def read_project(request: ProjectRequest) -> ProjectResult:
            return await self._read_project(request, needs_releases)

        # A project needs at least two sequential requests. Several projects per slot keep all slots busy, also while
        # the caller processes a result.
        return self._service.stream(requests, read_project, max_pending=5 * self._service.limits.max_concurrency)

    async def _read_project(self, request: ProjectRequest, needs_releases: Callable[[Project], bool]) -> ProjectResult:
        try:
            return await self._fetch_project(request, needs_releases)
        except AggregatorError as error:
            return ProjectResult(name=request.name, outcome=drop_traceback(error))

    async def _fetch_project(self, request: ProjectRequest, needs_releases: Callable[[Project], bool]) -> ProjectResult:
        name = normalize_name(request.name)
        document = await self._fetch_document(name)
        releases = parse_releases(document.releases or {}) or await self._fetch_page_releases(name)
        if not releases:
            raise NotFound(f"{name} has no releases")
        value_cache: dict[Any, Any] = {}
        if document.info.version in releases:
            releases[document.info.version] = add_description(releases[document.info.version], document, value_cache)
        failed_versions: dict[str, AggregatorError] = {}

        async def describe(release: Release, with_readme: bool) -> None:
            try:
                releases[release.version] = await self._fetch_release(name, release, with_readme, value_cache)
            except AggregatorError as error:
                failed_versions[release.version] = drop_traceback(error)

        def select_latest() -> Release:
            return select_newest(releases.values(), document.info.version)

        def build_project() -> Project:
            return Project(
                name=document.info.name,
                last_serial=document.last_serial,
                releases=tuple(self._drop_unneeded_readmes(releases.values(), select_latest())),
                maintainers=parse_maintainers(document.ownership),
                latest_version=document.info.version,
            )

        # If no release has files, only its own document tells that one was yanked; then another one is the newest.
        while (latest := select_latest()).metadata is None and latest.version not in failed_versions:
            await describe(latest, with_readme=True)
        if latest.metadata is not None and needs_releases(build_project()):
            await asyncio.gather(
                *(
                    describe(release, with_readme=self._keeps_all_readmes)
                    for release in tuple(releases.values())
                    if release.metadata is None and release.version not in request.known_versions
                )
            )
        return ProjectResult(name=request.name, outcome=build_project(), failed_versions=failed_versions)

    def _drop_unneeded_readmes(self, releases: Iterable[Release], latest: Release) -> Iterator[Release]:
        for release in releases:
            if (
                self._keeps_all_readmes
                or release is latest
                or release.metadata is None
                or not release.metadata.description
            ):
                yield release
            else:
                yield replace(release, metadata=replace(release.metadata, description=""))

    async def _fetch_document(self, name: str) -> ProjectDocument:
        request = Request(url=f"{self._base_url}/pypi/{quote(name, safe='')}/json", max_bytes=_MAX_PROJECT_BYTES)
        document = await self._service.get_async(request, _project_reader)
        check_name(request, name, document.info.name)
        return document

    async def _fetch_release(
        self, name: str, release: Release, with_readme: bool, value_cache: dict[Any, Any]
    ) -> Release:
        request = Request(url=f"{self._base_url}/pypi/{quote(name, safe='')}/{quote(release.version, safe='')}/json")
        document = await self._service.get_async(request, _readme_reader if with_readme else _release_reader)
        check_name(request, name, document.info.name)
        reported_version = document.info.version
        if reported_version != release.version and canonicalize_version(reported_version) != canonicalize_version(
            release.version
        ):
            raise Unavailable(f"{request}: the response is about version {reported_version!r:.60}")
        return add_description(release, document, value_cache)

    async def _fetch_page_releases(self, name: str) -> dict[str, Release]:
        request = Request(
            url=f"{self._base_url}/simple/{quote(name, safe='')}/",
            headers={"Accept": ACCEPT},
            max_bytes=_MAX_PROJECT_BYTES,
        )
        page = await self._service.get_async(request, _files_reader)
        check_name(request, name, page.name)
        return parse_page_releases(page)


def check_name(request: Request, expected: str, reported: str) -> None:
    """Raise `Unavailable` for a response about another project, as a broken cache or mirror may send."""
    if normalize_name(reported) != expected:
        raise Unavailable(f"{request}: the response is about {reported!r:.60}")
