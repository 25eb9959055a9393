"""Documents of the fake registry follow the rules of PyPI's code."""

import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.project import Json, Project, Release, parse_project
from pyf.aggregator.sandbox.yaml_format import (
    find_releases,
    serialize_project,
    serialize_release,
    serialize_simple_index,
    serialize_simple_page,
)


def get_serialized(project: Project) -> Json:
    document = serialize_project(project)
    assert document is not None
    return document


@pytest.mark.parametrize(
    ("releases", "newest"),
    [
        (("1.0", "2.0", "1.9"), "2.0"),
        (("1.0", "2.0a1"), "1.0"),
        (("1.0a1", "1.0.dev2"), "1.0a1"),
        (("1.0", "yanked 2.0"), "1.0"),
        (("1.0a1", "yanked 2.0"), "1.0a1"),
        (("yanked 1.0", "yanked 2.0"), "2.0"),
        (("not-a-version", "0.1"), "0.1"),
        (("not-a-version", "0.1a1"), "not-a-version"),
        (("1.10", "1.9", "1!0.1"), "1!0.1"),
    ],
)
def test_newest_release_order(releases: tuple[str, ...], newest: str) -> None:
    project_releases = {
        v.removeprefix("yanked "): Release(v.removeprefix("yanked "), yanked="yanked" in v) for v in releases
    }
    project = Project(name="acme", last_serial=1, info={}, releases=project_releases)

    assert get_serialized(project)["info"]["version"] == newest


def test_only_project_document_lists_releases(fake_registry: FakeRegistry) -> None:
    blog = fake_registry.list_projects()[0]

    of_release = serialize_release(blog, blog.releases["1.0"])

    assert set(get_serialized(blog)) - set(of_release) == {"releases"}
    assert of_release["info"]["version"] == "1.0"
    assert of_release["info"]["classifiers"] == ["Framework :: Plone"]
    assert of_release["info"]["release_url"].endswith("/acme-blog/1.0/")
    assert [file["filename"] for file in of_release["urls"]] == [
        "acme_blog-1.0.tar.gz",
        "acme_blog-1.0-py3-none-any.whl",
    ]


def test_get_release_by_equal_version(fake_registry: FakeRegistry) -> None:
    blog = fake_registry.list_projects()[0]

    assert blog.get_release("2.0.0") is blog.releases["2.0"]
    assert blog.get_release("2.2") is None


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [
        ("3.2", True),
        ("3.2.13", False),
        ("4.0", True),
        ("4.0.4", False),
        ("2.2.28", False),
        ("3.9", True),
        ("5.0", False),
    ],
)
def test_advisory_applies_before_fix_of_series(version: str, is_affected: bool) -> None:
    advisory = {"id": "PYSEC-1", "fixed_in": ["2.2.28", "3.2.13", "4.0.4"]}
    project = Project(
        name="acme", last_serial=1, info={}, releases={version: Release(version)}, vulnerabilities=(advisory,)
    )

    assert bool(get_serialized(project)["vulnerabilities"]) is is_affected


def test_advisory_without_fix_applies_to_all() -> None:
    project = Project(
        name="acme", last_serial=1, info={}, releases={"9": Release("9")}, vulnerabilities=({"id": "PYSEC-1"},)
    )

    assert get_serialized(project)["vulnerabilities"] == [{"id": "PYSEC-1"}]


def test_quarantined_project_has_empty_page(fake_registry: FakeRegistry) -> None:
    fake_registry.quarantine("acme-blog")

    blog = fake_registry.list_projects()[0]
    page = serialize_simple_page(blog)

    assert serialize_project(blog) is None
    assert (page["files"], page["versions"], page["project-status"]) == ([], [], {"status": "quarantined"})
    assert [entry["name"] for entry in serialize_simple_index(fake_registry.list_projects(), 9)["projects"]] == [
        "acme-shop"
    ]


def test_project_without_releases_has_no_document(fake_registry: FakeRegistry) -> None:
    fake_registry.remove_release("acme-shop", "0.1")

    shop = fake_registry.list_projects()[1]

    assert serialize_project(shop) is None
    assert serialize_simple_page(shop)["project-status"] == {"status": "active"}
    assert {"name": "acme-shop", "_last-serial": 3} in serialize_simple_index(fake_registry.list_projects(), 3)[
        "projects"
    ]


def test_simple_page_file_fields(fake_registry: FakeRegistry) -> None:
    fake_registry.yank("acme-blog", "1.0", "broken")
    fake_registry.yank("acme-blog", "2.0")
    fake_registry.publish("acme-blog", "3.0", files=())

    page = serialize_simple_page(fake_registry.list_projects()[0])

    assert page["versions"] == ["1.0", "2.0", "2.1a1"], "only what has files"
    assert {file["filename"]: file["yanked"] for file in page["files"]} == {
        "acme_blog-1.0.tar.gz": "broken",
        "acme_blog-1.0-py3-none-any.whl": "broken",
        "acme_blog-2.0.tar.gz": True,
        "acme_blog-2.0-py3-none-any.whl": True,
        "acme_blog-2.1a1.tar.gz": False,
    }
    assert {file["requires-python"] for file in page["files"]} == {">=3.11"}


@pytest.mark.parametrize(
    ("classifiers", "versions"),
    [
        (["Framework :: Plone"], ["1.0", "2.0", "2.1a1"]),
        (["Framework :: Plone", "Framework :: Plone :: 6.0"], ["2.0", "2.1a1"]),
        (["Framework"], []),
        (["Framework :: Plone", "Framework :: Plone"], []),
        (["Framework :: Plone", "Framework :: Nothing"], []),
        ([], []),
    ],
)
def test_find_releases_requires_all_classifiers(
    fake_registry: FakeRegistry, classifiers: list[str], versions: list[str]
) -> None:
    fake_registry.yank("acme-blog", "2.0")

    matches = find_releases(fake_registry.list_projects(), classifiers)

    assert matches == [("Acme.Blog", version) for version in versions]


def test_document_of_nulls_is_accepted() -> None:
    info = {"name": "acme", "version": "1", "classifiers": None, "requires_python": None}
    file: Json = {"filename": "acme-1.tar.gz", "size": None, "url": None, "digests": {}, "upload_time": None}
    document = {"info": info, "releases": {"1": [file], "2": None}, "last_serial": None, "vulnerabilities": None}

    project = parse_project(document)

    assert get_serialized(project)["info"]["version"] == "2"
    assert serialize_simple_page(project)["files"][0]["filename"] == "acme-1.tar.gz"
    assert find_releases([project], ["Framework :: Plone"]) == []
