"""Any sequence of calls gives the same results on every engine as on the fake index."""

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

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import DownloadFields, HealthFields, ProjectFields, RepositoryFields
from pyf.aggregator.domain.errors import AggregatorError
from pyf.aggregator.ports import ProjectDocuments
from support.builders import build_project, build_state
from support.index_engines import ENGINES, IndexEngine

COLLECTIONS = ["one", "two"]
NAMES = [*COLLECTIONS, "alias", "both"]
PROJECTS = ["a", "a-b", "b"]
VERSIONS = ["1.0", "1.10", "2.0a1", "2.0", "no version"]

names = st.sampled_from(NAMES)
numbers = st.integers(0, 2)
documents = st.builds(
    lambda name, versions, number: (
        build_project(name, *versions, last_serial=number)
        if versions
        else ProjectDocuments(name_normalized=name, documents=())
    ),
    st.sampled_from(PROJECTS),
    st.lists(st.sampled_from(VERSIONS), unique=True, max_size=3),
    st.sampled_from([0, 1, 2, 2**63]),
)
tombstones = st.builds(Tombstone, name=st.sampled_from(PROJECTS), removed_at=numbers, reason=st.just("gone"))
fields: st.SearchStrategy[ProjectFields] = st.one_of(
    st.builds(RepositoryFields, repository_stars=numbers),
    st.builds(DownloadFields, download_last_day=numbers),
    st.builds(HealthFields, health_score=numbers, health_confidence=st.floats(0, 1)),
)


class EngineEquivalence(RuleBasedStateMachine):
    """Does the same to two engines, and looks at everything that each one shows."""

    other: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        folder = Path(self._open.enter_context(TemporaryDirectory()))
        self.engines = [self._open.enter_context(ENGINES[each](folder)) for each in ("memory", self.other)]

    def teardown(self) -> None:
        self._open.close()

    def apply_to_both(self, action: Callable[[IndexEngine], object]) -> None:
        expected, actual = (run_action(action, engine) for engine in self.engines)
        assert actual == expected

    @initialize()
    def start_with_a_collection(self) -> None:
        self.apply_to_both(lambda engine: engine.admin.create("one", build_state(), alias="alias"))

    @rule(name=names, projects=st.lists(documents, max_size=3))
    def put(self, name: str, projects: Sequence[ProjectDocuments]) -> None:
        self.apply_to_both(lambda engine: [r.id for r in engine.index.put(name, projects)])

    @rule(name=names, removals=st.lists(tombstones, max_size=2))
    def remove(self, name: str, removals: Sequence[Tombstone]) -> None:
        self.apply_to_both(lambda engine: engine.index.remove(name, removals))

    @rule(name=names, enrichment=st.dictionaries(st.sampled_from(PROJECTS), fields))
    def update(self, name: str, enrichment: dict[str, ProjectFields]) -> None:
        self.apply_to_both(lambda engine: engine.index.update(name, enrichment))

    @rule(name=names, cursor=numbers)
    def set_state(self, name: str, cursor: int) -> None:
        self.apply_to_both(lambda engine: engine.index.set_state(name, build_state(cursor=cursor)))

    @rule(name=names, alias=st.sampled_from(["", *NAMES]))
    def create(self, name: str, alias: str) -> None:
        self.apply_to_both(lambda engine: engine.admin.create(name, build_state(), alias=alias))

    @rule(name=names)
    def drop(self, name: str) -> None:
        self.apply_to_both(lambda engine: engine.admin.drop(name))

    @rule(alias=names, name=names)
    def set_alias(self, alias: str, name: str) -> None:
        self.apply_to_both(lambda engine: engine.admin.set_alias(alias, name))

    @rule(source=names, destination=names)
    def copy_enrichments(self, source: str, destination: str) -> None:
        self.apply_to_both(lambda engine: engine.admin.copy_enrichments(source, destination))

    @rule(name=names, successor=names)
    def replace_with_alias(self, name: str, successor: str) -> None:
        self.apply_to_both(lambda engine: engine.admin.replace_with_alias(name, successor))

    @invariant()
    def check_same_contents(self) -> None:
        self.apply_to_both(lambda engine: list(engine.admin.list_collections()))
        for name in NAMES:
            self.apply_to_both(partial(dump_collection, name=name))


def run_action(action: Callable[[IndexEngine], object], engine: IndexEngine) -> object:
    """Return what an act gives, or the kind of error that it raises."""
    try:
        return action(engine)
    except AggregatorError as error:
        return type(error)


def dump_collection(engine: IndexEngine, name: str) -> dict[str, Any]:
    return {
        "resolve": engine.admin.resolve(name),
        "state": engine.index.get_state(name),
        "holdings": list(engine.index.iter_project_states(name)),
        "export": [document.to_dict() for document in engine.index.export(name)],
        "documents": [[d.to_dict() for d in engine.index.get_project_documents(name, project)] for project in PROJECTS],
        "held": {project: list(held) for project, held in engine.index.get_documents(name, PROJECTS).items()},
        "tombstones": [engine.index.get_tombstone(name, project) for project in PROJECTS],
        "all tombstones": list(engine.index.iter_tombstones(name)),
    }


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "memory"])
@pytest.mark.parametrize("examples", [10, pytest.param(40, marks=pytest.mark.slow)])
def test_engine_behaves_like_memory(name: str, examples: int) -> None:
    """What an engine on a server shows costs hundreds of requests a step, so it is given fewer examples."""
    agreement = type(EngineEquivalence.__name__, (EngineEquivalence,), {"other": name})
    examples = examples if name == "sqlite" else 2 + examples // 10

    run_state_machine_as_test(
        agreement, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None)
    )
