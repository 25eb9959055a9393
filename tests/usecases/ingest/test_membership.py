"""Test membership by requirements, names and lists in every run, over real HTTP, against the expected index."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from pyf.aggregator.adapters.candidates import StaticCandidates
from pyf.aggregator.domain.collection import Discovery
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects
from pyf.aggregator.usecases.collections.target import Scope
from support.registry_world import Clock, Json, World, open_world

PROJECTS = """
projects:
  - {name: Flask, releases: [{version: "1.0", date: 2020-01-01}, {version: "3.0", date: 2024-01-01}]}
  - {name: Flask-Mail, classifiers: ["Framework :: Flask"], releases: [{version: "1.0", date: 2020-01-01}]}
  - name: Flask_SQLAlchemy
    requires_dist: ["flask>=2.2.5", "sqlalchemy>=2"]
    releases: [{version: "2.0", date: 2018-01-01}, {version: "3.0", date: 2023-01-01}]
  - {name: flask-sql-more, requires_dist: ["Flask-SQLAlchemy"], releases: [{version: "1.0", date: 2020-01-01}]}
  - name: flask-talisman
    requires_dist: []
    releases: [{version: "0.9", date: 2019-01-01}, {version: "1.0", date: 2022-01-01}]
  - name: pytest-flask
    requires_dist: ["pytest", 'flask; extra == "docs"']
    releases: [{version: "1.0", date: 2020-01-01}]
  - {name: moto, requires_dist: ['flask; extra == "server"'], releases: [{version: "5.0", date: 2024-01-01}]}
  - {name: quart, requires_dist: ["flask>=3"], releases: [{version: "0.19", date: 2023-01-01}]}
  - {name: werkzeug, releases: [{version: "3.0", date: 2023-01-01}]}
  - {name: flask-spam, requires_dist: [flask], releases: [{version: "1.0", date: 2023-01-01}]}
  - {name: bottle, summary: "Like Flask, in one file", releases: [{version: "0.13", date: 2023-01-01}]}
