"""A small registry of Plone packages for the tests of the use cases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects
from support.registry_world import Clock, World, open_engine_settings, open_world

PROJECTS = """
projects:
  - name: Plone.Api
    summary: An easy API
    license: GPL-2.0-only
    content_type: text/markdown
    readme: "# plone.api\\n\\nEasy things.\\n\\n## Usage\\n\\nImport it."
    classifiers: ["Framework :: Plone", "Framework :: Plone :: 6.0", "Programming Language :: Python :: 3.12"]
    maintainers: [ada, bob]
    releases:
      - {version: "1.0", date: 2020-01-01}
      - {version: "2.0", date: 2022-01-01}
      - {version: "3.0a1", date: 2023-01-01}
  - name: collective.one
    classifiers: ["Framework :: Plone :: 6.0"]
    content_type: text/x-rst
    readme: "One\\n===\\n\\nSome text."
    releases:
      - {version: "0.1", date: 2021-01-01, yanked: "broken"}
      - {version: "0.2", date: 2021-02-01}
  - name: collective.two
    classifiers: ["Framework :: Plone :: Addon"]
    releases:
      - {version: "1.0", date: 2021-01-01, files: []}
      - {version: "not-pep-440", date: 2019-01-01}
  - name: left.plone
    classifiers: ["Framework :: Django"]
    releases:
      - {version: "1.0", date: 2018-01-01, classifiers: ["Framework :: Plone"]}
      - {version: "2.0", date: 2024-01-01}
  - name: django-thing
    classifiers: ["Framework :: Django"]
    releases:
      - {version: "1.0", date: 2021-01-01}
"""

# Packages that the registry lists for Plone, and the members among them.
CANDIDATE_COUNT = 4
MEMBERS = ["collective-one", "collective-two", "plone-api"]


@pytest.fixture(params=["sqlite", pytest.param("typesense", marks=pytest.mark.slow)])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    clock = Clock()
    with (
        open_engine_settings(request.param) as engine,
        open_world(
            FakeRegistry(parse_yaml_projects(PROJECTS), clock=clock), tmp_path, clock=clock, **engine
        ) as built_world,
    ):
        yield built_world
