"""What every `ChangeJournal` keeps to."""

from collections.abc import Iterator

import pytest

from pyf.aggregator.domain.errors import Unavailable
from registries import REGISTRIES, Registry


@pytest.fixture(params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    with REGISTRIES[request.param]() as registry:
        yield registry


def test_the_last_serial_is_that_of_the_newest_change(registry: Registry) -> None:
    assert registry.journal.last_serial() == 30
    assert registry.meter.count() == 1


def test_changes_come_ascending_by_serial_and_normalised_name(registry: Registry) -> None:
    entries = registry.journal.since(9)

    assert [(entry.serial, entry.name) for entry in entries] == [(10, "leaky"), (20, "acme-blog"), (30, "plone-api")]
    assert registry.meter.count() == 1


def test_a_change_tells_what_happened_when(registry: Registry) -> None:
    (entry,) = registry.journal.since(29)

    assert (entry.action, entry.version.startswith("2."), entry.timestamp) == ("new release", True, 1_767_528_000)


@pytest.mark.parametrize("serial", [30, 31, 1_000_000])
def test_nothing_is_above_the_last_serial(registry: Registry, serial: int) -> None:
    assert list(registry.journal.since(serial)) == []


def test_the_serial_itself_is_not_repeated(registry: Registry) -> None:
    assert [entry.serial for entry in registry.journal.since(20)] == [30]


def test_a_page_holds_fifty_thousand_changes(registry: Registry) -> None:
    assert registry.journal.page_size == 50_000


@pytest.mark.parametrize("method", ["last_serial", "since"])
def test_a_journal_that_does_not_answer_is_unavailable(registry: Registry, method: str) -> None:
    registry.refuse(method)

    with pytest.raises(Unavailable):
        registry.journal.last_serial() if method == "last_serial" else registry.journal.since(0)
