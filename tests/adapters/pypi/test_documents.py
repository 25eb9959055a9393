"""Parsing of PyPI's JSON documents with all kinds of values."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from pyf.aggregator.adapters.http.readers import make_json_reader
from pyf.aggregator.adapters.pypi.documents import (
    MAX_README_SIZE,
    MAX_TEXT_SIZE,
    Info,
    InfoWithReadme,
    ProjectDocument,
    add_description,
    parse_maintainers,
    parse_metadata,
    parse_releases,
    to_text,
    to_text_pairs,
    to_texts,
    to_unix_seconds,
)
from pyf.aggregator.domain.documents.builder import parse_keywords
from pyf.aggregator.domain.documents.project import Metadata, Release

Json = dict[str, Any]

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
metadata_fields = [field for field in InfoWithReadme.__struct_fields__ if field not in ("name", "version")]
file_fields = ["filename", "url", "size", "packagetype", "upload_time_iso_8601", "upload_time", "digests", "yanked"]


def decode_metadata(**info: Any) -> Metadata:
    return parse_metadata(msgspec.convert({"name": "acme", "version": "1.0", **info}, InfoWithReadme))


def decode_document(**parts: Any) -> ProjectDocument:
    fields = {"info": {"name": "acme", "version": "1.0"}, "last_serial": 1, "releases": {"1.0": []}, **parts}
    return msgspec.json.decode(msgspec.json.encode(fields), type=ProjectDocument)


def decode_file(**parts: Any) -> Json:
    return {"filename": "acme-1.0.tar.gz", **parts}


def test_parse_metadata_decodes_every_field() -> None:
    decoded = set(InfoWithReadme.__struct_fields__)

    assert decoded - set(Metadata.__struct_fields__) == {"name", "version", "yanked_reason"}
    assert set(Metadata.__struct_fields__) <= decoded
    assert set(Info.__struct_fields__) == decoded - {"description"}


def test_parse_metadata_keeps_published_values() -> None:
    metadata_fields_read = decode_metadata(
        author="Ada",
        keywords="content management, cms",
        classifiers=["Framework :: Plone"],
        requires_dist=["Acquisition"],
        project_urls={"Source": "https://code.example/", "Docs": "https://docs.example/"},
        description="# Acme",
        yanked=True,
    )

    assert metadata_fields_read == Metadata(
        author="Ada",
        keywords="content management, cms",
        classifiers=("Framework :: Plone",),
        requires_dist=("Acquisition",),
        project_urls=(("Source", "https://code.example/"), ("Docs", "https://docs.example/")),
        description="# Acme",
        yanked=True,
    )


@pytest.mark.parametrize("empty", [None, "", [], {}, [None], 0, False])
def test_parse_metadata_missing_values_are_empty(empty: object) -> None:
    assert decode_metadata(**dict.fromkeys(metadata_fields, empty)) == Metadata()


def test_parse_metadata_absent_keys_are_empty() -> None:
    assert decode_metadata() == Metadata()


@given(st.dictionaries(st.sampled_from(metadata_fields), anything))
def test_parse_metadata_accepts_any_value(info: Json) -> None:
    release_metadata = decode_metadata(**info)

    assert msgspec.convert(msgspec.to_builtins(release_metadata), Metadata) == release_metadata


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "releases": st.dictionaries(
                st.text(), st.none() | st.lists(st.none() | st.dictionaries(st.sampled_from(file_fields), anything))
            ),
            "ownership": anything,
            "vulnerabilities": anything,
            "urls": anything,
        },
    )
)
def test_project_document_accepts_any_optional_value(parts: Json) -> None:
    project_document = decode_document(**parts)

    releases = [
        *parse_releases(project_document.releases or {}).values(),
        add_description(Release(version="1.0"), project_document),
    ]

    assert msgspec.convert(msgspec.to_builtins(releases), list[Release]) == releases
    assert all(isinstance(user, str) for user in parse_maintainers(project_document.ownership))


@pytest.mark.parametrize(
    "skeleton",
    [
        {"info": None},
        {"info": {"version": "1.0"}},
        {"info": {"name": "acme"}},
        {"info": {"name": None, "version": "1.0"}},
        {"last_serial": None},
        {"last_serial": "1"},
        {"releases": []},
        {"releases": {"1.0": {}}},
    ],
)
def test_project_document_requires_structure(skeleton: Json) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_document(**skeleton)


@pytest.mark.parametrize(
    ("published", "keywords"),
    [
        (["cms", None, "plone"], ("cms", "plone")),
        (["rest api"], ("rest api",)),
        (["UNKNOWN"], ()),
        ("UNKNOWN", ()),
    ],
)
def test_texts_of_a_list_are_keywords(published: object, keywords: tuple[str, ...]) -> None:
    assert parse_keywords(decode_metadata(keywords=published).keywords) == keywords


@pytest.mark.parametrize("placeholder", ["UNKNOWN", "unknown", " UNKNOWN\n\n", "None", "n/a"])
def test_placeholders_count_as_missing(placeholder: str) -> None:
    texts = [name for name, value in to_builtins(Metadata()).items() if value == ""]
    metadata = decode_metadata(
        **dict.fromkeys(texts, placeholder),
        classifiers=[placeholder],
        requires_dist=[placeholder, "Flask"],
        project_urls={"Homepage": placeholder, "Docs": "https://docs.example"},
    )

    expected = Metadata(requires_dist=("Flask",), project_urls=(("Docs", "https://docs.example"),))
    assert metadata == expected


def test_lone_surrogate_does_not_exclude_a_project() -> None:
    """Python's own JSON encoder writes them, and no text can contain them."""
    info = {"name": "acme", "version": "1.0", "summary": "a\ud800b \U0001f600 c:\\\\ud800", "author": "\udfff"}
    reader = make_json_reader(ProjectDocument)()
    reader.feed(json.dumps({"info": info, "last_serial": 1}).encode())
    document = reader.finish()

    assert document.info.summary == "a\ufffdb \U0001f600 c:\\\\ud800"
    assert document.info.author == "\ufffd"


