"""Test fetches over real HTTP against the expected index."""

import pytest
from msgspec.structs import replace
from trove_classifiers import classifiers as trove

from pyf.aggregator.domain.collection import Descriptions, Discovery
from pyf.aggregator.domain.documents.builder import DOCUMENT_VERSION
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.membership.profile import Filter, matches_classifiers
from pyf.aggregator.sandbox.faults import Fault
from pyf.aggregator.usecases.collections.target import Scope, Target
from support.registry_world import World

MEMBERS = ["collective-one", "collective-two", "plone-api"]
BROWSED = sum(matches_classifiers(classifier, ["Framework :: Plone"]) for classifier in trove)


def test_fetch_indexes_all_releases_of_members(small: World) -> None:
    report = small.fetch()

    assert small.stored() == small.expected()
    assert (report.found, report.indexed, report.documents) == (4, 3, 7)
    assert report.is_complete


def test_first_fetch_creates_numbered_collection_with_alias(small: World) -> None:
    small.fetch()

    assert small.deps.admin.resolve("plone") == "plone-1"


def test_first_fetch_request_counts(small: World) -> None:
    small.fetch()

    counts = small.pypi.requests.by_kind
    assert counts["browse"] == BROWSED
    assert counts["project"] == 4
    assert counts["release"] == 4  # 3 + 2 + 2 releases of members, except the newest of each
    assert counts.total() <= BROWSED + 4 + 4 + 3


def test_second_fetch_reads_nothing(small: World) -> None:
    small.fetch()
    small.pypi.requests.clear()

    report = small.fetch()

    assert (report.indexed, report.unchanged) == (0, 3)
    assert dict(small.pypi.requests.by_kind) == {"browse": BROWSED, "simple_index": 1}


