"""What the program tells Prometheus, as a scrape over HTTP reads it."""

import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from socket import create_server
from threading import Event

import pytest
from prometheus_client.parser import text_string_to_metric_families

from in_memory import in_memory
from pyf.aggregator import __version__
from pyf.aggregator.adapters.index.memory import MemoryIndex
from pyf.aggregator.adapters.task_count import TaskCount
from pyf.aggregator.domain.collection import CollectionInfo, CollectionState
from pyf.aggregator.domain.errors import Invalid, Unavailable
from pyf.aggregator.metrics import CONTENT_TYPE, Metrics, endpoint
from pyf.aggregator.metrics.declared import ALWAYS, OF_WORKERS
from pyf.aggregator.metrics.index_facts import Facts, IndexFacts
from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.faults import Fault
from worlds import PLONE, world

Scraped = Mapping[tuple[str, tuple[str, ...]], float]


def parsed(text: str) -> Scraped:
    """Return every sample by its name and the values of its labels, which the text has in alphabetical order."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def scraped(metrics: Metrics) -> Iterator[Scraped]:
    port = free_port()
    address = f"http://127.0.0.1:{port}/metrics"
    with endpoint(metrics, host="127.0.0.1", port=port), urllib.request.urlopen(address) as answer:
        yield parsed(answer.read().decode())


def test_a_scrape_tells_of_the_index_and_of_the_requests_that_filled_it(tmp_path: Path) -> None:
    ecosystem = Ecosystem()
    for name in ("plone.api", "plone.base"):
        ecosystem.publish(name, "1.0", info={"classifiers": ["Framework :: Plone"]})
    ecosystem.publish("plone.api", "2.0")
    with world(ecosystem, tmp_path) as plone:
        plone.pypi.faults.add(Fault("503", request="project", times=1))
        report = plone.fetch()
        plone.clock.pass_(120)

        with scraped(Metrics(plone.services)) as told:
            state = plone.services.index.state("plone")

    assert told["pyf_index_up", ()] == 1
    assert (told["pyf_projects", ("plone",)], told["pyf_documents", ("plone",)]) == (2, 3)
    assert told["pyf_newest_change_age_seconds", ("plone",)] == 120
    assert told["pyf_cursor_serial", ("plone",)] == state.cursor == ecosystem.last_serial
    assert told["pyf_requests_total", ("pypi", "503")] == 1
    assert told["pyf_requests_total", ("pypi", "200")] == report.requests - 1
    assert told["process_resident_memory_bytes", ()] > 0


def test_a_collection_that_no_run_has_finished_has_no_age_and_no_cursor() -> None:
    services = in_memory()
    services.admin.create("plone-1", CollectionState(filter=PLONE), alias="plone")

    told = parsed(Metrics(services).text().decode())

    assert told["pyf_documents", ("plone",)] == 0
    assert not [name for name, _ in told if "age" in name or "cursor" in name]


def test_a_rebuild_under_way_is_no_collection_of_its_own() -> None:
    services = in_memory()
    services.admin.create("plone-1", CollectionState(filter=PLONE), alias="plone")
    services.admin.create("plone-2", CollectionState(filter=PLONE, standby_for="plone"))

    told = parsed(Metrics(services).text().decode())

    assert [labels for name, labels in told if name == "pyf_documents"] == [("plone",)]


def test_tasks_are_told_by_name_and_outcome() -> None:
    clock = iter([0.0, 1.0, 2.5, 3.0, 10.0])
    tasks = TaskCount(clock=lambda: next(clock))
    tasks.begin("1", "inspect_project")
    tasks.begin("2", "inspect_project")
    tasks.end("1", "done")
    tasks.begin("3", "update_github")
    tasks.end("2", "failed")
    tasks.end("unheard of", "failed")

    told = parsed(Metrics(in_memory(), tasks=tasks).text().decode())

    assert told["pyf_tasks_total", ("done", "inspect_project")] == 1
    assert told["pyf_task_seconds_total", ("done", "inspect_project")] == 2.5
    assert told["pyf_task_seconds_total", ("failed", "inspect_project")] == 9
    assert told["pyf_tasks_under_way", ("update_github",)] == 1
    assert len([name for name, _ in told if name == "pyf_tasks_total"]) == 2


def test_the_text_names_each_metric_with_its_help() -> None:
    text = Metrics(in_memory()).text().decode()

    assert "# HELP pyf_requests_total Requests to services" in text
    assert CONTENT_TYPE.startswith("text/plain; version=")


class Down(MemoryIndex):
    """An index that does not answer."""

    def collections(self) -> Sequence[CollectionInfo]:
        raise Unavailable("no server")


def test_an_index_that_does_not_answer_keeps_nothing_else_back() -> None:
    told = parsed(Metrics(in_memory(admin=Down())).text().decode())

    assert (told["pyf_index_up", ()], told["pyf_build_info", (__version__,)]) == (0, 1)


def test_an_index_that_is_slow_is_told_as_down_and_asked_once() -> None:
    looks, may_go_on = [], Event()

    def slow() -> list[Facts]:
        looks.append(1)
        may_go_on.wait()
        return []

    facts = IndexFacts(slow, patience=0.01)
    late = [facts.latest() for _ in range(3)]
    may_go_on.set()
    facts = IndexFacts(slow, patience=30)

    assert (late, facts.latest(), len(looks)) == ([None] * 3, [], 2)


def test_who_asks_again_within_seconds_hears_the_same() -> None:
    looks: list[int] = []

    def look() -> list[Facts]:
        looks.append(1)
        return []

    patient, eager = IndexFacts(look, fresh_for=1_000), IndexFacts(look, fresh_for=-1)
    for _ in range(3):
        patient.latest()
    assert len(looks) == 1
    for _ in range(3):
        eager.latest()
    assert len(looks) == 4


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with closing(create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        with (
            pytest.raises(Invalid, match=f"METRICS_PORT={port}: .*Address already in use"),
            endpoint(Metrics(in_memory()), host="127.0.0.1", port=port),
        ):
            pass


def test_the_port_is_free_again_afterwards() -> None:
    port = free_port()

    for _ in range(2):
        with endpoint(Metrics(in_memory()), host="127.0.0.1", port=port):
            pass


def test_all_that_is_told_is_declared_and_all_that_is_declared_is_told() -> None:
    text = Metrics(in_memory(), tasks=TaskCount(), backlog=Backlog()).text().decode()

    told = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP pyf_")}
    assert told == {each.sample for each in (*ALWAYS, *OF_WORKERS)}


class Backlog:
    """A queue of so many tasks, or one that does not answer."""

    def __init__(self, *lengths: int) -> None:
        self._lengths = lengths

    def lengths(self) -> tuple[int, int]:
        if not self._lengths:
            raise Unavailable("no Redis")
        return self._lengths[0], self._lengths[1]


def test_the_queue_is_told_or_that_it_does_not_answer() -> None:
    there = parsed(Metrics(in_memory(), backlog=Backlog(7, 2)).text().decode())
    away = parsed(Metrics(in_memory(), backlog=Backlog()).text().decode())

    assert (there["pyf_queue_up", ()], there["pyf_queue_length", ()], there["pyf_queue_in_hand", ()]) == (1, 7, 2)
    assert away["pyf_queue_up", ()] == 0
    assert ("pyf_queue_length", ()) not in away
