"""Updates of one package: read once, written to every collection, with as few requests as possible."""

import pytest

from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.membership.profile import Filter, Profile
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.usecases.collections.overview import list_active_collections
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.ingest.update_package import PackageReport, get_retry_reason, update_package
from support.registry_world import PLONE_FILTER, World

DJANGO = Filter(profile="django", classifiers=("Framework :: Django",))
PROFILES = {
    "plone": Profile(key="plone", name="Plone", classifiers=PLONE_FILTER.classifiers),
    "django": Profile(key="django", name="Django", classifiers=DJANGO.classifiers),
}
BOTH = ["Framework :: Plone", "Framework :: Django"]


@pytest.fixture
def two(small: World) -> World:
    """Filled collections of two profiles, and a registry without counted requests."""
    small.fetch()
    small.fetch(target=Target(collection="django", filter=DJANGO))
    small.pypi.requests.clear()
    return small


def run_update(world: World, name: str, version: str = "", *, force: bool = False) -> PackageReport:
    return update_package(world.deps, list_active_collections(world.deps, PROFILES), name, version=version, force=force)


def count_requests(world: World) -> tuple[int, int]:
    """Return how many project and release documents were requested."""
    kinds = world.pypi.requests.by_kind
    return kinds["project"], kinds["release"]


def list_versions(world: World, collection: str, name: str) -> list[str]:
    return sorted(document.registry.version for document in world.deps.index.get_project_documents(collection, name))


def test_release_costs_one_request(two: World) -> None:
    two.fake_registry.publish("plone.api", "2.1")

    report = run_update(two, "plone-api", "2.1")

    assert (report.indexed, report.is_complete, count_requests(two)) == (["plone"], True, (1, 0))
    assert two.stored() == two.expected()


def test_package_of_two_collections_is_read_once(two: World) -> None:
    two.fake_registry.publish("both", "1.0", info={"classifiers": BOTH})
    two.fake_registry.publish("both", "1.1")

    report = run_update(two, "both", "1.1")

    assert (sorted(report.indexed), count_requests(two)) == (["django", "plone"], (1, 1))
    assert list_versions(two, "plone", "both") == list_versions(two, "django", "both") == ["1.0", "1.1"]


def test_missing_releases_are_read_per_collection(two: World) -> None:
    two.fake_registry.publish("plone.api", "4.0", info={"classifiers": BOTH})

    report = run_update(two, "plone-api", "4.0")

    assert sorted(report.indexed) == ["django", "plone"]
    assert (
        list_versions(two, "django", "plone-api")
        == list_versions(two, "plone", "plone-api")
        == ["1.0", "2.0", "3.0a1", "4.0"]
    )
    assert two.stored() == two.expected()


def test_update_package_accepts_any_spelling(two: World) -> None:
    two.fake_registry.publish("Plone.Api", "2.1")

    run_update(two, "plone-api", "2.1")

    documents = two.deps.index.get_project_documents("plone", "plone-api")
    assert {document.registry.id for document in documents} == {
        f"Plone.Api-{v}" for v in ("1.0", "2.0", "3.0a1", "2.1")
    }


def test_stored_version_costs_no_request(two: World) -> None:
    report = run_update(two, "Plone.Api", "2.0")

    assert (report.is_up_to_date, report.requests, two.pypi.requests.total) == (True, 0, 0)
    assert run_update(two, "plone-api").is_up_to_date
    assert two.pypi.requests.total == 0


def test_version_missing_in_one_collection_is_read(two: World) -> None:
    """The update of one collection was earlier than that of the other."""
    two.fake_registry.publish("both", "1.0", info={"classifiers": BOTH})
    two.changes()

    report = run_update(two, "both", "1.0")

    assert (report.is_up_to_date, sorted(report.indexed)) == (False, ["django", "plone"])
    assert list_versions(two, "django", "both") == ["1.0"]


def test_non_member_costs_one_request(two: World) -> None:
    two.fake_registry.publish("stranger", "1.0")
    two.fake_registry.publish("stranger", "2.0")

    report = run_update(two, "stranger", "2.0")

    assert (report.indexed, report.is_complete, count_requests(two)) == ([], True, (1, 0))


def test_package_moves_between_collections(two: World) -> None:
    two.fake_registry.publish("plone.api", "4.0", info={"classifiers": ["Framework :: Django"]})

    report = run_update(two, "plone-api", "4.0")

    assert (report.indexed, report.removed) == (["django"], ["plone"])
    assert list_versions(two, "plone", "plone-api") == []
    assert two.stored() == two.expected()


def test_absent_package_is_removed_after_both_checks(two: World) -> None:
    two.fake_registry.remove_project("plone.api")

    report = run_update(two, "plone-api", force=True)

    assert (report.removed, report.is_complete, two.pypi.requests.by_kind["simple_page"]) == (["plone"], True, 1)
    assert list_versions(two, "plone", "plone-api") == []


def test_update_package_outage_is_retried(two: World) -> None:
    two.pypi.faults.add(Fault("503", request="project"))

    report = run_update(two, "plone-api", "9.9")

    assert isinstance(report.error, Unavailable)
    assert get_retry_reason(report) is report.error
    assert len(list_versions(two, "plone", "plone-api")) == 3


