"""Tasks on single packages, and the tasks that read PyPI's feeds and enqueue them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Task

from ..domain.documents.project import normalize_name
from ..domain.documents.version import parse_version
from ..domain.errors import AggregatorError, Invalid, NotFound, Unavailable
from ..domain.repositories import GITHUB
from ..ports import FeedEntry
from ..usecases.enrich.repositories import enrich_repositories
from ..usecases.ingest.rss import Feed, build_dedup_key, read_feed
from ..usecases.ingest.update_package import PackageReport, get_retry_reason, update_package
from ..usecases.report import EnrichOptions
from . import task_names
from .app import app
from .execution import build_task_result, enqueue, merge_results, retry_later
from .worker_context import WorkerContext, get_worker_context

# Retries for a stale response. PyPI's caches are usually minutes behind; after that the changelog run finds the change.
_MAX_STALE_RETRIES = 4

# Seconds until the retry while another worker inspects the package, and after which its lock expires.
_LOCKED_RETRY_DELAY = 2.0
_INSPECTION_LOCK_TTL = 15.0


class _InspectionTask(Task):
    """A task for a feed entry; after its final failure the entry may be enqueued again."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Release the entry in the dedup store."""
        with suppress(Invalid):  # no entry was reserved
            name, version = _parse_announcement(args[0] if args else kwargs.get("data"))
            get_worker_context().coordination.dedup.release(build_dedup_key(normalize_name(name), version))


def _parse_announcement(data: Any) -> tuple[str, str]:
    """Return the name and the version ("" for none); raises `Invalid` if there is no name."""
    match data:
        case {"package_id": str(name), "release_id": str(version)} if name:
            return name, version
        case {"package_id": str(name)} if name and not data.get("release_id"):
            return name, ""
    raise Invalid(f"inspect_project needs package_id (a name) and optionally release_id (a version), not {data!r:.200}")


def _parse_package_name(package_id: Any) -> str:
    """Return a valid package name; raises `Invalid`."""
    if isinstance(package_id, str) and package_id:
        return package_id
    raise Invalid(f"package_id must be a package name, not {package_id!r:.200}")


@app.task(bind=True, base=_InspectionTask, name=task_names.INSPECT, throws=(AggregatorError,))
def inspect_project(self: Task, data: dict[str, Any]) -> dict[str, Any]:
    """Read a package of a feed entry, and index it in every collection that it belongs to.

    Args:
        data: `package_id` is the name; `release_id` (version) and `timestamp` (for information) are optional.
    """
    context = get_worker_context()
    name, version = _parse_announcement(data)
    lock_name, owner = f"project:{normalize_name(name)}", uuid4().hex
    if not _acquire_inspection_lock(context, lock_name, owner):  # both feeds announce a new project
        enqueue(self, data, countdown=_LOCKED_RETRY_DELAY)
        return {"status": "locked", "project": normalize_name(name)}
    try:
        report = update_package(context.deps, context.get_cached_targets(), name, version=version)
    except SoftTimeLimitExceeded:  # raised in a prefork pool only
        retry_later(self, Unavailable(f"time limit exceeded for {name}"))
    finally:
        with suppress(Unavailable):  # the lock expires by itself
            context.coordination.locks.release(lock_name, owner)
    return _to_inspection_result(self, report)


@app.task(bind=True, name=task_names.UPDATE, throws=(AggregatorError,))
def update_project(self: Task, package_id: str) -> dict[str, Any]:
    """Read a package, by name or document id, again in every collection, even if it is up to date.

    The status is `not_found` if neither PyPI nor a collection has it, and `no_match` if no collection admits it.
    """
    context = get_worker_context()
    names = _list_possible_names(_parse_package_name(package_id))
    stored_name, (name, *other_names) = _find_stored_name(context, names), names
    report = update_package(context.deps, context.get_cached_targets(), stored_name or name, force=True)
    if report.is_unknown and other_names and parse_version(package_id.rpartition("-")[2]):
        report = update_package(context.deps, context.get_cached_targets(), other_names[0], force=True)
    return _to_inspection_result(self, report)


@app.task(bind=True, name=task_names.UPDATE_REPOSITORY, throws=(AggregatorError,))
def update_repository(self: Task, package_id: str) -> dict[str, Any]:
    """Fetch the repository data of a package, by name or document id, in every collection that contains it."""
    return _update_repository(self, package_id, EnrichOptions())


