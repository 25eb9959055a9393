"""The full fetch, which several workers share: a beginning, the parts of its reading, and an end by whoever is last.

One right covers all of it, so two full fetches of one collection don't run at once. It lapses if nobody goes on.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any
from uuid import uuid4

from celery import Task

from ..domain.errors import AggregatorError, Invalid, Unavailable
from ..usecases.fetch import fetch
from ..usecases.fetch_in_parts import plan, read_part, shown_so_far
from ..usecases.report import RunReport
from ..usecases.target import Target
from . import names
from .app import app
from .choice import chosen, filter_of
from .filling import come_to_rest, show_life
from .outcome import outcome, try_again
from .process import Workshop, workshop
from .sending import send
from .turns import lease, turn


class _Fetching(Task):
    """A task of a fetch, which must not be in the way of the next one when it has failed for good."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Give the right back."""
        named = _named(args, kwargs)
        shop, holder = workshop(), named["fetch_id"] or task_id
        with suppress(Invalid):  # a profile that there is not has no rights
            for target in chosen(shop, named["collection_name"], named["profile_name"]):
                come_to_rest(shop, target, holder)
                shop.agreed.locks.give_back(_right(target), holder)


def _named(args: Any, kwargs: Any) -> dict[str, str]:
    given = dict(zip(("collection_name", "profile_name", "fetch_id"), args, strict=False)) | kwargs
    return {name: given.get(name) or "" for name in ("collection_name", "profile_name", "fetch_id")}


@app.task(bind=True, base=_Fetching, name=names.FETCH, throws=(AggregatorError,))
def full_fetch_all_packages(
    self: Task, collection_name: str = "", profile_name: str = "", fetch_id: str = ""
) -> dict[str, Any]:
    """Do what `pyfaggregator -f` does. `fetch_id` names a fetch whose parts are done, and which is to be ended."""
    shop = workshop()
    targets = chosen(shop, collection_name, profile_name)
    if len(targets) != 1:
        for target in targets:
            send(self, collection_name=target.collection)
        return {"status": "queued", "collections": [target.collection for target in targets]}
    (target,) = targets
    holder = fetch_id or self.request.id
    if not shop.agreed.locks.take(_right(target), holder, _lease(shop)):
        return {"status": "busy", "collection": target.collection}
    show_life(shop, target, holder)
    size = shop.settings.celery_fetch_batch_size
    if not fetch_id and size:
        planned = plan(shop.services, target, default=filter_of(target))
        if isinstance(planned.report.stopped_by, Unavailable):
            try_again(self, planned.report.stopped_by)
        if planned.report.stopped_by is not None:
            raise planned.report.stopped_by
        if len(planned.to_read) > size:
            parts = _handed_out(shop, target, profile_name, holder, planned.to_read)
            shop.forget_targets()
            return outcome(planned.report) | {"status": "queued", "parts": parts}
    told = turn(
        self,
        shop,
        lambda until: _ended(shop, target, until, is_shared=bool(fetch_id)),
        collection_name=target.collection,
        profile_name=profile_name,
        fetch_id=holder,
    )
    if told["status"] != "partial":
        come_to_rest(shop, target, holder)
        shop.agreed.locks.give_back(_right(target), holder)
    shop.forget_targets()
    return told


class _Part(Task):
    """A part of a fetch; one that has failed for good is over as well: whoever ends the fetch reads what it lacks."""

    def on_failure(self, exc: Exception, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Hand the part in as it is."""
        _hand_in(workshop(), kwargs["collection_name"], kwargs["profile_name"], kwargs["fetch_id"], kwargs["part"])


@app.task(bind=True, base=_Part, name=names.FETCH_BATCH, throws=(AggregatorError,))
def fetch_batch(
    self: Task, *, collection_name: str, profile_name: str, fetch_id: str, part: str, to_read: dict[str, int]
) -> dict[str, Any]:
    """Read a part of a full fetch: projects by name, each with the serial that its answer must reach."""
    shop = workshop()
    (target,) = chosen(shop, collection_name, profile_name)
    shop.agreed.locks.take(_right(target), fetch_id, _lease(shop))
    show_life(shop, target, fetch_id)
    told = turn(
        self,
        shop,
        lambda until: read_part(shop.services, target, to_read, until=until),
        collection_name=collection_name,
        profile_name=profile_name,
        fetch_id=fetch_id,
        part=part,
        to_read=to_read,
    )
    if told["status"] != "partial":
        _hand_in(shop, collection_name, profile_name, fetch_id, part)
    return told


def _ended(shop: Workshop, target: Target, until: float, *, is_shared: bool) -> RunReport:
    shown = shown_so_far(shop.services, target) if is_shared else ()
    return fetch(shop.services, target, default=filter_of(target), shown=shown, until=until)


def _handed_out(shop: Workshop, target: Target, profile_name: str, fetch_id: str, to_read: Mapping[str, int]) -> int:
    """Queue the parts; return how many there are."""
    # Names of their own: of a beginning that was killed and is delivered again, parts may be about already.
    parts = {uuid4().hex: some for some in _batches(to_read, shop.settings.celery_fetch_batch_size)}
    shop.agreed.errands.hand_out(fetch_id, parts, _lease(shop))
    for part, some in parts.items():
        send(
            fetch_batch,
            collection_name=target.collection,
            profile_name=profile_name,
            fetch_id=fetch_id,
            part=part,
            to_read=some,
        )
    return len(parts)


def _batches(to_read: Mapping[str, int], size: int) -> Iterator[dict[str, int]]:
    remaining = iter(to_read.items())
    while some := dict(islice(remaining, size)):
        yield some


def _hand_in(shop: Workshop, collection_name: str, profile_name: str, fetch_id: str, part: str) -> None:
    """Note that a part is over; whoever is last queues the end, and may do so twice: it finds nothing left to do."""
    if not shop.agreed.errands.hand_in(fetch_id, part):
        send(full_fetch_all_packages, collection_name=collection_name, profile_name=profile_name, fetch_id=fetch_id)


def _right(target: Target) -> str:
    return f"fetch:{target.collection}"


def _lease(shop: Workshop) -> float:
    """A part whose worker was lost comes back after the visibility time-out, and the right has to last until then."""
    return shop.settings.celery_visibility_timeout + lease(shop.settings)