@pytest.mark.parametrize("raw", [b"\xed\xa0\x80", b"\xff", b"\x0b"])
def test_invalid_bytes_do_not_exclude_a_project(raw: bytes) -> None:
    reader = make_json_reader(ProjectDocument)()
    reader.feed(b'{"info": {"name": "acme", "version": "1.0", "summary": "a%sb"}, "last_serial": 1}' % raw)

    assert reader.finish().info.summary.startswith("a")


def test_parse_releases_describes_file() -> None:
    release = decode_document(
        releases={
            "1.0": [
                decode_file(
                    url="https://files.pypi.example/acme-1.0.tar.gz",
                    size=1234,
                    packagetype="sdist",
                    upload_time="1999-01-01T00:00:00",
                    upload_time_iso_8601="2026-01-01T00:00:00.750000Z",
                    digests={"md5": "cd", "sha256": "ab"},
                    yanked=False,
                )
            ]
        }
    )

    (described_file,) = parse_releases(release.releases or {})["1.0"].files

    assert msgspec.to_builtins(described_file) == {
        "filename": "acme-1.0.tar.gz",
        "url": "https://files.pypi.example/acme-1.0.tar.gz",
        "size": 1234,
        "packagetype": "sdist",
        "upload_time": 1_767_225_600,
        "sha256": "ab",
        "yanked": False,
    }


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600),
        ("2026-01-01T00:00:00.999999Z", 1_767_225_600),
        ("2026-01-01T00:00:00", 1_767_225_600),
        ("2026-01-01T02:00:00+02:00", 1_767_225_600),
        ("0001-01-01T00:00:00+23:00", 0),
        ("9999-12-31T23:59:59-23:00", 253_402_383_599),
        ("yesterday", 0),
        (None, 0),
        (1_767_225_600, 0),
    ],
)
def test_to_unix_seconds(moment: object, seconds: int) -> None:
    assert to_unix_seconds(moment) == seconds


def test_parse_releases_skips_file_without_name() -> None:
    release = decode_document(releases={"1.0": [None, decode_file(filename=None), decode_file()]})

    assert len(parse_releases(release.releases or {})["1.0"].files) == 1


def test_release_is_yanked_if_all_files_are() -> None:
    releases_read = decode_document(
        releases={
            "1.0": [decode_file(yanked=True, yanked_reason=None), decode_file(yanked=True, yanked_reason="broken")]
        }
    )

    release = parse_releases(releases_read.releases or {})["1.0"]

    assert (release.is_yanked, release.yanked_reason) == (True, "broken")


def test_release_without_files_is_yanked_by_metadata() -> None:
    described_release = decode_document(
        info={"name": "acme", "version": "1.0", "yanked": True, "yanked_reason": "mistake"}
    )

    release = add_description(Release(version="1.0"), described_release)

    assert (release.is_yanked, release.yanked_reason) == (True, "mistake")


def test_add_description_skips_withdrawn_advisories() -> None:
    advisories = decode_document(
        vulnerabilities=[
            {"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["1.1"], "withdrawn": None},
            {"id": "PYSEC-2", "withdrawn": "2026-01-01T00:00:00Z"},
            {"id": None},
            None,
        ]
    )

    assert [
        (v.id, v.aliases, v.fixed_in) for v in add_description(Release(version="1.0"), advisories).vulnerabilities
    ] == [("PYSEC-1", ("CVE-1",), ("1.1",))]


def test_parse_maintainers_sorts_distinct_users() -> None:
    roles = [
        {"role": "Maintainer", "user": "cyd"},
        {"role": "Owner", "user": "ada"},
        {"role": "Maintainer", "user": "ada"},
        {"role": "Owner", "user": None},
        None,
    ]

    assert parse_maintainers({"roles": roles, "organization": None}) == ("ada", "cyd")


@given(anything)
def test_conversions_return_their_type_for_any_value(value: object) -> None:
    assert isinstance(to_text(value), str)
    assert all(isinstance(item, str) and item for item in to_texts(value))
    assert all(isinstance(item, str) for pair in to_text_pairs(value) for item in pair)
    assert to_unix_seconds(value) == 0 or isinstance(value, str)


def test_huge_texts_of_authors_are_cut() -> None:
    huge = "x" * 5_000_000
    info = {
        "name": "a",
        "version": "1",
        "summary": huge,
        "license": [huge],
        "keywords": huge,
        "description": huge,
        "classifiers": [huge] * 3,
        "requires_dist": ["a" * 1000] * 5000,
        "project_urls": {f"{number}{huge}": huge for number in range(3)},
    }
    metadata = parse_metadata(msgspec.convert(info, InfoWithReadme))

    assert sum(map(len, msgspec.json.encode(metadata).split(b'"'))) < 3_000_000
    assert len(metadata.summary) == MAX_TEXT_SIZE
    assert len(metadata.description) == MAX_README_SIZE + 1
    assert len(metadata.requires_dist) == 1000
