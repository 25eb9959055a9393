"""Incremental runs: the index follows every event of the registry, with as few requests as possible."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pyf.aggregator.domain.errors import NotFound, Unavailable
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.usecases.collections.target import Scope, Target
from pyf.aggregator.usecases.ingest.planning import MAX_RETRY_ATTEMPTS
from support.registry_world import World

PLONE = ["Framework :: Plone"]

# What may happen between two runs, and how many project and release documents it is worth.
EVENTS: dict[str, tuple[Callable[[FakeRegistry], None], int, int]] = {
    "a new release": (lambda e: e.publish("plone.api", "2.1"), 1, 0),
    "two releases at once": (lambda e: [e.publish("plone.api", v) for v in ("2.1", "2.2")], 1, 1),
    "a pre-release": (lambda e: e.publish("plone.api", "4.0b1"), 1, 1),
    "a new project": (lambda e: e.publish("collective.new", "1.0", info={"classifiers": PLONE}), 1, 0),
    "a project joins": (lambda e: e.publish("django-blog", "2.0", info={"classifiers": PLONE}), 1, 1),
    "a project leaves": (lambda e: e.publish("plone.api", "4.0", info={"classifiers": []}), 1, 0),
    "a project comes back": (lambda e: e.publish("left.plone", "3.0", info={"classifiers": PLONE}), 1, 2),
    "the newest is yanked": (lambda e: e.yank("plone.api", "2.0", "bad"), 1, 0),
    "one is un-yanked": (lambda e: e.unyank("collective.one", "0.1"), 1, 0),
    "all are yanked": (lambda e: [e.yank("plone.api", v) for v in ("1.0", "2.0", "3.0a1")], 1, 0),
    "the newest release is deleted": (lambda e: e.remove_release("plone.api", "2.0"), 1, 0),
    "an old release is deleted": (lambda e: e.remove_release("plone.api", "1.0"), 1, 0),
    "all releases are deleted": (lambda e: [e.remove_release("collective.one", v) for v in ("0.1", "0.2")], 1, 0),
    "a project is deleted": (lambda e: e.remove_project("collective.one"), 1, 0),
    "a file is added": (lambda e: e.add_file("collective.two", "1.0", "wheel"), 1, 0),
    "the spelling changes": (lambda e: e.publish("plone_api", "2.1"), 1, 0),
    "a maintainer joins": (lambda e: e.add_role("plone.api", "eve"), 1, 0),
    "strangers change": (lambda e: e.add_filler_changes(1000), 0, 0),
    "nothing": (lambda e: None, 0, 0),
}


@pytest.mark.parametrize("event", EVENTS)
def test_update_follows_event_at_minimal_cost(small: World, event: str) -> None:
    happen, projects, releases = EVENTS[event]
    small.fetch()
    happen(small.fake_registry)
    small.pypi.requests.clear()

    report = small.changes()

    counts = small.pypi.requests.by_kind
    assert small.stored() == small.expected()
    assert (counts["project"], counts["release"]) == (projects, releases)
    assert counts["simple_page"] == report.removed if "deleted" in event else counts["simple_page"] == 0
    assert counts["last_serial"] + counts["changelog"] + counts["simple_index"] <= 3
    assert report.is_complete
    assert small.deps.index.get_state("plone").cursor == small.fake_registry.last_serial


def test_second_update_reads_no_package(small: World) -> None:
    small.fetch()
    for happen, _, _ in EVENTS.values():
        try:
            happen(small.fake_registry)
        except (KeyError, ValueError):
            continue  # what this event needs is gone by another's doing
    small.changes()
    assert small.stored() == small.expected()
    small.pypi.requests.clear()

    small.changes()

    assert small.pypi.requests.by_kind["project"] == 0


def test_old_cursor_costs_one_comparison(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.fake_registry.add_filler_changes(200_000)
    small.fake_registry.remove_project("collective.one")
    small.pypi.requests.clear()

    small.changes()

    counts = small.pypi.requests.by_kind
    assert small.stored() == small.expected()
    assert (counts["simple_index"], counts["changelog"], counts["project"]) == (1, 0, 2)


def test_lost_cursor_costs_one_comparison(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.requests.clear()

    small.changes(cursor_is_lost=True)

    assert small.stored() == small.expected()
    assert small.pypi.requests.by_kind["simple_index"] == 1
    assert small.pypi.requests.by_kind["project"] == 1


def test_older_cursor_is_used(small: World) -> None:
    small.fetch()
    serial = small.fake_registry.last_serial
    small.fake_registry.publish("plone.api", "2.1")

    small.changes(known_cursor=small.fake_registry.last_serial)

    assert small.stored() == small.expected()
    assert small.deps.index.get_state("plone").cursor > serial


def test_cursor_ahead_of_registry_is_ignored(small: World) -> None:
    """A serial above the last one of the registry belongs to another registry."""
    small.fetch()
    state = small.deps.index.get_state("plone")
    small.deps.index.set_state("plone", type(state)(filter=state.filter, cursor=10**9))
    small.fake_registry.publish("plone.api", "2.1")

    small.changes()

    assert small.stored() == small.expected()


def test_update_without_collection_names_fetch_command(small: World) -> None:
    report = small.changes()

    assert isinstance(report.error, NotFound)
    assert "pyf fetch -p plone" in str(report.error)
    assert report.requests == 0


def test_update_uses_stored_filter(small: World) -> None:
    django = Filter(classifiers=("Framework :: Django",))
    small.fetch(target=Target(collection="other", filter=django))
    small.fake_registry.publish("django-late", "1.0", info={"classifiers": ["Framework :: Django"]})

    small.changes(target=Target(collection="other"))

    names = [project_state.name_normalized for project_state in small.deps.index.iter_project_states("other")]
    assert names == ["django-blog", "django-late", "left-plone"]


def test_failing_package_keeps_cursor(small: World) -> None:
    small.fetch()
    cursor = small.deps.index.get_state("plone").cursor
    small.fake_registry.publish("plone.api", "2.1")
    small.fake_registry.publish("collective.one", "0.3")
    small.pypi.faults.add(Fault("503", project="plone-api"))

    report = small.changes()

    assert report.failed == ["plone-api"]
    assert small.document("collective.one")["version"] == "0.3"
    assert small.deps.index.get_state("plone").cursor == cursor
    small.pypi.faults.clear()
    small.pypi.requests.clear()
    small.changes()
    assert small.stored() == small.expected()
    assert small.pypi.requests.by_kind["project"] == 1


@pytest.mark.parametrize("request_kind", ["last_serial", "changelog", "browse"])
@pytest.mark.parametrize("kind", ["503", "429", "broken", "half", "reset", "html", "empty"])
def test_unavailable_changelog_or_search_changes_nothing(small: World, request_kind: str, kind: str) -> None:
    small.fetch()
    before, state = small.stored(), small.deps.index.get_state("plone")
    small.fake_registry.remove_project("plone.api")
    small.pypi.faults.add(Fault(kind, request=request_kind))

    report = small.changes()

    assert isinstance(report.error, Unavailable)
    assert small.stored() == before
    assert small.deps.index.get_state("plone") == state


@pytest.mark.parametrize("request_kind", ["project", "simple_page"])
@pytest.mark.parametrize("kind", ["503", "403", "429", "broken", "half", "reset", "empty", "html", "500"])
def test_one_api_alone_removes_nothing(small: World, request_kind: str, kind: str) -> None:
    small.fetch()
    small.fake_registry.remove_project("plone.api")
    small.pypi.faults.add(Fault(kind, request=request_kind))

    report = small.changes()

    assert report.removed == 0
    assert report.failed == ["plone-api"]
    assert "plone-api" in small.names()
    small.pypi.faults.clear()
    small.changes()
    assert small.stored() == small.expected()


def test_404_of_json_api_alone_is_retried(small: World) -> None:
    """A CDN may cache a 404; the Simple API is current."""
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.faults.add(Fault("404", request="project", project="plone-api"))

    report = small.changes()

    assert (report.removed, report.deferred) == (0, ["plone-api"])
    small.pypi.faults.clear()
    small.clock.advance(600)
    small.changes()
    assert small.stored() == small.expected()


def test_removal_writes_tombstone_and_return_deletes_it(small: World) -> None:
    small.fetch()
    small.fake_registry.remove_project("collective.one")
    small.changes()

    tombstone = small.deps.index.get_tombstone("plone", "Collective_One")

    assert tombstone is not None
    assert (tombstone.name, tombstone.removed_at) == ("collective-one", small.clock.time)
    small.fake_registry.publish("collective.one", "9.0", info={"classifiers": PLONE})
    small.changes()
    assert small.deps.index.get_tombstone("plone", "collective.one") is None


def test_update_retries_stale_response_and_moves_cursor(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.document_lag = 1

    report = small.changes()

    assert (report.deferred, report.is_complete) == (["plone-api"], True)
    assert small.deps.index.get_state("plone").cursor == small.fake_registry.last_serial
    small.pypi.document_lag = 0
    small.pypi.requests.clear()
    small.changes()
    assert small.pypi.requests.by_kind["project"] == 0  # not yet due
    small.clock.advance(600)
    small.changes()
    assert small.stored() == small.expected()
    assert small.deps.index.get_state("plone").stale_retries == {}


def test_new_package_missing_on_cdn_is_retried(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("collective.new", "1.0", info={"classifiers": PLONE})
    small.pypi.document_lag = 1

    small.changes()

    assert "collective-new" not in small.names()
    small.pypi.document_lag = 0
    small.clock.advance(600)
    small.changes()
    assert small.stored() == small.expected()


def test_cached_document_of_deleted_package_is_retried(small: World) -> None:
    """Found by the simulated year: the serials did not list the package, but its cached document was served."""
    small.fetch()
    small.fake_registry.remove_project("collective.one")
    small.pypi.document_lag = 1

    report = small.changes(cursor_is_lost=True)

    assert report.deferred == ["collective-one"]
    small.pypi.document_lag = 0
    small.clock.advance(600)
    small.changes()
    assert small.stored() == small.expected()


def test_response_older_than_stored_changes_nothing(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.changes()
    before = small.stored()
    small.fake_registry.publish("plone.api", "2.2")
    small.pypi.document_lag = 2

    small.changes()

    assert small.stored() == before


def test_retries_end_and_comparison_finds_the_rest(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.document_lag = 1
    for _ in range(MAX_RETRY_ATTEMPTS + 1):
        small.changes()
        small.clock.advance(6 * 3600)
    assert small.deps.index.get_state("plone").stale_retries == {}

    small.pypi.document_lag = 0
    small.refresh()

    assert small.stored() == small.expected()


def test_update_marks_quarantined_package(small: World) -> None:
    small.fetch()
    small.fake_registry.quarantine("plone.api")

    small.changes()

    assert small.document("plone.api")["project_status"] == "quarantined"
    small.pypi.requests.clear()
    small.changes()
    assert small.pypi.requests.by_kind["project"] == 0
    small.fake_registry.clear_quarantine("plone.api")
    small.changes()
    assert small.document("plone.api")["project_status"] == "active"
    assert small.stored() == small.expected()


def test_mass_removal_is_refused_unless_allowed(small: World) -> None:
    for number in range(30):
        small.fake_registry.publish(f"collective.n{number}", "1.0", info={"classifiers": PLONE})
    small.fetch()
    for number in range(25):
        small.fake_registry.remove_project(f"collective.n{number}")

    refused = small.changes()

    assert (refused.removed, refused.removal_refused) == (0, True)
    assert any("--allow-mass-removal" in notice for notice in refused.notices)
    assert len(small.names()) == 33
    allowed = small.changes(allow_mass_removal=True)
    assert allowed.removed == 25
    assert small.stored() == small.expected()


@pytest.mark.parametrize(
    ("package_count", "removal_count", "is_refused"),
    [
        (6, 3, False),  # a handful
        (30, 5, False),
        (30, 6, True),
        (60, 6, False),  # a tenth
        (60, 7, True),
        (4, 4, True),  # all
        (1, 1, False),
    ],
)
def test_removal_limit_depends_on_collection_size(
    small: World, package_count: int, removal_count: int, is_refused: bool
) -> None:
    for name in ("plone.api", "collective.one", "collective.two"):
        small.fake_registry.remove_project(name)
    names = [f"collective.n{number:02}" for number in range(package_count)]
    for name in names:
        small.fake_registry.publish(name, "1.0", info={"classifiers": PLONE})
    small.fetch()
    for name in names[:removal_count]:
        small.fake_registry.remove_project(name)

    report = small.changes()

    removed_names = [name.replace(".", "-") for name in names[:removal_count]]
    assert report.removal_refused is is_refused
    assert report.removed_names == ([] if is_refused else removed_names)
    assert report.refused_names == (removed_names if is_refused else [])
    assert all("both the JSON API and the Simple API" in report.reasons[name] for name in removed_names)


def test_mistyped_classifier_empties_no_collection(small: World) -> None:
    for number in range(30):
        rare = ["Framework :: Plone :: Theme"] if number < 4 else []
        small.fake_registry.publish(f"collective.n{number:02}", "1.0", info={"classifiers": [*PLONE, *rare]})
    small.fetch()
    mistyped = replace(small, filter=Filter(profile="plone", classifiers=("Framework :: Plone :: Theme",)))

    reports = [mistyped.changes(), mistyped.refresh(), mistyped.fetch(), mistyped.changes(), mistyped.recreate()]

    assert [report.removal_refused for report in reports] == [True] * 5
    assert len(small.names()) == 33
    assert "collective-n29" in reports[0].refused_names
    assert "does not match profile plone" in reports[0].reasons["collective-n29"]
    repaired = small.changes()
    assert (repaired.removed, repaired.is_complete) == (0, True)
    assert small.stored() == small.expected()


def test_run_names_packages_before_it_removes_them(small: World) -> None:
    small.fetch()
    small.fake_registry.remove_project("collective.one")
    notices: list[str] = []
    stored_names: list[list[str]] = []

    def notify(line: str) -> None:
        notices.append(line)
        stored_names.append(small.names())

    report = small.changes(notify=notify)

    assert notices == ["Removing 1 package (collective-one)."]
    assert "collective-one" in stored_names[0]
    assert report.removed_names == ["collective-one"]


def test_long_removals_are_announced_by_number(small: World) -> None:
    for number in range(120):
        small.fake_registry.publish(f"collective.n{number}", "1.0", info={"classifiers": PLONE})
    small.fetch()
    for number in range(11):
        small.fake_registry.remove_project(f"collective.n{number}")

    report = small.changes()

    assert "Removing 11 packages." in report.notices
    assert len(report.removed_names) == 11


def test_report_names_added_and_updated_packages(small: World) -> None:
    first = small.fetch()
    small.fake_registry.publish("collective.new", "1.0", info={"classifiers": PLONE})
    small.fake_registry.publish("plone.api", "4.0")

    second = small.changes()

    assert (first.added_names, first.updated_names) == (["collective-one", "collective-two", "plone-api"], [])
    assert (second.added_names, second.updated_names) == (["collective-new"], ["plone-api"])


def test_swept_package_without_change_is_not_updated(small: World) -> None:
    small.fetch()
    small.clock.advance(30 * 86_400)

    report = small.refresh(sweep_all=True)

    assert (report.indexed, report.updated_names) == (3, [])
    small.fake_registry.archive("plone.api")
    assert small.refresh(sweep_all=True).updated_names == ["plone-api"]


def test_restricted_update_keeps_cursor(small: World) -> None:
    small.fetch()
    cursor = small.deps.index.get_state("plone").cursor
    small.fake_registry.publish("plone.api", "2.1")
    small.fake_registry.publish("collective.one", "0.3")

    report = small.changes(scope=Scope(limit=1))

    assert report.indexed == 1
    assert small.deps.index.get_state("plone").cursor == cursor
    small.changes()
    assert small.stored() == small.expected()


def test_update_dry_run_reports_count(small: World) -> None:
    small.fetch()
    before = small.stored()
    small.fake_registry.publish("plone.api", "2.1")

    report = small.changes(dry_run=True)

    assert report.notices == ["would read 1 of 4 packages"]
    assert small.stored() == before
