"""Degrees of support: given cases, and properties over all inputs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pyf.aggregator.config.scoring import load_scoring_config
from pyf.aggregator.domain.support.degrees import (
    GRACE_PERIOD,
    PYTHON_RELEASES,
    Degree,
    ReleaseEvidence,
    evaluate_framework_support,
    evaluate_python_support,
    list_supported_pythons,
)

PYTHON = "Programming Language :: Python :: "
DJANGO = "Framework :: Django :: "


def to_unix_seconds(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def build_release(
    requires_python: str = "", *pythons: str, uploaded: str = "2022-06-01", filenames: tuple[str, ...] = ()
) -> ReleaseEvidence:
    return ReleaseEvidence(
        classifiers=tuple(f"{PYTHON}{python}" for python in pythons),
        requires_python=requires_python,
        filenames=filenames,
        uploaded=to_unix_seconds(uploaded),
    )


@pytest.mark.parametrize(
    ("release", "degree"),
    [
        (build_release(">=3.8", "3.12"), Degree.DECLARED),
        (build_release("", "3.12"), Degree.DECLARED),
        (build_release(">=3.8"), Degree.ADMITTED),
        (build_release(">=3.8", "3"), Degree.ADMITTED),
        (build_release(">=3.8", "3 :: Only", "Implementation :: CPython"), Degree.ADMITTED),
        (build_release(">=3.6.*"), Degree.ADMITTED),
        (build_release("~=3.8"), Degree.ADMITTED),
        (build_release(">=3.12.1"), Degree.ADMITTED),
        (build_release("==3.12.4"), Degree.ADMITTED),
        (build_release(">3.12.4,<3.12.6"), Degree.ADMITTED),
        (build_release("==3.11.4"), Degree.EXCLUDED),
        # The classifiers were complete when the release came.
        (build_release(">=3.8", "3.8", "3.9", "3.10"), Degree.ADMITTED),
        # The authors could have listed it.
        (build_release(">=3.8", "3.8", "3.9", "3.10", uploaded="2025-06-01"), Degree.UNKNOWN),
        (build_release(">=3.8", "3.11", "3.13", uploaded="2023-01-01"), Degree.UNKNOWN),
        (build_release(">=2.7", "2.7", "2"), Degree.UNKNOWN),
        (build_release(""), Degree.UNKNOWN),
        (build_release("", "3", "3.10"), Degree.UNKNOWN),
        (build_release("whatever"), Degree.UNKNOWN),
        (build_release(">=3.8,<3.12"), Degree.EXCLUDED),
        (build_release("==3.11.*", "3.12"), Degree.EXCLUDED),
        (build_release("!=3.12.*"), Degree.EXCLUDED),
        (build_release(">=2.7", "2 :: Only"), Degree.EXCLUDED),
        (
            build_release("", "3.9", filenames=("x-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",), uploaded="2025-01-01"),
            Degree.ADMITTED,
        ),
    ],
)
def test_degree_of_python_3_12(release: ReleaseEvidence, degree: Degree) -> None:
    support = evaluate_python_support(release, "3.12")

    assert (support.degree, "Python 3.12" in list_supported_pythons(release)) == (degree, degree >= Degree.ADMITTED)


@pytest.mark.parametrize(
    ("requires_python", "uploaded", "is_confirmed"),
    [
        (">=3.8,<3.13", "2022-01-01", True),
        (">=3.8,<4", "2022-01-01", False),
        ("~=3.8", "2022-01-01", False),
        (">=3.8", "2024-01-01", True),
        (">=3.8", "2022-01-01", False),
    ],
)
def test_admission_is_confirmed_by_a_bound_or_a_later_release(
    requires_python: str, uploaded: str, is_confirmed: bool
) -> None:
    assert (
        evaluate_python_support(build_release(requires_python, uploaded=uploaded), "3.12").is_confirmed is is_confirmed
    )


@pytest.mark.parametrize(
    ("release", "evidence"),
    [
        (build_release(">=3.8", "3.12"), f'the classifier "{PYTHON}3.12"'),
        (build_release("  >=3.8,  <3.12"), 'requires-python ">=3.8, <3.12" excludes it'),
        (build_release(">=3.8,<3.14"), 'requires-python ">=3.8,<3.14" admits it, within an upper bound'),
        (build_release(">=3.8,<4"), 'requires-python ">=3.8,<4" admits it, but this package release is older'),
        (build_release("", "3.9", "3.10"), "it has no requires-python, and its classifiers list only 3.9, 3.10"),
        (
            build_release(">=3.8", "3.9", "3.10", uploaded="2025-01-01"),
            'requires-python ">=3.8" admits it, but its classifiers list only 3.9, 3.10',
        ),
    ],
)
def test_evidence_is_in_words(release: ReleaseEvidence, evidence: str) -> None:
    assert evaluate_python_support(release, "3.12").evidence == evidence


def build_django_release(
    *versions: str, requires: tuple[str, ...] = (), uploaded: str = "2022-01-01"
) -> ReleaseEvidence:
    return ReleaseEvidence(
        classifiers=tuple(f"{DJANGO}{version}" for version in versions),
        requires_dist=requires,
        uploaded=to_unix_seconds(uploaded),
    )


@pytest.mark.parametrize(
    ("release", "version", "degree"),
    [
        (build_django_release("4.2"), "4.2", Degree.DECLARED),
        (build_django_release("4.2"), "4", Degree.DECLARED),
        (build_django_release("4"), "4.2", Degree.ADMITTED),
        (build_django_release(requires=("Django>=3.2",)), "4.2", Degree.ADMITTED),
        (build_django_release(requires=("django (>=3.2,<5)",)), "4", Degree.ADMITTED),
        (build_django_release("3.2", requires=("Django>=3.2",)), "4.2", Degree.ADMITTED),
        (build_django_release("3.2", requires=("Django>=3.2",), uploaded="2025-01-01"), "4.2", Degree.UNKNOWN),
        (build_django_release(requires=("Django==4.2.7",)), "4.2", Degree.ADMITTED),
        (build_django_release(requires=("Django", "Django>=3.2")), "4.2", Degree.ADMITTED),
        (build_django_release(requires=("Django",)), "4.2", Degree.UNKNOWN),
        (build_django_release("3.2"), "4.2", Degree.UNKNOWN),
        (build_django_release(), "4.2", Degree.UNKNOWN),
        (build_django_release(requires=("Django>=3.2; extra == 'web'",)), "4.2", Degree.UNKNOWN),
        (build_django_release(requires=("Django<4",)), "4.2", Degree.EXCLUDED),
        (build_django_release("4.2", requires=("Django==3.2.*",)), "4.2", Degree.EXCLUDED),
    ],
)
def test_degree_of_a_framework_release(release: ReleaseEvidence, version: str, degree: Degree) -> None:
    support = evaluate_framework_support(
        release, "Django", version, projects=("django",), released_at=to_unix_seconds("2023-04-03")
    )

    assert support.degree is degree


def test_every_python_of_the_configuration_has_a_release_date() -> None:
    assert load_scoring_config().pythons.keys() <= PYTHON_RELEASES.keys()


SPECIFIERS = st.sampled_from(["", ">=3.8", ">=3.8,<4", "<3.10", "~=3.9", "==3.11.*", ">=2.7", "nonsense", ">=3.6.*"])
CLASSIFIERS = st.lists(
    st.sampled_from(
        [f"{PYTHON}{name}" for name in ("2", "3", "3 :: Only", "2 :: Only", "Implementation", *PYTHON_RELEASES)]
    ),
    max_size=5,
).map(tuple)
RELEASES = st.builds(
    ReleaseEvidence,
    classifiers=CLASSIFIERS,
    requires_python=SPECIFIERS,
    requires_dist=st.lists(st.sampled_from(["Django>=3.2", "django<5", "Django", "flask", "?"]), max_size=3).map(tuple),
    filenames=st.lists(
        st.sampled_from(["x-1-cp312-cp312-any.whl", "x-1-py3-none-any.whl", "x.tar.gz"]), max_size=2
    ).map(tuple),
    uploaded=st.integers(0, 2_000_000_000),
)
PYTHONS = st.sampled_from(sorted(PYTHON_RELEASES))


@given(
    st.builds(
        ReleaseEvidence,
        classifiers=st.lists(st.text(max_size=20).map(lambda text: PYTHON + text), max_size=3).map(tuple),
        requires_python=st.text(max_size=20),
        requires_dist=st.lists(st.text(max_size=20), max_size=3).map(tuple),
        filenames=st.lists(st.text(max_size=20), max_size=3).map(tuple),
        uploaded=st.integers(0, 2**40),
    ),
    PYTHONS | st.text(max_size=10),
)
def test_every_pair_has_a_degree_and_evidence(release: ReleaseEvidence, version: str) -> None:
    for support in (
        evaluate_python_support(release, version),
        evaluate_framework_support(release, "Django", version, projects=("django",)),
    ):
        assert support.evidence
        assert not support.is_confirmed or support.degree >= Degree.ADMITTED


@given(RELEASES)
def test_list_of_supported_pythons_agrees_with_each_degree(release: ReleaseEvidence) -> None:
    expected = {p for p in PYTHON_RELEASES if evaluate_python_support(release, p).degree >= Degree.ADMITTED}
    listed = {value.removeprefix("Python ") for value in list_supported_pythons(release)}

    assert listed & PYTHON_RELEASES.keys() == expected


@given(RELEASES, PYTHONS)
def test_declaration_never_lowers_the_degree(release: ReleaseEvidence, python: str) -> None:
    declaring = replace(release, classifiers=(*release.classifiers, f"{PYTHON}{python}"))

    before, after = evaluate_python_support(release, python), evaluate_python_support(declaring, python)
    assert before.degree <= after.degree
    assert after.degree in (Degree.EXCLUDED, Degree.DECLARED)


@given(RELEASES, PYTHONS, st.sampled_from([">=3.8", "<3.9", "!=3.11.*", "<4"]))
def test_narrower_requirement_never_raises_the_degree(release: ReleaseEvidence, python: str, bound: str) -> None:
    release = replace(release, requires_python=">=2.6")
    narrower = replace(release, requires_python=f">=2.6,{bound}")

    assert evaluate_python_support(narrower, python).degree <= evaluate_python_support(release, python).degree


@given(RELEASES, PYTHONS)
def test_later_upload_never_admits_more_with_classifiers(release: ReleaseEvidence, python: str) -> None:
    later = replace(release, uploaded=release.uploaded + 2 * GRACE_PERIOD)
    minors = [c for c in release.classifiers if c.removeprefix(PYTHON).count(".") == 1]

    before, after = evaluate_python_support(release, python), evaluate_python_support(later, python)
    assert after.degree <= before.degree if minors else after.degree == before.degree
