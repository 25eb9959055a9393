"""Events of packages that webhooks report: the difference between what a receiver knows and what is stored."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.json import encode
from msgspec.structs import replace

from .documents.schema import RegistryFields
from .documents.version import to_version_key
from .email_masking import mask_emails
from .search import get_supported_pythons


class EventType(StrEnum):
    """The type of an event, as payloads name it."""

    NEW_PACKAGE = "package.new"
    NEW_RELEASE = "release.new"
    LOST_SUPPORT = "support.lost"
    ADVISORY = "advisory.new"
    PACKAGE_LEFT = "package.left"
    MANY_PACKAGES = "packages.new"
    TEST = "webhook.test"


class KnownPackage(Struct, frozen=True, kw_only=True):
    """What a receiver knows of a package.

    Attributes:
        newest: Its newest release.
        versions: Its releases that have files, sorted.
        advisories: Ids of the advisories that affect any release, sorted.
    """

    newest: str
    versions: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()


class PackageEvent(Struct, frozen=True, kw_only=True):
    """An event of a package.

    Attributes:
        name: The normalized name of the package.
        occurred_at: In Unix seconds.
        data: What the payload says of the event.
        after: What the receiver knows of the package with this event; None if the package has left.
    """

    type: EventType
    name: str
    occurred_at: int
    data: dict[str, Any]
    after: KnownPackage | None


class WebhookMessage(Struct, frozen=True, kw_only=True):
    """A payload with the id that all attempts to deliver it share."""

    id: str
    body: bytes


def summarize_package(releases: Sequence[RegistryFields]) -> KnownPackage:
    """Return what a receiver knows of a package after all of its events."""
    return KnownPackage(
        newest=_find_newest(releases).version,
        versions=tuple(sorted(release.version for release in releases if release.upload_timestamp)),
        advisories=tuple(sorted({advisory.id for release in releases for advisory in release.vulnerabilities})),
    )


def find_events(known: KnownPackage | None, releases: Sequence[RegistryFields], now: int) -> list[PackageEvent]:
    """Return what a receiver does not know of a package yet, in the order in which it happened.

    Args:
        known: What it knows; None for a new package.
        releases: All documents of the package.
    """
    current = summarize_package(releases)
    if known is None:
        newest = _find_newest(releases)
        return [_build_event(EventType.NEW_PACKAGE, newest, newest.upload_timestamp or now, current)]
    events = list(_find_changes(known, releases, now))
    if events:  # the last one also carries what no event reports, such as a deleted release
        events[-1] = replace(events[-1], after=current)
    return events


def build_removal_event(name: str, reason: str, removed_at: int) -> PackageEvent:
    """Return the event of a package that is no longer in the collection."""
    data = {"package": name, "reason": reason}
    return PackageEvent(type=EventType.PACKAGE_LEFT, name=name, occurred_at=removed_at, data=data, after=None)


def encode_payload(event_type: EventType, occurred_at: int, data: dict[str, Any]) -> bytes:
    """Return the payload of an event as the Standard Webhooks specification recommends it."""
    timestamp = f"{datetime.fromtimestamp(occurred_at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return encode({"type": event_type, "timestamp": timestamp, "data": data})


def build_page_url(site_url: str, collection: str, name: str = "") -> str:
    """Return the URL of a package's page, or of the collection's; "" without a site."""
    page = f"{site_url}/in/{quote(collection, safe='')}"
    return "" if not site_url else f"{page}/project/{quote(name, safe='')}" if name else page


def _find_changes(known: KnownPackage, releases: Sequence[RegistryFields], now: int) -> Iterator[PackageEvent]:
    newest = _find_newest(releases)
    new_releases = [
        release for release in releases if release.upload_timestamp and release.version not in known.versions
    ]
    for release in sorted(new_releases, key=lambda fields: (fields.upload_timestamp, to_version_key(fields.version))):
        known = replace(known, versions=tuple(sorted({*known.versions, release.version})))
        yield _build_event(EventType.NEW_RELEASE, release, release.upload_timestamp, known)
    previous = next((release for release in releases if release.version == known.newest), None)
    if previous is not None and previous is not newest and (lost := _list_lost_support(previous, newest)):
        known = replace(known, newest=newest.version)
        yield _build_event(
            EventType.LOST_SUPPORT, newest, newest.upload_timestamp or now, known, before=previous.version, lost=lost
        )
    for advisory_id, versions in sorted(_collect_advisories(releases).items()):
        if advisory_id not in known.advisories:
            known = replace(known, advisories=tuple(sorted({*known.advisories, advisory_id})))
            yield _build_event(EventType.ADVISORY, newest, now, known, advisory=advisory_id, affected=versions[-20:])


def _build_event(
    event_type: EventType, release: RegistryFields, occurred_at: int, after: KnownPackage, **details: Any
) -> PackageEvent:
    data = {"package": release.name, "version": release.version, "summary": mask_emails(release.summary), **details}
    return PackageEvent(type=event_type, name=release.name_normalized, occurred_at=occurred_at, data=data, after=after)


def _find_newest(releases: Sequence[RegistryFields]) -> RegistryFields:
    return next((release for release in releases if release.is_newest), releases[0])


def _list_lost_support(previous: RegistryFields, newest: RegistryFields) -> list[str]:
    """Return the releases of frameworks and of Python that only the previous release supports."""
    before, after = ((*release.framework_versions, *get_supported_pythons(release)) for release in (previous, newest))
    return [name for name in before if name not in after]


def _collect_advisories(releases: Sequence[RegistryFields]) -> dict[str, list[str]]:
    """Return the affected versions of each advisory, the oldest first."""
    affected: dict[str, list[str]] = {}
    for release in sorted(releases, key=lambda release: to_version_key(release.version)):
        for advisory in release.vulnerabilities:
            affected.setdefault(advisory.id, []).append(release.version)
    return affected
