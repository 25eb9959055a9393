"""What the sample registry shows of a project: the rules of PyPI's own code."""

import pytest

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.project import Json, Project, Release, project_of
from pyf.aggregator.sample.views import browse, project_document, release_document, simple_index, simple_page


def shown(project: Project) -> Json:
    document = project_document(project)
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
def test_latest_is_not_yanked_then_final_then_highest(releases: tuple[str, ...], newest: str) -> None:
    made = {v.removeprefix("yanked "): Release(v.removeprefix("yanked "), yanked="yanked" in v) for v in releases}
    project = Project(name="acme", last_serial=1, info={}, releases=made)

    assert shown(project)["info"]["version"] == newest


def test_only_the_projects_document_lists_releases(ecosystem: Ecosystem) -> None:
    blog = ecosystem.projects()[0]

    of_release = release_document(blog, blog.releases["1.0"])

    assert set(shown(blog)) - set(of_release) == {"releases"}
    assert of_release["info"]["version"] == "1.0"
    assert of_release["info"]["classifiers"] == ["Framework :: Plone"]
    assert of_release["info"]["release_url"].endswith("/acme-blog/1.0/")
    assert [file["filename"] for file in of_release["urls"]] == [
        "acme_blog-1.0.tar.gz",
        "acme_blog-1.0-py3-none-any.whl",
    ]


def test_a_release_may_be_named_by_an_equal_version(ecosystem: Ecosystem) -> None:
    blog = ecosystem.projects()[0]

    assert blog.release("2.0.0") is blog.releases["2.0"]
    assert blog.release("2.2") is None


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
def test_an_advisory_holds_for_what_is_older_than_the_fix_of_its_series(version: str, is_affected: bool) -> None:
    advisory = {"id": "PYSEC-1", "fixed_in": ["2.2.28", "3.2.13", "4.0.4"]}
    project = Project(
        name="acme", last_serial=1, info={}, releases={version: Release(version)}, vulnerabilities=(advisory,)
    )

    assert bool(shown(project)["vulnerabilities"]) is is_affected


def test_an_advisory_without_a_fix_holds_for_all_releases() -> None:
    project = Project(
        name="acme", last_serial=1, info={}, releases={"9": Release("9")}, vulnerabilities=({"id": "PYSEC-1"},)
    )

    assert shown(project)["vulnerabilities"] == [{"id": "PYSEC-1"}]


def test_a_quarantined_project_has_a_page_without_files_and_nothing_else(ecosystem: Ecosystem) -> None:
    ecosystem.quarantine("acme-blog")

    blog = ecosystem.projects()[0]
    page = simple_page(blog)

    assert project_document(blog) is None
    assert (page["files"], page["versions"], page["project-status"]) == ([], [], {"status": "quarantined"})
    assert [entry["name"] for entry in simple_index(ecosystem.projects(), 9)["projects"]] == ["acme-shop"]


def test_a_project_without_releases_has_a_page_and_no_document(ecosystem: Ecosystem) -> None:
    ecosystem.remove_release("acme-shop", "0.1")

    shop = ecosystem.projects()[1]

    assert project_document(shop) is None
    assert simple_page(shop)["project-status"] == {"status": "active"}
    assert {"name": "acme-shop", "_last-serial": 3} in simple_index(ecosystem.projects(), 3)["projects"]


def test_a_simple_page_tells_yanked_reason_and_requirement_of_each_file(ecosystem: Ecosystem) -> None:
    ecosystem.yank("acme-blog", "1.0", "broken")
    ecosystem.yank("acme-blog", "2.0")
    ecosystem.publish("acme-blog", "3.0", files=())

    page = simple_page(ecosystem.projects()[0])

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
def test_browse_finds_every_release_that_carries_all_classifiers_exactly(
    ecosystem: Ecosystem, classifiers: list[str], versions: list[str]
) -> None:
    ecosystem.yank("acme-blog", "2.0")

    found = browse(ecosystem.projects(), classifiers)

    assert found == [("Acme.Blog", version) for version in versions]


def test_a_document_full_of_nulls_is_accepted() -> None:
    info = {"name": "acme", "version": "1", "classifiers": None, "requires_python": None}
    file: Json = {"filename": "acme-1.tar.gz", "size": None, "url": None, "digests": {}, "upload_time": None}
    document = {"info": info, "releases": {"1": [file], "2": None}, "last_serial": None, "vulnerabilities": None}

    project = project_of(document)

    assert shown(project)["info"]["version"] == "2"
    assert simple_page(project)["files"][0]["filename"] == "acme-1.tar.gz"
    assert browse([project], ["Framework :: Plone"]) == []
