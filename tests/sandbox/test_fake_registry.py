"""Changes of the fake registry, and their entries in the changelog."""

import threading

import pytest

from pyf.aggregator.sandbox.changelog import ChangelogRow
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.project import Project

NOW = 1_800_000_000
BEGINNING = 2


def list_changes(fake_registry: FakeRegistry) -> list[tuple[str, str | None, str]]:
    return [(row.name, row.version, row.action) for row in fake_registry.get_changes(BEGINNING)]


def get_existing_project(fake_registry: FakeRegistry, name: str) -> Project:
    project = fake_registry.get_project(name)
    assert project is not None
    return project


def test_missing_serials_follow_release_order(fake_registry: FakeRegistry) -> None:
    rows = fake_registry.get_changes(0)

    assert [(row.name, row.version, row.action, row.serial) for row in rows] == [
        ("acme-shop", "0.1", "new release", 1),
        ("Acme.Blog", "2.1a1", "new release", 2),
    ]
    assert fake_registry.last_serial == BEGINNING


def test_publish_new_project_changelog(fake_registry: FakeRegistry) -> None:
    fake_registry.publish("Acme_Wiki", "1.0", owner="eve", info={"summary": "Pages"})

    assert fake_registry.get_changes(BEGINNING) == [
        ChangelogRow("Acme_Wiki", None, NOW, "create", 3),
        ChangelogRow("Acme_Wiki", None, NOW, "add Owner eve", 4),
        ChangelogRow("Acme_Wiki", "1.0", NOW, "new release", 5),
        ChangelogRow("Acme_Wiki", "1.0", NOW, "add source file acme_wiki-1.0.tar.gz", 6),
        ChangelogRow("Acme_Wiki", "1.0", NOW, "add py3 file acme_wiki-1.0-py3-none-any.whl", 7),
    ]
    assert get_existing_project(fake_registry, "acme-wiki").last_serial == fake_registry.last_serial == 7


