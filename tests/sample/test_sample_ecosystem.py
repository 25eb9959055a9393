"""Changes of the sample registry: what the journal tells, and what it does not."""

import threading

import pytest

from pyf.aggregator.sample.ecosystem import FakeRegistry
from pyf.aggregator.sample.journal import ChangelogRow
from pyf.aggregator.sample.project import Project

NOW = 1_800_000_000
BEGINNING = 2


def list_changes(ecosystem: FakeRegistry) -> list[tuple[str, str | None, str]]:
    return [(row.name, row.version, row.action) for row in ecosystem.get_changes(BEGINNING)]


def get_existing_project(ecosystem: FakeRegistry, name: str) -> Project:
    project = ecosystem.get_project(name)
    assert project is not None
    return project


def test_missing_serials_follow_release_order(ecosystem: FakeRegistry) -> None:
    rows = ecosystem.get_changes(0)

    assert [(row.name, row.version, row.action, row.serial) for row in rows] == [
        ("acme-shop", "0.1", "new release", 1),
        ("Acme.Blog", "2.1a1", "new release", 2),
    ]
    assert ecosystem.last_serial == BEGINNING


def test_publish_new_project_changelog(ecosystem: FakeRegistry) -> None:
    ecosystem.publish("Acme_Wiki", "1.0", owner="eve", info={"summary": "Pages"})

    assert ecosystem.get_changes(BEGINNING) == [
        ChangelogRow("Acme_Wiki", None, NOW, "create", 3),
        ChangelogRow("Acme_Wiki", None, NOW, "add Owner eve", 4),
        ChangelogRow("Acme_Wiki", "1.0", NOW, "new release", 5),
        ChangelogRow("Acme_Wiki", "1.0", NOW, "add source file acme_wiki-1.0.tar.gz", 6),
        ChangelogRow("Acme_Wiki", "1.0", NOW, "add py3 file acme_wiki-1.0-py3-none-any.whl", 7),
    ]
    assert get_existing_project(ecosystem, "acme-wiki").last_serial == ecosystem.last_serial == 7


def test_publish_inherits_metadata(ecosystem: FakeRegistry) -> None:
    ecosystem.publish("acme-blog", "3.0", info={"classifiers": ["Framework :: Plone :: 6.1"]})

    blog = get_existing_project(ecosystem, "acme-blog")
    infos = {version: blog.build_info(release) for version, release in blog.releases.items()}
    assert infos["3.0"]["summary"] == "A blog"
    assert infos["3.0"]["classifiers"] == ["Framework :: Plone :: 6.1"]
    assert infos["2.0"]["classifiers"] == ["Framework :: Plone", "Framework :: Plone :: 6.0"]


def test_publish_renames_project(ecosystem: FakeRegistry) -> None:
    ecosystem.yank("acme.blog", "1.0")

    ecosystem.publish("acme-blog", "3.0", files=())

    assert list_changes(ecosystem) == [("Acme.Blog", "1.0", "yank release"), ("acme-blog", "3.0", "new release")]
    assert get_existing_project(ecosystem, "acme-blog").name == "acme-blog"


def test_publish_existing_version_fails(ecosystem: FakeRegistry) -> None:
    with pytest.raises(ValueError, match="exists"):
        ecosystem.publish("acme-blog", "1.0")

    assert list_changes(ecosystem) == []


def test_add_and_remove_file(ecosystem: FakeRegistry) -> None:
    ecosystem.add_file("acme-shop", "0.1", "wheel", python_version="cp312")
    ecosystem.remove_file("acme-shop", "0.1", "acme_shop-0.1.tar.gz")

    assert list_changes(ecosystem) == [
        ("acme-shop", "0.1", "add cp312 file acme_shop-0.1-cp312-none-any.whl"),
        ("acme-shop", "0.1", "remove file acme_shop-0.1.tar.gz"),
    ]
    files = get_existing_project(ecosystem, "acme-shop").releases["0.1"].files
    assert [file["filename"] for file in files] == [
        "acme_shop-0.1-py3-none-any.whl",
        "acme_shop-0.1-cp312-none-any.whl",
    ]


def test_add_existing_file_fails(ecosystem: FakeRegistry) -> None:
    with pytest.raises(ValueError, match=r"acme_shop-0\.1\.tar\.gz exists"):
        ecosystem.add_file("acme-shop", "0.1", "sdist")


def test_yank_marks_release_and_files(ecosystem: FakeRegistry) -> None:
    ecosystem.yank("acme-blog", "2.0", "broken")
    yanked = get_existing_project(ecosystem, "acme-blog").releases["2.0"]

    ecosystem.unyank("acme-blog", "2.0")

    assert (yanked.yanked, yanked.yanked_reason) == (True, "broken")
    assert {(file["yanked"], file["yanked_reason"]) for file in yanked.files} == {(True, "broken")}
    assert not get_existing_project(ecosystem, "acme-blog").releases["2.0"].yanked
    assert list_changes(ecosystem) == [("Acme.Blog", "2.0", "yank release"), ("Acme.Blog", "2.0", "unyank release")]


