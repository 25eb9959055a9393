"""Reads projects from their JSON documents, in one request a project and one for each release that is not known."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal
from urllib.parse import quote

from msgspec.structs import replace
from packaging.utils import canonicalize_version

from ...domain.errors import AggregatorError, NotFound, Unavailable
from ...domain.project import Project, normalized
from ...domain.release import Release, newest
from ...ports import Reading, Wanted
from ..answers import settled
from ..body import json_reader
from ..service import Request, Service
from . import documents, simple_page
from .documents import ProjectDocument, ReleaseDocument, ReleaseDocumentWithReadme
from .simple_page import PageReleases

Descriptions = Literal["newest", "all"]

_project_reader = json_reader(ProjectDocument)
_release_reader = json_reader(ReleaseDocument)
_readme_reader = json_reader(ReleaseDocumentWithReadme)
_page_reader = json_reader(PageReleases)


class ProjectReader:
    """Reads projects for `PyPIRegistry`.

    With descriptions = "newest" the READMEs of all other releases are not even decoded. Where the project's
    document lists no releases (that part of it is deprecated) its page of the simple index does, for one request more.
    """

    def __init__(self, service: Service, base_url: str, descriptions: Descriptions) -> None:
        self._service = service
        self._base_url = base_url
        self._all_readmes = descriptions == "all"

    def read(self, wanted: Iterable[Wanted], is_worth_it: Callable[[Project], bool]) -> Iterator[Reading]:
        """Yield what comes of each project, as it comes."""

        async def read(one: Wanted) -> Reading:
            return await self._read(one, is_worth_it)

        # A project takes two round trips at least, and few of its requests may be left for the last one: with some
        # projects for each worker there is always a request to send, also while the caller is busy with a result.
        return self._service.stream(wanted, read, ahead=5 * self._service.limits.workers)

    async def _read(self, wanted: Wanted, is_worth_it: Callable[[Project], bool]) -> Reading:
        try:
            return await self._project(wanted, is_worth_it)
        except AggregatorError as error:
            return Reading(name=wanted.name, answer=settled(error))

    async def _project(self, wanted: Wanted, is_worth_it: Callable[[Project], bool]) -> Reading:
        name = normalized(wanted.name)
        document = await self._document(name)
        releases = documents.releases_of(document.releases or {}) or await self._releases_on_page(name)
        if not releases:
            raise NotFound(f"{name} is listed without any release")
        repeated: dict[Any, Any] = {}
        if document.info.version in releases:
            releases[document.info.version] = documents.described(releases[document.info.version], document, repeated)
        failed: dict[str, AggregatorError] = {}

        async def describe(release: Release, with_readme: bool) -> None:
            try:
                releases[release.version] = await self._described(name, release, with_readme, repeated)
            except AggregatorError as error:
                failed[release.version] = settled(error)

        def project() -> Project:
            return Project(
                name=document.info.name,
                last_serial=document.last_serial,
                releases=tuple(self._without_spare_readmes(releases.values(), newest(releases.values()))),
                maintainers=documents.maintainers_of(document.ownership),
            )

        # Of a release without files its own document alone tells that it was yanked; another is the newest then.
        while (latest := newest(releases.values())).metadata is None and latest.version not in failed:
            await describe(latest, with_readme=True)
        if latest.metadata is not None and is_worth_it(project()):
            await asyncio.gather(
                *(
                    describe(release, with_readme=self._all_readmes)
                    for release in tuple(releases.values())
                    if release.metadata is None and release.version not in wanted.known
                )
            )
        return Reading(name=wanted.name, answer=project(), failed_versions=failed)

    def _without_spare_readmes(self, releases: Iterable[Release], latest: Release) -> Iterator[Release]:
        for release in releases:
            if self._all_readmes or release is latest or release.metadata is None or not release.metadata.description:
                yield release
            else:
                yield replace(release, metadata=replace(release.metadata, description=""))

    async def _document(self, name: str) -> ProjectDocument:
        request = Request(url=f"{self._base_url}/pypi/{quote(name, safe='')}/json")
        document = await self._service.ask(request, _project_reader)
        check_name(request, name, document.info.name)
        return document

    async def _described(self, name: str, release: Release, with_readme: bool, repeated: dict[Any, Any]) -> Release:
        request = Request(url=f"{self._base_url}/pypi/{quote(name, safe='')}/{quote(release.version, safe='')}/json")
        document = await self._service.ask(request, _readme_reader if with_readme else _release_reader)
        check_name(request, name, document.info.name)
        told = document.info.version
        if told != release.version and canonicalize_version(told) != canonicalize_version(release.version):
            raise Unavailable(f"{request}: the answer is about version {told!r:.60}")
        return documents.described(release, document, repeated)

    async def _releases_on_page(self, name: str) -> dict[str, Release]:
        request = Request(
            url=f"{self._base_url}/simple/{quote(name, safe='')}/", headers={"Accept": simple_page.ACCEPT}
        )
        page = await self._service.ask(request, _page_reader)
        check_name(request, name, page.name)
        return simple_page.releases_of(page)


def check_name(request: Request, asked: str, told: str) -> None:
    """Refuse what a confused cache or mirror tells about another project; raises `Unavailable`."""
    if normalized(told) != asked:
        raise Unavailable(f"{request}: the answer is about {told!r:.60}")
