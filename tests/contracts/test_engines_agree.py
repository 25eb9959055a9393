"""Whatever is done in whatever order: every engine does as the one in memory does."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from builders import collection_state, project_documents
from engines import ENGINES, Engine
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.errors import AggregatorError
from pyf.aggregator.domain.schema import DownloadFields, HealthFields, ProjectFields, RepositoryFields
from pyf.aggregator.ports import ProjectDocuments

COLLECTIONS = ["one", "two"]
NAMES = [*COLLECTIONS, "alias", "both"]
PROJECTS = ["a", "a-b", "b"]
VERSIONS = ["1.0", "1.10", "2.0a1", "2.0", "no version"]

names = st.sampled_from(NAMES)
numbers = st.integers(0, 2)
documents = st.builds(
    lambda name, versions, number: (
        project_documents(name, *versions, last_serial=number)
        if versions
        else ProjectDocuments(name_normalized=name, documents=())
    ),
    st.sampled_from(PROJECTS),
    st.lists(st.sampled_from(VERSIONS), unique=True, max_size=3),
    st.sampled_from([0, 1, 2, 2**63]),
)
tombstones = st.builds(Tombstone, name=st.sampled_from(PROJECTS), removed_at=numbers, reason=st.just("gone"))
fields: st.SearchStrategy[ProjectFields] = st.one_of(
    st.builds(RepositoryFields, github_stars=numbers),
    st.builds(DownloadFields, download_last_day=numbers),
    st.builds(HealthFields, health_score=numbers, health_confidence=st.floats(0, 1)),
)


class Agreement(RuleBasedStateMachine):
    """Does the same to two engines, and looks at everything that each one shows."""

    other: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        folder = Path(self._open.enter_context(TemporaryDirectory()))
        self.engines = [self._open.enter_context(ENGINES[each](folder)) for each in ("memory", self.other)]

    def teardown(self) -> None:
        self._open.close()

    def both(self, act: Callable[[Engine], object]) -> None:
        expected, actual = (outcome(act, engine) for engine in self.engines)
        assert actual == expected

    @initialize()
    def start_with_a_collection(self) -> None:
        self.both(lambda engine: engine.admin.create("one", collection_state(), alias="alias"))

    @rule(name=names, projects=st.lists(documents, max_size=3))
    def put(self, name: str, projects: Sequence[ProjectDocuments]) -> None:
        self.both(lambda engine: [r.id for r in engine.index.put(name, projects)])

    @rule(name=names, gone=st.lists(tombstones, max_size=2))
    def remove(self, name: str, gone: Sequence[Tombstone]) -> None:
        self.both(lambda engine: engine.index.remove(name, gone))

    @rule(name=names, enrichment=st.dictionaries(st.sampled_from(PROJECTS), fields))
    def update(self, name: str, enrichment: dict[str, ProjectFields]) -> None:
        self.both(lambda engine: engine.index.update(name, enrichment))

    @rule(name=names, cursor=numbers)
    def remember(self, name: str, cursor: int) -> None:
        self.both(lambda engine: engine.index.remember(name, collection_state(cursor=cursor)))

    @rule(name=names, alias=st.sampled_from(["", *NAMES]))
    def create(self, name: str, alias: str) -> None:
        self.both(lambda engine: engine.admin.create(name, collection_state(), alias=alias))

    @rule(name=names)
    def drop(self, name: str) -> None:
        self.both(lambda engine: engine.admin.drop(name))

    @rule(alias=names, name=names)
    def point(self, alias: str, name: str) -> None:
        self.both(lambda engine: engine.admin.point(alias, name))

    @rule(source=names, to=names)
    def carry_over(self, source: str, to: str) -> None:
        self.both(lambda engine: engine.admin.carry_over(source, to))

    @rule(name=names, successor=names)
    def supersede(self, name: str, successor: str) -> None:
        self.both(lambda engine: engine.admin.supersede(name, successor))

    @invariant()
    def everything_shows_the_same(self) -> None:
        self.both(lambda engine: list(engine.admin.collections()))
        for name in NAMES:
            self.both(partial(shown, name=name))


def outcome(act: Callable[[Engine], object], engine: Engine) -> object:
    """Return what an act gives, or the kind of error that it raises."""
    try:
        return act(engine)
    except AggregatorError as error:
        return type(error)


def shown(engine: Engine, name: str) -> dict[str, Any]:
    return {
        "resolve": engine.admin.resolve(name),
        "state": engine.index.state(name),
        "holdings": list(engine.index.holdings(name)),
        "export": [document.as_mapping() for document in engine.index.export(name)],
        "documents": [[d.as_mapping() for d in engine.index.documents(name, project)] for project in PROJECTS],
        "held": {project: list(held) for project, held in engine.index.held(name, PROJECTS).items()},
        "tombstones": [engine.index.tombstone(name, project) for project in PROJECTS],
        "all tombstones": list(engine.index.tombstones(name)),
    }


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "memory"])
@pytest.mark.parametrize("examples", [10, pytest.param(40, marks=pytest.mark.slow)])
def test_an_engine_does_as_memory_does(name: str, examples: int) -> None:
    """What an engine on a server shows costs hundreds of requests a step, so it is given fewer examples."""
    agreement = type(Agreement.__name__, (Agreement,), {"other": name})
    examples = examples if name == "sqlite" else 2 + examples // 10

    run_state_machine_as_test(
        agreement, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None)
    )
