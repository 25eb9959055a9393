"""A project in the sample's short form, expanded to all that PyPI would say about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from msgspec import UNSET
from packaging.utils import canonicalize_name

from .errors import SampleError
from .files import derived_file
from .metadata import unset_info
from .project import Json, project_of
from .shortform import AdvisoryEntry, ProjectEntry, ReleaseEntry, entries_of


def expanded(text: str) -> Iterator[Json]:
    """Return the documents of a text in the short form; raises `SampleError`.

    All that the text leaves open is derived from names, versions and dates: it is the same every time.
    """
    return map(_document, entries_of(text))


def _document(project: ProjectEntry) -> Json:
    given = {key: value for key in _METADATA if (value := getattr(project, key)) is not UNSET}
    info = unset_info(project.name, "") | given
    releases: dict[str, list[Json]] = {}
    differing: dict[str, Json] = {}
    uploaded = datetime.min.replace(tzinfo=UTC)
    for release in project.releases:
        if release.version in releases:
            raise SampleError(f"{project.name} {release.version} is there twice")
        differing[release.version] = overrides = _overrides(release)
        uploaded = max(_moment(project.name, release), uploaded + timedelta(minutes=1))
        releases[release.version] = _files(project.name, release, uploaded, {**info, **overrides})
    document = {
        "info": info,
        "last_serial": None,
        "ownership": _ownership(project.maintainers or []),
        "releases": releases,
        "vulnerabilities": [_advisory(advisory) for advisory in project.vulnerabilities or ()],
        "_status": project.status or "active",
        "_release_info": {version: overrides for version, overrides in differing.items() if overrides},
    }
    newest = project_of(document).newest
    if newest is not None:
        info |= {"version": newest.version, "release_url": f"{info['project_url']}{newest.version}/"}
    return {**document, "urls": list(newest.files) if newest else []}


_METADATA = tuple(
    name
    for name in ProjectEntry.__struct_fields__
    if name not in ("name", "releases", "maintainers", "status", "vulnerabilities")
)


def _overrides(release: ReleaseEntry) -> Json:
    fields = ("classifiers", "requires_python", "requires_dist", "license", "summary")
    overrides = {key: value for key in fields if (value := getattr(release, key)) is not UNSET}
    if release.yanked and not _kinds(release):
        overrides |= {"yanked": True, "yanked_reason": _reason(release)}
    return overrides


def _files(name: str, release: ReleaseEntry, uploaded: datetime, info: Json) -> list[Json]:
    """Return the files, uploaded three seconds one after the other."""
    made = (
        derived_file(
            name,
            release.version,
            kind,
            uploaded=(uploaded + timedelta(seconds=3 * place)).timestamp(),
            requires_python=info["requires_python"],
        )
        for place, kind in enumerate(_kinds(release))
    )
    return [{**file, "yanked": bool(release.yanked), "yanked_reason": _reason(release)} for file in made]


def _kinds(release: ReleaseEntry) -> list[Literal["sdist", "wheel"]]:
    return ["sdist", "wheel"] if release.files is None else release.files


def _reason(release: ReleaseEntry) -> str | None:
    return release.yanked if isinstance(release.yanked, str) and release.yanked else None


def _moment(name: str, release: ReleaseEntry) -> datetime:
    """Return the time of upload; where only the day is given, some time before noon."""
    try:
        moment = datetime.fromisoformat(release.date)
    except ValueError as error:
        raise SampleError(f"{name} {release.version}: {release.date!r} is no date") from error
    if len(release.date) == len("2026-01-31"):
        seed = sha256(f"{canonicalize_name(name)} {release.version}".encode()).digest()
        moment += timedelta(milliseconds=int.from_bytes(seed[:6]) % (12 * 3600 * 1000))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ownership(users: list[str]) -> Json:
    roles = [{"role": "Maintainer" if place else "Owner", "user": user} for place, user in enumerate(users)]
    return {"organization": None, "roles": roles}


def _advisory(advisory: AdvisoryEntry) -> Json:
    return {
        "aliases": advisory.aliases,
        "details": advisory.summary or "",
        "fixed_in": advisory.fixed_in,
        "id": advisory.id,
        "link": f"https://osv.example/vulnerability/{advisory.id}",
        "source": "osv",
        "summary": advisory.summary,
        "withdrawn": None,
    }
