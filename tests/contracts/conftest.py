"""Gives a contract every adapter of its port in turn, fresh and empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import PLONE, collection_state
from engines import ENGINES, PARAMETERS, Engine
from pyf.aggregator.ports import IndexAdmin, PackageIndex, SearchEngine


@pytest.fixture(params=PARAMETERS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ENGINES[request.param](tmp_path) as engine:
        yield engine


@pytest.fixture
def index(engine: Engine) -> PackageIndex:
    return engine.index


@pytest.fixture
def admin(engine: Engine) -> IndexAdmin:
    return engine.admin


@pytest.fixture
def searched(engine: Engine) -> SearchEngine:
    return engine.search


@pytest.fixture
def plone(engine: Engine) -> None:
    """A collection of its own name, `PLONE`, behind the alias `plone`."""
    engine.admin.create(PLONE, collection_state(), alias="plone")
