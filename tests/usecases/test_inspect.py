"""A look at one project: once, for every collection, at the price of what is new."""

import pytest

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.profile import Filter, Profile
from pyf.aggregator.sample.faults import Fault
from pyf.aggregator.usecases.in_use import in_use
from pyf.aggregator.usecases.inspect import InspectionReport, inspect, worth_repeating
from pyf.aggregator.usecases.target import Target
from worlds import PLONE, World

DJANGO = Filter(profile="django", classifiers=("Framework :: Django",))
PROFILES = {
    "plone": Profile(key="plone", name="Plone", classifiers=PLONE.classifiers),
    "django": Profile(key="django", name="Django", classifiers=DJANGO.classifiers),
}
BOTH = ["Framework :: Plone", "Framework :: Django"]


@pytest.fixture
def two(small: World) -> World:
    """Collections of two profiles, filled, and nothing asked of the registry yet."""
    small.fetch()
    small.fetch(target=Target(collection="django", filter=DJANGO))
    small.pypi.requests.clear()
    return small


def looked(world: World, name: str, version: str = "", *, anew: bool = False) -> InspectionReport:
    return inspect(world.services, in_use(world.services, PROFILES), name, version=version, anew=anew)


def asked(world: World) -> tuple[int, int]:
    """Return how many documents of projects and of releases were asked for."""
    kinds = world.pypi.requests.by_kind
    return kinds["project"], kinds["release"]


def versions(world: World, collection: str, name: str) -> list[str]:
    return sorted(document.registry.version for document in world.services.index.documents(collection, name))


def test_a_release_reaches_the_collection_that_it_belongs_to_for_one_request(two: World) -> None:
    two.ecosystem.publish("plone.api", "2.1")

    report = looked(two, "plone-api", "2.1")

    assert (report.indexed, report.is_whole, asked(two)) == (["plone"], True, (1, 0))
    assert two.held() == two.due()


def test_a_project_of_two_profiles_is_read_once(two: World) -> None:
    two.ecosystem.publish("both", "1.0", info={"classifiers": BOTH})
    two.ecosystem.publish("both", "1.1")

    report = looked(two, "both", "1.1")

    assert (sorted(report.indexed), asked(two)) == (["django", "plone"], (1, 1))
    assert versions(two, "plone", "both") == versions(two, "django", "both") == ["1.0", "1.1"]


def test_releases_that_only_one_collection_lacks_are_read_for_that_one(two: World) -> None:
    two.ecosystem.publish("plone.api", "4.0", info={"classifiers": BOTH})

    report = looked(two, "plone-api", "4.0")

    assert sorted(report.indexed) == ["django", "plone"]
    assert versions(two, "django", "plone-api") == versions(two, "plone", "plone-api") == ["1.0", "2.0", "3.0a1", "4.0"]
    assert two.held() == two.due()


def test_the_canonical_name_is_that_of_the_project(two: World) -> None:
    two.ecosystem.publish("Plone.Api", "2.1")

    looked(two, "plone-api", "2.1")

    documents = two.services.index.documents("plone", "plone-api")
    assert {document.registry.id for document in documents} == {
        f"Plone.Api-{v}" for v in ("1.0", "2.0", "3.0a1", "2.1")
    }


def test_what_is_held_at_that_version_costs_nothing(two: World) -> None:
    report = looked(two, "Plone.Api", "2.0")

    assert (report.is_known, report.requests, two.pypi.requests.total) == (True, 0, 0)
    assert looked(two, "plone-api").is_known
    assert two.pypi.requests.total == 0


def test_what_one_collection_holds_and_another_lacks_is_looked_at(two: World) -> None:
    """The journal's run of one collection was quicker than that of the other."""
    two.ecosystem.publish("both", "1.0", info={"classifiers": BOTH})
    two.changes()

    report = looked(two, "both", "1.0")

    assert (report.is_known, sorted(report.indexed)) == (False, ["django", "plone"])
    assert versions(two, "django", "both") == ["1.0"]


def test_a_stranger_costs_one_request_and_is_not_written(two: World) -> None:
    two.ecosystem.publish("stranger", "1.0")
    two.ecosystem.publish("stranger", "2.0")

    report = looked(two, "stranger", "2.0")

    assert (report.indexed, report.is_whole, asked(two)) == ([], True, (1, 0))


def test_a_project_leaves_the_collection_it_belongs_to_no_more_and_enters_another(two: World) -> None:
    two.ecosystem.publish("plone.api", "4.0", info={"classifiers": ["Framework :: Django"]})

    report = looked(two, "plone-api", "4.0")

    assert (report.indexed, report.removed) == (["django"], ["plone"])
    assert versions(two, "plone", "plone-api") == []
    assert two.held() == two.due()


