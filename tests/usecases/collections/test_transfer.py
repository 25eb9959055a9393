"""Export and import preserve everything, and an invalid line affects no other."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pyf.aggregator.adapters.transfer_file import open_lines, write_entries
from pyf.aggregator.domain.collection import Tombstone
from pyf.aggregator.domain.documents.schema import (
    DownloadFields,
    HealthFields,
    HistoryFields,
    RegistryFields,
    RepositoryFields,
)
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import Dependencies, ProjectDocuments
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.collections.transfer import export_collection, import_collection
from pyf.aggregator.usecases.report import TransferReport
from support.builders import build_fields, build_project, build_state
from support.filled_collections import fill_collection, list_aliases, open_dependencies, read_collection
from support.index_engines import ENGINES

FILTER = Filter(profile="plone", classifiers=("Framework :: Plone",))

texts = st.text(max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1)
json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
releases = st.builds(
    build_fields,
    st.sampled_from(["a", "B.b", "c_c"]),
    st.sampled_from(["1.0", "2.0a1", "2.0", "no version", "\U0001d7d9"]),
    summary=texts,
    description=texts,
    keywords=st.lists(texts, max_size=2).map(tuple),
    project_urls=st.dictionaries(texts, texts, max_size=2),
    title=texts,
    upload_timestamp=numbers,
    last_serial=numbers,
    is_newest=st.booleans(),
)
enrichments = st.lists(
    st.one_of(
        st.builds(RepositoryFields, repository_stars=numbers, repository_topics=st.lists(texts, max_size=2).map(tuple)),
        st.builds(DownloadFields, download_total=numbers, download_history=st.dictionaries(texts, numbers, max_size=2)),
        st.builds(
            HealthFields,
            health_score=numbers,
            health_score_breakdown=st.dictionaries(texts, json, max_size=2),
            health_confidence=st.floats(allow_nan=False, allow_infinity=False),
        ),
        st.builds(
            HistoryFields,
            history=st.sampled_from(["2026-01;87,12,5000,100,1.0", "2025-11;1,,,7;;,*3,,9,2.0"]),
            history_repository=numbers,
        ),
    ),
    max_size=4,
)


@pytest.fixture(params=ENGINES)
def deps(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dependencies]:
    with open_dependencies(request.param, tmp_path) as deps:
        yield deps


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plone.jsonl"


def export_to(deps: Dependencies, collection: str, file: Path) -> TransferReport:
    return export_collection(deps, Target(collection=collection), lambda entries: write_entries(str(file), entries))


def import_from(deps: Dependencies, collection: str, file: Path, filter_: Filter | None = None) -> TransferReport:
    with open_lines(str(file)) as lines:
        return import_collection(deps, Target(collection=collection, filter=filter_), lines)


def test_export_import_round_trip(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")

    out = export_to(deps, "plone", file)
    back = import_from(deps, "other", file)

    assert (out.action, out.found, out.documents, out.is_complete) == ("export", 2, 3, True)
    assert (back.action, back.found, back.copied, back.documents, back.is_complete) == ("import", 2, 2, 3, True)
    assert list_aliases(deps) == {"other-1": ("other",), "plone-1": ("plone",)}
    assert read_collection(deps, "other") == read_collection(deps, "plone")


@given(st.lists(releases, max_size=6), st.dictionaries(st.sampled_from(["a", "b-b", "c-c"]), enrichments))
def test_export_is_stable_after_import(documents: Sequence[RegistryFields], others: dict[str, list[Any]]) -> None:
    projects: dict[str, dict[str, RegistryFields]] = {}
    for document in documents:
        projects.setdefault(document.name_normalized, {})[document.version] = document
    with TemporaryDirectory() as folder, open_dependencies("sqlite", Path(folder)) as deps:
        deps.admin.create("one", build_state(cursor=7))
        deps.index.put(
            "one",
            [ProjectDocuments(name_normalized=name, documents=tuple(d.values())) for name, d in projects.items()],
        )
        for name, fields in others.items():
            for project in fields:
                deps.index.update("one", {name: project})
        deps.index.remove("one", [Tombstone(name="gone", removed_at=1, reason="gone")])

        export_to(deps, "one", Path(folder) / "first.gz")
        assert import_from(deps, "two", Path(folder) / "first.gz").is_complete
        export_to(deps, "two", Path(folder) / "second.gz")

        assert (Path(folder) / "first.gz").read_bytes() == (Path(folder) / "second.gz").read_bytes()


def test_export_format(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")

    export_to(deps, "plone", file)

    first, *documents, stone, last = file.read_text("utf-8").splitlines()
    assert first.startswith('{"pyf.aggregator":{"format":1,"state":{"filter":{"classifiers":["Framework :: Plone"]')
    assert all(line.startswith('{"id":"') and '"repository_stars":7' in line for line in documents[:2])
    assert stone.startswith('{"tombstone":{"name":"gone"')
    assert last == '{"pyf.aggregator":{"documents":3,"tombstones":1}}'


def test_repeated_import_writes_nothing(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)

    report = import_from(deps, "plone", file)

    assert (report.copied, report.unchanged, report.is_complete) == (0, 2, True)


def test_import_keeps_newer_documents(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    index = deps.index
    index.put("plone", [build_project("a", "1.0", "3.0", last_serial=9, summary="newer"), build_project("new")])
    index.update("plone", {"a": RepositoryFields(repository_stars=99, repository_checked=6)})
    index.set_state("plone", replace(index.get_state("plone"), cursor=9))

    report = import_from(deps, "plone", file)

    assert report.is_complete
    stored_documents = [(d.registry.version, d.registry.summary) for d in index.get_project_documents("plone", "a")]
    assert stored_documents == [("3.0", "newer"), ("2.0", ""), ("1.0", "newer")]
    assert index.get_project_documents("plone", "a")[0].to_dict()["repository_stars"] == 99
    assert len(index.get_project_documents("plone", "new")) == 1
    assert index.get_state("plone").cursor == 7


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "truncated"),
        ("no json", "malformed"),
        ('{"id": "x"}', "missing required field"),
        ("[]", "Expected `object`"),
        ('{"id": "x", "name": 5}', "Expected `str`"),
        ('{"pyf.aggregator": {"documents": 3, "tombstones": 1}}', "line in the middle"),
        ("\udc80", "malformed"),
        ('{"id": ' + "[" * 100_000, "recursion"),
    ],
)
def test_invalid_line_is_reported_and_skipped(deps: Dependencies, file: Path, line: str, said: str) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    lines = file.read_bytes().splitlines()
    position = 2 if "aggregator" not in line else len(lines)
    lines.insert(position, line.encode("utf-8", "surrogateescape"))
    file.write_bytes(b"\n".join(lines))

    report = import_from(deps, "other", file)

    name = f"line {position + 1}"
    assert (report.failed, report.documents, report.is_complete) == ([name], 3, False)
    assert said.lower() in report.reasons[name].lower()
    assert [d.registry.id for d in deps.index.export("other")] == ["a-1.0", "a-2.0", "b-1.0"]
    assert deps.index.get_state("other").cursor is None


def test_package_at_invalid_line_is_read_again(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    deps.index.put("plone", [build_project(name, last_serial=5) for name in ("0", "c", "d")])
    export_to(deps, "plone", file)
    lines = file.read_bytes().splitlines(keepends=True)
    assert b'"a-2.0"' in lines[3]
    lines[3] = b"garbled\n"
    file.write_bytes(b"".join(lines))

    import_from(deps, "other", file)

    serials = {h.name_normalized: h.last_serial for h in deps.index.iter_project_states("other")}
    assert serials == {"0": 5, "a": 0, "b": 0, "c": 5, "d": 5}


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_truncated_file_is_reported(deps: Dependencies, tmp_path: Path, ending: str) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    file = tmp_path / f"plone.jsonl{ending}"
    export_to(deps, "plone", file)
    if ending:
        file.write_bytes(file.read_bytes()[:-9])
    else:
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-3]))

    report = import_from(deps, "other", file)

    assert ("damaged after line" if ending else "ends early") in str(report.error)
    assert deps.index.get_state("other").cursor is None
    serials = [d.registry.last_serial for d in deps.index.export("other")]
    assert serials[:2] == [5, 5] or serials == [0, 0]


def test_missing_lines_are_reported(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:1] + lines[2:]))

    report = import_from(deps, "other", file)

    assert "the export lacks lines: it should have 3 documents, but has 2" in str(report.error)
    assert deps.index.get_state("other").cursor is None


def test_import_without_header_in_any_order(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    documents = file.read_bytes().splitlines(keepends=True)[1:4]
    file.write_bytes(b"\n".join([documents[1], documents[2], documents[0]]))

    report = import_from(deps, "other", file, FILTER)

    assert report.is_complete
    assert [(d.registry.id, d.registry.is_newest) for d in deps.index.export("other")] == [
        ("a-1.0", False),
        ("a-2.0", True),
        ("b-1.0", True),
    ]
    assert deps.index.get_state("other").filter == FILTER


def test_import_without_header_needs_filter(deps: Dependencies, file: Path) -> None:
    file.write_text('{"id": "x"}\n')

    report = import_from(deps, "other", file)

    assert "`pyf collection create other -p PROFILE`" in str(report.error)
    assert list_aliases(deps) == {}


@pytest.mark.parametrize("content", [b"", b"\n\n \n", b"\xef\xbb\xbf\n"])
def test_import_rejects_empty_file(deps: Dependencies, file: Path, content: bytes) -> None:
    file.write_bytes(content)

    report = import_from(deps, "other", file, FILTER)

    assert str(report.error) == "the export is empty"
    assert list_aliases(deps) == {}


def test_import_rejects_other_filter(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)

    report = import_from(deps, "django", file, Filter(profile="django", classifiers=("Framework :: Django",)))

    assert "it was filled with profile plone, not with profile django" in str(report.error)
    assert list_aliases(deps) == {"plone-1": ("plone",)}


def test_import_rejects_later_format(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    file.write_bytes(file.read_bytes().replace(b'"format":1', b'"format":2'))

    report = import_from(deps, "plone", file)

    assert "update the program" in report.reasons["line 1"]
    assert not report.is_complete


def test_import_rejects_mismatched_normalized_name(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    file.write_bytes(file.read_bytes().replace(b'"name_normalized":"b"', b'"name_normalized":"a"'))

    report = import_from(deps, "other", file)

    assert "does not match name 'b'" in report.reasons["line 4"]
    assert [h.name_normalized for h in deps.index.iter_project_states("other")] == ["a"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [(b'"name":"b","name_sor', b'"name":"","name_sor', "no name"), (b'{"name":"gone"', b'{"name":"G_one"', "'G_one'")],
)
def test_import_rejects_invalid_name(deps: Dependencies, file: Path, old: bytes, new: bytes, said: str) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))

    report = import_from(deps, "other", file)

    (name,) = report.failed
    assert said in report.reasons[name]


def test_import_accepts_extended_profile(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)

    report = import_from(deps, "other", file, replace(FILTER, classifiers=(*FILTER.classifiers, "Framework :: Zope")))

    assert report.is_complete


def test_import_reports_rejected_document(deps: Dependencies, file: Path) -> None:
    fill_collection(deps, "plone-1", alias="plone")
    export_to(deps, "plone", file)
    file.write_bytes(file.read_bytes().replace(b'"upload_timestamp":0', b'"upload_timestamp":9223372036854775808'))

    report = import_from(deps, "other", file)

    assert not report.is_complete
    assert report.rejected or report.failed


def test_export_of_missing_collection_writes_no_file(deps: Dependencies, file: Path) -> None:
    report = export_to(deps, "nowhere", file)

    assert "Collection nowhere does not exist." in str(report.error)
    assert list(file.parent.glob("*.jsonl*")) == []