@app.task(bind=True, name=task_names.UPDATE_GITHUB, throws=(AggregatorError,))
def update_github(self: Task, package_id: str) -> dict[str, Any]:
    """Do what `update_repository` does, on GitHub only."""
    return _update_repository(self, package_id, EnrichOptions(host=GITHUB))


def _update_repository(task: Task, package_id: str, options: EnrichOptions) -> dict[str, Any]:
    context = get_worker_context()
    names, results = _list_possible_names(_parse_package_name(package_id)), []
    name = _find_stored_name(context, names)
    for target in context.get_targets() if name else ():
        if context.deps.index.get_documents(target.collection, [name]):
            report = enrich_repositories(context.deps, target, name=name, options=options)
            if isinstance(report.error, Unavailable):
                retry_later(task, report.error)
            results.append(build_task_result(report))
    if not results:
        raise NotFound(f"no collection contains {package_id}")
    return merge_results(results)


@app.task(bind=True, name=task_names.RSS_PROJECTS, throws=(AggregatorError,))
def read_rss_new_projects_and_queue(self: Task) -> dict[str, Any]:
    """Read PyPI's feed of new projects and enqueue each new entry."""
    return _queue_feed(Feed.NEW)


@app.task(bind=True, name=task_names.RSS_RELEASES, throws=(AggregatorError,))
def read_rss_new_releases_and_queue(self: Task) -> dict[str, Any]:
    """Read PyPI's feed of releases and enqueue each new entry."""
    return _queue_feed(Feed.UPDATE)


def _queue_feed(feed: Feed) -> dict[str, Any]:
    context = get_worker_context()
    if not context.get_cached_targets():  # no collection to update
        return {"status": "done", "found": 0, "queued": 0, "seen": 0, "requests": 0}
    ttl = context.settings.get_dedup_ttl(feed.value)
    return build_task_result(
        read_feed(context.deps, feed, context.coordination.dedup, ttl=ttl, enqueue=_enqueue_inspection)
    )


def _enqueue_inspection(entry: FeedEntry) -> None:
    data = {"package_id": entry.name, "release_id": entry.version, "timestamp": entry.published}
    enqueue(inspect_project, {key: value for key, value in data.items() if value})


def _to_inspection_result(task: Task, report: PackageReport) -> dict[str, Any]:
    error = get_retry_reason(report)
    max_retries = min(_MAX_STALE_RETRIES, get_worker_context().settings.celery_task_max_retries)
    if report.is_stale and task.request.retries >= max_retries and not report.error:
        return {"status": "stale_response", "project": report.collection, "requests": report.requests}
    if error is not None:
        retry_later(task, error)
    if report.error is not None:
        raise report.error
    result = build_task_result(report)
    return {
        "status": _get_inspection_status(report) or result["status"],
        "project": result.pop("collection"),
        "indexed": report.indexed,
        "removed": report.removed,
        "requests": report.requests,
    }


def _acquire_inspection_lock(context: WorkerContext, lock_name: str, owner: str) -> bool:
    """Acquire the lock on a package; without Redis two workers may inspect it at once, which costs one more request."""
    try:
        return context.coordination.locks.acquire(lock_name, owner, _INSPECTION_LOCK_TTL)
    except Unavailable:
        return True


def _get_inspection_status(report: PackageReport) -> str:
    """Return the status of a task that wrote nothing, "" for one that did."""
    if report.is_unknown:
        return "not_found"
    if report.is_foreign:
        return "no_match"
    return "up_to_date" if report.is_up_to_date else ""


def _list_possible_names(package_id: str) -> list[str]:
    """Return the package names that a name or a document id (`NAME-VERSION`) may mean, the longest first."""
    parts = package_id.split("-")
    return [normalize_name("-".join(parts[:count])) for count in range(len(parts), 0, -1)]


def _find_stored_name(context: WorkerContext, names: Sequence[str]) -> str:
    """Return the first name that a collection has, "" for none."""
    for target in context.get_targets():
        stored = context.deps.index.get_documents(target.collection, names)
        if found := next((name for name in names if name in stored), ""):
            return found
    return ""
