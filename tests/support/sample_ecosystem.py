"""The packages of a small registry, which the tests of commands, the queue and the use cases share."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.yaml_format import parse_yaml_projects

_PACKAGES = """
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
    summary: Größe → 𝟙
    classifiers: ["Framework :: Plone :: Addon"]
    releases:
      - {version: "1.0", date: 2021-01-01, files: []}
      - {version: "not-pep-440", date: 2019-01-01}
  - name: plone.volto
    classifiers: ["Framework :: Plone", "Framework :: Plone :: 6.0"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: plonesque
    classifiers: ["Framework :: Plonesque"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: both.worlds
    classifiers: ["Framework :: Plone", "Framework :: Flask"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: left.plone
    classifiers: ["Framework :: Django"]
    releases:
      - {version: "1.0", date: 2018-01-01, classifiers: ["Framework :: Plone"]}
      - {version: "2.0", date: 2024-01-01}
  - name: Django-Shop
    classifiers: ["Framework :: Django :: 5.0"]
    content_type: text/markdown
    readme: "# Shop\\n\\nSells *things*.\\n"
    releases:
      - {version: "1.0", date: 2021-01-01}
      - {version: "1.1", date: 2022-01-01}
  - name: django_blog
    classifiers: ["Framework :: Django"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: flask-thing
    classifiers: ["Framework :: Flask"]
    releases:
      - {version: "1.0", date: 2021-01-01}
  - name: unframed
    releases:
      - {version: "1.0", date: 2021-01-01}
"""

# Rendering processes are slow to start, so most tests of commands use packages without a README.
_ALWAYS_WITH_README = "Django-Shop"


def build_sample_registry(
    *names: str, has_readmes: bool = False, clock: Callable[[], float] = time.time
) -> FakeRegistry:
    """Build a registry of the named packages, or of all; without `has_readmes`, only Django-Shop has a README."""
    documents = _parse_packages()
    unknown = set(names) - documents.keys()
    assert not unknown, f"the sample ecosystem has no {unknown}"
    return FakeRegistry(
        (
            document if has_readmes or name == _ALWAYS_WITH_README else _without_readme(document)
            for name, document in documents.items()
            if not names or name in names
        ),
        clock=clock,
    )


@cache
def _parse_packages() -> dict[str, dict[str, Any]]:
    return {document["info"]["name"]: document for document in parse_yaml_projects(_PACKAGES)}


def _without_readme(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"info": document["info"] | {"description": "", "description_content_type": None}}