"""

FLASK = Filter(
    profile="flask",
    classifiers=("Framework :: Flask",),
    requires=("flask",),
    names=("flask-*", "*-flask"),
    include={"flask": "it is the framework", "no-such-project": "it may come one day"},
    exclude={"flask-spam": "it sells watches"},
)
MEMBERS = ["flask", "flask-mail", "flask-sql-more", "flask-sqlalchemy"]
# Flask, the five that are named like it, and Flask-Mail, which the classifier finds, too.
CANDIDATES = 6


@pytest.fixture
def flask(tmp_path: Path) -> Iterator[World]:
    clock = Clock()
    with open_world(FakeRegistry(parse_yaml_projects(PROJECTS), clock=clock), tmp_path, clock=clock) as flask_world:
        flask_world.filter, flask_world.collection = FLASK, "flask"
        yield flask_world


def compute_expected(flask: World) -> dict[str, Json]:
    """Return the expected index without quart, which is found by a bulk source only."""
    return {id_: document for id_, document in flask.expected().items() if document["name"] != "quart"}


def with_bulk_candidates(flask: World, *names: str) -> World:
    deps = replace(flask.deps, candidates=StaticCandidates({"flask": names}))
    return World(flask.fake_registry, flask.pypi, deps, flask.clock, flask.filter, flask.collection)


def with_filter(flask: World, **changes: object) -> World:
    changed = replace(flask.filter, **changes)
    return World(flask.fake_registry, flask.pypi, flask.deps, flask.clock, changed, flask.collection)


def test_requiring_package_is_member_with_reason(flask: World) -> None:
    report = flask.fetch()

    assert flask.names() == MEMBERS
    assert flask.stored() == compute_expected(flask)
    assert report.is_complete
    reasons = {(d.registry.name_normalized, d.registry.membership_reason) for d in flask.deps.index.export("flask")}
    assert sorted(reasons) == [
        ("flask", "include"),
        ("flask-mail", "classifier"),
        ("flask-sql-more", "name"),
        ("flask-sqlalchemy", "requires"),
    ]


def test_only_members_cost_release_requests(flask: World) -> None:
    flask.fetch()

    # Flask and Flask_SQLAlchemy have a second release; that of flask-talisman, no member, is not read.
    assert dict(flask.pypi.requests.by_kind) == {"simple_index": 1, "browse": 1, "project": CANDIDATES, "release": 2}


def test_second_run_reads_only_changed_candidates(flask: World) -> None:
    flask.fetch()
    flask.fake_registry.publish("flask-talisman", "1.1")
    flask.fake_registry.publish("Flask-Mail", "1.1")
    flask.pypi.requests.clear()

    flask.fetch()

    assert dict(flask.pypi.requests.by_kind) == {"simple_index": 1, "browse": 1, "project": 2}
    flask.pypi.requests.clear()
    flask.fetch()
    assert dict(flask.pypi.requests.by_kind) == {"simple_index": 1, "browse": 1}


# What may happen between two runs, and how many project documents it is worth.
EVENTS: dict[str, tuple[Callable[[FakeRegistry], None], int]] = {
    "a candidate starts to require it": (
        lambda e: e.publish("flask-talisman", "2.0", info=build_requirements("flask")),
        1,
    ),
    "a candidate starts to require a relative": (
        lambda e: e.publish("pytest-flask", "2.0", info=build_requirements("Flask-Mail")),
        1,
    ),
    "a candidate requires it for an extra": (
        lambda e: e.publish("flask-talisman", "2.0", info=build_requirements('flask; extra == "x"')),
        1,
    ),
    "a candidate is born": (lambda e: e.publish("Flask.New", "1.0", info=build_requirements("Flask>=3")), 1),
    "a member stops requiring it": (
        lambda e: e.publish("flask-sqlalchemy", "4.0", info=build_requirements("sqlalchemy")),
        1,
    ),
    "a member needs it for an extra now": (
        lambda e: e.publish("flask-sqlalchemy", "4.0", info=build_requirements("flask ; extra == 'web'")),
        1,
    ),
    "a member gains the classifier": (
        lambda e: e.publish("flask-sqlalchemy", "4.0", info={"classifiers": ["Framework :: Flask"]}),
        1,
    ),
    "a member is deleted": (lambda e: e.remove_project("flask-sqlalchemy"), 1),
    "a candidate is deleted": (lambda e: e.remove_project("flask-talisman"), 1),
    "the newest release is yanked": (lambda e: e.yank("flask-talisman", "1.0"), 1),
    "the framework has a release": (lambda e: e.publish("Flask", "3.1"), 1),
    "an included project comes": (lambda e: e.publish("no-such-project", "1.0"), 1),
    "an excluded project has a release": (lambda e: e.publish("flask-spam", "2.0"), 0),
    "a stranger has a release": (lambda e: e.publish("bottle", "0.14"), 0),
    "nothing": (lambda e: None, 0),
}


def build_requirements(*requires: str) -> dict[str, list[str]]:
    return {"requires_dist": list(requires)}


@pytest.mark.parametrize("event", EVENTS)
def test_update_adds_and_removes_members(flask: World, event: str) -> None:
    happen, projects = EVENTS[event]
    flask.fetch()
    happen(flask.fake_registry)
    flask.pypi.requests.clear()

    report = flask.changes()

    requests = flask.pypi.requests.by_kind
    assert flask.stored() == compute_expected(flask)
    assert requests["project"] == projects
    assert requests["last_serial"] + requests["changelog"] + requests["simple_index"] <= 3
    assert report.is_complete
    flask.pypi.requests.clear()
    flask.changes()
    assert flask.pypi.requests.by_kind["project"] == 0


@pytest.mark.parametrize("event", EVENTS)
def test_lost_cursor_finds_same_members(flask: World, event: str) -> None:
    flask.fetch()
    EVENTS[event][0](flask.fake_registry)

    flask.changes(cursor_is_lost=True)

    assert flask.stored() == compute_expected(flask)


def test_removed_member_has_tombstone_with_reason(flask: World) -> None:
    flask.fetch()
    flask.fake_registry.publish("flask-sqlalchemy", "4.0", info=build_requirements("flask; extra == 'web'"))

    flask.changes()

    tombstone = flask.deps.index.get_tombstone("flask", "flask-sqlalchemy")
    assert tombstone is not None
    assert tombstone.reason.startswith("it does not match profile flask: since 4.0, ")
    assert 'it requires flask only for its extra "web"' in tombstone.reason


@pytest.mark.parametrize("kind", ["503", "404", "broken", "half", "empty", "html", "429", "reset"])
def test_unusable_response_removes_no_member(flask: World, kind: str) -> None:
    flask.fetch()
    before = flask.names()
    flask.fake_registry.publish("flask-sqlalchemy", "4.0", info=build_requirements("sqlalchemy"))
    flask.fake_registry.publish("flask-talisman", "2.0", info=build_requirements("flask"))
    flask.pypi.faults.add(Fault(kind, request="project"))

    flask.changes()

    assert flask.names() == before
    flask.pypi.faults.clear()
    flask.clock.advance(600)
    flask.changes()
    assert flask.stored() == compute_expected(flask)


def test_empty_package_list_is_an_outage(flask: World) -> None:
    flask.filter = replace(FLASK, classifiers=())
    flask.fetch()
    before = flask.stored()
    flask.pypi.registry = FakeRegistry()
    flask.pypi.registry.add_filler_changes()

    report = flask.fetch()

    assert isinstance(report.error, Unavailable)
    assert flask.stored() == before


# Bulk sources


def test_bulk_source_finds_packages_of_any_name(flask: World) -> None:
    bulk = with_bulk_candidates(flask, "quart", "moto", "left-the-registry")

    report = bulk.fetch()

    assert bulk.names() == [*MEMBERS, "quart"]
    assert report.is_complete
    assert bulk.pypi.requests.by_kind["project"] == CANDIDATES + 2


def test_bulk_candidates_are_remembered(flask: World) -> None:
    with_bulk_candidates(flask, "quart", "moto").fetch()
    flask.fake_registry.publish("moto", "6.0", info=build_requirements("flask"))
    flask.fake_registry.publish("quart", "0.20", info=build_requirements("werkzeug"))
    flask.pypi.requests.clear()

    flask.changes()

    assert flask.names() == [*MEMBERS, "moto"]
    assert flask.pypi.requests.by_kind["project"] == 2
    flask.fake_registry.publish("quart", "0.21", info=build_requirements("flask"))
    flask.fake_registry.add_filler_changes(200_000)  # too many for the changelog
    flask.changes()
    assert flask.names() == [*MEMBERS, "moto", "quart"]


def test_discover_all_finds_unnamed_candidate(flask: World) -> None:
    flask.fetch()
    flask.fake_registry.publish("bottle", "1.0", info=build_requirements("flask"))
    flask.changes()
    assert "bottle" not in flask.names()

    flask.with_policy(discovery=Discovery.ALL).fetch()

    assert flask.names() == ["bottle", *MEMBERS, "quart"]
    assert flask.stored() == flask.expected()


@pytest.mark.parametrize("had_a_cursor", [False, True])
def test_next_run_reads_failed_candidate(flask: World, had_a_cursor: bool) -> None:
    if had_a_cursor:
        flask.fetch()
    flask.pypi.faults.add(Fault("503", project="quart"))
    report = with_bulk_candidates(flask, "quart").fetch()
    assert report.failed == ["quart"]

    flask.pypi.faults.clear()
    flask.changes()

    assert "quart" in flask.names()


def test_unavailable_bulk_source_ends_run_before_reading(flask: World) -> None:
    class Silent:
        def find_candidates(self, _frameworks: object) -> Iterator[str]:
            yield "quart"
            raise Unavailable("no response")

    flask.deps = replace(flask.deps, candidates=Silent())

    report = flask.fetch()

    assert isinstance(report.error, Unavailable)
    assert report.requests == 0


def test_dry_run_remembers_no_candidate(flask: World) -> None:
    with_bulk_candidates(flask, "quart").fetch(dry_run=True)

    assert flask.deps.membership_cache.get_all(FLASK.key) == {}


# A profile that changes


@pytest.mark.parametrize("run", ["changes", "fetch"])
def test_widened_profile_adds_members(flask: World, run: str) -> None:
    narrow = with_filter(flask, requires=(), names=(), include={})
    narrow.fetch()
    assert narrow.names() == ["flask-mail"]

    getattr(flask, run)()

    assert flask.names() == MEMBERS
    assert flask.stored() == compute_expected(flask)


def test_failed_run_after_profile_change_is_completed(flask: World) -> None:
    with_filter(flask, requires=(), names=(), include={}).fetch()
    flask.pypi.faults.add(Fault("503", project="flask-sqlalchemy"))
    assert flask.changes().failed == ["flask-sqlalchemy"]
    flask.pypi.faults.clear()

    flask.changes()

    assert flask.stored() == compute_expected(flask)


@pytest.mark.parametrize("run", ["changes", "fetch"])
def test_narrowed_profile_removes_members(flask: World, run: str) -> None:
    flask.fetch()
    narrow = with_filter(flask, requires=("django",))
    flask.pypi.requests.clear()

    getattr(narrow, run)()

    assert narrow.names() == ["flask", "flask-mail", "flask-sql-more"]
    assert narrow.stored() == compute_expected(narrow)
    # The removed package, and the two that other rules reject.
    assert flask.pypi.requests.by_kind["project"] == 3


def test_changed_membership_reason_is_written(flask: World) -> None:
    flask.fetch()
    changed = with_filter(flask, classifiers=(), include={"flask-mail": "it is dear to us"})

    changed.changes()

    assert changed.document("flask-mail")["membership_reason"] == "include"
    assert changed.stored() == compute_expected(changed)


def test_refresh_adds_no_members(flask: World) -> None:
    with_filter(flask, requires=(), names=(), include={}).fetch()

    flask.refresh()
    flask.changes()

    assert flask.stored() == compute_expected(flask)


def test_included_package_ignores_cached_evaluation(flask: World) -> None:
    flask.fetch()

    changed = with_filter(flask, include={**FLASK.include, "flask-talisman": "it is dear to us"})
    changed.changes()

    assert "flask-talisman" in changed.names()
    assert changed.stored() == compute_expected(changed)


@pytest.mark.parametrize("run", ["changes", "fetch", "refresh", "recreate"])
def test_excluded_package_is_removed_without_request(flask: World, run: str) -> None:
    flask.fetch()
    changed = with_filter(flask, exclude={**FLASK.exclude, "flask-mail": "it is abandoned"})
    flask.pypi.requests.clear()

    report = getattr(changed, run)()

    assert report.is_complete
    assert changed.names() == ["flask", "flask-sql-more", "flask-sqlalchemy"]
    tombstone = flask.deps.index.get_tombstone("flask", "flask-mail")
    assert tombstone is not None
    assert tombstone.reason == "profile flask excludes it: it is abandoned"
    assert not [request for request in flask.pypi.requests.log if "flask-mail" in request.path]


def test_package_no_longer_excluded_returns(flask: World) -> None:
    flask.fetch()

    changed = with_filter(flask, exclude={})
    changed.changes()

    assert changed.names() == [*MEMBERS[:2], "flask-spam", *MEMBERS[2:]]
    assert changed.stored() == compute_expected(changed)


def test_mass_exclusion_is_refused_unless_allowed(flask: World) -> None:
    for number in range(30):
        flask.fake_registry.publish(f"flask-n{number}", "1.0", info=build_requirements("flask"))
    flask.fetch()
    changed = with_filter(flask, exclude={f"flask-n{number}": "too many" for number in range(25)})

    refused = changed.changes()

    assert (refused.removed, refused.removal_refused) == (0, True)
    assert changed.changes(allow_mass_removal=True).removed == 25


@pytest.mark.parametrize("discovery", list(Discovery))
def test_rebuild_after_refused_removal_removes(flask: World, discovery: Discovery) -> None:
    flask = flask.with_policy(discovery=discovery)
    for number in range(30):
        flask.fake_registry.publish(f"flask-n{number}", "1.0", info=build_requirements("flask"))
    flask.fetch()
    for number in range(25):
        flask.fake_registry.publish(f"flask-n{number}", "2.0", info=build_requirements("jinja2"))
    assert flask.changes().removal_refused

    report = flask.recreate(allow_mass_removal=True)

    assert report.is_complete
    assert len(flask.names()) == len(MEMBERS) + 5 + (discovery is Discovery.ALL)
    assert "flask-n3" not in flask.names()


def test_restricted_run_removes_no_other_package(flask: World) -> None:
    flask.fetch()
    changed = with_filter(flask, exclude={"flask-mail": "it is abandoned"})

    changed.fetch(scope=Scope(name_part="talisman"))

    assert "flask-mail" in changed.names()


def test_classifier_only_profile_reads_no_candidates(flask: World) -> None:
    strict = with_filter(flask, strict=True, include={})

    strict.fetch()

    assert strict.names() == ["flask-mail"]
    assert dict(strict.pypi.requests.by_kind) == {"last_serial": 1, "browse": 1, "project": 1}


def test_rebuild_finds_same_members(flask: World) -> None:
    with_bulk_candidates(flask, "quart").fetch()

    report = flask.recreate()

    assert report.is_complete
    assert flask.names() == [*MEMBERS, "quart"]
