"""Tasks that go through whole collections; what is not done when a task's time is up is gone on with in its next turn.

Which collections: one that is named, by itself or by its profile; else that of TYPESENSE_COLLECTION or DEFAULT_PROFILE;
else, and for `*`, every one that is in use. The schedules ask for every one.
"""

from functools import partial
from typing import Any, Protocol

from celery import Task

from ..domain.errors import AggregatorError
from ..ports import Services
from ..usecases.changes import changes
from ..usecases.enrich_downloads import enrich_downloads
from ..usecases.enrich_repositories import enrich_repositories
from ..usecases.journal_once import reading_once
from ..usecases.refresh import refresh
from ..usecases.report import RunReport
from ..usecases.score import rescore
from ..usecases.target import Target
from . import names
from .app import app
from .choice import chosen, filter_of
from .fetch_tasks import full_fetch_all_packages
from .filling import fallen_silent, is_being_filled
from .monitoring import working_on
from .outcome import outcome, together
from .process import workshop
from .sending import send
from .timetable import EVERY
from .turns import WORKING_SHARE, alone, turn


class Enrichment(Protocol):
    """A use case that adds to a collection what others than the registry know."""

    def __call__(self, services: Services, target: Target, *, until: float) -> RunReport:
        """Go about it until that moment."""


@app.task(bind=True, name=names.CHANGES, throws=(AggregatorError,))
def update_changed_packages(self: Task) -> dict[str, Any]:
    """Read PyPI's journal, and what it tells of, for every collection; classifiers are asked for now and then."""
    shop = workshop()
    until = shop.services.now() + WORKING_SHARE * shop.settings.celery_task_soft_time_limit
    services, parts = reading_once(shop.services), []
    for target in shop.targets():
        if is_being_filled(shop, target):  # all of it would be read twice
            parts.append({"status": "busy", "collection": target.collection})
            continue
        if fetch_id := fallen_silent(shop, target):
            send(full_fetch_all_packages, collection_name=target.collection, fetch_id=fetch_id)
        every = shop.settings.celery_browse_interval
        with working_on(target):
            report = changes(services, target, default=filter_of(target), browse_every=every, until=until)
        parts.append(outcome(report))
    return together(parts)


@app.task(bind=True, name=names.REFRESH, throws=(AggregatorError,))
def refresh_all_indexed_packages(self: Task, collection_name: str = "", profile_name: str = "") -> dict[str, Any]:
    """Do what `pyfaggregator --refresh-from-pypi` does."""
    shop = workshop()
    targets = chosen(shop, collection_name, profile_name)
    if len(targets) != 1:
        return _for_each(self, targets)
    (target,) = targets

    def run(until: float) -> RunReport:
        return refresh(shop.services, target, default=filter_of(target), until=until)

    return alone(
        self,
        shop,
        f"refresh:{target.collection}",
        lambda: turn(self, shop, run, collection_name=target.collection, profile_name=profile_name),
    )


@app.task(bind=True, name=names.DOWNLOADS, throws=(AggregatorError,))
def enrich_downloads_all_packages(self: Task, collection_name: str = EVERY) -> dict[str, Any]:
    """Do what `pyfdownloads` does, for one collection after the other: counts are taken over from one to the next."""
    return _one_by_one(self, "downloads", collection_name, enrich_downloads)


@app.task(bind=True, name=names.GITHUB, throws=(AggregatorError,))
def enrich_github_all_packages(self: Task, collection_name: str = EVERY) -> dict[str, Any]:
    """Do what `pyfgithub` does, for one collection after the other: each repository is asked about once."""
    return _one_by_one(self, "github", collection_name, enrich_repositories)


@app.task(bind=True, name=names.SCORES, throws=(AggregatorError,))
def rescore_all_packages(self: Task, collection_name: str = EVERY) -> dict[str, Any]:
    """Score everything anew: time has passed. Nobody is asked anything."""
    shop = workshop()
    return together([outcome(rescore(shop.services, target.collection)) for target in chosen(shop, collection_name)])


def _for_each(task: Task, targets: list[Target]) -> dict[str, Any]:
    for target in targets:
        send(task, collection_name=target.collection)
    return {"status": "queued", "collections": [target.collection for target in targets]}


def _one_by_one(task: Task, kind: str, collection_name: str, use_case: Enrichment) -> dict[str, Any]:
    """Let a service be asked by one worker at a time, in turns that take up where the last one ended.

    A collection that is up to date costs nothing, so every turn may begin with the first one.
    """
    shop = workshop()

    def work() -> dict[str, Any]:
        told: list[dict[str, Any]] = []
        for target in chosen(shop, collection_name):
            run = partial(_in_time, use_case, shop.services, target)
            with working_on(target):
                part = turn(task, shop, run, collection_name=collection_name)
            told.append({"collection": target.collection} | part)
            if part["status"] == "partial":
                break
        return together(told)

    return alone(task, shop, f"{kind}:{collection_name}", work)


def _in_time(use_case: Enrichment, services: Services, target: Target, until: float) -> RunReport:
    return use_case(services, target, until=until)
