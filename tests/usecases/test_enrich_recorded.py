"""Hundreds of real repositories through GraphQL, with GitHub at its moodiest: what was answered is not asked again."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from builders import collection_state, project_documents
from in_memory import in_memory
from pyf.aggregator.adapters.github import GitHubGraphQL
from pyf.aggregator.adapters.http import Http
from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.domain.errors import Unavailable
from pyf.aggregator.domain.project import normalized
from pyf.aggregator.ports import Services
from pyf.aggregator.sample.faults import Fault, RetryAfter
from pyf.aggregator.sample.github import LocalGitHub
from pyf.aggregator.sample.hosted import Hosted, recorded
from pyf.aggregator.usecases.enrich_repositories import enrich_repositories
from pyf.aggregator.usecases.report import EnrichmentReport
from pyf.aggregator.usecases.target import Target
from repository_hosts import TOKEN, client
from worlds import PLONE, Clock

GONE, MOVED = 40, 12


@dataclass
class Recorded:
    """An index of the recorded projects and what hosts their repositories; `distinct` counts their addresses."""

    services: Services
    github: LocalGitHub
    http: Http
    records: dict[str, dict[str, Any]]
    distinct: int

    def run(self, *, timeout: float = 30) -> EnrichmentReport:
        host = GitHubGraphQL(client(self.http, self.github.url, timeout=timeout))
        services = structs.replace(self.services, repositories=host)
        return enrich_repositories(services, Target(collection="plone", filter=PLONE))

    def stars(self) -> dict[str, Any]:
        documents = (document.as_mapping() for document in self.services.index.export("plone"))
        return {each["name"]: each["github_stars"] for each in documents if "github_stars" in each}


@pytest.fixture
def recording(shared_data: Path) -> Iterator[Recorded]:
    lines = gzip.decompress((shared_data / "github" / "repositories.jsonl.gz").read_bytes()).splitlines()
    records = {f"{number}-{record['project']}": record for number, record in enumerate(map(msgspec.json.decode, lines))}
    links = {name: record["url"] for name, record in records.items()}
    hosted = list(recorded(records.values()))
    # Some projects share a repository, recorded at different times: these stay where they are, as recorded last.
    alone = [place for place, one in enumerate(hosted) if [o.path.lower() for o in hosted].count(one.path.lower()) == 1]
    for place in alone[:MOVED]:
        links[list(records)[place]] = f"https://github.com/former/{place}"
        hosted[place] = replace(hosted[place], was=(f"former/{place}",))
    links |= {f"gone-{number}": f"git@github.com:gone/{number}.git" for number in range(GONE)}
    links["empty"] = "https://github.com/o/empty"
    index, clock = MemoryIndex(), Clock()
    index.create("plone", collection_state())
    index.put(
        "plone", [project_documents(name, "1.0", "2.0", project_urls={"Source": url}) for name, url in links.items()]
    )
    empty = Hosted(path="o/empty", pushed=None, last_commit=None)
    with LocalGitHub([*hosted, empty], token=TOKEN) as github, Http() as http:
        services = in_memory(
            index=index,
            admin=index,
            repositories=GitHubGraphQL(client(http, github.url)),
            requests=http,
            now=clock,
        )
        yield Recorded(services, github, http, records, len({url.lower() for url in links.values()}))


def check(recording: Recorded, report: EnrichmentReport) -> None:
    """Everything was found, written and told once."""
    assert (report.found, report.failed, report.stopped_by) == (len(recording.records) + GONE + 1, [], None)
    assert {normalized(name) for name in report.missing} == {f"gone-{number}" for number in range(GONE)}
    by_url = {record["url"].lower(): record["activity"]["stars"] for record in recording.records.values()}
    expected = {name: by_url[record["url"].lower()] for name, record in recording.records.items()} | {"empty": 0}
    assert recording.stars() == expected
    assert report.enriched == len(expected)
    assert set(recording.github.told.values()) == {1}
    assert recording.github.requests.most_at_once == 1


def test_as_few_requests_as_can_be_and_none_in_the_second_run(recording: Recorded) -> None:
    report = recording.run()

    check(recording, report)
    assert report.requests <= ceil(recording.distinct / 50) + 2
    assert set(recording.github.asked.values()) == {1}
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
def test_a_trouble_in_the_middle_changes_nothing_in_the_end(recording: Recorded, faults: list[Fault]) -> None:
    recording.github.faults.add(*faults)

    report = recording.run(timeout=1.5)

    check(recording, report)
    lost = sum(recording.github.asked.values()) - recording.distinct
    assert 0 < lost <= 50 * sum(recording.github.faults.struck.values())


def test_an_exhausted_primary_limit_keeps_what_was_learned_and_the_rest_is_asked_once(recording: Recorded) -> None:
    recording.github.graphql.left = 3

    stopped = recording.run()
    learned = len(recording.github.told)
    recording.github.graphql.left = 5000
    report = recording.run()

    assert isinstance(stopped.stopped_by, Unavailable)
    assert (stopped.stopped_by.retry_after or 0) > 3000
    assert (learned, stopped.requests) == (150, 4)
    check(recording, report)
    assert report.remembered == stopped.enriched
