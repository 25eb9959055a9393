"""What every engine must do where a collection gives its own name away to an alias."""

import pytest

from builders import collection_state, project_documents
from engines import Engine
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.domain.schema import RepositoryFields

STATE = collection_state()


@pytest.fixture
def copied(engine: Engine) -> Engine:
    """A collection `plone` that has the alias `also`, and its copy `plone-1`."""
    engine.admin.create("plone", STATE, alias="also")
    engine.admin.create("plone-1", STATE)
    for collection in ("plone", "plone-1"):
        engine.index.put(collection, [project_documents("a")])
    return engine


def test_the_name_leads_to_the_successor_and_the_collection_is_gone(copied: Engine) -> None:
    copied.index.put("plone-1", [project_documents("b")])

    copied.admin.supersede("plone", "plone-1")

    assert copied.admin.resolve("plone") == "plone-1"
    assert [(c.name, c.aliases) for c in copied.admin.collections()] == [("plone-1", ("plone",))]
    assert [h.name_normalized for h in copied.index.holdings("plone")] == ["a", "b"]


def test_what_others_wrote_last_comes_along_where_it_is_one_step(copied: Engine) -> None:
    copied.index.update("plone", {"a": RepositoryFields(github_stars=7)})
    copied.index.remove("plone", [Tombstone(name="b", removed_at=1, reason="gone")])

    copied.admin.supersede("plone", "plone-1")

    if copied.admin.supersedes_at_once:
        assert copied.index.documents("plone", "a")[0].as_mapping()["github_stars"] == 7
        assert copied.index.tombstone("plone", "b") is not None


def test_it_may_be_repeated_and_begun_where_the_collection_is_gone_already(copied: Engine) -> None:
    copied.admin.drop("plone")

    for _ in range(2):
        copied.admin.supersede("plone", "plone-1")

    assert copied.admin.resolve("plone") == "plone-1"


def test_a_successor_has_to_be_there_and_another_collection_by_its_own_name(copied: Engine) -> None:
    copied.admin.create("django-1", STATE, alias="django")

    with pytest.raises(NotFound, match="nowhere"):
        copied.admin.supersede("plone", "nowhere")
    for name, successor in (("plone", "plone"), ("plone", "django"), ("django", "plone-1"), ("a/b", "plone-1")):
        with pytest.raises(Invalid):
            copied.admin.supersede(name, successor)

    assert {c.name: c.aliases for c in copied.admin.collections()} == {
        "django-1": ("django",),
        "plone": ("also",),
        "plone-1": (),
    }
