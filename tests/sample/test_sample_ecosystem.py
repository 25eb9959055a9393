"""Changes of the sample registry: what the journal tells, and what it does not."""

import threading

import pytest

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.journal import Row
from pyf.aggregator.sample.project import Project

NOW = 1_800_000_000
BEGINNING = 2


def told(ecosystem: Ecosystem) -> list[tuple[str, str | None, str]]:
    return [(row.name, row.version, row.action) for row in ecosystem.changelog(BEGINNING)]


def project(ecosystem: Ecosystem, name: str) -> Project:
    found = ecosystem.project(name)
    assert found is not None
    return found


def test_documents_without_a_serial_get_one_in_the_order_of_their_last_release(ecosystem: Ecosystem) -> None:
    rows = ecosystem.changelog(0)

    assert [(row.name, row.version, row.action, row.serial) for row in rows] == [
        ("acme-shop", "0.1", "new release", 1),
        ("Acme.Blog", "2.1a1", "new release", 2),
    ]
    assert ecosystem.last_serial == BEGINNING


def test_a_new_project_is_created_then_released_then_filled(ecosystem: Ecosystem) -> None:
    ecosystem.publish("Acme_Wiki", "1.0", owner="eve", info={"summary": "Pages"})

    assert ecosystem.changelog(BEGINNING) == [
        Row("Acme_Wiki", None, NOW, "create", 3),
        Row("Acme_Wiki", None, NOW, "add Owner eve", 4),
        Row("Acme_Wiki", "1.0", NOW, "new release", 5),
        Row("Acme_Wiki", "1.0", NOW, "add source file acme_wiki-1.0.tar.gz", 6),
        Row("Acme_Wiki", "1.0", NOW, "add py3 file acme_wiki-1.0-py3-none-any.whl", 7),
    ]
    assert project(ecosystem, "acme-wiki").last_serial == ecosystem.last_serial == 7


