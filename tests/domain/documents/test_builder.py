from collections.abc import Mapping

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from pyf.aggregator.domain.documents.builder import (
    BuildContext,
    build_documents,
    extract_readme,
    parse_framework_versions,
    parse_keywords,
    parse_python_versions,
)
from pyf.aggregator.domain.documents.project import File, Metadata, Project, ProjectStatus, Release, Vulnerability
from pyf.aggregator.domain.documents.schema import RegistryFields
from pyf.aggregator.domain.readme.plain_text import Readme, RenderedReadme

NOW = BuildContext(last_serial=7, status_checked=1_700_000_000, document_version=4)
HTML = RenderedReadme(html="<p>Hi</p>", title="Hi", first_chapter="Hi there")


def make_file(version: str, *, yanked: bool = False) -> File:
    return File(
        filename=f"x-{version}.tar.gz",
        url=f"https://files.pypi.example/x-{version}.tar.gz",
        size=10,
        packagetype="sdist",
        upload_time=1_600_000_000,
        sha256="0" * 64,
        yanked=yanked,
    )


def make_project(*releases: Release, name: str = "Plone.Api") -> Project:
    return Project(name=name, last_serial=7, releases=releases, maintainers=("plone-team",))


def make_read_release(version: str, *, metadata: Metadata = Metadata(summary="Easy"), yanked: bool = False) -> Release:
    return Release(version=version, files=(make_file(version, yanked=yanked),), metadata=metadata)


def build(
    source: Project,
    *,
    stored: Mapping[str, RegistryFields] = {},
    rendered_readmes: Mapping[str, RenderedReadme] = {},
    context: BuildContext = NOW,
    keep_descriptions: bool = False,
) -> dict[str, RegistryFields]:
    built = build_documents(
        source, stored=stored, rendered_readmes=rendered_readmes, context=context, keep_descriptions=keep_descriptions
    )
    return {fields.version: fields for fields in built}


def test_document_id_has_published_spelling() -> None:
    fields = build(make_project(make_read_release("2.0.0")))["2.0.0"]

    assert (fields.id, fields.identifier) == ("Plone.Api-2.0.0", "Plone.Api-2.0.0")
    assert (fields.name, fields.name_sortable, fields.name_normalized) == ("Plone.Api", "Plone.Api", "plone-api")


def test_exactly_one_release_is_the_newest() -> None:
    made = build(make_project(make_read_release("1.0"), make_read_release("2.0"), make_read_release("3.0a1")))

    assert [version for version, fields in made.items() if fields.is_newest] == ["2.0"]


def test_empty_metadata_gives_document() -> None:
    fields = build(make_project(Release(version="weird version", metadata=Metadata())))["weird version"]

    assert (fields.keywords, fields.classifiers, fields.author, fields.upload_timestamp) == ((), (), "", 0)
    assert fields.title is UNSET


def test_stored_release_is_updated_without_request() -> None:
    first = build(make_project(make_read_release("1.0")), rendered_readmes={"1.0": HTML})["1.0"]
    assert (first.is_newest, first.description) == (True, "<p>Hi</p>")
    later = Project(
        name="plone-api",
        last_serial=9,
        releases=(
            Release(version="1.0", files=(make_file("1.0", yanked=True),), yanked_reason="broken"),
            make_read_release("2.0"),
        ),
        maintainers=("new-team",),
    )

    held = build(later, stored={"1.0": first}, context=replace(NOW, last_serial=9))["1.0"]

    assert (held.id, held.is_newest, held.last_serial) == ("plone-api-1.0", False, 9)
    assert (held.yanked, held.yanked_reason, held.maintainers) == (True, "broken", ("new-team",))
    assert (held.description, held.title, held.first_chapter) == ("", UNSET, UNSET)
    assert held.summary == "Easy"


def test_stored_release_keeps_readme() -> None:
    first = build(make_project(make_read_release("1.0")), rendered_readmes={"1.0": HTML})["1.0"]
    later = make_project(Release(version="1.0", files=(make_file("1.0"),)), make_read_release("2.0"))

    held = build(later, stored={"1.0": first}, keep_descriptions=True)["1.0"]

    assert held.description == "<p>Hi</p>"


