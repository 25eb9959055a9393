"""What every `DownloadStats` keeps to."""

from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest
from msgspec import UNSET

from download_sources import RECENT, SOURCES, TRUTH, Source
from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import AggregatorError, NotFound, Unavailable


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    with SOURCES[request.param]() as source:
        yield source


def counted(source: Source, names: Iterable[str]) -> dict[str, Downloads | AggregatorError]:
    """Return the answers by name; one name has one answer."""
    answers = [count for batch in source.stats.counts(names) for count in batch]
    by_name = {count.name: count.answer for count in answers}
    assert len(by_name) == len(answers)
    return by_name


def test_counts_are_those_of_the_last_day_week_and_month(source: Source) -> None:
    answers = counted(source, RECENT)

    assert {
        name: (answer.last_day, answer.last_week, answer.last_month)
        for name, answer in answers.items()
        if isinstance(answer, Downloads)
    } == RECENT


def test_what_the_source_does_not_tell_is_unset(source: Source) -> None:
    answers = counted(source, TRUTH)

    for name, answer in answers.items():
        assert isinstance(answer, Downloads)
        if source.tells_all:
            assert answer == TRUTH[name]
        else:
            assert (answer.total, answer.history, answer.until) == (UNSET, {}, UNSET)


def test_a_project_that_the_source_does_not_know_is_not_found_and_keeps_no_other_back(source: Source) -> None:
    answers = counted(source, ["nobody", "busy"])

    assert isinstance(answers["nobody"], NotFound)
    assert isinstance(answers["busy"], Downloads)


def test_a_source_that_does_not_answer_is_unavailable_for_every_name(source: Source) -> None:
    source.silence()

    answers = counted(source, ["busy", "quiet", "nobody"])

    assert answers.keys() == {"busy", "quiet", "nobody"}
    assert all(isinstance(answer, Unavailable) for answer in answers.values())


def test_no_names_are_no_request(source: Source) -> None:
    assert counted(source, []) == {}
    assert (source.meter.count(), source.stats.effort(0).requests) == (0, 0)


def test_asking_takes_the_requests_that_were_foretold(source: Source) -> None:
    counted(source, RECENT)

    assert source.meter.count() == source.stats.effort(len(RECENT)).requests


def test_names_are_taken_only_as_answers_are(source: Source) -> None:
    taken = 0

    def names() -> Iterator[str]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield f"nobody-{number}"

    with closing(source.stats.counts(names())) as batches:
        next(batches)

    assert taken < 2_000


def test_a_source_has_a_name(source: Source) -> None:
    assert source.stats.source
