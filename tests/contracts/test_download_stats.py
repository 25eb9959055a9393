"""Contract of `DownloadStats`."""

from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest
from msgspec.structs import replace

from pyf.aggregator.domain.downloads import Downloads
from pyf.aggregator.domain.errors import AggregatorError, NotFound, Unavailable
from support.download_sources import DOWNLOAD_SOURCES, EXPECTED_DOWNLOADS, DownloadSource


@pytest.fixture(params=DOWNLOAD_SOURCES)
def source(request: pytest.FixtureRequest) -> Iterator[DownloadSource]:
    with DOWNLOAD_SOURCES[request.param]() as source:
        yield source


def fetch_outcomes(source: DownloadSource, names: Iterable[str]) -> dict[str, Downloads | AggregatorError]:
    """Return the answers by name; one name has one answer."""
    answers = [count for batch in source.stats.fetch_counts(names) for count in batch]
    by_name = {count.name: count.outcome for count in answers}
    assert len(by_name) == len(answers)
    return by_name


def test_every_reported_field_is_right_and_others_are_unset(source: DownloadSource) -> None:
    unset = {field: getattr(Downloads(), field) for field in source.unreported_fields}

    assert fetch_outcomes(source, EXPECTED_DOWNLOADS) == {
        name: replace(downloads, **unset) for name, downloads in EXPECTED_DOWNLOADS.items()
    }


def test_unknown_project_does_not_affect_others(source: DownloadSource) -> None:
    answers = fetch_outcomes(source, ["nobody", "busy"])

    assert isinstance(answers["nobody"], NotFound)
    assert isinstance(answers["busy"], Downloads)


def test_unavailable_source_fails_all_names(source: DownloadSource) -> None:
    source.make_unavailable()

    answers = fetch_outcomes(source, ["busy", "quiet", "nobody"])

    assert answers.keys() == {"busy", "quiet", "nobody"}
    assert all(isinstance(answer, Unavailable) for answer in answers.values())


def test_no_names_send_no_request(source: DownloadSource) -> None:
    assert fetch_outcomes(source, []) == {}
    assert (source.meter.count(), source.stats.estimate_cost(0).requests) == (0, 0)


def test_asking_takes_the_requests_that_were_foretold(source: DownloadSource) -> None:
    fetch_outcomes(source, EXPECTED_DOWNLOADS)

    assert source.meter.count() == source.stats.estimate_cost(len(EXPECTED_DOWNLOADS)).requests


def test_names_are_taken_only_as_answers_are(source: DownloadSource) -> None:
    taken = 0

    def names() -> Iterator[str]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield f"nobody-{number}"

    with closing(source.stats.fetch_counts(names())) as batches:
        next(batches)

    assert taken < 2_000


def test_source_has_name(source: DownloadSource) -> None:
    assert source.stats.source