def test_second_fetch_reads_only_changed_packages(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.requests.clear()

    small.fetch()

    assert small.stored() == small.expected()
    assert (small.pypi.requests.by_kind["project"], small.pypi.requests.by_kind["release"]) == (1, 0)


def test_fetch_cursor_predates_reading(small: World) -> None:
    serial = small.fake_registry.last_serial

    small.fetch()

    assert small.deps.index.get_state("plone").cursor == serial


def test_policy_newest_keeps_one_readme(small: World) -> None:
    small.fetch()

    documents = [d.to_dict() for d in small.deps.index.get_project_documents("plone", "plone.api")]
    assert [bool(d["description"]) for d in documents] == [True, False, False]
    assert (documents[0]["title"], documents[0]["version"]) == ("plone.api", "2.0")


def test_policy_all_keeps_all_readmes(small: World) -> None:
    small.fetch()

    report = small.with_policy(descriptions=Descriptions.ALL).fetch()

    assert report.indexed == 3
    # The registry's adapter requests READMEs of newest releases only; what it returns is kept.
    assert all(d.registry.composed_with == 2 * DOCUMENT_VERSION + 1 for d in small.deps.index.export("plone"))


def test_upgrade_rebuilds_outdated_documents(small: World) -> None:
    small.fetch()

    report = small.with_policy(builder_version=9).fetch()

    assert (report.indexed, report.rebuilt) == (3, 3)
    assert {d.registry.composed_with for d in small.deps.index.export("plone")} == {18}


@pytest.mark.parametrize("kind", ["503", "throttled", "empty_browse", "broken", "reset", "403"])
def test_unusable_classifier_response_changes_nothing(small: World, kind: str) -> None:
    small.fetch()
    before = small.stored()
    small.pypi.faults.add(Fault(kind, request="browse"))
    small.pypi.requests.clear()

    report = small.fetch()

    assert isinstance(report.error, Unavailable)
    assert small.stored() == before
    assert small.pypi.requests.by_kind["project"] == 0


def test_empty_registry_creates_no_collection(small: World) -> None:
    small.pypi.faults.add(Fault("empty_browse"))

    report = small.fetch()

    assert isinstance(report.error, Unavailable)
    assert small.deps.admin.list_collections() == []


def test_suddenly_empty_classifier_is_an_outage(small: World) -> None:
    for number in range(21):
        small.fake_registry.publish(f"collective.n{number}", "1.0", info={"classifiers": ["Framework :: Plone"]})
    small.fetch()
    small.pypi.faults.add(Fault("empty_browse", times=1))

    report = small.fetch()

    assert "treating this as an outage" in str(report.error)
    assert "collective-n0" in small.names()


def test_filter_without_any_package_names_the_classifiers_as_the_likely_cause(small: World) -> None:
    small.filter = Filter(classifiers=("Framework :: Mistyped",))

    report = small.fetch()

    assert "check the spelling of the classifiers" in str(report.error)


def test_classifier_may_lose_its_last_packages(small: World) -> None:
    small.fetch()
    small.fake_registry.remove_project("collective.two")  # the only one of "Framework :: Plone :: Addon"

    report = small.fetch()

    assert report.is_complete
    assert small.stored() == small.expected()


def test_package_without_classifier_is_removed(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("collective.one", "0.3", info={"classifiers": ["Framework :: Django"]})

    report = small.fetch()

    assert report.removed == 1
    assert small.stored() == small.expected()
    tombstone = small.deps.index.get_tombstone("plone", "collective.one")
    assert tombstone is not None
    assert "0.3" in tombstone.reason


def test_fetch_requests_classifiers_seen_in_documents(small: World) -> None:
    """trove-classifiers may be older than a framework's newest version."""
    unpublished = "Framework :: Plone :: 99.0"
    small.fake_registry.publish("plone.api", "4.0", info={"classifiers": ["Framework :: Plone", unpublished]})
    small.fake_registry.publish("collective.new", "1.0", info={"classifiers": [unpublished]})

    report = small.fetch()

    assert "collective-new" in small.names()
    assert small.stored() == small.expected()
    assert report.is_complete


def test_failing_package_is_reported_and_others_indexed(small: World) -> None:
    small.pypi.faults.add(Fault("503", project="plone-api"))

    report = small.fetch()

    assert report.failed == ["plone-api"]
    assert small.names() == ["collective-one", "collective-two"]
    assert small.deps.index.get_state("plone").cursor is None

    small.pypi.faults.clear()
    assert small.fetch().is_complete
    assert small.stored() == small.expected()


def test_next_run_reads_failed_release(small: World) -> None:
    small.pypi.faults.add(Fault("503", request="release", project="plone-api"))

    report = small.fetch()

    assert report.failed == ["plone-api"]
    assert (small.document("plone.api")["version"], small.document("plone.api")["last_serial"]) == ("2.0", 0)
    small.pypi.faults.clear()
    small.fetch()
    assert small.stored() == small.expected()


def test_ingest_stops_after_consecutive_failures(small: World) -> None:
    for number in range(200):
        small.fake_registry.publish(f"collective.n{number}", "1.0", info={"classifiers": ["Framework :: Plone"]})
    small.pypi.faults.add(Fault("503", request="project"))

    report = small.fetch()

    assert isinstance(report.error, Unavailable)
    assert small.pypi.requests.by_kind["project"] < 400  # 200 projects, each requested twice


def test_limit_counts_written_packages(small: World) -> None:
    report = small.fetch(scope=Scope(limit=2))

    assert report.indexed == 2
    assert len(small.names()) == 2
    assert small.deps.index.get_state("plone").cursor is None


@pytest.mark.parametrize("part", ["plone-api", "PLONE.A", "lone_ap", "api"])
def test_name_part_matches_any_spelling(small: World, part: str) -> None:
    small.fetch(scope=Scope(name_part=part))

    assert small.names() == ["plone-api"]
    assert small.pypi.requests.by_kind["project"] == 1


def test_restricted_fetch_keeps_cursor_and_other_packages(small: World) -> None:
    small.fetch()
    cursor = small.deps.index.get_state("plone").cursor
    small.fake_registry.remove_project("collective.one")

    small.fetch(scope=Scope(name_part="plone.api"))

    assert "collective-one" in small.names()
    assert small.deps.index.get_state("plone").cursor == cursor


def test_fetch_dry_run_reads_and_writes_nothing(small: World) -> None:
    report = small.fetch(dry_run=True)

    assert (report.found, report.indexed) == (4, 0)
    assert small.deps.admin.list_collections() == []
    assert small.pypi.requests.by_kind["project"] == 0


def test_discover_all_finds_the_same_members(small: World) -> None:
    scanning = small.with_policy(discovery=Discovery.ALL)

    scanning.fetch()

    assert small.stored() == small.expected()
    small.pypi.requests.clear()
    scanning.fetch()
    assert dict(small.pypi.requests.by_kind) == {"simple_index": 1}


def test_fetch_rejects_another_filter(small: World) -> None:
    small.fetch()

    report = small.fetch(target=Target(collection="plone", filter=Filter(classifiers=("Framework :: Django",))))

    assert 'pyf collection rebuild plone --from-pypi --classifier "Framework :: Django"' in str(report.error)
    assert small.names() == MEMBERS


def test_fetch_uses_stored_filter(small: World) -> None:
    django = Filter(classifiers=("Framework :: Django",))
    small.fetch(target=Target(collection="other", filter=django))
    small.fake_registry.publish("django-late", "1.0", info={"classifiers": ["Framework :: Django"]})

    small.fetch(target=Target(collection="other"))

    names = [project_state.name_normalized for project_state in small.deps.index.iter_project_states("other")]
    assert names == ["django-blog", "django-late", "left-plone"]


def test_fetch_keeps_documents_of_quarantined_package(small: World) -> None:
    small.fetch()
    small.fake_registry.quarantine("plone.api")

    report = small.fetch()

    assert (report.removed, small.document("plone.api")["project_status"]) == (0, "quarantined")
    small.fake_registry.clear_quarantine("plone.api")
    small.fetch()
    assert small.document("plone.api")["project_status"] == "active"


def test_fetch_keeps_enrichments(small: World) -> None:
    small.fetch()
    small.deps.index.update("plone", {"plone-api": RepositoryFields(repository_stars=86)})
    small.fake_registry.publish("plone.api", "2.1")

    small.fetch()

    documents = small.deps.index.get_project_documents("plone", "plone.api")
    assert {document.to_dict()["repository_stars"] for document in documents} == {86}
    assert len(documents) == 4


def test_fetch_retries_stale_response(small: World) -> None:
    small.fetch()
    small.fake_registry.publish("plone.api", "2.1")
    small.pypi.document_lag = 1

    report = small.fetch()

    assert report.deferred == ["plone-api"]
    assert "plone-api" in small.deps.index.get_state("plone").stale_retries


def test_filter_everything(small: World) -> None:
    report = small.fetch(target=Target(collection="all", filter=Filter(everything=True)))

    assert report.indexed == 5
    assert len(list(small.deps.index.iter_project_states("all"))) == 5


def test_descriptions_policy_changes_document_version(small: World) -> None:
    policy = small.deps.policy

    assert policy.document_version != replace(policy, descriptions=Descriptions.ALL).document_version


@pytest.mark.parametrize("read_count", [1, 17, 30])
def test_interrupted_fetch_writes_what_it_has_read(small: World, read_count: int) -> None:
    """Packages that are still being rendered when Ctrl-C comes are written, too."""
    small.fake_registry.remove_project("left.plone")  # the only candidate that is no member
    for number in range(28):
        small.fake_registry.publish(f"collective.n{number}", "1.0", info={"classifiers": ["Framework :: Plone"]})

    def interrupt(step: str, done: int, total: int | None) -> None:
        if (step, done) == ("reading package", read_count + 1):
            raise KeyboardInterrupt

    report = small.fetch(progress=interrupt)

    assert (report.interrupted, report.is_complete) == (True, False)
    assert report.indexed == len(small.names()) == read_count
    continued = small.fetch()
    assert (continued.is_complete, continued.indexed) == (True, 31 - read_count)
    assert small.stored() == small.expected()


def test_progress_counts_classifiers_and_packages(small: World) -> None:
    steps: list[tuple[str, int, int | None]] = []

    small.fetch(progress=lambda *step: steps.append(step))

    assert [step for step in steps if step[0] == "reading classifier"] == [
        ("reading classifier", done, BROWSED) for done in range(BROWSED + 1)
    ]
    assert [step for step in steps if step[0] == "reading package"] == [
        ("reading package", done, 4) for done in range(1, 5)
    ]
