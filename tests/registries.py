"""The registries that the contracts of a registry are put to: the one in memory, and ours of PyPI's over real HTTP."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.memory_registry import MemoryRegistry
from pyf.aggregator.adapters.pypi import PyPIFeed, PyPIJournal, PyPIRegistry
from pyf.aggregator.adapters.retry import Retries
from pyf.aggregator.adapters.service import Limits, Service
from pyf.aggregator.domain.project import Project, ProjectStatus, normalized
from pyf.aggregator.domain.release import File, Metadata, Release, Vulnerability
from pyf.aggregator.ports import ChangeJournal, PackageRegistry, ReleaseFeed, RequestMeter
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.sample.services import LocalPyPI

Json = dict[str, Any]

PLONE = "Framework :: Plone"
DJANGO = "Framework :: Django"
ADVISORY = Vulnerability(id="PYSEC-2026-1", aliases=("CVE-2026-1",))

_KINDS = {
    "browse": "browse",
    "serials": "simple_index",
    "last_serial": "last_serial",
    "since": "changelog",
    "newest_projects": "rss",
    "newest_releases": "rss",
}


@dataclass(frozen=True)
class Registry:
    """All ports of one registry, and the ways to break it.

    `silence` keeps answers about a project away, `silence_release` one about a single release, and `refuse` all of
    a method.
    """

    projects: PackageRegistry
    journal: ChangeJournal
    feed: ReleaseFeed
    meter: RequestMeter
    silence: Callable[[str], None]
    silence_release: Callable[[str, str], None]
    refuse: Callable[[str], None]


def released(name: str, version: str, day: int, *, classifier: str = PLONE, **metadata: Any) -> Release:
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
    page = f"https://pypi.example/project/{normalized(name)}/"
    given = {
        "classifiers": (classifier,),
        "summary": f"{name} {version}",
        "description": f"# {name}",
        "project_url": page,
        "release_url": f"{page}{version}/",
        **metadata,
    }
    return Release(version=version, files=(file,), metadata=Metadata(**given))


PROJECTS = (
    Project(
        name="plone.api",
        last_serial=30,
        maintainers=("ada", "bob"),
        releases=(
            released("plone.api", "1.0", 1, classifier=DJANGO),
            released("plone.api", "2.0", 3, author="Ada", project_urls=(("Source", "https://code.example/"),)),
            released("plone.api", "2.1a1", 4, requires_dist=("Acquisition",)),
        ),
    ),
    Project(name="Acme_Blog", last_serial=20, releases=(released("Acme_Blog", "0.1", 2),)),
    Project(
        name="leaky",
        last_serial=10,
        releases=(msgspec.structs.replace(released("leaky", "1.0", 5), vulnerabilities=(ADVISORY,)),),
    ),
    Project(name="hidden", last_serial=5, releases=(released("hidden", "1.0", 6, classifier="Framework :: Pylons"),)),
)
STATUSES = {"hidden": ProjectStatus.QUARANTINED, "acme-blog": ProjectStatus.ARCHIVED}


@contextmanager
def _memory() -> Iterator[Registry]:
    memory = MemoryRegistry(PROJECTS, statuses=STATUSES)
    yield Registry(
        projects=memory,
        journal=memory,
        feed=memory,
        meter=memory,
        silence=memory.down.add,
        silence_release=lambda name, version: memory.down_versions.add((name, version)),
        refuse=memory.refusing.add,
    )


@contextmanager
def _pypi() -> Iterator[Registry]:
    with LocalPyPI(Ecosystem(map(document_of, PROJECTS))) as pypi, Http() as http:
        service = Service(http, Limits(retries=Retries(most=1, backoff=0)))
        yield Registry(
            projects=PyPIRegistry(service, pypi.url),
            journal=PyPIJournal(service, pypi.url),
            feed=PyPIFeed(service, pypi.url),
            meter=http,
            silence=lambda name: pypi.faults.add(Fault("503", project=name)),
            silence_release=lambda name, _: pypi.faults.add(Fault("503", request="release", project=name, times=2)),
            refuse=lambda method: pypi.faults.add(Fault("503", request=_KINDS[method])),
        )


REGISTRIES: Mapping[str, Callable[[], AbstractContextManager[Registry]]] = {"memory": _memory, "pypi": _pypi}


def document_of(project: Project) -> Json:
    """Return the project's document in the shape of PyPI's JSON, with the sample's keys for what that leaves out."""
    newest = project.newest
    return {
        "info": _info(project, newest),
        "last_serial": project.last_serial,
        "ownership": {"organization": None, "roles": [{"role": "Owner", "user": u} for u in project.maintainers]},
        "releases": {release.version: [_file(file) for file in release.files] for release in project.releases},
        "vulnerabilities": [
            {"id": v.id, "aliases": list(v.aliases), "fixed_in": list(v.fixed_in)} for v in newest.vulnerabilities
        ],
        "_status": STATUSES.get(project.normalized_name, ProjectStatus.ACTIVE).value,
        "_release_info": {release.version: _info(project, release) for release in project.releases},
    }


def _info(project: Project, release: Release) -> Json:
    assert release.metadata is not None
    info = msgspec.to_builtins(release.metadata)
    return {
        **info,
        "project_urls": dict(release.metadata.project_urls),
        "name": project.name,
        "version": release.version,
    }


def _file(file: File) -> Json:
    described = msgspec.to_builtins(file)
    uploaded = datetime.fromtimestamp(file.upload_time, UTC)
    return {**described, "digests": {"sha256": file.sha256}, "upload_time_iso_8601": uploaded.isoformat()}


def by_name(answers: Iterable[Any]) -> dict[str, Any]:
    """Return answers by the name that they are about: their order is nobody's promise."""
    return {answer.name: answer for answer in answers}
