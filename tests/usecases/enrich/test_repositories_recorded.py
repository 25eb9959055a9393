"""Enrich hundreds of recorded repositories through GraphQL with faults: no response is requested twice."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from pyf.aggregator.adapters.http.client import HttpClient
from pyf.aggregator.adapters.repository_hosts.github import GitHubGraphQL
from pyf.aggregator.domain.documents.project import normalize_name
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.ports import Dependencies
from pyf.aggregator.sandbox.faults import Fault, RetryAfter
from pyf.aggregator.sandbox.github import LocalGitHub
from pyf.aggregator.sandbox.github_fixtures import HostedRepository, parse_records
from pyf.aggregator.testing.index import FakeIndex
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.enrich.repositories import enrich_repositories
from pyf.aggregator.usecases.report import EnrichmentReport
from support.builders import build_project, build_state
from support.fake_dependencies import build_fake_dependencies
from support.registry_world import PLONE_FILTER, Clock
from support.repository_hosts import TOKEN, create_client

GONE, MOVED = 40, 12


@dataclass
class RecordedRun:
    """An index of the recorded projects and what hosts their repositories; `distinct` counts their addresses."""

    deps: Dependencies
    github: LocalGitHub
    http: HttpClient
    records: dict[str, dict[str, Any]]
    distinct: int

    def run(self, *, timeout: float = 30) -> EnrichmentReport:
        host = GitHubGraphQL(create_client(self.http, self.github.url, timeout=timeout))
        deps = structs.replace(self.deps, repository_hosts={"github.com": host})
        return enrich_repositories(deps, Target(collection="plone", filter=PLONE_FILTER))

    def read_stars(self) -> dict[str, Any]:
        documents = (document.to_dict() for document in self.deps.index.export("plone"))
        return {fields["name"]: fields["repository_stars"] for fields in documents if "repository_stars" in fields}


@pytest.fixture
def recording(shared_data: Path) -> Iterator[RecordedRun]:
    lines = gzip.decompress((shared_data / "github" / "repositories.jsonl.gz").read_bytes()).splitlines()
    records = {f"{number}-{record['project']}": record for number, record in enumerate(map(msgspec.json.decode, lines))}
    links = {name: record["url"] for name, record in records.items()}
    hosted = list(parse_records(records.values()))
    # Some projects share a repository, recorded at different times: these stay where they are, as recorded last.
    alone = [place for place, one in enumerate(hosted) if [o.path.lower() for o in hosted].count(one.path.lower()) == 1]
    for place in alone[:MOVED]:
        links[list(records)[place]] = f"https://github.com/former/{place}"
        hosted[place] = replace(hosted[place], former_paths=(f"former/{place}",))
    links |= {f"gone-{number}": f"git@github.com:gone/{number}.git" for number in range(GONE)}
    links["empty"] = "https://github.com/o/empty"
    index, clock = FakeIndex(), Clock()
    index.create("plone", build_state())
    index.put("plone", [build_project(name, "1.0", "2.0", project_urls={"Source": url}) for name, url in links.items()])
    empty = HostedRepository(path="o/empty", pushed=None, last_commit=None)
    with LocalGitHub([*hosted, empty], token=TOKEN) as github, HttpClient() as http:
        deps = build_fake_dependencies(
            index=index,
            admin=index,
            repository_hosts={"github.com": GitHubGraphQL(create_client(http, github.url))},
            request_counter=http,
            now=clock,
        )
        yield RecordedRun(deps, github, http, records, len({url.lower() for url in links.values()}))


def check_report(recording: RecordedRun, report: EnrichmentReport) -> None:
    """Check that everything was found, written and reported once."""
    assert (report.found, report.failed, report.error) == (len(recording.records) + GONE + 1, [], None)
    assert {normalize_name(name) for name in report.missing} == {f"gone-{number}" for number in range(GONE)}
    by_url = {record["url"].lower(): record["activity"]["stars"] for record in recording.records.values()}
    expected = {name: by_url[record["url"].lower()] for name, record in recording.records.items()} | {"empty": 0}
    assert recording.read_stars() == expected
    assert report.enriched == len(expected)
    assert set(recording.github.response_counts.values()) == {1}
    assert recording.github.requests.max_active == 1


def test_recorded_run_request_counts(recording: RecordedRun) -> None:
    report = recording.run()

    check_report(recording, report)
    assert report.requests <= ceil(recording.distinct / 50) + 2
    assert set(recording.github.request_counts.values()) == {1}
    again = recording.run()
    assert (again.requests, again.enriched, len(again.missing)) == (0, report.enriched, GONE)


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("502", request="graphql", times=1)],
        [Fault("secondary_limit", request="graphql", times=1, retry_after=RetryAfter(2))],
        [Fault("secondary_limit_200", request="graphql", times=1)],
        [Fault("resource_limits", request="graphql", times=1), Fault("left_out", request="graphql", times=1)],
        [Fault("timeout", request="graphql", times=1)],
        [Fault(kind, request="graphql", times=1) for kind in ("half", "504", "reset", "left_out", "429", "html")],
        [Fault("502", request="graphql", times=20, probability=0.4)],
    ],
    ids=lambda faults: "+".join(str(fault.kind) for fault in faults),
)
def test_recorded_run_survives_faults(recording: RecordedRun, faults: list[Fault]) -> None:
    recording.github.faults.add(*faults)

    report = recording.run(timeout=1.5)

    check_report(recording, report)
    failed = sum(recording.github.request_counts.values()) - recording.distinct
    assert 0 < failed <= 50 * sum(recording.github.faults.hits.values())


def test_recorded_run_resumes_after_rate_limit(recording: RecordedRun) -> None:
    recording.github.graphql_quota.remaining = 3

    stopped = recording.run()
    learned = len(recording.github.response_counts)
    recording.github.graphql_quota.remaining = 5000
    report = recording.run()

    assert isinstance(stopped.error, Unavailable)
    assert (stopped.error.retry_after or 0) > 3000
    assert (learned, stopped.requests) == (150, 4)
    check_report(recording, report)
    assert report.cached == stopped.enriched
