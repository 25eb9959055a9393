"""Contract of `Changelog`."""

from collections.abc import Iterator

import pytest

from pyf.aggregator.domain.errors import Unavailable
from support.registries import REGISTRIES, RegistryPorts


@pytest.fixture(params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> Iterator[RegistryPorts]:
    with REGISTRIES[request.param]() as registry:
        yield registry


def test_last_serial_is_that_of_newest_change(registry: RegistryPorts) -> None:
    assert registry.changelog.fetch_last_serial() == 30
    assert registry.meter.count() == 1


def test_changes_are_sorted_by_serial_and_name(registry: RegistryPorts) -> None:
    entries = registry.changelog.fetch_since(9)

    assert [(entry.serial, entry.name) for entry in entries] == [(10, "leaky"), (20, "acme-blog"), (30, "plone-api")]
    assert registry.meter.count() == 1


def test_change_has_action_and_time(registry: RegistryPorts) -> None:
    (entry,) = registry.changelog.fetch_since(29)

    assert (entry.action, entry.version.startswith("2."), entry.timestamp) == ("new release", True, 1_767_528_000)


@pytest.mark.parametrize("serial", [30, 31, 1_000_000])
def test_nothing_is_above_the_last_serial(registry: RegistryPorts, serial: int) -> None:
    assert list(registry.changelog.fetch_since(serial)) == []


def test_changes_since_serial_exclude_it(registry: RegistryPorts) -> None:
    assert [entry.serial for entry in registry.changelog.fetch_since(20)] == [30]


def test_page_has_at_most_fifty_thousand_changes(registry: RegistryPorts) -> None:
    assert registry.changelog.page_size == 50_000


@pytest.mark.parametrize("method", ["last_serial", "since"])
def test_changelog_that_does_not_respond_is_unavailable(registry: RegistryPorts, method: str) -> None:
    registry.fail_method(method)

    with pytest.raises(Unavailable):
        registry.changelog.fetch_last_serial() if method == "last_serial" else registry.changelog.fetch_since(0)