def test_response_without_version_is_stale(two: World) -> None:
    two.fake_registry.publish("plone.api", "2.1")
    two.pypi.document_lag = 1

    behind = run_update(two, "plone-api", "2.1")
    two.pypi.document_lag = 0
    caught_up = run_update(two, "plone-api", "2.1")

    assert (behind.is_stale, behind.is_complete, caught_up.is_complete) == (True, False, True)
    assert str(get_retry_reason(behind)) == "plone-api: the response does not contain 2.1 yet"
    assert get_retry_reason(caught_up) is None
    assert two.stored() == two.expected()


def test_next_update_reads_failed_release(two: World) -> None:
    two.fake_registry.publish("plone.api", "1.1")
    two.fake_registry.publish("plone.api", "4.0")
    two.pypi.faults.add(Fault("503", request="release"))

    partly = run_update(two, "plone-api", "4.0")
    two.pypi.faults.clear()
    wholly = run_update(two, "plone-api", "4.0")

    assert (partly.failed, wholly.failed) == (["plone-api"], [])
    assert get_retry_reason(partly) is not None
    assert not wholly.is_up_to_date
    assert two.stored() == two.expected()


def test_update_package_saves_seen_classifier(two: World) -> None:
    two.fake_registry.publish("plone.api", "2.1", info={"classifiers": ["Framework :: Plone :: 9.9"]})

    run_update(two, "plone-api", "2.1")

    assert "Framework :: Plone :: 9.9" in two.deps.index.get_state("plone").seen_classifiers


def test_new_classifier_needs_lock(two: World) -> None:
    two.fake_registry.publish("plone.api", "2.1", info={"classifiers": ["Framework :: Plone :: 9.9"]})
    two.fake_registry.publish("collective.one", "0.3")

    with two.deps.admin.lock("plone"):
        refused, allowed = run_update(two, "plone-api", "2.1"), run_update(two, "collective-one", "0.3")

    assert isinstance(get_retry_reason(refused), Unavailable)
    assert allowed.indexed == ["plone"]


def test_force_reads_stored_package(two: World) -> None:
    report = run_update(two, "plone-api", force=True)

    assert (report.is_up_to_date, report.indexed, count_requests(two)) == (False, ["plone"], (1, 0))


def test_deleted_collection_is_skipped(two: World) -> None:
    targets = list_active_collections(two.deps, PROFILES)
    two.fake_registry.publish("both", "1.0", info={"classifiers": BOTH})
    two.deps.admin.drop("django-1")

    report = update_package(two.deps, targets, "both", version="1.0")

    assert (report.indexed, report.error) == (["plone"], None)


def test_update_package_is_idempotent(two: World) -> None:
    two.fake_registry.publish("plone.api", "2.1")

    run_update(two, "plone-api", "2.1")
    report = run_update(two, "plone-api", "2.1")

    assert (report.is_up_to_date, count_requests(two)) == (True, (1, 0))


def test_list_active_collections(two: World) -> None:
    admin = two.deps.admin
    admin.set_alias("favourites", "plone-1")
    by_hand = Filter(classifiers=("Framework :: Flask",))
    admin.create("by-hand", CollectionState(filter=by_hand))
    admin.create("plone-7", CollectionState(filter=PLONE_FILTER, rebuild_of="plone"))
    admin.create("not-ours", CollectionState(filter=Filter()))
    grown = PROFILES | {
        "plone": Profile(key="plone", name="Plone", classifiers=("Framework :: Plone", "Framework :: Zope"))
    }

    targets = {target.collection: target.filter for target in list_active_collections(two.deps, grown)}

    assert targets == {"plone": grown["plone"].filter, "django": DJANGO, "by-hand": by_hand}


def test_changed_profile_removes_no_single_package(two: World) -> None:
    """One package a task would empty a collection without the limit for removals noticing it."""
    mistyped = Target(collection="plone", filter=Filter(profile="plone", classifiers=("Framework :: Plone :: Theme",)))

    for name in ("plone.api", "collective.one", "collective.two"):
        report = update_package(two.deps, [mistyped], name, force=True)
        assert (report.removed, report.is_complete) == ([], True)

    assert len(two.names()) == 3
    two.fake_registry.publish("plone.api", "4.0", info={"classifiers": []})
    assert run_update(two, "plone.api", "4.0").removed == ["plone"]


@pytest.mark.parametrize("name", ["nope-nope", "Nope.Nope"])
def test_unknown_package_is_reported(two: World, name: str) -> None:
    report = run_update(two, name, force=True)

    assert (report.is_unknown, report.is_foreign) == (True, False)


def test_package_without_matching_collection_is_reported(two: World) -> None:
    two.fake_registry.publish("elsewhere", "1.0", info={"classifiers": ["Framework :: Flask"]})

    report = run_update(two, "elsewhere", force=True)

    assert (report.is_unknown, report.is_foreign) == (False, True)


def test_removed_and_indexed_packages_are_known(two: World) -> None:
    two.fake_registry.remove_project("plone.api")

    removed, indexed = run_update(two, "plone.api", force=True), run_update(two, "collective.one", force=True)

    assert (removed.removed, removed.is_unknown, removed.is_foreign) == (["plone"], False, False)
    assert (indexed.indexed, indexed.is_unknown, indexed.is_foreign) == (["plone"], False, False)