def test_publish_inherits_metadata(fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-blog", "3.0", info={"classifiers": ["Framework :: Plone :: 6.1"]})

    blog = get_existing_project(fake_registry, "acme-blog")
    infos = {version: blog.build_info(release) for version, release in blog.releases.items()}
    assert infos["3.0"]["summary"] == "A blog"
    assert infos["3.0"]["classifiers"] == ["Framework :: Plone :: 6.1"]
    assert infos["2.0"]["classifiers"] == ["Framework :: Plone", "Framework :: Plone :: 6.0"]


def test_publish_renames_project(fake_registry: FakeRegistry) -> None:
    fake_registry.yank("acme.blog", "1.0")

    fake_registry.publish("acme-blog", "3.0", files=())

    assert list_changes(fake_registry) == [("Acme.Blog", "1.0", "yank release"), ("acme-blog", "3.0", "new release")]
    assert get_existing_project(fake_registry, "acme-blog").name == "acme-blog"


def test_publish_existing_version_fails(fake_registry: FakeRegistry) -> None:
    with pytest.raises(ValueError, match="exists"):
        fake_registry.publish("acme-blog", "1.0")

    assert list_changes(fake_registry) == []


def test_add_and_remove_file(fake_registry: FakeRegistry) -> None:
    fake_registry.add_file("acme-shop", "0.1", "wheel", python_version="cp312")
    fake_registry.remove_file("acme-shop", "0.1", "acme_shop-0.1.tar.gz")

    assert list_changes(fake_registry) == [
        ("acme-shop", "0.1", "add cp312 file acme_shop-0.1-cp312-none-any.whl"),
        ("acme-shop", "0.1", "remove file acme_shop-0.1.tar.gz"),
    ]
    files = get_existing_project(fake_registry, "acme-shop").releases["0.1"].files
    assert [file["filename"] for file in files] == [
        "acme_shop-0.1-py3-none-any.whl",
        "acme_shop-0.1-cp312-none-any.whl",
    ]


def test_add_existing_file_fails(fake_registry: FakeRegistry) -> None:
    with pytest.raises(ValueError, match=r"acme_shop-0\.1\.tar\.gz exists"):
        fake_registry.add_file("acme-shop", "0.1", "sdist")


def test_yank_marks_release_and_files(fake_registry: FakeRegistry) -> None:
    fake_registry.yank("acme-blog", "2.0", "broken")
    yanked = get_existing_project(fake_registry, "acme-blog").releases["2.0"]

    fake_registry.unyank("acme-blog", "2.0")

    assert (yanked.yanked, yanked.yanked_reason) == (True, "broken")
    assert {(file["yanked"], file["yanked_reason"]) for file in yanked.files} == {(True, "broken")}
    assert not get_existing_project(fake_registry, "acme-blog").releases["2.0"].yanked
    assert list_changes(fake_registry) == [("Acme.Blog", "2.0", "yank release"), ("Acme.Blog", "2.0", "unyank release")]


def test_add_file_to_yanked_release(fake_registry: FakeRegistry) -> None:
    fake_registry.yank("acme-blog", "2.0", "broken")

    fake_registry.add_file("acme-blog", "2.0", "wheel", python_version="py2")

    assert all(file["yanked"] for file in get_existing_project(fake_registry, "acme-blog").releases["2.0"].files)


def test_removals_are_in_changelog(fake_registry: FakeRegistry) -> None:
    fake_registry.remove_release("acme-blog", "1.0")
    fake_registry.remove_project("acme-shop")
    fake_registry.publish("acme-shop", "9", files=())

    assert list_changes(fake_registry) == [
        ("Acme.Blog", "1.0", "remove release"),
        ("acme-shop", None, "remove project"),
        ("acme-shop", None, "create"),
        ("acme-shop", "9", "new release"),
    ]
    assert set(get_existing_project(fake_registry, "acme-shop").releases) == {"9"}


def test_project_without_releases_remains(fake_registry: FakeRegistry) -> None:
    fake_registry.remove_release("acme-shop", "0.1")

    assert get_existing_project(fake_registry, "acme-shop").newest is None
    assert not get_existing_project(fake_registry, "acme-shop").is_visible


def test_quarantine_and_roles_are_in_changelog(fake_registry: FakeRegistry) -> None:
    fake_registry.quarantine("acme-blog")
    fake_registry.clear_quarantine("acme-blog")
    fake_registry.add_role("acme-blog", "eve", "Owner")
    fake_registry.remove_role("acme-blog", "bob")

    assert [(version, action) for _, version, action in list_changes(fake_registry)] == [
        (None, "project quarantined"),
        (None, "project quarantine cleared"),
        (None, "add Owner eve"),
        (None, "remove Maintainer bob"),
    ]
    assert get_existing_project(fake_registry, "acme-blog").roles == (("Owner", "ada"), ("Owner", "eve"))


def test_archive_and_vulnerabilities_are_not_in_changelog(fake_registry: FakeRegistry) -> None:
    fake_registry.archive("acme-blog")
    archived = get_existing_project(fake_registry, "acme-blog")
    fake_registry.unarchive("acme-blog")
    fake_registry.set_vulnerabilities("acme-blog", [{"id": "PYSEC-1", "aliases": [], "fixed_in": []}])

    assert archived.status == "archived"
    assert get_existing_project(fake_registry, "acme-blog").status == "active"
    assert get_existing_project(fake_registry, "acme-blog").vulnerabilities[0]["id"] == "PYSEC-1"
    assert (list_changes(fake_registry), fake_registry.last_serial, archived.last_serial) == ([], BEGINNING, BEGINNING)


def test_add_filler_changes(fake_registry: FakeRegistry) -> None:
    fake_registry.add_filler_changes(200_000)

    assert fake_registry.last_serial == BEGINNING + 200_000
    assert get_existing_project(fake_registry, "acme-blog").last_serial == BEGINNING
    assert {row.name for row in fake_registry.get_changes(BEGINNING)}.isdisjoint({"Acme.Blog", "acme-shop"})


def test_changes_to_missing_objects_fail(fake_registry: FakeRegistry) -> None:
    with pytest.raises(KeyError):
        fake_registry.yank("nobody", "1.0")
    with pytest.raises(KeyError):
        fake_registry.yank("acme-blog", "9.9")
    with pytest.raises(KeyError):
        fake_registry.remove_role("acme-blog", "nobody")

    assert list_changes(fake_registry) == []


def test_get_project_before_changes(fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-blog", "3.0")
    fake_registry.remove_project("acme-blog")

    previous = fake_registry.get_project("acme-blog", changes_ago=1)
    first = fake_registry.get_project("acme-blog", changes_ago=2)

    assert fake_registry.get_project("acme-blog") is None
    assert previous is not None
    assert "3.0" in previous.releases
    assert first is not None
    assert "3.0" not in first.releases
    assert fake_registry.get_project("acme-blog", changes_ago=99) is first


def test_list_projects_at_serial(fake_registry: FakeRegistry) -> None:
    fake_registry.publish("acme-wiki", "1.0", files=())
    fake_registry.remove_project("acme-shop")

    names = {serial: [p.normalized_name for p in fake_registry.list_projects_at(serial)[1]] for serial in (2, 3, 4, 5)}

    assert names[2] == names[3] == ["acme-blog", "acme-shop"]
    assert names[4] == ["acme-blog", "acme-shop", "acme-wiki"]
    assert names[5] == ["acme-blog", "acme-wiki"]
    assert fake_registry.list_projects_at(0) == fake_registry.list_projects_at(BEGINNING)


def test_concurrent_reads_are_consistent(fake_registry: FakeRegistry) -> None:
    """A serial that was read is a change that is there, whichever thread made it."""
    missing: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            serial = fake_registry.last_serial
            newest = max(p.last_serial for p in fake_registry.list_projects())
            if newest < serial:
                missing.append(serial)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(300):
        fake_registry.publish("acme-blog", f"9.{number}")
    done.set()
    for reader in readers:
        reader.join()

    assert missing == []
    assert fake_registry.last_serial == BEGINNING + 300 * 3
