"""A full fetch that several workers share: one finds out what is to be read, all read a part, one ends it with `fetch`.

What the parts have read the ending finds in its place, so it reads only what is missing; and only it removes projects,
sets the cursor and writes down what the collection remembers. So nothing is lost with a part that is never done.
"""

from collections.abc import Mapping
from math import inf
from types import MappingProxyType

from msgspec import Struct

from ..domain.profile import Filter
from ..ports import Services
from .fetch import differences_of, started
from .held import classifiers_shown
from .intake import Intake
from .report import Report
from .target import Target, agreed_filter, clear_leftovers, create_behind_alias, existing


class Plan(Struct, frozen=True, kw_only=True):
    """What a full fetch has to read: projects by normalised name, each with the serial that its answer must reach.

    `report` tells what finding that out took.
    """

    report: Report
    to_read: Mapping[str, int] = MappingProxyType({})


def plan(services: Services, target: Target, *, default: Filter) -> Plan:
    """Find out what a full fetch would read, and create the collection where it does not exist."""
    report = Report("fetch", target.collection)
    to_read: dict[str, int] = {}
    with report.covering(services), services.admin.exclusive(target.collection):
        clear_leftovers(services, target.collection)
        start = started(services, target, agreed_filter(services, target, default))
        if services.admin.resolve(target.collection) is None:
            create_behind_alias(services.admin, target.collection, start.state)
        changed = differences_of(services, start)
        to_read = {name: changed.expected.get(name, 0) for name in changed.to_read}
        report.found = len(start.found.names)
    return Plan(report=report, to_read=to_read)


def read_part(services: Services, target: Target, part: Mapping[str, int], *, until: float = inf) -> Report:
    """Read some of a plan's projects and write those that belong, up to the moment `until` (Unix seconds).

    What has been read since the plan was made is left out: a part that is done twice is done once.
    """
    report = Report("fetch", target.collection, found=len(part))
    with report.covering(services):
        filter_ = target.filter or existing(services, target).filter
        done = _done(services, target.collection, filter_, part)
        report.unchanged = len(done)
        intake = Intake(
            services, target.collection, filter_, report, as_of=0, expected=part, until=until, shares_work=True
        )
        intake.take(name for name in part if name not in done)
    return report


def _done(services: Services, collection: str, filter_: Filter, part: Mapping[str, int]) -> frozenset[str]:
    composition = services.policy.composition
    held = services.index.held(collection, part).items()
    serials = dict(services.verdicts.recall(filter_.key, part.keys())) | {
        name: min(f.last_serial if f.composed_with == composition else 0 for f in documents) for name, documents in held
    }
    return frozenset(name for name, serial in serials.items() if serial >= max(part[name], 1))


def shown_so_far(services: Services, target: Target) -> frozenset[str]:
    """Return the classifiers that the parts have come across, for the ending to ask the registry for."""
    filter_ = target.filter or existing(services, target).filter
    return classifiers_shown(services, target.collection, filter_)
