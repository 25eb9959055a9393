"""Check of one package before an upgrade: the used release, the first that supports the goal, and what blocks it."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pyf.aggregator.domain.documents.document import Document
from pyf.aggregator.domain.documents.project import Vulnerability
from pyf.aggregator.domain.documents.schema import HealthFields, RegistryFields
from pyf.aggregator.domain.documents.version import to_version_key
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.domain.replacement import Replacement
from pyf.aggregator.domain.requirement_files import ListedPackage
from pyf.aggregator.domain.support.degrees import Degree
from pyf.aggregator.domain.upgrade import (
    CheckedPackage,
    Status,
    UpgradeGoal,
    build_goal_remark,
    check_package,
    parse_framework_goal,
    parse_python_goal,
)
from support.builders import build_fields

DJANGO_6 = UpgradeGoal(framework="Django", version="6.0", projects=frozenset({"django"}), released_at=1_000)
PYTHON_314 = UpgradeGoal(python="3.14")


def declares(*versions: str) -> tuple[str, ...]:
    return tuple(f"Framework :: Django :: {version}" for version in versions)


def release(version: str, **fields: Any) -> RegistryFields:
    return build_fields("django-thing", version, is_newest=False, **{"upload_timestamp": 500, **fields})


def to_documents(*releases: RegistryFields) -> list[Document]:
    newest = max(releases, key=lambda item: to_version_key(item.version))
    ordered = [replace(newest, is_newest=True), *(item for item in releases if item is not newest)]
    return [Document(registry=item) for item in ordered]


def check(specifier: str, documents: Sequence[Document], goal: UpgradeGoal = DJANGO_6) -> CheckedPackage:
    version = specifier.removeprefix("==") if specifier.startswith("==") else ""
    listed = ListedPackage(name="Django_Thing", version=version, specifier=specifier, location="requirements.txt:1")
    return check_package(listed, documents, goal)


RELEASES = to_documents(
    release("1.0", classifiers=declares("5.2"), requires_dist=("django<6",)),
    release("2.0", classifiers=declares("5.2", "6.0")),
    release("3.0", classifiers=declares("6.0")),
    release("4.0b1", classifiers=declares("6.0", "6.1")),
)


def test_pinned_release_that_declares_the_goal_is_ready() -> None:
    checked = check("==2.0", RELEASES)

    assert (checked.status, checked.used, checked.degree) == (Status.READY, "2.0", Degree.DECLARED)


def test_upgrade_names_the_first_release_that_supports_the_goal() -> None:
    checked = check("==1.0", RELEASES)

    assert (checked.status, checked.first_supporting, checked.degree) == (Status.UPGRADE, "2.0", Degree.EXCLUDED)
    assert checked.evidence[0] == '1.0: its requirement "django<6" excludes it'
    assert checked.evidence[1].startswith("2.0: the classifier ")


def test_without_a_pin_the_newest_allowed_stable_release_counts() -> None:
    assert check("", RELEASES).used == "3.0"
    assert check("<3", RELEASES).used == "2.0"
    assert check(">=3,<4", RELEASES).status is Status.READY


def test_package_whose_newest_release_excludes_the_goal_blocks() -> None:
    checked = check("==1.0", to_documents(release("1.0", requires_dist=("django<6",))))

    assert (checked.status, checked.first_supporting) == (Status.BLOCKED, "")


def test_package_that_says_nothing_is_unknown() -> None:
    assert check("==1.0", to_documents(release("1.0"))).status is Status.UNKNOWN


def test_open_range_of_release_before_goal_is_unknown() -> None:
    documents = to_documents(
        release("1.0", requires_dist=("django>=4.2",)),
        release("2.0", requires_dist=("django>=4.2",), upload_timestamp=2_000),
    )

    checked = check("==1.0", documents)

    assert (checked.status, checked.degree, checked.first_supporting) == (Status.UPGRADE, Degree.ADMITTED, "2.0")
    assert check("==1.0", documents[1:]).status is Status.UNKNOWN


def test_package_that_is_not_in_the_collection_is_unlisted() -> None:
    checked = check("==1.0", [])

    assert (checked.status, checked.name, checked.newest) == (Status.UNLISTED, "Django_Thing", "")


def test_pinned_release_that_the_index_does_not_have() -> None:
    checked = check("==9.9", RELEASES)

    assert checked.used == "9.9"
    assert checked.evidence[0] == "no release 9.9 in the index"


@pytest.mark.parametrize(
    ("fields", "first"),
    [({}, "2.0"), ({"yanked": True}, "3.0"), ({"has_files": False}, "3.0")],
)
def test_release_that_pip_would_not_install_is_not_recommended(fields: dict[str, Any], first: str) -> None:
    documents = to_documents(
        release("1.0", requires_dist=("django<6",)),
        release("2.0", classifiers=declares("6.0"), **fields),
        release("3.0", classifiers=declares("6.0")),
    )

    assert check("==1.0", documents).first_supporting == first


def test_framework_is_checked_by_version() -> None:
    documents = to_documents(
        build_fields("Django", "5.2"), build_fields("Django", "6.0"), build_fields("Django", "6.1")
    )
    listed = ListedPackage(name="django", version="5.2", specifier="==5.2")

    checked = check_package(listed, documents, DJANGO_6)

    assert (checked.status, checked.first_supporting) == (Status.UPGRADE, "6.0")


def test_both_goals_must_be_met() -> None:
    goal = replace(DJANGO_6, python="3.14")
    documents = to_documents(
        release("1.0", classifiers=declares("6.0"), requires_python="<3.14"),
        release("2.0", classifiers=declares("6.0"), requires_python=">=3.12,<3.15"),
    )

    checked = check("==1.0", documents, goal)

    assert (checked.status, checked.first_supporting, checked.degree) == (Status.UPGRADE, "2.0", Degree.EXCLUDED)
    assert goal.label == "Django 6.0 and Python 3.14"


@pytest.mark.parametrize(("python", "status"), [("3.9", Status.UNKNOWN), ("3.14", Status.READY)])
def test_requirement_for_another_python_does_not_count(python: str, status: Status) -> None:
    lines = ('django<5 ; python_version < "3.10"', 'django>=5.2,<6.1 ; python_version >= "3.10"')
    documents = to_documents(release("1.0", requires_dist=lines, requires_python=">=3.8,<3.15"))

    checked = check("==1.0", documents, replace(DJANGO_6, python=python))

    assert checked.status is status


def test_advisories_health_and_replacement_are_reported() -> None:
    advisory = Vulnerability(id="PYSEC-2026-1", aliases=(), fixed_in=("2.0",))
    documents = to_documents(release("1.0", vulnerabilities=(advisory,)), release("2.0", project_status="archived"))
    documents[0] = replace(documents[0], health=HealthFields(health_score=41))

    checked = check("==1.0", documents, UpgradeGoal())

    assert (checked.status, checked.health, checked.advisories) == (Status.READY, 41, ("PYSEC-2026-1",))
    assert checked.replacement == Replacement(reason="PyPI lists it as archived")


@given(
    declared=st.lists(st.booleans(), min_size=1, max_size=6),
    pinned=st.integers(min_value=0, max_value=5),
)
def test_recommended_release_is_lowest_supporting_from_pin(declared: list[bool], pinned: int) -> None:
    releases = [
        release(
            f"{number}.0",
            classifiers=declares("6.0") if is_declared else (),
            requires_dist=("django<6",) * (not is_declared),
        )
        for number, is_declared in enumerate(declared)
    ]

    checked = check(f"=={pinned}.0", to_documents(*releases))

    in_index = pinned < len(declared)
    expected = next((f"{n}.0" for n, ok in enumerate(declared) if ok and (not in_index or n >= pinned)), "")
    assert checked.first_supporting == expected
    assert (checked.status is Status.READY) == (in_index and declared[pinned])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Django 6.0", ("Django", "6.0")),
        ("django==6.0", ("Django", "6.0")),
        ("6.0", ("Django", "6.0")),
        (" django  6 ", ("Django", "6")),
    ],
)
def test_parse_framework_goal(text: str, expected: tuple[str, str]) -> None:
    assert parse_framework_goal(text, ["Django"]) == expected


@pytest.mark.parametrize(("text", "frameworks"), [("Django", ["Django"]), ("Plone 6.0", ["Django"]), ("6.0", [])])
def test_framework_goal_that_is_not_understood(text: str, frameworks: list[str]) -> None:
    with pytest.raises(Invalid):
        parse_framework_goal(text, frameworks)


@pytest.mark.parametrize("version", ["9.9", "6.2", "6.0.3", "5.3"])
def test_goal_that_no_release_has_gets_a_remark(version: str) -> None:
    remark = build_goal_remark("Django", version, ["5.2.1", "6.0", "6.1a1", "not a version"])

    assert remark == f"No release Django {version} is known; the newest is 6.0"
    assert build_goal_remark("Django", version, []) == ""


@pytest.mark.parametrize("version", ["6.0", "6", "6.0.0", "6.1", "5.2", "1.4"])
def test_goal_of_known_or_earlier_releases_gets_no_remark(version: str) -> None:
    assert build_goal_remark("Django", version, ["5.2.1", "6.0", "6.1a1"]) == ""


def test_parse_python_goal() -> None:
    assert [parse_python_goal(text) for text in ("3.14", "Python 3.14", "python3.9")] == ["3.14", "3.14", "3.9"]
    for text in ("3", "snake", "3.14.1"):
        with pytest.raises(Invalid):
            parse_python_goal(text)
