"""Where documents come from: three forms of file, one shape; and one line for what can't be read."""

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pyf.aggregator.sample.ecosystem import Ecosystem
from pyf.aggregator.sample.errors import SampleError
from pyf.aggregator.sample.load import load, sample_documents
from pyf.aggregator.sample.project import Json
from pyf.aggregator.sample.views import project_document

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


def documents(folder: Path, **files: str | bytes) -> dict[str, Json]:
    for name, content in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {document["info"]["name"]: document for document in load(folder)}


def document(name: str, **info: Any) -> bytes:
    return msgspec.json.encode({"info": {"name": name, **info}, "releases": {"1.0": []}, "last_serial": 1})


def test_json_and_lines_and_yaml_are_read_from_one_folder(tmp_path: Path) -> None:
    found = documents(
        tmp_path,
        a_json=document("one"),
        b_jsonl=document("two") + b"\n\n" + document("three") + b"\n",
        c_jsonl_gz=gzip.compress(document("four")),
        d_yaml=RICH,
        e_txt="not a document",
    )

    assert list(found) == ["one", "two", "three", "four", "Acme.Blog", "bare"]


def test_one_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(document("one"))

    assert [found["info"]["name"] for found in load(path)] == ["one"]


def test_a_project_that_comes_again_is_the_same_or_an_error(tmp_path: Path) -> None:
    same = documents(tmp_path, a_json=document("Acme.Blog"), b_json=document("Acme.Blog"))

    assert list(same) == ["Acme.Blog"]
    with pytest.raises(SampleError, match=r"c\.json: acme-blog differs from what .*a\.json says"):
        documents(tmp_path, c_json=document("acme-blog"))


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.json", b"{", "truncated"),
        ("a.json", b"[]", "no `info`"),
        ("a.json", b'{"info": {}}', "no name"),
        ("a.json", b'{"info": {"name": "acme"}, "_status": "asleep"}', "acme: `_status`"),
        ("a.json", b'{"info": {"name": "acme"}, "releases": {"1": [{"upload_time": "soon"}]}}', "acme: .*soon"),
        ("a.json", b'{"info": {"name": "acme"}, "releases": [1]}', "acme: not in the shape"),
        ("a.jsonl", document("acme") + b"\nnonsense", r"\(document 2\)"),
        ("a.jsonl.gz", b"not compressed", "gzip"),
        ("a.jsonl.gz", gzip.compress(document("acme"), mtime=0)[:-9], "end-of-stream|ended"),
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
def test_bad_input_gives_one_line_that_names_the_file(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SampleError, match=complaint) as refused:
        list(load(tmp_path))

    assert str(tmp_path / name) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_place_without_documents_is_named(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="no project documents"):
        list(load(tmp_path))
    with pytest.raises(SampleError, match=r"nowhere: no such file or folder"):
        list(load(tmp_path / "nowhere"))
    with pytest.raises(SampleError, match=r"not a file of project documents"):
        list(load(Path(__file__)))


def test_the_short_form_says_what_pypi_would_say(tmp_path: Path) -> None:
    blog = documents(tmp_path, a_yaml=RICH)["Acme.Blog"]

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


def test_versions_stay_as_they_are_written_without_quotes(tmp_path: Path) -> None:
    assert list(documents(tmp_path, a_yaml=RICH)["Acme.Blog"]["releases"]) == ["1.9", "1.10", "2.0a1"]


def test_files_are_derived_from_what_is_known(tmp_path: Path) -> None:
    blog = documents(tmp_path, a_yaml=RICH)["Acme.Blog"]

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


def test_the_same_text_gives_the_same_documents(tmp_path: Path) -> None:
    assert documents(tmp_path, a_yaml=RICH) == documents(tmp_path)


def test_a_registry_serves_what_the_short_form_says_of_each_release(tmp_path: Path) -> None:
    ecosystem = Ecosystem(documents(tmp_path, a_yaml=RICH).values())

    blog = ecosystem.project("acme-blog")

    assert blog is not None
    old, new, bare = (blog.releases[version] for version in ("1.9", "1.10", "2.0a1"))
    assert (blog.info_of(old)["license"], blog.info_of(old)["requires_python"]) == ("GPL", None)
    assert (blog.info_of(new)["license"], blog.info_of(new)["requires_python"]) == (None, ">=3.11")
    assert (old.yanked_reason, bare.yanked, bare.yanked_reason, bare.files) == ("broken", True, None, ())
    assert [len(blog.vulnerabilities_of(release)) for release in (old, new)] == [1, 0]


def test_what_is_absent_is_as_pypi_gives_it_when_it_is_not_set(tmp_path: Path) -> None:
    bare = documents(tmp_path, a_yaml=RICH)["bare"]

    assert bare["info"]["description"] == ""
    assert bare["info"]["classifiers"] == []
    assert {bare["info"][key] for key in ("author", "summary", "keywords", "requires_dist", "project_urls")} == {None}
    assert [file["packagetype"] for file in bare["urls"]] == ["bdist_wheel"]


def test_the_packaged_sample_can_be_served() -> None:
    """The sample's texts are the sample's business: here only that an ecosystem comes of them."""
    ecosystem = Ecosystem(sample_documents())

    assert ecosystem.projects()
    assert all(project_document(project) for project in ecosystem.projects() if project.is_shown)