def test_stored_release_without_files_stays_yanked() -> None:
    """Only its own document has this value, and it is not read again."""
    bare = Release(version="1.0", yanked_reason="no", metadata=Metadata(yanked=True))
    first = build(make_project(bare, make_read_release("0.9")))["1.0"]

    held = build(make_project(Release(version="1.0"), make_read_release("0.9")), stored={"1.0": first})["1.0"]

    assert (held.yanked, held.yanked_reason) == (True, "no")


def test_unknown_release_is_omitted() -> None:
    made = build(make_project(Release(version="1.0"), make_read_release("2.0")))

    assert list(made) == ["2.0"]


def test_removed_release_is_omitted() -> None:
    first = build(make_project(make_read_release("1.0")))["1.0"]

    made = build(make_project(make_read_release("2.0")), stored={"1.0": first})

    assert list(made) == ["2.0"]


def test_circumstances_are_recorded() -> None:
    fields = build(make_project(make_read_release("1.0")), context=replace(NOW, status=ProjectStatus.ARCHIVED))["1.0"]

    assert (fields.last_serial, fields.composed_with) == (7, 4)
    assert (fields.project_status, fields.status_checked) == ("archived", 1_700_000_000)


def test_advisories_belong_to_the_release_that_carries_them() -> None:
    advisory = Vulnerability(id="PYSEC-1", aliases=("CVE-1",), fixed_in=("2.1",))
    made = build(make_project(make_read_release("1.0"), replace(make_read_release("2.0"), vulnerabilities=(advisory,))))

    assert (made["1.0"].vulnerabilities, made["2.0"].vulnerabilities) == ((), (advisory,))


@pytest.mark.parametrize(
    ("published", "words"),
    [
        ("plone, content management,  cms ,", ("plone", "content management", "cms")),
        ("plone  cms\tweb", ("plone", "cms", "web")),
        ("plone plone", ("plone",)),
        ("", ()),
        (" , ", ()),
        ("web; rest api; flask", ("web", "rest api", "flask")),
        ("['web', 'rest api']", ("web", "rest api")),
        ('["web"]', ("web",)),
        ("('web', \"it's new\")", ("web", "it's new")),
        ("[web, rest api]", ("web", "rest api")),
        ("web\nrest api\nflask", ("web", "rest api", "flask")),
        ("- web\n- rest api", ("web", "rest api")),
        ("web,\nrest api;flask", ("web", "rest api", "flask")),
        ("web | rest api", ("web", "rest api")),
        ('"rest api" web', ("rest api", "web")),
        ("don't c++ c# .net", ("don't", "c++", "c#", ".net")),
        ("forms (html), web", ("forms (html)", "web")),
        ("rest api,", ("rest api",)),
        ("UNKNOWN", ()),
        ("web, UNKNOWN", ("web",)),
    ],
)
def test_keywords_split_at_the_published_separator(published: str, words: tuple[str, ...]) -> None:
    assert parse_keywords(published) == words


def test_versions_are_read_from_classifiers() -> None:
    classifiers = (
        "Framework :: Plone",
        "Framework :: Plone :: 6.0",
        "Framework :: Plone :: Addon",
        "Framework :: Django CMS :: 3.4",
        "Programming Language :: Python",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: Implementation :: CPython",
        "Framework :: Plone :: 6.0",
    )

    assert parse_framework_versions(classifiers) == ("Plone 6.0", "Django CMS 3.4")
    assert parse_python_versions(classifiers) == ("Python 3.12",)


@pytest.mark.parametrize("address", ["https://pypi.example/project/x", "https://pypi.example/project/x/"])
def test_project_url_ends_with_one_slash(address: str) -> None:
    fields = build(make_project(make_read_release("1.0", metadata=Metadata(project_url=address))))["1.0"]

    assert fields.project_url == "https://pypi.example/project/x/"


def test_readme_has_text_type_and_summary() -> None:
    metadata = Metadata(description="# Hi", description_content_type="text/markdown", summary="Easy")

    assert extract_readme(make_read_release("1.0", metadata=metadata)) == Readme(
        text="# Hi", content_type="text/markdown", summary="Easy"
    )
    assert extract_readme(make_read_release("1.0", metadata=Metadata(description=" \n"))) is None
    assert extract_readme(Release(version="1.0")) is None
