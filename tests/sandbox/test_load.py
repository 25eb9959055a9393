"""Loading of documents from three file formats, and messages for unreadable files."""

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_documents, load_sample_documents
from pyf.aggregator.sandbox.project import Json
from pyf.aggregator.sandbox.yaml_format import SampleDataError, parse_yaml_projects, serialize_project

RICH = """
profile: acme
note: made up
projects:
  - name: Acme.Blog
    summary: A blog
    author: null
    keywords: "blog, words"
    license_expression: MIT
    project_urls: {Source: "https://code.example/acme"}
    requires_python: ">=3.11"
    requires_dist: [acme-shop>=1]
    classifiers: ["Framework :: Plone"]
    content_type: text/markdown
    readme: |
      # Acme
    maintainers: [ada, "no"]
    status: archived
    vulnerabilities:
      - {id: PYSEC-1, aliases: [CVE-1], fixed_in: ["1.10"], summary: Bad}
    releases:
      - {version: 1.9, date: 2024-01-01, yanked: broken, license: GPL, requires_python: null}
      - {version: 1.10, date: 2024-01-01}
      - {version: 2.0a1, date: 2024-02-01T10:00:00+01:00, files: [], yanked: true}
  - name: bare
    releases:
      - {version: "1", date: 2020-02-29, files: [wheel]}
"""


def load_files(folder: Path, **files: str | bytes) -> dict[str, Json]:
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {document["info"]["name"]: document for document in load_documents(folder)}


def build_document(name: str, **info: Any) -> bytes:
    return msgspec.json.encode({"info": {"name": name, **info}, "releases": {"1.0": []}, "last_serial": 1})


def test_load_mixed_folder(tmp_path: Path) -> None:
    loaded = load_files(
        tmp_path,
        a_json=build_document("one"),
        b_jsonl=build_document("two") + b"\n\n" + build_document("three") + b"\n",
        c_jsonl_gz=gzip.compress(build_document("four")),
        d_yaml=RICH,
        e_txt="not a document",
    )

    assert list(loaded) == ["one", "two", "three", "four", "Acme.Blog", "bare"]


def test_load_single_file(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(build_document("one"))

    assert [project_document["info"]["name"] for project_document in load_documents(path)] == ["one"]


def test_load_repeated_project(tmp_path: Path) -> None:
    same = load_files(tmp_path, a_json=build_document("Acme.Blog"), b_json=build_document("Acme.Blog"))

    assert list(same) == ["Acme.Blog"]
    with pytest.raises(SampleDataError, match=r"c\.json: acme-blog differs from what .*a\.json says"):
        load_files(tmp_path, c_json=build_document("acme-blog"))


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.json", b"{", "truncated"),
        ("a.json", b"[]", "no `info`"),
        ("a.json", b'{"info": {}}', "no name"),
        ("a.json", b'{"info": {"name": "acme"}, "_status": "asleep"}', "acme: `_status`"),
        ("a.json", b'{"info": {"name": "acme"}, "releases": {"1": [{"upload_time": "soon"}]}}', "acme: .*soon"),
        ("a.json", b'{"info": {"name": "acme"}, "releases": [1]}', "acme: not in the shape"),
        ("a.jsonl", build_document("acme") + b"\nnonsense", r"\(document 2\)"),
        ("a.jsonl.gz", b"not compressed", "gzip"),
        ("a.jsonl.gz", gzip.compress(build_document("acme"), mtime=0)[:-9], "end-of-stream|ended"),
        ("a.yaml", b"projects: [", "flow"),
        ("a.yaml", b"\xff\xfe\x00", "decode|character"),
        ("a.yaml", b"projects: [{name: acme}]", "releases"),
        ("a.yaml", b"projects: [{name: acme, stars: 3, releases: []}]", "stars"),
        ("a.yaml", b"projects: [{name: acme, releases: [{version: 1, date: soon}]}]", "acme 1: 'soon' is no date"),
        ("a.yaml", b"projects: [{name: acme, status: asleep, releases: []}]", "asleep"),
        (
            "a.yaml",
            b"projects: [{name: acme, releases: [{version: 1, date: 2020-01-01}, {version: 1, date: 2020-01-01}]}]",
            "acme 1 is there twice",
        ),
    ],
)
def test_load_error_names_file(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SampleDataError, match=complaint) as refusal:
        list(load_documents(tmp_path))

    assert str(tmp_path / name) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_load_empty_folder_fails(tmp_path: Path) -> None:
    with pytest.raises(SampleDataError, match="no project documents"):
        list(load_documents(tmp_path))
    with pytest.raises(SampleDataError, match=r"nowhere: no such file or folder"):
        list(load_documents(tmp_path / "nowhere"))
    with pytest.raises(SampleDataError, match=r"not a file of project documents"):
        list(load_documents(Path(__file__)))


