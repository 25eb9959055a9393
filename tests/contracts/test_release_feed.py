"""Contract of `ReleaseFeed`."""

from collections.abc import Iterator

import pytest

from pyf.aggregator.domain.errors import Unavailable
from support.registries import REGISTRIES, RegistryPorts

NOON_OF_JANUARY_1ST = 1_767_268_800
DAY = 86_400


@pytest.fixture(params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> Iterator[RegistryPorts]:
    with REGISTRIES[request.param]() as registry:
        yield registry


def test_newest_projects_come_first_without_version(registry: RegistryPorts) -> None:
    entries = [entry for entry in registry.feed.fetch_newest_projects() if entry.name != "hidden"]

    assert [(entry.name, entry.version) for entry in entries] == [("leaky", ""), ("acme-blog", ""), ("plone-api", "")]
    assert registry.meter.count() == 1


def test_newest_releases_are_first(registry: RegistryPorts) -> None:
    entries = [entry for entry in registry.feed.fetch_newest_releases() if entry.name != "hidden"]

    assert [(entry.name, entry.version) for entry in entries] == [
        ("leaky", "1.0"),
        ("plone-api", "2.1a1"),
        ("plone-api", "2.0"),
        ("acme-blog", "0.1"),
        ("plone-api", "1.0"),
    ]
    assert registry.meter.count() == 1


def test_entries_tell_when_they_were_published(registry: RegistryPorts) -> None:
    projects = {entry.name: entry.published for entry in registry.feed.fetch_newest_projects()}
    releases = {(entry.name, entry.version): entry.published for entry in registry.feed.fetch_newest_releases()}

    assert projects["plone-api"] == NOON_OF_JANUARY_1ST
    assert releases["plone-api", "2.0"] == NOON_OF_JANUARY_1ST + 2 * DAY


@pytest.mark.parametrize("method", ["newest_projects", "newest_releases"])
def test_unreachable_feed_is_unavailable(registry: RegistryPorts, method: str) -> None:
    registry.fail_method(method)

    with pytest.raises(Unavailable):
        registry.feed.fetch_newest_projects() if method == "newest_projects" else registry.feed.fetch_newest_releases()


def test_unchanged_feed_is_equal_and_costs_one_request(registry: RegistryPorts) -> None:
    first = registry.feed.fetch_newest_releases(), registry.feed.fetch_newest_projects()
    again = registry.feed.fetch_newest_releases(), registry.feed.fetch_newest_projects()

    assert again == first
    assert registry.meter.count() == 4
