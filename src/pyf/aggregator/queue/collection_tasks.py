"""Tasks on whole collections. Work that remains at a task's deadline continues in its next time slice.

A task works on the collection that its arguments name, directly or by profile; without arguments on
`TYPESENSE_COLLECTION` or `DEFAULT_PROFILE`; else, and for `*`, on every active collection. The schedule uses `*`.
"""

from functools import partial
from typing import Any, Protocol

from celery import Task
from msgspec.structs import replace

from ..domain.errors import AggregatorError, Locked
from ..domain.repositories import GITHUB
from ..ports import Dependencies
from ..usecases.collections.target import Target
from ..usecases.enrich.downloads import enrich_downloads
from ..usecases.enrich.repositories import enrich_repositories
from ..usecases.enrich.scores import rescore_collection
from ..usecases.ingest.incremental import update_collection, with_shared_changelog
from ..usecases.ingest.refresh import refresh_collection
from ..usecases.ingest.run import RunOptions
from ..usecases.report import EnrichOptions, RunReport
from ..usecases.webhooks import deliver_events
from . import task_names
from .app import app
from .beat_schedule import ALL_COLLECTIONS
from .execution import SOFT_LIMIT_SHARE, build_task_result, enqueue, merge_results, run_exclusively, run_slice
from .fetch_tasks import find_stalled_fetch, full_fetch_all_packages, is_filling
from .monitoring import build_log_context
from .worker_context import get_worker_context, require_filter, select_targets


class EnrichmentUseCase(Protocol):
    """A use case that enriches a collection with data from other services than PyPI."""

    def __call__(self, deps: Dependencies, target: Target, *, options: EnrichOptions) -> RunReport:
        """Enrich the packages of a collection."""


@app.task(bind=True, name=task_names.CHANGES, throws=(AggregatorError,))
def update_changed_packages(self: Task) -> dict[str, Any]:
    """Read PyPI's changelog once and update every collection; check classifiers at intervals."""
    context = get_worker_context()
    deadline = context.deps.now() + SOFT_LIMIT_SHARE * context.settings.celery_task_soft_time_limit
    deps, results = with_shared_changelog(context.deps), []
    for target in context.get_targets():
        if is_filling(context, target):  # the fetch reads these changes anyway
            results.append({"status": "locked", "collection": target.collection})
            continue
        if fetch_id := find_stalled_fetch(context, target):
            enqueue(full_fetch_all_packages, collection_name=target.collection, fetch_id=fetch_id)
        with build_log_context(target):
            report = update_collection(
                deps,
                target,
                default=require_filter(target),
                options=RunOptions(deadline=deadline),
                discovery_interval=context.settings.discovery_interval,
            )
        results.append(build_task_result(report))
    return merge_results(results)


@app.task(bind=True, name=task_names.REFRESH, throws=(AggregatorError,))
def refresh_all_indexed_packages(self: Task, collection_name: str = "", profile_name: str = "") -> dict[str, Any]:
    """Do what `pyf refresh` does."""
    context = get_worker_context()
    targets = select_targets(context, collection_name, profile_name)
    if len(targets) != 1:
        return _enqueue_for_each(self, targets)
    (target,) = targets

    def run(deadline: float) -> RunReport:
        options = RunOptions(deadline=deadline)
        return refresh_collection(context.deps, target, default=require_filter(target), options=options)

    return run_exclusively(
        self,
        context,
        f"refresh:{target.collection}",
        lambda: run_slice(self, context, run, collection_name=target.collection, profile_name=profile_name),
    )


@app.task(bind=True, name=task_names.DOWNLOADS, throws=(AggregatorError,))
def enrich_downloads_all_packages(self: Task, collection_name: str = ALL_COLLECTIONS) -> dict[str, Any]:
    """Do what `pyf downloads` does, one collection after the other; each reuses the counts of the others."""
    return _enrich_one_by_one(self, "downloads", collection_name, enrich_downloads)


@app.task(bind=True, name=task_names.REPOSITORIES, throws=(AggregatorError,))
def enrich_repositories_all_packages(self: Task, collection_name: str = ALL_COLLECTIONS) -> dict[str, Any]:
    """Do what `pyf repositories` does, one collection after the other; each repository is fetched once."""
    return _enrich_one_by_one(self, "repositories", collection_name, enrich_repositories)


@app.task(bind=True, name=task_names.GITHUB, throws=(AggregatorError,))
def enrich_github_all_packages(self: Task, collection_name: str = ALL_COLLECTIONS) -> dict[str, Any]:
    """Do what `pyf github` does, one collection after the other; each repository is fetched once."""

    def enrich_github(deps: Dependencies, target: Target, *, options: EnrichOptions) -> RunReport:
        return enrich_repositories(deps, target, options=replace(options, host=GITHUB))

    # Both tasks write the same fields, so they share a lock.
    return _enrich_one_by_one(self, "repositories", collection_name, enrich_github)


@app.task(bind=True, name=task_names.SCORES, throws=(AggregatorError,))
def rescore_all_packages(self: Task, collection_name: str = ALL_COLLECTIONS) -> dict[str, Any]:
    """Recompute all scores, which depend on the current date; sends no requests."""
    context = get_worker_context()
    return merge_results(
        [
            build_task_result(rescore_collection(context.deps, target.collection))
            for target in select_targets(context, collection_name)
        ]
    )


@app.task(bind=True, name=task_names.WEBHOOKS, throws=(AggregatorError,))
def deliver_webhooks(self: Task) -> dict[str, Any]:
    """Do what `pyf webhook deliver` does; a receiver that fails is tried again by a later delivery."""
    context = get_worker_context()
    report = deliver_events(context.deps, context.get_targets())
    if isinstance(report.error, Locked):
        return {"status": "locked"}
    return build_task_result(report)


def _enqueue_for_each(task: Task, targets: list[Target]) -> dict[str, Any]:
    for target in targets:
        enqueue(task, collection_name=target.collection)
    return {"status": "queued", "collections": [target.collection for target in targets]}


def _enrich_one_by_one(task: Task, kind: str, collection_name: str, use_case: EnrichmentUseCase) -> dict[str, Any]:
    """Enrich collections under a lock, in time slices: only one worker at a time uses the service.

    Every slice starts with the first collection: one that is current costs nothing.
    """
    context = get_worker_context()

    def enrich() -> dict[str, Any]:
        results: list[dict[str, Any]] = []
        for target in select_targets(context, collection_name):
            run = partial(_run_until, use_case, context.deps, target)
            with build_log_context(target):
                result = run_slice(task, context, run, collection_name=collection_name)
            results.append({"collection": target.collection} | result)
            if result["status"] == "incomplete":
                break
        return merge_results(results)

    return run_exclusively(task, context, f"{kind}:{collection_name}", enrich)


def _run_until(use_case: EnrichmentUseCase, deps: Dependencies, target: Target, deadline: float) -> RunReport:
    return use_case(deps, target, options=EnrichOptions(deadline=deadline))