def test_parse_yaml_projects(tmp_path: Path) -> None:
    blog = load_files(tmp_path, a_yaml=RICH)["Acme.Blog"]

    info = blog["info"]
    assert (info["version"], info["author"], info["home_page"]) == ("1.10", None, None)
    assert (info["description"], info["description_content_type"]) == ("# Acme\n", "text/markdown")
    assert info["package_url"] == info["project_url"] == "https://pypi.example/project/acme-blog/"
    assert info["release_url"] == "https://pypi.example/project/acme-blog/1.10/"
    assert info["downloads"] == {"last_day": -1, "last_week": -1, "last_month": -1}
    assert blog["ownership"]["roles"] == [{"role": "Owner", "user": "ada"}, {"role": "Maintainer", "user": "no"}]
    assert blog["vulnerabilities"][0]["fixed_in"] == ["1.10"]
    assert blog["urls"] == blog["releases"]["1.10"]
    assert blog["_status"] == "archived"


def test_older_releases_lack_later_classifiers() -> None:
    text = """
declared_since: {"Python 3.14": "2025-05-07"}
projects:
  - name: acme
    classifiers: [Acme, Python 3.14]
    releases:
      - {version: "1.0", date: "2025-05-06"}
      - {version: "1.1", date: "2025-05-06", classifiers: [Python 3.14]}
      - {version: "1.2", date: "2025-05-07"}
"""
    (acme,) = parse_yaml_projects(text)

    assert acme["info"]["classifiers"] == ["Acme", "Python 3.14"]
    assert acme["_release_info"] == {"1.0": {"classifiers": ["Acme"]}, "1.1": {"classifiers": ["Python 3.14"]}}


def test_parse_yaml_keeps_version_text(tmp_path: Path) -> None:
    assert list(load_files(tmp_path, a_yaml=RICH)["Acme.Blog"]["releases"]) == ["1.9", "1.10", "2.0a1"]


def test_build_file_is_derived(tmp_path: Path) -> None:
    blog = load_files(tmp_path, a_yaml=RICH)["Acme.Blog"]

    sdist, wheel = blog["releases"]["1.9"]
    assert (sdist["filename"], sdist["packagetype"]) == ("acme_blog-1.9.tar.gz", "sdist")
    assert (wheel["filename"], wheel["python_version"]) == ("acme_blog-1.9-py3-none-any.whl", "py3")
    assert sdist["upload_time_iso_8601"].startswith("2024-01-01T")
    assert sdist["upload_time_iso_8601"] < wheel["upload_time_iso_8601"]
    assert sdist["upload_time"] == sdist["upload_time_iso_8601"][:19]
    assert len(sdist["digests"]["sha256"]) == 64
    assert sdist["url"].startswith("https://files.pypi.example/packages/")
    assert (sdist["yanked"], sdist["yanked_reason"], sdist["requires_python"]) == (True, "broken", None)
    assert blog["releases"]["1.10"][0]["requires_python"] == ">=3.11"
    assert blog["releases"]["1.10"][0]["upload_time_iso_8601"] > sdist["upload_time_iso_8601"], "oldest first"


def test_parse_yaml_is_deterministic(tmp_path: Path) -> None:
    assert load_files(tmp_path, a_yaml=RICH) == load_files(tmp_path)


def test_registry_serves_release_overrides(tmp_path: Path) -> None:
    fake_registry = FakeRegistry(load_files(tmp_path, a_yaml=RICH).values())

    blog = fake_registry.get_project("acme-blog")

    assert blog is not None
    old, new, bare = (blog.releases[version] for version in ("1.9", "1.10", "2.0a1"))
    assert (blog.build_info(old)["license"], blog.build_info(old)["requires_python"]) == ("GPL", None)
    assert (blog.build_info(new)["license"], blog.build_info(new)["requires_python"]) == (None, ">=3.11")
    assert (old.yanked_reason, bare.yanked, bare.yanked_reason, bare.files) == ("broken", True, None, ())
    assert [len(blog.get_vulnerabilities(release)) for release in (old, new)] == [1, 0]


def test_missing_values_match_pypi(tmp_path: Path) -> None:
    bare = load_files(tmp_path, a_yaml=RICH)["bare"]

    assert bare["info"]["description"] == ""
    assert bare["info"]["classifiers"] == []
    assert {bare["info"][key] for key in ("author", "summary", "keywords", "requires_dist", "project_urls")} == {None}
    assert [file["packagetype"] for file in bare["urls"]] == ["bdist_wheel"]


def test_packaged_sample_is_valid() -> None:
    """The sample's texts are the sample's business: here only that an ecosystem comes of them."""
    fake_registry = FakeRegistry(load_sample_documents())

    assert fake_registry.list_projects()
    assert all(serialize_project(project) for project in fake_registry.list_projects() if project.is_visible)