def test_add_file_to_yanked_release(ecosystem: FakeRegistry) -> None:
    ecosystem.yank("acme-blog", "2.0", "broken")

    ecosystem.add_file("acme-blog", "2.0", "wheel", python_version="py2")

    assert all(file["yanked"] for file in get_existing_project(ecosystem, "acme-blog").releases["2.0"].files)


def test_removals_are_in_changelog(ecosystem: FakeRegistry) -> None:
    ecosystem.remove_release("acme-blog", "1.0")
    ecosystem.remove_project("acme-shop")
    ecosystem.publish("acme-shop", "9", files=())

    assert list_changes(ecosystem) == [
        ("Acme.Blog", "1.0", "remove release"),
        ("acme-shop", None, "remove project"),
        ("acme-shop", None, "create"),
        ("acme-shop", "9", "new release"),
    ]
    assert set(get_existing_project(ecosystem, "acme-shop").releases) == {"9"}


def test_project_without_releases_remains(ecosystem: FakeRegistry) -> None:
    ecosystem.remove_release("acme-shop", "0.1")

    assert get_existing_project(ecosystem, "acme-shop").newest is None
    assert not get_existing_project(ecosystem, "acme-shop").is_visible


def test_quarantine_and_roles_are_in_changelog(ecosystem: FakeRegistry) -> None:
    ecosystem.quarantine("acme-blog")
    ecosystem.clear_quarantine("acme-blog")
    ecosystem.add_role("acme-blog", "eve", "Owner")
    ecosystem.remove_role("acme-blog", "bob")

    assert [(version, action) for _, version, action in list_changes(ecosystem)] == [
        (None, "project quarantined"),
        (None, "project quarantine cleared"),
        (None, "add Owner eve"),
        (None, "remove Maintainer bob"),
    ]
    assert get_existing_project(ecosystem, "acme-blog").roles == (("Owner", "ada"), ("Owner", "eve"))


def test_archive_and_vulnerabilities_are_not_in_changelog(ecosystem: FakeRegistry) -> None:
    ecosystem.archive("acme-blog")
    archived = get_existing_project(ecosystem, "acme-blog")
    ecosystem.unarchive("acme-blog")
    ecosystem.set_vulnerabilities("acme-blog", [{"id": "PYSEC-1", "aliases": [], "fixed_in": []}])

    assert archived.status == "archived"
    assert get_existing_project(ecosystem, "acme-blog").status == "active"
    assert get_existing_project(ecosystem, "acme-blog").vulnerabilities[0]["id"] == "PYSEC-1"
    assert (list_changes(ecosystem), ecosystem.last_serial, archived.last_serial) == ([], BEGINNING, BEGINNING)


def test_add_filler_changes(ecosystem: FakeRegistry) -> None:
    ecosystem.add_filler_changes(200_000)

    assert ecosystem.last_serial == BEGINNING + 200_000
    assert get_existing_project(ecosystem, "acme-blog").last_serial == BEGINNING
    assert {row.name for row in ecosystem.get_changes(BEGINNING)}.isdisjoint({"Acme.Blog", "acme-shop"})


def test_changes_to_missing_objects_fail(ecosystem: FakeRegistry) -> None:
    with pytest.raises(KeyError):
        ecosystem.yank("nobody", "1.0")
    with pytest.raises(KeyError):
        ecosystem.yank("acme-blog", "9.9")
    with pytest.raises(KeyError):
        ecosystem.remove_role("acme-blog", "nobody")

    assert list_changes(ecosystem) == []


def test_get_project_before_changes(ecosystem: FakeRegistry) -> None:
    ecosystem.publish("acme-blog", "3.0")
    ecosystem.remove_project("acme-blog")

    previous = ecosystem.get_project("acme-blog", changes_ago=1)
    first = ecosystem.get_project("acme-blog", changes_ago=2)

    assert ecosystem.get_project("acme-blog") is None
    assert previous is not None
    assert "3.0" in previous.releases
    assert first is not None
    assert "3.0" not in first.releases
    assert ecosystem.get_project("acme-blog", changes_ago=99) is first


def test_list_projects_at_serial(ecosystem: FakeRegistry) -> None:
    ecosystem.publish("acme-wiki", "1.0", files=())
    ecosystem.remove_project("acme-shop")

    names = {serial: [p.normalized_name for p in ecosystem.list_projects_at(serial)[1]] for serial in (2, 3, 4, 5)}

    assert names[2] == names[3] == ["acme-blog", "acme-shop"]
    assert names[4] == ["acme-blog", "acme-shop", "acme-wiki"]
    assert names[5] == ["acme-blog", "acme-wiki"]
    assert ecosystem.list_projects_at(0) == ecosystem.list_projects_at(BEGINNING)


def test_concurrent_reads_are_consistent(ecosystem: FakeRegistry) -> None:
    """A serial that was read is a change that is there, whichever thread made it."""
    missing: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            serial = ecosystem.last_serial
            newest = max(p.last_serial for p in ecosystem.list_projects())
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
