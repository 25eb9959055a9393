"""The registries under contract test: the fake one, and the adapter of PyPI over real HTTP."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.http.retry import RetryPolicy
from pyf.aggregator.adapters.http.service_client import ServiceClient, ServiceLimits
from pyf.aggregator.adapters.pypi import PyPIChangelog, PyPIFeed, PyPIRegistry
from pyf.aggregator.domain.documents.project import (
    File,
    Metadata,
    Project,
    ProjectStatus,
    Release,
    Vulnerability,
    normalize_name,
)
from pyf.aggregator.ports import Changelog, PackageRegistry, ReleaseFeed, RequestCounter
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.pypi import LocalPyPI
from pyf.aggregator.testing.registry import FakePackageRegistry

Json = dict[str, Any]

PLONE = "Framework :: Plone"
DJANGO = "Framework :: Django"
ADVISORY = Vulnerability(id="PYSEC-2026-1", aliases=("CVE-2026-1",))

_REQUEST_KINDS = {
    "browse": "browse",
    "serials": "simple_index",
    "last_serial": "last_serial",
    "since": "changelog",
    "newest_projects": "rss",
    "newest_releases": "rss",
}


@dataclass(frozen=True)
class RegistryPorts:
    """All ports of one registry, and ways to make it fail.

    `silence` keeps answers about a project away, `silence_release` one about a single release, and `refuse` all of
    a method.
    """

    projects: PackageRegistry
    changelog: Changelog
    feed: ReleaseFeed
    meter: RequestCounter
    fail_project: Callable[[str], None]
    fail_release: Callable[[str, str], None]
    fail_method: Callable[[str], None]


def build_release(name: str, version: str, day: int, *, classifier: str = PLONE, **metadata: Any) -> Release:
    """Return a release with one file, uploaded on a day of January 2026."""
    filename = f"{name}-{version}.tar.gz"
    file = File(
        filename=filename,
        url=f"https://files.pypi.example/{filename}",
        size=1234,
        packagetype="sdist",
        upload_time=int(datetime(2026, 1, day, 12, tzinfo=UTC).timestamp()),
        sha256="ab" * 32,
        yanked=metadata.get("yanked", False),
    )
    page = f"https://pypi.example/project/{normalize_name(name)}/"
    values = {
        "classifiers": (classifier,),
        "summary": f"{name} {version}",
        "description": f"# {name}",
        "project_url": page,
        "release_url": f"{page}{version}/",
        **metadata,
    }
    return Release(version=version, files=(file,), metadata=Metadata(**values))


PROJECTS = (
    Project(
        name="plone.api",
        last_serial=30,
        maintainers=("ada", "bob"),
        releases=(
            build_release("plone.api", "1.0", 1, classifier=DJANGO),
            build_release("plone.api", "2.0", 3, author="Ada", project_urls=(("Source", "https://code.example/"),)),
            build_release("plone.api", "2.1a1", 4, requires_dist=("Acquisition",)),
        ),
    ),
    Project(name="Acme_Blog", last_serial=20, releases=(build_release("Acme_Blog", "0.1", 2),)),
    Project(
        name="leaky",
        last_serial=10,
        releases=(msgspec.structs.replace(build_release("leaky", "1.0", 5), vulnerabilities=(ADVISORY,)),),
    ),
    Project(
        name="hidden", last_serial=5, releases=(build_release("hidden", "1.0", 6, classifier="Framework :: Pylons"),)
    ),
)
STATUSES = {"hidden": ProjectStatus.QUARANTINED, "acme-blog": ProjectStatus.ARCHIVED}


@contextmanager
def _open_fake_registry() -> Iterator[RegistryPorts]:
    memory = FakePackageRegistry(PROJECTS, statuses=STATUSES)
    yield RegistryPorts(
        projects=memory,
        changelog=memory,
        feed=memory,
        meter=memory,
        fail_project=memory.unavailable.add,
        fail_release=lambda name, version: memory.unavailable_versions.add((name, version)),
        fail_method=memory.failing_methods.add,
    )


@contextmanager
def _open_pypi() -> Iterator[RegistryPorts]:
    with LocalPyPI(FakeRegistry(map(to_pypi_document, PROJECTS))) as pypi, HttpClient() as http:
        service = ServiceClient(http, ServiceLimits(retries=RetryPolicy(max_retries=1, backoff=0)))
        yield RegistryPorts(
            projects=PyPIRegistry(service, pypi.url),
            changelog=PyPIChangelog(service, pypi.url),
            feed=PyPIFeed(service, pypi.url),
            meter=http,
            fail_project=lambda name: pypi.faults.add(Fault("503", project=name)),
            fail_release=lambda name, _: pypi.faults.add(Fault("503", request="release", project=name, times=2)),
            fail_method=lambda method: pypi.faults.add(Fault("503", request=_REQUEST_KINDS[method])),
        )


REGISTRIES: Mapping[str, Callable[[], AbstractContextManager[RegistryPorts]]] = {
    "memory": _open_fake_registry,
    "pypi": _open_pypi,
}


def to_pypi_document(project: Project) -> Json:
    """Return the project in the shape of PyPI's JSON, with the sandbox's keys for what that omits."""
    newest = project.newest_release
    return {
        "info": _build_info(project, newest),
        "last_serial": project.last_serial,
        "ownership": {"organization": None, "roles": [{"role": "Owner", "user": u} for u in project.maintainers]},
        "releases": {release.version: [_build_file(file) for file in release.files] for release in project.releases},
        "vulnerabilities": [
            {"id": v.id, "aliases": list(v.aliases), "fixed_in": list(v.fixed_in)} for v in newest.vulnerabilities
        ],
        "_status": STATUSES.get(project.normalized_name, ProjectStatus.ACTIVE).value,
        "_release_info": {release.version: _build_info(project, release) for release in project.releases},
    }


def _build_info(project: Project, release: Release) -> Json:
    assert release.metadata is not None
    info = msgspec.to_builtins(release.metadata)
    return {
        **info,
        "project_urls": dict(release.metadata.project_urls),
        "name": project.name,
        "version": release.version,
    }


def _build_file(file: File) -> Json:
    fields = msgspec.to_builtins(file)
    upload_time = datetime.fromtimestamp(file.upload_time, UTC)
    return {**fields, "digests": {"sha256": file.sha256}, "upload_time_iso_8601": upload_time.isoformat()}


def group_by_name(results: Iterable[Any]) -> dict[str, Any]:
    """Return results by name; their order is undefined."""
    return {result.name: result for result in results}
