"""Repository data of a project is fetched once, written to all of its releases, and never guessed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, RepositoryFields
from pyf.aggregator.domain.errors import Invalid, NotFound, Unavailable
from pyf.aggregator.domain.repositories import Repository
from pyf.aggregator.ports import Dependencies, ProjectDocuments, RateLimitStatus, RepositoryResult
from pyf.aggregator.testing.enrichment import FakeRepositoryHost
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.enrich.repositories import enrich_repositories
from pyf.aggregator.usecases.report import EnrichmentReport, EnrichOptions
from support.builders import build_project, build_state
from support.fake_dependencies import build_fake_dependencies
from support.index_engines import ENGINES, IndexEngine
from support.registry_world import PLONE_FILTER, Clock
from support.repository_hosts import to_ref

DAY = 86_400


@dataclass
class EnrichmentWorld:
    """A fake index and a fake host; runs use the collection `plone` by default."""

    deps: Dependencies
    host: FakeRepositoryHost
    clock: Clock
    notices: list[str] = field(default_factory=list)

    def add_project(self, name: str, *versions: str, collection: str = "plone", **fields: Any) -> ProjectDocuments:
        """Put a project into the index; `source` is its link."""
        if source := fields.pop("source", ""):
            fields["project_urls"] = {"Source": source}
        project = build_project(name, *versions, **fields)
        self.deps.index.put(collection, [project])
        return project

    def add_repository(self, path: str, **facts: Any) -> None:
        self.host.repositories[to_ref(path)] = Repository(ref=to_ref(path), **facts)

    def run(self, collection: str = "plone", **options: Any) -> EnrichmentReport:
        target = Target(collection=collection, filter=PLONE_FILTER)
        names = options.keys() & set(EnrichOptions.__struct_fields__)
        enrich_options = EnrichOptions(**{name: options.pop(name) for name in names})
        return enrich_repositories(self.deps, target, options=enrich_options, on_notice=self.notices.append, **options)

    def read_fields(self, name: str, collection: str = "plone") -> RepositoryFields:
        written = self.deps.index.get_enrichments(collection, [name])[name].repository
        return written or RepositoryFields()

    @property
    def take_requested(self) -> list[str]:
        return [ref.path for ref in self.host.requested]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IndexEngine]:
    with ENGINES[request.param](tmp_path) as engine:
        yield engine


@pytest.fixture
def enrichment(engine: IndexEngine) -> EnrichmentWorld:
    return build_enrichment(engine)


def build_enrichment(engine: IndexEngine) -> EnrichmentWorld:
    host, clock = FakeRepositoryHost(), Clock()
    for collection in ("plone", "django"):
        engine.admin.create(collection, build_state())
    deps = build_fake_dependencies(
        index=engine.index, admin=engine.admin, repository_hosts={"github.com": host}, request_counter=host, now=clock
    )
    return EnrichmentWorld(deps, host, clock)


def test_repository_fields_reach_all_releases(enrichment: EnrichmentWorld) -> None:
    enrichment.add_project("plone.api", "1.0", "2.0", "3.0a1", source="https://github.com/plone/plone.api/")
    enrichment.add_repository("plone/plone.api", stars=90, topics=("plone",), is_archived=False)

    report = enrichment.run()

    documents = enrichment.deps.index.get_project_documents("plone", "plone-api")
    assert [document.to_dict()["repository_stars"] for document in documents] == [90, 90, 90]
    assert [document.to_dict()["github_stars"] for document in documents] == [90, 90, 90]
    assert enrichment.read_fields("plone-api") == RepositoryFields(
        repository_host="github.com",
        repository_url="https://github.com/plone/plone.api",
        repository_verified=True,
        repository_stars=90,
        repository_topics=("plone",),
        repository_archived=False,
        repository_checked=int(enrichment.clock()),
    )
    assert (report.found, report.enriched, report.cached, report.missing, report.is_complete) == (1, 1, 0, [], True)
    assert report.requests == 1


def test_later_release_has_repository_fields(enrichment: EnrichmentWorld) -> None:
    enrichment.add_project("a", "1.0", source="https://github.com/o/a")
    enrichment.add_repository("o/a", stars=3)
    enrichment.run()

    enrichment.add_project("a", "1.0", "2.0", source="https://github.com/o/a")

    newest, _ = enrichment.deps.index.get_project_documents("plone", "a")
    assert (newest.registry.version, newest.to_dict()["repository_stars"]) == ("2.0", 3)


def test_repositories_keep_other_fields(enrichment: EnrichmentWorld) -> None:
    project = enrichment.add_project("a", source="https://github.com/o/a")
    other_fields = (DownloadFields(download_last_day=5), HealthFields(health_score=50))
    for fields in other_fields:
        enrichment.deps.index.update("plone", {"a": fields})
    enrichment.add_repository("o/a", stars=3)

    enrichment.run()

    (document,) = enrichment.deps.index.get_project_documents("plone", "a")
    assert (document.downloads, document.registry) == (other_fields[0], project.documents[0])


def test_repository_makes_score_full(enrichment: EnrichmentWorld) -> None:
    enrichment.add_project("a", "1.0", "2.0", source="https://github.com/o/a")
    enrichment.add_project("elsewhere", source="https://example.org")
    enrichment.add_repository("o/a", is_archived=True)

    enrichment.run()

    health = [document.to_dict() for document in enrichment.deps.index.get_project_documents("plone", "a")]
    assert [document["health_model"] for document in health] == ["full", "full"]
    assert "repository-archived" in {cap["cap"] for cap in health[0]["health_score_breakdown"]["caps"]}
    (elsewhere,) = enrichment.deps.index.get_project_documents("plone", "elsewhere")
    assert elsewhere.health
    assert elsewhere.health.health_model == "full"


def test_repository_of_removed_package_is_dropped(enrichment: EnrichmentWorld) -> None:
    for name in ("leaving", "staying"):
        enrichment.add_project(name, source=f"https://github.com/o/{name}")
        enrichment.add_repository(f"o/{name}", stars=1)

    def leave(result: RepositoryResult) -> None:
        enrichment.deps.index.remove("plone", [Tombstone(name="leaving", removed_at=1, reason="gone")])

    report = enrichment.run(on_result=leave)

    assert [
        stored_documents.name_normalized for stored_documents in enrichment.deps.index.iter_project_states("plone")
    ] == ["staying"]
    assert report.enriched == 1


def test_shared_repository_is_requested_once(enrichment: EnrichmentWorld) -> None:
    for number in range(4):
        enrichment.add_project(f"mono-{number}", source=f"https://GitHub.com/{'O' if number % 2 else 'o'}/mono.git")
    enrichment.add_repository("o/mono", stars=8)

    report = enrichment.run()

    assert (len(enrichment.take_requested), report.enriched, report.requests) == (1, 4, 1)


def test_missing_repository_tries_next_candidate(
    enrichment: EnrichmentWorld,
) -> None:
    newest = build_project("a", "2.0", home_page="https://github.com/o/gone-too", project_urls={
        "Source": "https://github.com/o/gone", "Changelog": "https://example.org",
    }).documents[0]  # fmt: skip
    older = build_project("a", "1.0", home_page="http://github.com/former/a").documents[0]
    documents = (newest, replace(older, is_newest=False))
    enrichment.deps.index.put("plone", [ProjectDocuments(name_normalized="a", documents=documents)])
    enrichment.add_repository("former/a", stars=2)

    report = enrichment.run()

    assert enrichment.take_requested == ["o/gone", "o/gone-too", "former/a"]
    assert (report.enriched, enrichment.read_fields("a").repository_stars) == (1, 2)


def test_moved_repository_is_requested_once(
    enrichment: EnrichmentWorld,
) -> None:
    enrichment.add_project("a", source="https://github.com/former/a")
    enrichment.add_repository("o/a", stars=2)
    enrichment.host.redirects[to_ref("former/a")] = to_ref("o/a")
    enrichment.run()

    enrichment.add_project("b", collection="django", source="https://github.com/o/a")
    report = enrichment.run("django")

    assert enrichment.read_fields("a").repository_url == "https://github.com/o/a"
    assert (report.requests, report.cached, enrichment.read_fields("b", "django").repository_stars) == (0, 1, 2)


def test_cached_repositories_need_no_request(
    enrichment: EnrichmentWorld,
) -> None:
    for collection in ("plone", "django"):
        enrichment.add_project("a", collection=collection, source="https://github.com/o/a")
        enrichment.add_project("b", collection=collection, source="https://github.com/o/gone")
    enrichment.add_repository("o/a", stars=2)
    first = enrichment.run()
    enrichment.clock.advance(DAY - 1)

    again, other = enrichment.run(), enrichment.run("django")

    assert (first.requests, again.requests, other.requests) == (1, 0, 0)
    for report in (again, other):
        assert (report.enriched, report.cached, report.missing) == (1, 1, ["b"])
    assert enrichment.read_fields("a", "django") == enrichment.read_fields("a")
    assert enrichment.read_fields("a").repository_checked == int(enrichment.clock()) - DAY + 1


@pytest.mark.parametrize(("passed", "options"), [(DAY, {}), (1, {"fresh": True})])
def test_repository_cache_expires_or_is_bypassed(
    enrichment: EnrichmentWorld, passed: int, options: dict[str, bool]
) -> None:
    enrichment.add_project("a", source="https://github.com/o/a")
    enrichment.add_repository("o/a", stars=2)
    enrichment.run()
    enrichment.clock.advance(passed)
    enrichment.add_repository("o/a", stars=3)

    report = enrichment.run(**options)

    assert (report.requests, enrichment.read_fields("a").repository_stars) == (1, 3)


def test_missing_repository_clears_fields(enrichment: EnrichmentWorld) -> None:
    enrichment.add_project("a", source="https://github.com/o/a")
    enrichment.add_repository("o/a", stars=2)
    enrichment.run()
    enrichment.clock.advance(DAY)
    enrichment.host.repositories.clear()

    report = enrichment.run()

    assert enrichment.read_fields("a") == RepositoryFields(repository_checked=int(enrichment.clock()))
    assert report.missing == ["a"]
    assert report.reasons["a"] == "GitHub knows no public repository: o/a"
    assert report.is_complete


def test_outage_keeps_repository_fields(enrichment: EnrichmentWorld) -> None:
    for name in ("a", "b"):
        enrichment.add_project(name, source=f"https://github.com/o/{name}")
        enrichment.add_repository(f"o/{name}", stars=2)
    enrichment.run()
    enrichment.clock.advance(DAY)
    enrichment.host.unavailable = {to_ref("o/a")}
    enrichment.add_repository("o/b", stars=3)

    report = enrichment.run()

    assert (enrichment.read_fields("a").repository_stars, enrichment.read_fields("b").repository_stars) == (2, 3)
    assert (report.failed, report.missing, report.is_complete) == (["a"], [], False)
    enrichment.host.unavailable = set()
    assert enrichment.run().requests == 1


@pytest.mark.parametrize("refusal", [Unavailable("the limit is used up", retry_after=900), Invalid("GITHUB_TOKEN: no")])
def test_next_run_requests_only_the_rest(enrichment: EnrichmentWorld, refusal: Exception) -> None:
    for number in range(120):
        enrichment.add_project(f"p{number:03}", source=f"https://github.com/o/p{number:03}")
        enrichment.add_repository(f"o/p{number:03}", stars=number)

    def refuse(_: RepositoryResult) -> None:
        enrichment.host.failure = refusal  # type: ignore[assignment]

    first = enrichment.run(on_result=refuse)
    enrichment.host.failure = None
    second = enrichment.run()

    assert (first.enriched, first.error, first.failed) == (50, refusal, [])
    assert first.notices == ["70 of 120 packages were not processed; the others are saved, the next run continues"]
    assert (second.enriched, second.cached, len(enrichment.take_requested)) == (120, 50, 120)


def test_packages_without_repository_are_missing(enrichment: EnrichmentWorld) -> None:
    enrichment.add_project("nowhere", home_page="https://example.org", source="UNKNOWN")
    enrichment.add_project("elsewhere", source="https://gitlab.com/group/sub/name")
    enrichment.add_project(
        "moved-away", home_page="https://github.com/o/mirror", source="https://codeberg.org/o/moved-away"
    )

    report = enrichment.run()

    assert report.reasons == {
        "nowhere": "no link points to a repository",
        "elsewhere": "its repository is on another host: https://gitlab.com/group/sub/name",
        "moved-away": "its repository is on another host: https://codeberg.org/o/moved-away",
    }
    assert (sorted(report.missing), report.is_complete, enrichment.take_requested) == (sorted(report.reasons), True, [])
    assert enrichment.read_fields("nowhere") == RepositoryFields(repository_checked=int(enrichment.clock()))


def test_enrich_one_package_by_any_spelling(enrichment: EnrichmentWorld) -> None:
    for name in ("Plone.Api", "other"):
        enrichment.add_project(name, source=f"https://github.com/o/{name}")
        enrichment.add_repository(f"o/{name}", stars=4)

    report = enrichment.run(name="PLONE_api")

    assert (report.found, enrichment.take_requested) == (1, ["o/Plone.Api"])
    assert enrichment.read_fields("plone-api").repository_stars == 4
    assert enrichment.read_fields("other") == RepositoryFields()


def test_unknown_package_or_collection_is_not_found(enrichment: EnrichmentWorld) -> None:
    enrichment.deps.index.remove("plone", [Tombstone(name="left", removed_at=0, reason="it left")])

    unknown, removed_report, nowhere = (
        enrichment.run(name="nobody"),
        enrichment.run(name="Left"),
        enrichment.run("nowhere"),
    )

    for report, text in (
        (unknown, "nobody is not in the collection plone"),
        (removed_report, "Left was removed from the collection plone on 1970-01-01 00:00 UTC: it left"),
        (nowhere, "Create it with: pyf fetch -p plone -t nowhere"),
    ):
        assert isinstance(report.error, NotFound)
        assert text in str(report.error)
    assert enrichment.take_requested == []


def test_repositories_limit_selects_oldest_checks(enrichment: EnrichmentWorld) -> None:
    for name in "abcd":
        enrichment.add_project(name, source="" if name == "b" else f"https://github.com/o/{name}")
        enrichment.add_repository(f"o/{name}", stars=1)

    seen = []
    for _ in range(3):
        enrichment.clock.advance(1)
        enrichment.run(limit=2)
        seen.append(
            sorted(name for name in "abcd" if enrichment.read_fields(name).repository_checked == enrichment.clock())
        )

    assert seen == [["a", "b"], ["c", "d"], ["b"]]  # what is known of `a` was learned in the first run


def test_rate_limit_defers_the_rest(enrichment: EnrichmentWorld) -> None:
    for name in "abcde":
        enrichment.add_project(name, source=f"https://github.com/o/{name}")
        enrichment.add_repository(f"o/{name}", stars=1)
    enrichment.host.rate_limit = RateLimitStatus(remaining=3, limit=60, resets_at=1_800_003_600)

    report = enrichment.run()

    assert enrichment.take_requested == ["o/a", "o/b", "o/c"]
    assert (report.enriched, report.deferred, report.is_complete) == (3, ["d", "e"], False)
    (line,) = enrichment.notices
    assert "allows 60 requests an hour; 3 are left until 09:00 UTC. Repositories to request in this run: 5." in line
    enrichment.host.rate_limit = RateLimitStatus(remaining=60, limit=60, resets_at=1_800_007_200)
    assert enrichment.run().cached == 3


def test_no_rate_limit_notice_without_requests(enrichment: EnrichmentWorld) -> None:
    enrichment.add_project("a")
    enrichment.host.rate_limit = RateLimitStatus(remaining=0, limit=60, resets_at=0)

    assert enrichment.run().is_complete
    assert enrichment.notices == []


def test_repository_claimed_by_many_is_not_verified(enrichment: EnrichmentWorld) -> None:
    for name in ("ab", "cd", "ef", "gh", "ij", "kl"):
        enrichment.add_project(name, source="https://github.com/audreyr/cookiecutter", maintainers=(name,))
    enrichment.add_project("own", source="https://github.com/o/own")
    enrichment.add_repository("audreyr/cookiecutter", stars=20_000)
    enrichment.add_repository("o/own", stars=1)

    enrichment.run()

    assert [enrichment.read_fields(name).repository_verified for name in ("ab", "kl", "own")] == [False, False, True]


def test_claims_by_former_name_or_second_link_count(
    enrichment: EnrichmentWorld,
) -> None:
    refs = ["former/template"] * 3 + ["o/template"] * 2 + ["o/gone"]
    for name, path in zip(("ab", "cd", "ef", "gh", "ij", "kl"), refs, strict=True):
        links = {"Source": f"https://github.com/{path}", "Other": "https://github.com/o/template"}
        enrichment.add_project(name, project_urls=links)
    enrichment.add_repository("o/template", stars=20_000)
    enrichment.host.redirects[to_ref("former/template")] = to_ref("o/template")

    enrichment.run()

    assert {enrichment.read_fields(name).repository_verified for name in ("ab", "cd", "ef", "gh", "ij", "kl")} == {
        False
    }


def test_partial_run_keeps_verification(enrichment: EnrichmentWorld) -> None:
    for name in ("ab", "cd", "ef", "gh", "ij", "kl"):
        enrichment.add_project(name, source="https://github.com/o/template")
    enrichment.add_repository("o/template", stars=20_000)
    enrichment.run(name="cd")
    before = enrichment.read_fields("cd").repository_verified
    enrichment.run()

    enrichment.run(name="ab", fresh=True)
    enrichment.run(limit=2, fresh=True)

    assert before is UNSET
    assert [enrichment.read_fields(name).repository_verified for name in ("ab", "cd")] == [False, False]


def test_repository_progress_is_complete(enrichment: EnrichmentWorld) -> None:
    for name in "abc":
        enrichment.add_project(name, source="" if name == "b" else f"https://github.com/o/{name}")
    enrichment.add_repository("o/a")
    enrichment.host.unavailable = {to_ref("o/c")}
    steps: list[tuple[str, int, int | None]] = []

    enrichment.run(progress=lambda *step: steps.append(step))

    assert steps == [("repositories: package", done, 3) for done in (1, 2, 3)]


PATHS = ["o/a", "o/b", "o/c", "o/d"]


@given(
    links=st.lists(st.lists(st.sampled_from(PATHS), max_size=3), min_size=1, max_size=8),
    hosted=st.sets(st.sampled_from(PATHS)),
    down=st.sets(st.sampled_from(PATHS)),
    batch=st.integers(1, 3),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_repository_run_properties(
    tmp_path: Path, links: list[list[str]], hosted: set[str], down: set[str], batch: int
) -> None:
    with ENGINES["memory"](tmp_path) as engine:
        enrichment = build_enrichment(engine)
        host = replace_host(enrichment, batch)
        host.unavailable = {to_ref(path) for path in down}
        for path in hosted:
            enrichment.add_repository(path, stars=1)
        for number, paths in enumerate(links):
            urls = {f"Link {place}": f"https://github.com/{path}" for place, path in enumerate(paths)}
            enrichment.add_project(f"p{number}", project_urls=urls)

        report = enrichment.run()

        for number, paths in enumerate(links):
            first = next((path for path in paths if path in hosted or path in down), "")
            expected = "failed" if first in down else "enriched" if first else "missing"
            name = f"p{number}"
            url = enrichment.read_fields(name).repository_url
            ended = "failed" if name in report.failed else "missing" if name in report.missing else "enriched"
            assert (ended, url) == (expected, f"https://github.com/{first}" if expected == "enriched" else UNSET)
        assert len(set(host.requested)) == len(host.requested)


def replace_host(enrichment: EnrichmentWorld, batch: int) -> FakeRepositoryHost:
    enrichment.host = FakeRepositoryHost(batch_size=batch)
    enrichment.deps = replace(
        enrichment.deps, repository_hosts={"github.com": enrichment.host}, request_counter=enrichment.host
    )
    return enrichment.host


def test_partial_results_are_requested_with_token(enrichment: EnrichmentWorld) -> None:
    """A result without a token must not hide the last commit from runs with a token for a day."""
    enrichment.add_project("a", source="https://github.com/o/a")
    enrichment.add_repository("o/a", stars=3)
    enrichment.host.is_partial = True
    requests = [enrichment.run().requests for _ in range(2)]

    enrichment.host.is_partial = False
    enrichment.add_repository("o/a", stars=3, last_commit=5)
    requests += [enrichment.run().requests for _ in range(2)]

    assert requests == [1, 0, 1, 0]
    assert enrichment.read_fields("a").repository_last_commit == 5


def test_repository_fetched_by_a_clock_in_the_future_is_fetched_again(enrichment: EnrichmentWorld) -> None:
    enrichment.add_project("a", "1.0", source="https://github.com/o/a")
    enrichment.add_project("gone", "1.0", source="https://github.com/o/gone")
    enrichment.add_repository("o/a", stars=3)
    enrichment.clock.advance(100 * 86_400)
    enrichment.run()
    enrichment.clock.advance(-100 * 86_400)
    enrichment.add_repository("o/a", stars=4)

    first, second = enrichment.run(), enrichment.run()

    assert (first.requests, second.requests) == (1, 0)
    assert enrichment.read_fields("a").repository_stars == 4
    assert enrichment.read_fields("a").repository_checked == int(enrichment.clock())
