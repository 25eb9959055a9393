"""Contract of replacing a collection with an alias of its name."""

import pytest

from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.errors import Invalid, NotFound
from support.builders import build_project, build_state
from support.index_engines import IndexEngine

STATE = build_state()


@pytest.fixture
def copied_engine(engine: IndexEngine) -> IndexEngine:
    """A collection `plone` that has the alias `also`, and its copy `plone-1`."""
    engine.admin.create("plone", STATE, alias="also")
    engine.admin.create("plone-1", STATE)
    for collection in ("plone", "plone-1"):
        engine.index.put(collection, [build_project("a")])
    return engine


def test_name_resolves_to_successor(copied_engine: IndexEngine) -> None:
    copied_engine.index.put("plone-1", [build_project("b")])

    copied_engine.admin.replace_with_alias("plone", "plone-1")

    assert copied_engine.admin.resolve("plone") == "plone-1"
    assert [(c.name, c.aliases) for c in copied_engine.admin.list_collections()] == [("plone-1", ("plone",))]
    assert [h.name_normalized for h in copied_engine.index.iter_project_states("plone")] == ["a", "b"]


def test_atomic_replacement_keeps_latest_writes(copied_engine: IndexEngine) -> None:
    copied_engine.index.update("plone", {"a": RepositoryFields(repository_stars=7)})
    copied_engine.index.remove("plone", [Tombstone(name="b", removed_at=1, reason="gone")])

    copied_engine.admin.replace_with_alias("plone", "plone-1")

    if copied_engine.admin.replaces_atomically:
        assert copied_engine.index.get_project_documents("plone", "a")[0].to_dict()["repository_stars"] == 7
        assert copied_engine.index.get_tombstone("plone", "b") is not None


def test_replacement_is_repeatable_without_the_collection(copied_engine: IndexEngine) -> None:
    copied_engine.admin.drop("plone")

    for _ in range(2):
        copied_engine.admin.replace_with_alias("plone", "plone-1")

    assert copied_engine.admin.resolve("plone") == "plone-1"


def test_successor_must_be_another_existing_collection(copied_engine: IndexEngine) -> None:
    copied_engine.admin.create("django-1", STATE, alias="django")

    with pytest.raises(NotFound, match="nowhere"):
        copied_engine.admin.replace_with_alias("plone", "nowhere")
    for name, successor in (("plone", "plone"), ("plone", "django"), ("django", "plone-1"), ("a/b", "plone-1")):
        with pytest.raises(Invalid):
            copied_engine.admin.replace_with_alias(name, successor)

    assert {c.name: c.aliases for c in copied_engine.admin.list_collections()} == {
        "django-1": ("django",),
        "plone": ("also",),
        "plone-1": (),
    }
