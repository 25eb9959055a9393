"""Signals from a project's documents and its enrichments."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from pyf.aggregator.domain.documents.document import Enrichments
from pyf.aggregator.domain.documents.project import File, Vulnerability
from pyf.aggregator.domain.documents.schema import DownloadFields, RegistryFields, RepositoryFields
from pyf.aggregator.domain.health import Signals, compute_score, extract_signals
from pyf.aggregator.domain.health.rules import IssueCounts
from support.builders import build_fields
from support.scoring_fixtures import NOW, SCORING_CONFIG, to_timestamp

SDIST = File(filename="a-1.tar.gz", url="", size=1, packagetype="sdist", upload_time=1, sha256="", yanked=False)
WHEEL = File(filename="a-1.whl", url="", size=1, packagetype="bdist_wheel", upload_time=1, sha256="", yanked=False)


def make_release(version: str = "1.0", uploaded: int = 1_700_000_000, **overrides: Any) -> RegistryFields:
    return build_fields("a", version, **{"urls": (SDIST,), "upload_timestamp": uploaded, **overrides})


def extract(*releases: RegistryFields, **enrichments: Any) -> Signals:
    return extract_signals(releases, Enrichments(**enrichments))


def test_releases_are_counted_as_pip_sees_them() -> None:
    known = extract(
        make_release("0.9", 100, is_newest=False),
        make_release("1.0", 200, is_newest=False),
        make_release("1.0.1", 300, is_newest=False),
        make_release("1.0.1.post1", 400, is_newest=False),
        make_release("1.1", 500, is_newest=False, yanked=True),
        make_release("1.2", 0, is_newest=False, urls=()),
        make_release("2.0a1", 600, is_newest=False),
        make_release("1.0.3", 550),
    )

    assert (known.releases, known.bugfix_releases, known.version, known.released_at) == (5, 3, "1.0.3", 550)
    assert (known.is_installable, known.is_prerelease_only) == (True, False)


def test_last_release_may_be_of_older_series() -> None:
    known = extract(make_release("2.0", 100), make_release("1.9.9", 200, is_newest=False))

    assert (known.version, known.released_at) == ("2.0", 200)


def test_pre_releases_count_if_there_are_no_others() -> None:
    known = extract(make_release("1.0a1", 100, is_newest=False), make_release("1.0a2", 200))

    assert (known.is_prerelease_only, known.releases, known.released_at) == (True, 0, 200)


def test_invalid_version_is_no_pre_release() -> None:
    assert extract(make_release("2004d")).is_prerelease_only is False


@pytest.mark.parametrize(
    "releases",
    [
        [make_release("1.0", yanked=True, is_newest=False), make_release("2.0", yanked=True)],
        [make_release("1.0", urls=())],
        [make_release("1.0", project_status="quarantined")],
    ],
)
def test_release_without_files_is_not_installable(releases: list[RegistryFields]) -> None:
    known = extract(*releases)

    assert known.is_installable is False
    assert compute_score(known, SCORING_CONFIG, NOW).value == 0


@pytest.mark.parametrize("upload", [0, -1, 2**62])
def test_time_out_of_range_is_unknown(upload: int) -> None:
    assert extract(make_release(uploaded=upload)).released_at is UNSET


def test_texts_are_those_of_the_newest_release() -> None:
    known = extract(
        make_release("1.0", is_newest=False, summary="What it was long ago", requires_python=">=2.7"),
        make_release("2.0", summary="What it is now", requires_python=">=3.11"),
    )

    assert (known.summary, known.requires_python) == ("What it is now", ">=3.11")


@pytest.mark.parametrize(
    ("overrides", "fact", "value"),
    [
        ({"classifiers": ("Development Status :: 7 - Inactive",)}, "is_inactive", True),
        ({"project_status": "archived"}, "status", "archived"),
        ({"summary": "DEPRECATED: use b"}, "abandonment_notice", "DEPRECATED"),
        ({"first_chapter": "This package is abandoned."}, "abandonment_notice", "This package is abandoned"),
        ({"license_expression": "MIT"}, "license", "MIT"),
        ({"license": "my own\nlong text"}, "license_name", "my own"),
        ({"classifiers": ("License :: OSI Approved :: BSD License",)}, "license_name", "BSD License"),
        ({"author_email": "Ada <ada@example.org>"}, "contact", "Ada <ada@example.org>"),
        ({"maintainer_email": "ada@example.org", "author_email": "Ada"}, "contact", "ada@example.org"),
        ({"author": "Ada"}, "contact", ""),
        ({"summary": "UNKNOWN"}, "summary", ""),
        ({"summary": "a"}, "summary", ""),
        ({"summary": "Two words"}, "summary", ""),
        ({"summary": "Sends letters  by mail."}, "summary", "Sends letters by mail."),
        ({"changelog": "1.0 ..."}, "changelog", "in the README"),
        ({"urls": (SDIST, WHEEL)}, "has_wheel", True),
        ({"urls": (SDIST,)}, "has_wheel", False),
        ({"maintainers": ("ada", "bob")}, "maintainers", 2),
        ({"maintainers": ()}, "maintainers", UNSET),
        ({"classifiers": ("Framework :: Plone :: 6.0", "Framework :: Plone")}, "frameworks", ("Plone",)),
    ],
)
def test_signal_is_extracted(overrides: dict[str, Any], fact: str, value: object) -> None:
    assert getattr(extract(make_release(**overrides)), fact) == value


@pytest.mark.parametrize(
    ("fixed_in", "unfixed"),
    [((), True), (("2.0",), True), (("1.5", "2.0"), True), (("0.9",), False), (("1.0",), False), (("soon",), True)],
)
def test_advisory_is_unfixed_without_all_fixes(fixed_in: tuple[str, ...], unfixed: bool) -> None:
    known = extract(make_release("1.0", vulnerabilities=(Vulnerability(id="PYSEC-1", fixed_in=fixed_in),)))

    assert known.advisories == (("PYSEC-1",) if unfixed else ())


def test_advisory_of_older_release_is_ignored() -> None:
    known = extract(
        make_release("1.0", is_newest=False, vulnerabilities=(Vulnerability(id="PYSEC-1"),)), make_release("2.0")
    )

    assert known.advisories == ()


def test_repository_signals_are_unknown_before_lookup() -> None:
    known = extract(make_release())

    assert (known.has_repository, known.last_commit, known.issues) == (False, UNSET, UNSET)
    assert known.is_repository_archived is UNSET


def test_repository_signals_are_known_after_lookup() -> None:
    repository = RepositoryFields(
        repository_url="https://github.com/a/a",
        repository_last_commit=100,
        repository_pushed=200,
        repository_open_issues=3,
        repository_closed_issues=9,
        repository_archived=True,
    )

    known = extract(make_release(), repository=repository)

    assert (known.has_repository, known.last_commit, known.issues) == (True, 100, IssueCounts(open=3, closed=9))
    assert (known.is_repository_archived, known.source) == (True, "https://github.com/a/a")


def test_push_date_replaces_missing_commit_date() -> None:
    known = extract(make_release(), repository=RepositoryFields(repository_pushed=200, repository_open_issues=3))

    assert (known.last_commit, known.issues) == (200, UNSET)


def test_repository_without_data_counts_as_looked_up() -> None:
    assert extract(make_release(), repository=RepositoryFields(repository_checked=1)).has_repository is True
    assert extract(make_release(), repository=RepositoryFields()).has_repository is False
    assert extract(make_release(), downloads=DownloadFields(download_last_day=1)).has_repository is False


def test_stars_and_downloads_change_nothing() -> None:
    few = extract(make_release(), repository=RepositoryFields(repository_stars=1))
    many = extract(
        make_release(),
        repository=RepositoryFields(repository_stars=10**6, repository_forks=10**5, repository_watchers=10**4),
        downloads=DownloadFields(download_last_month=10**9),
    )

    assert few == many


texts = st.text(max_size=60)


@given(
    st.builds(
        lambda **drawn: make_release(**drawn),
        version=st.sampled_from(["1.0", "0", "no version", "1!2.0.post3", "9" * 5000]),
        uploaded=st.integers(-(2**63), 2**63 - 1),
        summary=texts,
        description=texts,
        title=st.one_of(st.just(UNSET), texts),
        first_chapter=st.one_of(st.just(UNSET), texts),
        main_content=st.one_of(st.just(UNSET), texts),
        license=texts,
        requires_python=texts,
        home_page=texts,
        docs_url=texts,
        package_url=texts,
        author_email=texts,
        project_urls=st.dictionaries(texts, texts, max_size=3),
        classifiers=st.lists(texts, max_size=3).map(tuple),
        python_versions=st.lists(st.from_regex(r"Python \d+(\.\d+)*", fullmatch=True), max_size=3).map(tuple),
        framework_versions=st.lists(st.from_regex(r"(Plone|Django) \d+(\.\d+)*", fullmatch=True), max_size=3).map(
            tuple
        ),
        project_status=texts,
        vulnerabilities=st.lists(
            st.builds(Vulnerability, id=texts, fixed_in=st.lists(texts, max_size=2).map(tuple)), max_size=2
        ).map(tuple),
    )
)
def test_any_document_has_score(document: RegistryFields) -> None:
    found = compute_score(extract(document), SCORING_CONFIG, NOW)

    assert found.value is not UNSET
    assert 0 <= found.value <= 100


@given(st.permutations(["1.0", "1.0.0", "1.0.1", "2.0a1", "one", "two"]))
def test_order_of_documents_does_not_matter(versions: list[str]) -> None:
    documents = [make_release(version, 100, is_newest=version == "1.0.1") for version in versions]

    assert extract(*documents) == extract(*sorted(documents, key=lambda document: document.version))


def test_release_of_today_is_zero_days_old() -> None:
    assert extract(make_release(uploaded=to_timestamp(date(2026, 9, 1)))).released_at == NOW
