"""Tasks about single projects, and the reading of PyPI's feeds that queues them."""

from contextlib import suppress
from typing import Any
from uuid import uuid4

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task

from ..domain.announcement import Feed, dedup_key
from ..domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ..domain.project import normalized
from ..ports import FeedEntry
from ..usecases.announcements import read_announcements
from ..usecases.enrich_repositories import enrich_repositories
from ..usecases.inspect import InspectionReport, inspect, worth_repeating
from . import names
from .app import app
from .outcome import outcome, together, try_again
from .process import Workshop, workshop
from .sending import send

# How often an answer that does not tell of what was announced is asked for again. A cache is behind for minutes as a
# rule; where it stays so, the journal tells of the change.
_LOOKS_FOR_NEWS = 4

# Seconds to the next look at a project that another worker is looking at, and after which that one is taken to be gone.
_NEXT_LOOK = 2.0
_LONGEST_LOOK = 15.0


class _Inspection(Task):
    """A task whose announcement is free to be queued again once it has failed for good."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Forget that the announcement was queued."""
        with suppress(Invalid):  # then nothing was announced
            name, version = _announced(args[0] if args else kwargs.get("data"))
            workshop().agreed.seen.free(dedup_key(normalized(name), version))


def _announced(data: Any) -> tuple[str, str]:
    """Return the name and the version, "" for none; raises `Invalid` for what names no project."""
    match data:
        case {"package_id": str(name), "release_id": str(version)} if name:
            return name, version
        case {"package_id": str(name)} if name and not data.get("release_id"):
            return name, ""
    raise Invalid(f"inspect_project needs a package_id, which is a name, and may have a release_id: {data!r:.200}")


def _name(package_id: Any) -> str:
    """Return what names a package; raises `Invalid` for what can't."""
    if isinstance(package_id, str) and package_id:
        return package_id
    raise Invalid(f"package_id must be a name: {package_id!r:.200}")


@app.task(bind=True, base=_Inspection, name=names.INSPECT, throws=(AggregatorError,))
def inspect_project(self: Task, data: dict[str, Any]) -> dict[str, Any]:
    """Look at a project that was announced, and index it in every collection that it belongs to.

    `data` holds `package_id`, a name, and may hold `release_id`, a version, and `timestamp`, which is for people.
    """
    shop = workshop()
    name, version = _announced(data)
    right, holder = f"project:{normalized(name)}", uuid4().hex
    if not _is_free(shop, right, holder):  # of a new project two feeds tell at the same moment
        send(self, data, countdown=_NEXT_LOOK)
        return {"status": "busy", "project": normalized(name)}
    try:
        report = inspect(shop.services, shop.known_targets(), name, version=version)
    except SoftTimeLimitExceeded:  # a pool of processes can do that
        try_again(self, Unavailable(f"the time for {name} was up"))
    finally:
        with suppress(Unavailable):  # it lapses by itself
            shop.agreed.locks.give_back(right, holder)
    return _inspected(self, report)


@app.task(bind=True, name=names.UPDATE, throws=(AggregatorError,))
def update_project(self: Task, package_id: str) -> dict[str, Any]:
    """Read a project anew, whatever is held of it, for every collection."""
    shop = workshop()
    return _inspected(self, inspect(shop.services, shop.known_targets(), _name(package_id), anew=True))


@app.task(bind=True, name=names.UPDATE_GITHUB, throws=(AggregatorError,))
def update_github(self: Task, package_id: str) -> dict[str, Any]:
    """Ask GitHub about a package, named by a document's id or its own name, for every collection that holds it."""
    shop = workshop()
    names_to_try, parts = _names_in(_name(package_id)), []
    for target in shop.targets():
        for name in names_to_try:
            if not shop.services.index.held(target.collection, [name]):
                continue
            report = enrich_repositories(shop.services, target, name=name)
            if isinstance(report.stopped_by, Unavailable):
                try_again(self, report.stopped_by)
            parts.append(outcome(report))
            break
    if not parts:
        raise NotFound(f"no collection holds {package_id}")
    return together(parts)


@app.task(bind=True, name=names.RSS_PROJECTS, throws=(AggregatorError,))
def read_rss_new_projects_and_queue(self: Task) -> dict[str, Any]:
    """Read PyPI's feed of new projects, and queue a look at each that was not queued before."""
    return _read(Feed.NEW)


@app.task(bind=True, name=names.RSS_RELEASES, throws=(AggregatorError,))
def read_rss_new_releases_and_queue(self: Task) -> dict[str, Any]:
    """Read PyPI's feed of releases, and queue a look at each that was not queued before."""
    return _read(Feed.UPDATE)


def _read(feed: Feed) -> dict[str, Any]:
    shop = workshop()
    if not shop.known_targets():  # for nobody nothing is looked at
        return {"status": "done", "found": 0, "queued": 0, "seen": 0, "requests": 0}
    ttl = shop.settings.dedup_ttl(feed.value)
    return outcome(read_announcements(shop.services, feed, shop.agreed.seen, ttl=ttl, queue=_queue))


def _queue(entry: FeedEntry) -> None:
    data = {"package_id": entry.name, "release_id": entry.version, "timestamp": entry.published}
    send(inspect_project, {key: value for key, value in data.items() if value})


def _inspected(task: Task, report: InspectionReport) -> dict[str, Any]:
    failure = worth_repeating(report)
    looks = min(_LOOKS_FOR_NEWS, workshop().settings.celery_task_max_retries)
    if report.is_stale and task.request.retries >= looks and not report.stopped_by:
        return {"status": "stale", "project": report.collection, "requests": report.requests}
    if failure is not None:
        try_again(task, failure)
    if report.stopped_by is not None:
        raise report.stopped_by
    told = outcome(report)
    return {
        "status": "known" if report.is_known else told["status"],
        "project": told.pop("collection"),
        "indexed": report.indexed,
        "removed": report.removed,
        "requests": report.requests,
    }


def _is_free(shop: Workshop, right: str, holder: str) -> bool:
    """Take the right to look at a project; where nobody can give it, two look at the same time, at a request more."""
    try:
        return shop.agreed.locks.take(right, holder, _LONGEST_LOOK)
    except Unavailable:
        return True


def _names_in(package_id: str) -> list[str]:
    """Return the names that a document's id may begin with, the longest first; a name is one itself."""
    pieces = package_id.split("-")
    return [normalized("-".join(pieces[:count])) for count in range(len(pieces), 0, -1)]