def test_a_project_that_is_gone_leaves_on_two_witnesses(two: World) -> None:
    two.ecosystem.remove_project("plone.api")

    report = looked(two, "plone-api", anew=True)

    assert (report.removed, report.is_whole, two.pypi.requests.by_kind["simple_page"]) == (["plone"], True, 1)
    assert versions(two, "plone", "plone-api") == []


def test_an_outage_removes_nothing_and_is_worth_another_look(two: World) -> None:
    two.pypi.faults.add(Fault("503", request="project"))

    report = looked(two, "plone-api", "9.9")

    assert isinstance(report.stopped_by, Unavailable)
    assert worth_repeating(report) is report.stopped_by
    assert len(versions(two, "plone", "plone-api")) == 3


def test_what_the_answer_does_not_tell_yet_is_worth_another_look(two: World) -> None:
    two.ecosystem.publish("plone.api", "2.1")
    two.pypi.document_lag = 1

    behind = looked(two, "plone-api", "2.1")
    two.pypi.document_lag = 0
    caught_up = looked(two, "plone-api", "2.1")

    assert (behind.is_stale, behind.is_whole, caught_up.is_whole) == (True, False, True)
    assert str(worth_repeating(behind)) == "plone-api: the answer does not tell of 2.1 yet"
    assert worth_repeating(caught_up) is None
    assert two.held() == two.due()


def test_a_release_that_could_not_be_read_is_read_by_the_next_look(two: World) -> None:
    two.ecosystem.publish("plone.api", "1.1")
    two.ecosystem.publish("plone.api", "4.0")
    two.pypi.faults.add(Fault("503", request="release"))

    partly = looked(two, "plone-api", "4.0")
    two.pypi.faults.clear()
    wholly = looked(two, "plone-api", "4.0")

    assert (partly.failed, wholly.failed) == (["plone-api"], [])
    assert worth_repeating(partly) is not None
    assert not wholly.is_known
    assert two.held() == two.due()


def test_a_classifier_that_nobody_had_shown_is_remembered(two: World) -> None:
    two.ecosystem.publish("plone.api", "2.1", info={"classifiers": ["Framework :: Plone :: 9.9"]})

    looked(two, "plone-api", "2.1")

    assert "Framework :: Plone :: 9.9" in two.services.index.state("plone").seen_classifiers


def test_what_a_collection_remembers_is_not_changed_while_another_run_may(two: World) -> None:
    two.ecosystem.publish("plone.api", "2.1", info={"classifiers": ["Framework :: Plone :: 9.9"]})
    two.ecosystem.publish("collective.one", "0.3")

    with two.services.admin.exclusive("plone"):
        refused, allowed = looked(two, "plone-api", "2.1"), looked(two, "collective-one", "0.3")

    assert isinstance(worth_repeating(refused), Unavailable)
    assert allowed.indexed == ["plone"]


def test_a_known_project_is_looked_at_all_the_same_when_that_is_wanted(two: World) -> None:
    report = looked(two, "plone-api", anew=True)

    assert (report.is_known, report.indexed, asked(two)) == (False, ["plone"], (1, 0))


def test_a_collection_that_was_dropped_meanwhile_is_left_out(two: World) -> None:
    targets = in_use(two.services, PROFILES)
    two.ecosystem.publish("both", "1.0", info={"classifiers": BOTH})
    two.services.admin.drop("django-1")

    report = inspect(two.services, targets, "both", version="1.0")

    assert (report.indexed, report.stopped_by) == (["plone"], None)


def test_delivered_twice_is_done_once(two: World) -> None:
    two.ecosystem.publish("plone.api", "2.1")

    looked(two, "plone-api", "2.1")
    report = looked(two, "plone-api", "2.1")

    assert (report.is_known, asked(two)) == (True, (1, 0))


def test_collections_are_in_use_by_the_names_of_their_users_and_todays_profiles(two: World) -> None:
    admin = two.services.admin
    admin.point("favourites", "plone-1")
    by_hand = Filter(classifiers=("Framework :: Flask",))
    admin.create("by-hand", CollectionState(filter=by_hand))
    admin.create("plone-7", CollectionState(filter=PLONE, standby_for="plone"))
    admin.create("not-ours", CollectionState(filter=Filter()))
    grown = PROFILES | {
        "plone": Profile(key="plone", name="Plone", classifiers=("Framework :: Plone", "Framework :: Zope"))
    }

    found = {target.collection: target.filter for target in in_use(two.services, grown)}

    assert found == {"plone": grown["plone"].filter, "django": DJANGO, "by-hand": by_hand}
