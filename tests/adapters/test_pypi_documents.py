"""What the JSON documents mean, however they are filled in."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyf.aggregator.adapters.pypi.documents import (
    Info,
    InfoWithReadme,
    ProjectDocument,
    described,
    maintainers_of,
    metadata_of,
    releases_of,
)
from pyf.aggregator.adapters.pypi.values import text, text_pairs, texts, unix_seconds
from pyf.aggregator.domain.release import Metadata, Release

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


def metadata(**info: Any) -> Metadata:
    return metadata_of(msgspec.convert({"name": "acme", "version": "1.0", **info}, InfoWithReadme))


def document(**parts: Any) -> ProjectDocument:
    whole = {"info": {"name": "acme", "version": "1.0"}, "last_serial": 1, "releases": {"1.0": []}, **parts}
    return msgspec.json.decode(msgspec.json.encode(whole), type=ProjectDocument)


def file(**parts: Any) -> Json:
    return {"filename": "acme-1.0.tar.gz", **parts}


def test_every_field_of_the_metadata_is_decoded() -> None:
    decoded = set(InfoWithReadme.__struct_fields__)

    assert decoded - set(Metadata.__struct_fields__) == {"name", "version", "yanked_reason"}
    assert set(Metadata.__struct_fields__) <= decoded
    assert set(Info.__struct_fields__) == decoded - {"description"}


def test_metadata_is_taken_as_published() -> None:
    told = metadata(
        author="Ada",
        keywords="content management, cms",
        classifiers=["Framework :: Plone"],
        requires_dist=["Acquisition"],
        project_urls={"Source": "https://code.example/", "Docs": "https://docs.example/"},
        description="# Acme",
        yanked=True,
    )

    assert told == Metadata(
        author="Ada",
        keywords="content management, cms",
        classifiers=("Framework :: Plone",),
        requires_dist=("Acquisition",),
        project_urls=(("Source", "https://code.example/"), ("Docs", "https://docs.example/")),
        description="# Acme",
        yanked=True,
    )


@pytest.mark.parametrize("empty", [None, "", [], {}, [None], 0, False])
def test_whatever_is_not_given_is_empty(empty: object) -> None:
    assert metadata(**dict.fromkeys(metadata_fields, empty)) == Metadata()


def test_absent_metadata_is_empty() -> None:
    assert metadata() == Metadata()


@given(st.dictionaries(st.sampled_from(metadata_fields), anything))
def test_no_metadata_keeps_a_release_out(info: Json) -> None:
    told = metadata(**info)

    assert msgspec.convert(msgspec.to_builtins(told), Metadata) == told


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
def test_nothing_beside_the_skeleton_keeps_a_project_out(parts: Json) -> None:
    told = document(**parts)

    releases = [*releases_of(told.releases or {}).values(), described(Release(version="1.0"), told)]

    assert msgspec.convert(msgspec.to_builtins(releases), list[Release]) == releases
    assert all(isinstance(user, str) for user in maintainers_of(told.ownership))


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
def test_without_its_skeleton_a_document_is_none(skeleton: Json) -> None:
    with pytest.raises(msgspec.ValidationError):
        document(**skeleton)


def test_a_list_where_a_text_is_due_is_joined() -> None:
    assert metadata(keywords=["cms", None, "plone"]).keywords == "cms, plone"


def test_a_file_is_described_with_its_upload_in_utc() -> None:
    told = document(
        releases={
            "1.0": [
                file(
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

    (described_file,) = releases_of(told.releases or {})["1.0"].files

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
def test_moments_are_unix_seconds(moment: object, seconds: int) -> None:
    assert unix_seconds(moment) == seconds


def test_a_file_without_a_name_is_none() -> None:
    told = document(releases={"1.0": [None, file(filename=None), file()]})

    assert len(releases_of(told.releases or {})["1.0"].files) == 1


def test_a_release_is_yanked_with_all_of_its_files_and_says_why() -> None:
    told = document(
        releases={"1.0": [file(yanked=True, yanked_reason=None), file(yanked=True, yanked_reason="broken")]}
    )

    release = releases_of(told.releases or {})["1.0"]

    assert (release.is_yanked, release.yanked_reason) == (True, "broken")


def test_a_release_without_files_is_yanked_by_its_metadata() -> None:
    told = document(info={"name": "acme", "version": "1.0", "yanked": True, "yanked_reason": "mistake"})

    release = described(Release(version="1.0"), told)

    assert (release.is_yanked, release.yanked_reason) == (True, "mistake")


def test_withdrawn_advisories_are_left_out() -> None:
    told = document(
        vulnerabilities=[
            {"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["1.1"], "withdrawn": None},
            {"id": "PYSEC-2", "withdrawn": "2026-01-01T00:00:00Z"},
            {"id": None},
            None,
        ]
    )

    assert [(v.id, v.aliases, v.fixed_in) for v in described(Release(version="1.0"), told).vulnerabilities] == [
        ("PYSEC-1", ("CVE-1",), ("1.1",))
    ]


def test_maintainers_are_the_users_of_all_roles_once_and_sorted() -> None:
    roles = [
        {"role": "Maintainer", "user": "cyd"},
        {"role": "Owner", "user": "ada"},
        {"role": "Maintainer", "user": "ada"},
        {"role": "Owner", "user": None},
        None,
    ]

    assert maintainers_of({"roles": roles, "organization": None}) == ("ada", "cyd")


@given(anything)
def test_values_have_their_types_whatever_they_are_made_of(value: object) -> None:
    assert isinstance(text(value), str)
    assert all(isinstance(item, str) and item for item in texts(value))
    assert all(isinstance(item, str) for pair in text_pairs(value) for item in pair)
    assert unix_seconds(value) == 0 or isinstance(value, str)
