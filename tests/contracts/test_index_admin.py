"""Contract of collections and aliases for every engine."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pyf.aggregator.domain.collection import CollectionInfo, Tombstone
from pyf.aggregator.domain.documents.schema import RepositoryFields
from pyf.aggregator.domain.errors import Invalid, NotFound
from pyf.aggregator.ports import IndexAdmin
from support.builders import build_project, build_state
from support.index_engines import NOW, IndexEngine

STATE = build_state()
NAMES = ["p", "plone", "plone-1", "Plone_2", "6.1", "a" * 100]
NO_NAMES = ["", "-p", ".p", "_p", "p/q", "p q", "p\n", "ö", "../p", "p\0", "a" * 101]


@pytest.mark.parametrize("name", NAMES)
def test_create_accepts_letters_digits_and_punctuation(admin: IndexAdmin, name: str) -> None:
    admin.create(name, STATE, alias=f"{name[:90]}-alias")

    assert admin.resolve(f"{name[:90]}-alias") == name


@pytest.mark.parametrize("name", NO_NAMES)
def test_any_other_name_is_refused(admin: IndexAdmin, name: str) -> None:
    admin.create("plone-1", STATE)

    with pytest.raises(Invalid):
        admin.create(name, STATE)
    with pytest.raises(Invalid):
        admin.set_alias(name, "plone-1")
    with pytest.raises(Invalid), admin.lock(name):
        pass

    assert [collection.name for collection in admin.list_collections()] == ["plone-1"]


def test_collections_are_listed_by_name_with_what_they_hold(engine: IndexEngine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("django-1", STATE)
    admin.set_alias("all", "plone-1")
    engine.index.put("plone-1", [build_project("a", "1.0", "2.0"), build_project("b"), build_project("c")])
    engine.index.remove("plone-1", [Tombstone(name="c", removed_at=1, reason="")])

    listed = admin.list_collections()

    assert list(listed) == [
        CollectionInfo(name="django-1", aliases=(), projects=0, documents=0, created_at=NOW),
        CollectionInfo(name="plone-1", aliases=("all", "plone"), projects=2, documents=3, created_at=NOW),
    ]


def test_empty_index_lists_no_collections(admin: IndexAdmin) -> None:
    assert list(admin.list_collections()) == []


def test_unknown_name_resolves_to_none(admin: IndexAdmin) -> None:
    assert admin.resolve("plone") is None
    assert admin.resolve("\udc80") is None


def test_collection_and_alias_resolve_to_collection(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    assert [admin.resolve(name) for name in ("plone-1", "plone")] == ["plone-1", "plone-1"]


def test_duplicate_collection_is_rejected(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    for taken in ("plone-1", "plone"):
        with pytest.raises(Invalid, match=f"{taken} already"):
            admin.create(taken, STATE)


def test_create_rejects_alias_that_is_a_collection(admin: IndexAdmin) -> None:
    admin.create("plone", STATE)

    for alias in ("plone", "plone-1"):
        with pytest.raises(Invalid, match=alias):
            admin.create("plone-1", STATE, alias=alias)

    assert [collection.name for collection in admin.list_collections()] == ["plone"]


def test_creating_with_an_alias_that_exists_points_it_again(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    admin.create("plone-2", STATE, alias="plone")

    assert admin.resolve("plone") == "plone-2"


def test_alias_can_be_moved(engine: IndexEngine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)
    engine.index.put("plone-2", [build_project("a")])

    admin.set_alias("plone", "plone-2")

    assert admin.resolve("plone") == "plone-2"
    assert [document.registry.name for document in engine.index.get_project_documents("plone", "a")] == ["a"]
    assert [(c.name, c.aliases) for c in admin.list_collections()] == [("plone-1", ()), ("plone-2", ("plone",))]


def test_set_alias_requires_a_collection(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    with pytest.raises(NotFound, match="nowhere"):
        admin.set_alias("all", "nowhere")
    with pytest.raises(Invalid, match="plone-1"):
        admin.set_alias("all", "plone")

    assert admin.resolve("all") is None


def test_drop_alias_keeps_the_collection(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    admin.drop_alias("plone")

    assert (admin.resolve("plone"), admin.resolve("plone-1")) == (None, "plone-1")
    for name in ("plone", "plone-1", "nowhere"):
        with pytest.raises(NotFound, match="there is no alias"):
            admin.drop_alias(name)


def test_alias_named_like_collection_is_rejected(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE)
    admin.create("plone-2", STATE)

    for alias in ("plone-1", "plone-2"):
        with pytest.raises(Invalid, match=alias):
            admin.set_alias(alias, "plone-2")

    assert admin.resolve("plone-1") == "plone-1"


def test_drop_deletes_documents_and_aliases(engine: IndexEngine, admin: IndexAdmin) -> None:
    admin.create("plone-1", build_state(cursor=7), alias="plone")
    engine.index.put("plone-1", [build_project("a"), build_project("b")])
    engine.index.update("plone-1", {"a": RepositoryFields(repository_stars=7)})
    engine.index.remove("plone-1", [Tombstone(name="b", removed_at=1, reason="")])

    admin.drop("plone-1")

    assert (admin.resolve("plone-1"), admin.resolve("plone"), list(admin.list_collections())) == (None, None, [])
    admin.create("plone-1", STATE)
    engine.index.put("plone-1", [build_project("a")])
    assert "repository_stars" not in engine.index.get_project_documents("plone-1", "a")[0].to_dict()
    assert (engine.index.get_tombstone("plone-1", "b"), engine.index.get_state("plone-1").cursor) == (None, None)


def test_drop_leaves_other_collections(engine: IndexEngine, admin: IndexAdmin) -> None:
    for collection in ("plone-1", "plone-2"):
        admin.create(collection, STATE, alias=f"alias-of-{collection}")
        engine.index.put(collection, [build_project("a")])
        engine.index.update(collection, {"a": RepositoryFields(repository_stars=7)})

    admin.drop("plone-1")

    assert engine.index.get_project_documents("alias-of-plone-2", "a")[0].to_dict()["repository_stars"] == 7


def test_dropping_alias_as_collection_fails(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    with pytest.raises(Invalid, match="plone-1"):
        admin.drop("plone")

    assert admin.resolve("plone") == "plone-1"


def test_dropping_unknown_name_fails(admin: IndexAdmin) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        admin.drop("nowhere")


def test_threads_share_an_index(engine: IndexEngine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE)

    def work(name: str) -> int:
        engine.index.put("plone-1", [build_project(name, "1.0", "2.0")])
        return len(engine.index.get_project_documents("plone-1", name))

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(work, (f"project-{number}" for number in range(80))))

    assert seen == [2] * 80
    assert admin.list_collections()[0].documents == 160


def test_index_has_location(admin: IndexAdmin) -> None:
    assert admin.get_location()


def test_index_size_is_bytes_or_unknown(engine: IndexEngine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE)
    engine.index.put("plone-1", [build_project("a", description="long " * 100_000)])

    size = admin.get_size()

    assert size is None or size > 500_000


def test_verify_finds_no_damage_in_what_was_written(engine: IndexEngine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE)
    engine.index.put("plone-1", [build_project("plone.api")])

    assert list(admin.verify()) == []
