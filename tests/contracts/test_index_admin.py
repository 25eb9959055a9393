"""What every engine must do with collections, aliases and the right to rewrite a collection."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from builders import collection_state, project_documents
from engines import NOW, Engine

from pyf.aggregator.domain.collection import CollectionInfo, Tombstone
from pyf.aggregator.domain.errors import Invalid, NotFound, Unavailable
from pyf.aggregator.domain.schema import DownloadFields, RepositoryFields
from pyf.aggregator.ports import IndexAdmin

STATE = collection_state()
NAMES = ["p", "plone", "plone-1", "Plone_2", "6.1", "a" * 100]
NO_NAMES = ["", "-p", ".p", "_p", "p/q", "p q", "p\n", "ö", "../p", "p\0", "a" * 101]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_letters_digits_dots_dashes_and_underscores_is_taken(admin: IndexAdmin, name: str) -> None:
    admin.create(name, STATE, alias=f"{name[:90]}-alias")

    assert admin.resolve(f"{name[:90]}-alias") == name


@pytest.mark.parametrize("name", NO_NAMES)
def test_any_other_name_is_refused(admin: IndexAdmin, name: str) -> None:
    admin.create("plone-1", STATE)

    with pytest.raises(Invalid):
        admin.create(name, STATE)
    with pytest.raises(Invalid):
        admin.point(name, "plone-1")
    with pytest.raises(Invalid), admin.exclusive(name):
        pass

    assert [collection.name for collection in admin.collections()] == ["plone-1"]


def test_collections_are_listed_by_name_with_what_they_hold(engine: Engine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("django-1", STATE)
    admin.point("all", "plone-1")
    engine.index.put("plone-1", [project_documents("a", "1.0", "2.0"), project_documents("b"), project_documents("c")])
    engine.index.remove("plone-1", [Tombstone(name="c", removed_at=1, reason="")])

    listed = admin.collections()

    assert list(listed) == [
        CollectionInfo(name="django-1", aliases=(), projects=0, documents=0, created_at=NOW),
        CollectionInfo(name="plone-1", aliases=("all", "plone"), projects=2, documents=3, created_at=NOW),
    ]


def test_an_index_without_collections_lists_none(admin: IndexAdmin) -> None:
    assert list(admin.collections()) == []


def test_a_name_that_leads_nowhere_resolves_to_none(admin: IndexAdmin) -> None:
    assert admin.resolve("plone") is None
    assert admin.resolve("\udc80") is None


def test_a_collection_and_its_alias_resolve_to_the_collection(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    assert [admin.resolve(name) for name in ("plone-1", "plone")] == ["plone-1", "plone-1"]


def test_a_name_is_given_once(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    for taken in ("plone-1", "plone"):
        with pytest.raises(Invalid, match=f"{taken} already"):
            admin.create(taken, STATE)


def test_an_alias_that_is_a_collection_is_refused_before_anything_is_made(admin: IndexAdmin) -> None:
    admin.create("plone", STATE)

    for alias in ("plone", "plone-1"):
        with pytest.raises(Invalid, match=alias):
            admin.create("plone-1", STATE, alias=alias)

    assert [collection.name for collection in admin.collections()] == ["plone"]


def test_creating_with_an_alias_that_exists_points_it_anew(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    admin.create("plone-2", STATE, alias="plone")

    assert admin.resolve("plone") == "plone-2"


def test_an_alias_can_be_pointed_elsewhere(engine: Engine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)
    engine.index.put("plone-2", [project_documents("a")])

    admin.point("plone", "plone-2")

    assert admin.resolve("plone") == "plone-2"
    assert [document.registry.name for document in engine.index.documents("plone", "a")] == ["a"]
    assert [(c.name, c.aliases) for c in admin.collections()] == [("plone-1", ()), ("plone-2", ("plone",))]


def test_an_alias_can_not_lead_to_what_is_not_there_nor_to_another_alias(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    with pytest.raises(NotFound, match="nowhere"):
        admin.point("all", "nowhere")
    with pytest.raises(Invalid, match="plone-1"):
        admin.point("all", "plone")

    assert admin.resolve("all") is None


def test_an_alias_can_not_take_a_collections_name(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE)
    admin.create("plone-2", STATE)

    for alias in ("plone-1", "plone-2"):
        with pytest.raises(Invalid, match=alias):
            admin.point(alias, "plone-2")

    assert admin.resolve("plone-1") == "plone-1"


def test_a_dropped_collection_takes_all_that_it_held_and_its_aliases_along(engine: Engine, admin: IndexAdmin) -> None:
    admin.create("plone-1", collection_state(cursor=7), alias="plone")
    engine.index.put("plone-1", [project_documents("a"), project_documents("b")])
    engine.index.update("plone-1", {"a": RepositoryFields(github_stars=7)})
    engine.index.remove("plone-1", [Tombstone(name="b", removed_at=1, reason="")])

    admin.drop("plone-1")

    assert (admin.resolve("plone-1"), admin.resolve("plone"), list(admin.collections())) == (None, None, [])
    admin.create("plone-1", STATE)
    engine.index.put("plone-1", [project_documents("a")])
    assert "github_stars" not in engine.index.documents("plone-1", "a")[0].as_mapping()
    assert (engine.index.tombstone("plone-1", "b"), engine.index.state("plone-1").cursor) == (None, None)


def test_a_drop_leaves_the_other_collections(engine: Engine, admin: IndexAdmin) -> None:
    for collection in ("plone-1", "plone-2"):
        admin.create(collection, STATE, alias=f"alias-of-{collection}")
        engine.index.put(collection, [project_documents("a")])
        engine.index.update(collection, {"a": RepositoryFields(github_stars=7)})

    admin.drop("plone-1")

    assert engine.index.documents("alias-of-plone-2", "a")[0].as_mapping()["github_stars"] == 7


def test_an_alias_is_not_dropped_in_its_collections_place(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")

    with pytest.raises(Invalid, match="plone-1"):
        admin.drop("plone")

    assert admin.resolve("plone") == "plone-1"


def test_what_is_not_there_can_not_be_dropped(admin: IndexAdmin) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        admin.drop("nowhere")


def enriched(engine: Engine, collection: str, stars: int) -> None:
    engine.index.update(collection, {"a": RepositoryFields(github_stars=stars)})


def stars(engine: Engine, collection: str) -> object:
    return engine.index.documents(collection, "a")[0].as_mapping().get("github_stars")


@pytest.fixture
def rebuilt(engine: Engine) -> Engine:
    """Two collections: `plone-1` behind the alias, and `plone-2` that shall take its place; both hold `a`."""
    engine.admin.create("plone-1", STATE, alias="plone")
    engine.admin.create("plone-2", STATE)
    for collection in ("plone-1", "plone-2"):
        engine.index.put(collection, [project_documents("a", "1.0", "2.0")])
    return engine


def test_what_the_registry_does_not_give_is_carried_over(rebuilt: Engine) -> None:
    rebuilt.index.put("plone-1", [project_documents("only-here")])
    rebuilt.index.update("plone-1", {"only-here": RepositoryFields(github_stars=1)})
    rebuilt.index.update("plone-1", {"a": DownloadFields(download_last_day=9)})
    enriched(rebuilt, "plone-1", stars=7)

    rebuilt.admin.carry_over("plone-1", "plone-2")

    found = [document.as_mapping() for document in rebuilt.index.documents("plone-2", "a")]
    assert [(document["github_stars"], document["download_last_day"]) for document in found] == [(7, 9), (7, 9)]
    assert not rebuilt.index.documents("plone-2", "only-here")
    assert stars(rebuilt, "plone-1") == 7


def test_what_was_written_later_stays_whichever_side_it_is_on(rebuilt: Engine) -> None:
    enriched(rebuilt, "plone-1", stars=1)
    enriched(rebuilt, "plone-2", stars=2)

    rebuilt.admin.carry_over("plone-1", "plone-2")
    newer_in_target = stars(rebuilt, "plone-2")
    enriched(rebuilt, "plone-1", stars=3)
    rebuilt.admin.carry_over("plone-1", "plone-2")
    newer_in_source = stars(rebuilt, "plone-2")
    enriched(rebuilt, "plone-2", stars=4)
    rebuilt.admin.carry_over("plone-1", "plone-2")

    assert (newer_in_target, newer_in_source, stars(rebuilt, "plone-2")) == (2, 3, 4)


def test_tombstones_are_carried_over_but_for_projects_that_are_back(rebuilt: Engine) -> None:
    gone = [Tombstone(name=name, removed_at=1, reason="gone") for name in ("b", "c")]
    rebuilt.index.put("plone-1", [project_documents("b"), project_documents("c")])
    rebuilt.index.remove("plone-1", gone)
    rebuilt.index.put("plone-2", [project_documents("c")])

    rebuilt.admin.carry_over("plone", "plone-2")

    assert [rebuilt.index.tombstone("plone-2", name) for name in ("b", "c")] == [gone[0], None]
    assert len(rebuilt.index.documents("plone-2", "c")) == 1


def test_a_tombstone_of_the_target_stays(rebuilt: Engine) -> None:
    for collection, removed_at in (("plone-1", 1), ("plone-2", 2)):
        rebuilt.index.remove(collection, [Tombstone(name="a", removed_at=removed_at, reason="gone")])

    rebuilt.admin.carry_over("plone-1", "plone-2")

    assert rebuilt.index.tombstone("plone-2", "a") == Tombstone(name="a", removed_at=2, reason="gone")


def test_thousands_are_carried_over(rebuilt: Engine) -> None:
    names = [f"project-{number}" for number in range(1100)]
    for collection in ("plone-1", "plone-2"):
        rebuilt.index.put(collection, [project_documents(name) for name in names])
    rebuilt.index.update("plone-1", {name: RepositoryFields(github_stars=1) for name in names})

    rebuilt.admin.carry_over("plone-1", "plone-2")

    exported = [document.as_mapping() for document in rebuilt.index.export("plone-2")]
    assert sum(document.get("github_stars", 0) for document in exported) == 1100


def test_nothing_is_carried_between_collections_that_are_not_there(rebuilt: Engine) -> None:
    for source, target in (("plone-1", "nowhere"), ("nowhere", "plone-1")):
        with pytest.raises(NotFound, match="nowhere"):
            rebuilt.admin.carry_over(source, target)


def test_the_right_to_rewrite_a_collection_is_held_by_one_at_a_time(admin: IndexAdmin) -> None:
    with admin.exclusive("plone-1"):
        with pytest.raises(Unavailable, match=r"plone-1.*wait"), admin.exclusive("plone-1"):
            pass
        with admin.exclusive("django-1"):
            pass

    with admin.exclusive("plone-1"):
        pass


def test_the_right_is_given_back_when_the_work_fails(admin: IndexAdmin) -> None:
    with pytest.raises(ZeroDivisionError), admin.exclusive("plone"):
        raise ZeroDivisionError

    with admin.exclusive("plone"):
        pass


def test_the_right_to_an_alias_is_the_right_to_its_collection(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    for held, wanted in (("plone", "plone-1"), ("plone-1", "plone")):
        with admin.exclusive(held), pytest.raises(Unavailable), admin.exclusive(wanted):
            pass

    with admin.exclusive("plone"), admin.exclusive("plone-2"):
        pass


def test_the_right_to_an_alias_is_still_held_when_the_alias_has_moved(admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE, alias="plone")
    admin.create("plone-2", STATE)

    with admin.exclusive("plone"):
        admin.point("plone", "plone-2")
        with pytest.raises(Unavailable), admin.exclusive("plone"):
            pass


def test_a_thread_keeps_another_thread_out(admin: IndexAdmin) -> None:
    taken, let_go = Event(), Event()

    def hold() -> None:
        with admin.exclusive("plone"):
            taken.set()
            let_go.wait(timeout=30)

    with ThreadPoolExecutor() as pool:
        holder = pool.submit(hold)
        taken.wait(timeout=30)
        with pytest.raises(Unavailable), admin.exclusive("plone"):
            pass
        let_go.set()
        holder.result()
        with admin.exclusive("plone"):
            pass


def test_threads_share_an_index(engine: Engine, admin: IndexAdmin) -> None:
    admin.create("plone-1", STATE)

    def work(name: str) -> int:
        engine.index.put("plone-1", [project_documents(name, "1.0", "2.0")])
        return len(engine.index.documents("plone-1", name))

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(work, (f"project-{number}" for number in range(80))))

    assert seen == [2] * 80
    assert admin.collections()[0].documents == 160


def test_an_index_says_where_it_is(admin: IndexAdmin) -> None:
    assert admin.location()
