"""Every adapter of a port in turn, new and empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyf.aggregator.ports import IndexAdmin, PackageIndex, SearchEngine
from support.builders import PLONE, build_state
from support.index_engines import ENGINES, IndexEngine


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IndexEngine]:
    with ENGINES[request.param](tmp_path) as engine:
        yield engine


@pytest.fixture
def index(engine: IndexEngine) -> PackageIndex:
    return engine.index


@pytest.fixture
def admin(engine: IndexEngine) -> IndexAdmin:
    return engine.admin


@pytest.fixture
def search_engine(engine: IndexEngine) -> SearchEngine:
    return engine.search


@pytest.fixture
def plone_collection(engine: IndexEngine) -> None:
    """A collection of its own name, `PLONE`, behind the alias `plone`."""
    engine.admin.create(PLONE, build_state(), alias="plone")
