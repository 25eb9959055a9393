"""Copy one collection into another that may hold things of its own, and take nothing away from either."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice

from msgspec.json import encode
from msgspec.structs import replace

from ..domain.collection import CollectionState
from ..domain.document import Enrichments
from ..domain.errors import Invalid, NotFound
from ..domain.merging import merged
from ..domain.schema import RegistryFields
from ..ports import ProjectDocuments, Services
from .copying import bring_scores
from .report import Progress, TransferReport, unwatched
from .target import check_lasting, check_own, clear_leftovers, create_as_named, is_same_filter

AT_ONCE = 100


def migrate(services: Services, source: str, target: str, *, progress: Progress = unwatched) -> TransferReport:
    """Copy all documents, the other owners' fields and the tombstones of a collection into another one.

    A target that is missing is made with the source's state. Of a release that both have, the one that was read later
    stays, and so do releases that only the target has. In the end every release of the source must be in the target:
    projects of which that is not so have failed. It may be repeated; what is equal by then is not written again.
    """
    report = TransferReport("migrate", target)
    with report.covering(services), ExitStack() as rights:
        _check(services, source, target)
        # Nobody may clear, switch or fill either of them meanwhile.
        for name in (source, target):
            rights.enter_context(services.admin.exclusive(name))
        clear_leftovers(services, target)
        state = services.index.state(source)
        if services.admin.resolve(target) is None:
            create_as_named(services.admin, target, replace(unmarked(state), cursor=None))
            after = unmarked(state)
        else:
            after = joined(services.index.state(target), state, report)
            # Before the first document: what comes may be older than what the target's cursor says.
            services.index.remember(target, replace(after, cursor=None))
        _copy(services, source, target, report, progress)
        services.admin.carry_over(source, target)
        for some in _batches(services, source):
            bring_scores(services.index, source, target, some, keep=True)
        _prove(services, source, target, report)
        if report.is_whole:
            services.index.remember(target, after)
    return report


def put_merged(
    services: Services,
    collection: str,
    incoming: Mapping[str, Sequence[RegistryFields]],
    report: TransferReport,
    *,
    initial: Mapping[str, Enrichments] = {},
) -> None:
    """Write documents of projects, by normalised name, beside those that the collection holds of them.

    Args:
        initial: What other owners have written elsewhere, for packages of which the collection has nothing of theirs.
    """
    held = services.index.held(collection, incoming)
    together = {name: merged(documents, held.get(name, ())) for name, documents in incoming.items()}
    different = {name: d for name, d in together.items() if set(map(_key, d)) != set(map(_key, held.get(name, ())))}
    if different:
        made = [
            ProjectDocuments(name_normalized=name, documents=d, initial=initial.get(name, Enrichments()))
            for name, d in different.items()
        ]
        report.reject(services.index.put(collection, made))
    report.copied += len(different)
    report.unchanged += len(together) - len(different)
    report.documents += sum(map(len, different.values()))


def joined(ours: CollectionState, theirs: CollectionState, report: TransferReport) -> CollectionState:
    """Return the state of a collection into which another one was copied: the older cursor, and all open questions."""
    if not is_same_filter(ours.filter, theirs.filter):
        report.notices.append(
            f"{report.collection} is filled by {ours.filter.label}, what was copied by {theirs.filter.label}: "
            "whatever does not match leaves when it changes"
        )
    known = [cursor for cursor in (ours.cursor, theirs.cursor) if cursor is not None]
    older = min((ours, theirs), key=lambda state: state.cursor or 0)
    return replace(
        ours,
        cursor=min(known) if len(known) == 2 else None,
        cursor_set=older.cursor_set,
        seen_classifiers=tuple(sorted({*ours.seen_classifiers, *theirs.seen_classifiers})),
        rechecks={**theirs.rechecks, **ours.rechecks},
    )


def unmarked(state: CollectionState) -> CollectionState:
    """Return a state without the marks of a rebuild."""
    return replace(state, standby_for="", is_proven=False)


def _check(services: Services, source: str, target: str) -> None:
    found = services.admin.resolve(source)
    if found is None:
        raise NotFound(f"there is no collection {source}")
    if found == services.admin.resolve(target):
        raise Invalid(f"{source} and {target} are the same collection, {found}")
    check_lasting(services, target)
    for name in (source, target):
        check_own(services, name)


def _copy(services: Services, source: str, target: str, report: TransferReport, progress: Progress) -> None:
    for some in _batches(services, source):
        put_merged(services, target, services.index.held(source, some), report)
        report.found += len(some)
        progress("copying", report.found, None)


def _prove(services: Services, source: str, target: str, report: TransferReport) -> None:
    """Note the projects of which the target lacks releases."""
    for some in _batches(services, source):
        there, here = services.index.held(source, some), services.index.held(target, some)
        for name, documents in there.items():
            missing = {d.version for d in documents} - {d.version for d in here.get(name, ())}
            if missing:
                report.fail(name, f"{target} lacks {len(missing)} of its releases: {', '.join(sorted(missing)[:3])}")


def _batches(services: Services, collection: str) -> Iterator[list[str]]:
    names: Iterator[str] = (holding.name_normalized for holding in services.index.holdings(collection))
    while some := list(islice(names, AT_ONCE)):
        yield some


def _key(document: RegistryFields) -> bytes:
    return encode(document)
