"""A small registry of Plone packages for the tests of the use cases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from support.registry_world import Clock, World, open_engine_settings, open_world
from support.sample_ecosystem import build_sample_registry

# The packages that the registry lists for Plone.
CANDIDATE_COUNT = 4
PACKAGE_NAMES = ("Plone.Api", "collective.one", "collective.two", "left.plone", "django_blog")


def build_plone_registry(clock: Clock) -> FakeRegistry:
    return build_sample_registry(*PACKAGE_NAMES, has_readmes=True, clock=clock)


@pytest.fixture(params=["sqlite", pytest.param("typesense", marks=pytest.mark.slow)])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    clock = Clock()
    with (
        open_engine_settings(request.param) as engine,
        open_world(build_plone_registry(clock), tmp_path, clock=clock, **engine) as built_world,
    ):
        yield built_world