def test_a_release_inherits_what_it_does_not_say_and_the_older_ones_keep_theirs(ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-blog", "3.0", info={"classifiers": ["Framework :: Plone :: 6.1"]})

    blog = project(ecosystem, "acme-blog")
    infos = {version: blog.info_of(release) for version, release in blog.releases.items()}
    assert infos["3.0"]["summary"] == "A blog"
    assert infos["3.0"]["classifiers"] == ["Framework :: Plone :: 6.1"]
    assert infos["2.0"]["classifiers"] == ["Framework :: Plone", "Framework :: Plone :: 6.0"]


def test_a_release_may_respell_the_project_and_the_past_keeps_the_old_name(ecosystem: Ecosystem) -> None:
    ecosystem.yank("acme.blog", "1.0")

    ecosystem.publish("acme-blog", "3.0", files=())

    assert told(ecosystem) == [("Acme.Blog", "1.0", "yank release"), ("acme-blog", "3.0", "new release")]
    assert project(ecosystem, "acme-blog").name == "acme-blog"


def test_a_version_is_published_once(ecosystem: Ecosystem) -> None:
    with pytest.raises(ValueError, match="exists"):
        ecosystem.publish("acme-blog", "1.0")

    assert told(ecosystem) == []


def test_files_come_and_go(ecosystem: Ecosystem) -> None:
    ecosystem.add_file("acme-shop", "0.1", "wheel", python_version="cp312")
    ecosystem.remove_file("acme-shop", "0.1", "acme_shop-0.1.tar.gz")

    assert told(ecosystem) == [
        ("acme-shop", "0.1", "add cp312 file acme_shop-0.1-cp312-none-any.whl"),
        ("acme-shop", "0.1", "remove file acme_shop-0.1.tar.gz"),
    ]
    files = project(ecosystem, "acme-shop").releases["0.1"].files
    assert [file["filename"] for file in files] == [
        "acme_shop-0.1-py3-none-any.whl",
        "acme_shop-0.1-cp312-none-any.whl",
    ]


def test_a_file_name_is_taken_once(ecosystem: Ecosystem) -> None:
    with pytest.raises(ValueError, match=r"acme_shop-0\.1\.tar\.gz exists"):
        ecosystem.add_file("acme-shop", "0.1", "sdist")


def test_yanking_marks_the_release_and_its_files_until_it_is_taken_back(ecosystem: Ecosystem) -> None:
    ecosystem.yank("acme-blog", "2.0", "broken")
    yanked = project(ecosystem, "acme-blog").releases["2.0"]

    ecosystem.unyank("acme-blog", "2.0")

    assert (yanked.yanked, yanked.yanked_reason) == (True, "broken")
    assert {(file["yanked"], file["yanked_reason"]) for file in yanked.files} == {(True, "broken")}
    assert not project(ecosystem, "acme-blog").releases["2.0"].yanked
    assert told(ecosystem) == [("Acme.Blog", "2.0", "yank release"), ("Acme.Blog", "2.0", "unyank release")]


def test_a_file_added_to_a_yanked_release_is_yanked(ecosystem: Ecosystem) -> None:
    ecosystem.yank("acme-blog", "2.0", "broken")

    ecosystem.add_file("acme-blog", "2.0", "wheel", python_version="py2")

    assert all(file["yanked"] for file in project(ecosystem, "acme-blog").releases["2.0"].files)


def test_removals_are_told_and_a_removed_name_is_free_again(ecosystem: Ecosystem) -> None:
    ecosystem.remove_release("acme-blog", "1.0")
    ecosystem.remove_project("acme-shop")
    ecosystem.publish("acme-shop", "9", files=())

    assert told(ecosystem) == [
        ("Acme.Blog", "1.0", "remove release"),
        ("acme-shop", None, "remove project"),
        ("acme-shop", None, "create"),
        ("acme-shop", "9", "new release"),
    ]
    assert set(project(ecosystem, "acme-shop").releases) == {"9"}


def test_a_project_outlives_its_last_release(ecosystem: Ecosystem) -> None:
    ecosystem.remove_release("acme-shop", "0.1")

    assert project(ecosystem, "acme-shop").newest is None
    assert not project(ecosystem, "acme-shop").is_shown


def test_quarantine_and_roles_are_told(ecosystem: Ecosystem) -> None:
    ecosystem.quarantine("acme-blog")
    ecosystem.clear_quarantine("acme-blog")
    ecosystem.add_role("acme-blog", "eve", "Owner")
    ecosystem.remove_role("acme-blog", "bob")

    assert [(version, action) for _, version, action in told(ecosystem)] == [
        (None, "project quarantined"),
        (None, "project quarantine cleared"),
        (None, "add Owner eve"),
        (None, "remove Maintainer bob"),
    ]
    assert project(ecosystem, "acme-blog").roles == (("Owner", "ada"), ("Owner", "eve"))


def test_archiving_and_advisories_leave_no_trace_in_the_journal(ecosystem: Ecosystem) -> None:
    ecosystem.archive("acme-blog")
    archived = project(ecosystem, "acme-blog")
    ecosystem.unarchive("acme-blog")
    ecosystem.set_vulnerabilities("acme-blog", [{"id": "PYSEC-1", "aliases": [], "fixed_in": []}])

    assert archived.status == "archived"
    assert project(ecosystem, "acme-blog").status == "active"
    assert project(ecosystem, "acme-blog").vulnerabilities[0]["id"] == "PYSEC-1"
    assert (told(ecosystem), ecosystem.last_serial, archived.last_serial) == ([], BEGINNING, BEGINNING)


def test_changes_elsewhere_move_the_registry_and_no_project(ecosystem: Ecosystem) -> None:
    ecosystem.tick(200_000)

    assert ecosystem.last_serial == BEGINNING + 200_000
    assert project(ecosystem, "acme-blog").last_serial == BEGINNING
    assert {row.name for row in ecosystem.changelog(BEGINNING)}.isdisjoint({"Acme.Blog", "acme-shop"})


def test_what_does_not_exist_cannot_change(ecosystem: Ecosystem) -> None:
    with pytest.raises(KeyError):
        ecosystem.yank("nobody", "1.0")
    with pytest.raises(KeyError):
        ecosystem.yank("acme-blog", "9.9")
    with pytest.raises(KeyError):
        ecosystem.remove_role("acme-blog", "nobody")

    assert told(ecosystem) == []


def test_the_past_of_a_project_is_kept(ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-blog", "3.0")
    ecosystem.remove_project("acme-blog")

    former = ecosystem.project("acme-blog", changes_ago=1)
    first = ecosystem.project("acme-blog", changes_ago=2)

    assert ecosystem.project("acme-blog") is None
    assert former is not None
    assert "3.0" in former.releases
    assert first is not None
    assert "3.0" not in first.releases
    assert ecosystem.project("acme-blog", changes_ago=99) is first


def test_the_registry_as_it_was_at_a_serial(ecosystem: Ecosystem) -> None:
    ecosystem.publish("acme-wiki", "1.0", files=())
    ecosystem.remove_project("acme-shop")

    names = {serial: [p.normalized_name for p in ecosystem.projects_at(serial)[1]] for serial in (2, 3, 4, 5)}

    assert names[2] == names[3] == ["acme-blog", "acme-shop"]
    assert names[4] == ["acme-blog", "acme-shop", "acme-wiki"]
    assert names[5] == ["acme-blog", "acme-wiki"]
    assert ecosystem.projects_at(0) == ecosystem.projects_at(BEGINNING)


def test_readers_never_meet_a_half_made_change(ecosystem: Ecosystem) -> None:
    """A serial that was read is a change that is there, whichever thread made it."""
    missing: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            serial = ecosystem.last_serial
            newest = max(p.last_serial for p in ecosystem.projects())
            if newest < serial:
                missing.append(serial)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(300):
        ecosystem.publish("acme-blog", f"9.{number}")
    done.set()
    for reader in readers:
        reader.join()

    assert missing == []
    assert ecosystem.last_serial == BEGINNING + 300 * 3
