"""Readiness of a package for a release: its state, since when, and the trend over packages."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pyf.aggregator.domain.documents.project import File
from pyf.aggregator.domain.documents.schema import HistoryFields, RegistryFields
from pyf.aggregator.domain.history import parse_history
from pyf.aggregator.domain.readiness import (
    TREND_MONTHS,
    PackageReadiness,
    Readiness,
    build_recorded_trend,
    build_trend,
    evaluate_readiness,
)
from pyf.aggregator.domain.upgrade import UpgradeGoal
from support.builders import build_fields

GOAL = UpgradeGoal(framework="Django", version="6.0", projects=frozenset({"django"}))
EARLIER = [UpgradeGoal(framework="Django", version=version) for version in ("5.2", "5.1")]


def release(version: str, *supported: str, **fields: Any) -> RegistryFields:
    classifiers = tuple(f"Framework :: Django :: {number}" for number in supported)
    requires = () if "6.0" in supported else ("django<6",)
    return build_fields(
        "django-thing", version, classifiers=classifiers, requires_dist=requires, is_newest=False, **fields
    )


def evaluate(*releases: RegistryFields) -> PackageReadiness:
    newest, *others = releases
    return evaluate_readiness([replace(newest, is_newest=True), *others], GOAL, EARLIER)


def test_ready_since_the_first_release_of_the_current_run() -> None:
    readiness = evaluate(
        release("4.0", "6.0", upload_timestamp=400),
        release("3.0", "6.0", upload_timestamp=300),
        release("2.0", "5.2", upload_timestamp=200),
        release("1.0", "6.0", upload_timestamp=100),
    )

    assert (readiness.state, readiness.since_release, readiness.since) == (Readiness.READY, "3.0", 300)
    assert readiness.latest_supported == ""


def test_yanked_and_pre_releases_do_not_end_a_run() -> None:
    readiness = evaluate(
        release("3.0", "6.0", upload_timestamp=300),
        release("2.5", "5.2", upload_timestamp=250, yanked=True),
        release("2.1b1", "5.2", upload_timestamp=210),
        release("2.0", "6.0", upload_timestamp=200),
    )

    assert readiness.since_release == "2.0"


def test_package_that_is_not_ready_names_what_it_supports_and_its_tracker() -> None:
    links = {"Tracker": "https://github.com/acme/django-thing/issues"}
    readiness = evaluate(release("2.0", "5.1", "5.2", project_urls=links), release("1.0", "6.0"))

    assert (readiness.state, readiness.degree) == (Readiness.NOT_READY, "excluded")
    assert readiness.latest_supported == "Django 5.2"
    assert readiness.tracker == links["Tracker"]


def test_package_that_has_moved_on_is_ready_by_an_earlier_release() -> None:
    later = UpgradeGoal(framework="Django", version="6.1", projects=GOAL.projects)
    moved_on = build_fields(
        "django-thing", "3.0", classifiers=("Framework :: Django :: 6.1",), requires_dist=("django>6.1",)
    )
    releases = [moved_on, release("2.1", "6.0"), release("2.0", "6.0", upload_timestamp=200), release("1.0", "5.2")]

    readiness = evaluate_readiness(releases, GOAL, [later, *EARLIER])

    assert (readiness.state, readiness.newest, readiness.last_supporting) == (Readiness.READY, "3.0", "2.1")
    assert (readiness.since_release, readiness.since) == ("2.0", 200)
    assert evaluate_readiness(releases, GOAL, EARLIER).state is Readiness.NOT_READY


def test_package_that_says_nothing_is_unknown() -> None:
    assert evaluate(build_fields("django-thing", "1.0")).state is Readiness.UNKNOWN


def timestamp(year: int, month: int, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


@given(st.lists(st.integers(min_value=0, max_value=timestamp(2026, 12)), max_size=20))
def test_trend_never_falls_and_ends_with_all_ready_packages(since: list[int]) -> None:
    packages = [
        PackageReadiness(
            name="p",
            name_normalized="p",
            newest="1",
            state=Readiness.READY,
            degree="declared",
            evidence="",
            since=moment,
        )
        for moment in since
    ]

    trend = build_trend(packages, timestamp(2026, 12, 31))

    counts = [point.ready for point in trend]
    assert [point.month for point in trend][::23] == ["2025-01", "2026-12"]
    assert len(trend) == TREND_MONTHS
    assert counts == sorted(counts)
    assert counts[-1] == len(since)
    assert counts[0] == sum(moment < timestamp(2025, 2) for moment in since)


def test_recorded_trend_shows_support_that_was_lost_since() -> None:
    now = datetime(2026, 5, 31, tzinfo=UTC).timestamp()
    releases = [release("3.0", "5.2"), release("2.0", "6.0"), release("1.0", "5.2")]
    months = parse_history(HistoryFields(history="2026-01;,,,0,1.0;,,,0,2.0;;,,,0,3.0;,,,0,9.9")).months
    unrecorded = ([release("1.0", "6.0")], ())

    trend = build_recorded_trend([(releases, months), unrecorded], GOAL, EARLIER, now)

    assert [(point.month, point.ready) for point in trend] == [
        ("2026-01", 0),
        ("2026-02", 1),
        ("2026-03", 1),
        ("2026-04", 0),
        ("2026-05", 0),
    ]
    assert build_recorded_trend([unrecorded], GOAL, EARLIER, now) == ()


FILES = ["a-1-py3-none-any.whl", "a-1-cp312-cp312-any.whl", "a-1.tar.gz"]
goals = st.sampled_from([GOAL, UpgradeGoal(python="3.12"), replace(GOAL, python="3.12", released_at=1_700_000_000)])


@st.composite
def draw_releases(draw: st.DrawFn) -> list[RegistryFields]:
    """Return releases 1.0, 2.0 and so on that mostly publish the same, before and after what they may support."""
    statements = [
        {"classifiers": ("Framework :: Django :: 6.0", "Programming Language :: Python :: 3.12")},
        {"classifiers": ("Framework :: Django :: 5.2", "Programming Language :: Python :: 3.11")},
        {"requires_dist": ("django>=5,<7",), "requires_python": ">=3.9"},
        {"requires_dist": ("django<6",), "requires_python": "<3.12"},
    ]
    chosen = draw(st.lists(st.sampled_from(statements), min_size=1, max_size=5))
    return [
        build_fields(
            "django-thing",
            f"{number}.0",
            is_newest=False,
            upload_timestamp=draw(st.sampled_from([0, 1_600_000_000, 1_697_000_000, 1_760_000_000])),
            urls=(
                build_file(draw(st.sampled_from(["a-1-py3-none-any.whl", "a-1-cp312-cp312-any.whl", "a-1.tar.gz"]))),
            ),
            **statement,
        )
        for number, statement in enumerate(chosen, 1)
    ]


def build_file(name: str) -> File:
    return File(filename=name, url="", size=1, packagetype="", upload_time=1, sha256="", yanked=False)


@given(draw_releases(), goals)
def test_recorded_trend_is_the_readiness_of_each_month(releases: list[RegistryFields], goal: UpgradeGoal) -> None:
    now = datetime(2026, 5, 31, tzinfo=UTC).timestamp()
    first = 5 - len(releases) + 1
    texts = ";".join(f",,,0,{release.version}" for release in releases)
    months = parse_history(HistoryFields(history=f"2026-0{first};{texts}")).months

    trend = build_recorded_trend([(releases, months)], goal, EARLIER, now)

    expected = [evaluate_readiness([item, *releases], goal, EARLIER).state is Readiness.READY for item in releases]
    assert [bool(point.ready) for point in trend] == expected
