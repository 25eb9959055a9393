"""The readiness board beside an oracle: generated packages, the sample ecosystem, and real packages of napari."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from pyf.aggregator.config.profiles import load_profiles
from pyf.aggregator.domain.collection import CollectionState
from pyf.aggregator.domain.documents.builder import parse_framework_versions
from pyf.aggregator.domain.documents.project import File
from pyf.aggregator.domain.documents.schema import DownloadFields, RegistryFields
from pyf.aggregator.domain.membership.profile import Filter
from pyf.aggregator.ports import ProjectDocuments
from pyf.aggregator.sandbox.fake_registry import FakeRegistry
from pyf.aggregator.sandbox.load import load_sample_documents
from pyf.aggregator.usecases.collections.target import Target
from pyf.aggregator.usecases.read.readiness import BoardPage, ReadinessBoard, build_board
from support.builders import build_fields
from support.fake_dependencies import build_fake_dependencies
from support.registry_world import START, iter_served
from support.support_oracle import (
    PYTHON_DATES,
    BoardRow,
    Goal,
    PublishedRelease,
    build_python_goal,
    compute_trend,
    judge_package,
)

Json = dict[str, Any]
COLLECTION = "c"
NAPARI = Filter(classifiers=("Framework :: napari",))


def to_unix_seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def parse_release(project: Json, version: str, info: Json) -> PublishedRelease:
    files = project["releases"][version]
    return PublishedRelease(
        project=project["info"]["name"],
        version=version,
        classifiers=tuple(info["classifiers"] or ()),
        requires_python=info["requires_python"] or "",
        requires_dist=tuple(info["requires_dist"] or ()),
        filenames=tuple(file["filename"] for file in files),
        uploaded=min((to_unix_seconds(file["upload_time_iso_8601"]) for file in files), default=0),
        is_yanked=bool(files) and all(file["yanked"] for file in files),
    )


def to_fields(release: PublishedRelease, *, is_newest: bool) -> RegistryFields:
    files = [
        File(filename=name, url="", size=1, packagetype="", upload_time=release.uploaded, sha256="", yanked=False)
        for name in release.filenames
    ]
    return build_fields(
        release.project,
        release.version,
        is_newest=is_newest,
        classifiers=tuple(release.classifiers),
        framework_versions=parse_framework_versions(tuple(release.classifiers)),
        requires_python=release.requires_python,
        requires_dist=tuple(release.requires_dist),
        urls=tuple(files),
        has_files=bool(files),
        upload_timestamp=release.uploaded,
        yanked=release.is_yanked,
    )


class Ecosystem:
    """Packages, each with its newest release first, and a collection of them in which the first has most downloads."""

    def __init__(self, packages: Sequence[Sequence[PublishedRelease]], filter_: Filter) -> None:
        self.packages = {canonicalize_name(releases[0].project): releases for releases in packages}
        self.filter = filter_
        self.deps = build_fake_dependencies()
        self.deps.admin.create(COLLECTION, CollectionState(filter=filter_))
        self.deps.index.put(COLLECTION, [self._to_documents(name) for name in self.packages])
        downloads = {name: DownloadFields(download_last_month=1000 - n) for n, name in enumerate(self.packages)}
        self.deps.index.update(COLLECTION, downloads)

    def _to_documents(self, name: str) -> ProjectDocuments:
        releases = self.packages[name]
        documents = tuple(to_fields(release, is_newest=number == 0) for number, release in enumerate(releases))
        return ProjectDocuments(name_normalized=name, documents=documents)

    def build_board(self, goal: Goal) -> ReadinessBoard:
        releases = {"python": goal.version} if goal.product == "Python" else {"framework": goal.label}
        return build_board(self.deps, Target(collection=COLLECTION), page=BoardPage(size=500), **releases)

    def list_framework_goals(self) -> list[Goal]:
        """Return a goal for each release that classifiers name, or that the framework's own project has.

        A major version is a goal only if no minor one of it is.
        """
        (framework,), projects = self.filter.frameworks, self.filter.framework_projects
        own = [release for name in projects for release in self.packages.get(name, ())]
        final = [release for release in own if not Version(release.version).is_prerelease and not release.is_yanked]
        words = [c.split(" :: ") for releases in self.packages.values() for r in releases for c in r.classifiers]
        versions = {w[2] for w in words if w[:2] == ["Framework", framework] and w[2:] and w[2][0].isdigit()}
        versions -= {version.split(".")[0] for version in versions if "." in version}
        versions = versions or {".".join(release.version.split(".")[:2]) for release in final}
        dates = {
            version: min((r.uploaded for r in final if f"{r.version}.".startswith(f"{version}.")), default=0)
            for version in versions
        }
        return [Goal(framework, version, dates, projects) for version in sorted(versions, key=Version)]


PYTHON_GOALS = [build_python_goal(version) for version in PYTHON_DATES]


def check_board(ecosystem: Ecosystem, goal: Goal, goals: Sequence[Goal]) -> Counter[str]:
    """Compare a board with the oracle, and return the number of packages by state."""
    board = ecosystem.build_board(goal)
    others = [other for other in goals if other.version != goal.version]
    rows = {
        name: judge_package(releases[0], releases, goal, others)
        for name, releases in ecosystem.packages.items()
        if name not in goal.projects
    }
    assert {package.name_normalized: to_row(package) for package in board.packages} == rows
    order = ["not ready", "unknown", "ready"]
    positions = list(ecosystem.packages)
    assert [package.name_normalized for package in board.packages] == sorted(
        rows, key=lambda name: (order.index(rows[name].state), positions.index(name))
    )
    assert [(point.month, point.ready) for point in board.trend] == compute_trend(list(rows.values()), START)
    assert board.ready_count == sum(row.state == "ready" for row in rows.values())
    return Counter(row.state for row in rows.values())


def to_row(package: Any) -> BoardRow:
    return BoardRow(
        package.state.value,
        package.degree,
        package.last_supporting,
        package.since_release,
        package.since,
        package.latest_supported,
    )


SPECIFIERS = st.sampled_from(
    ["", ">=3.8", ">=3.8,<4", ">=3.9,<3.13", "<3.10", "~=3.11", "==3.12.*", "==3.10.16", ">3.11.4,<3.11.6", "!=3.13.*"]
)
DJANGO = Filter(classifiers=("Framework :: Django",))
DJANGO_DATES = {"4.2": "2023-04-03", "5.0": "2023-12-04", "5.2": "2025-04-02", "6.0": "2025-12-03"}
DJANGO_RELEASES = [
    PublishedRelease("Django", f"{version}{suffix}", filenames=("x.tar.gz",), uploaded=to_unix_seconds(f"{day}T00:00Z"))
    for version, day in DJANGO_DATES.items()
    for suffix in (".2", "", "a1")
][::-1]
REQUIREMENTS = st.sampled_from(
    [
        "Django",
        "django>=4.2",
        "Django>=5.0.3",
        "Django<5",
        "django>=4.2,<6.1",
        "Django~=5.1",
        "Django==5.2.1",
        'Django<5; python_version < "3.10"',
        'Django>=5.2; python_version >= "3.10"',
        'Django<4; extra == "old"',
        "requests",
    ]
)
CLASSIFIERS = st.sampled_from(
    [f"Programming Language :: Python :: {name}" for name in ("2.7", "2 :: Only", "3", "3 :: Only", *PYTHON_DATES)]
    + [f"Framework :: Django :: {name}" for name in ("5", *DJANGO_DATES)]
)
UPLOADS = st.integers(to_unix_seconds("2019-01-01T00:00Z"), to_unix_seconds("2026-12-01T00:00Z"))
FILES = st.sampled_from(["x-1-cp312-cp312-any.whl", "x-1-cp313.cp314-none-any.whl", "x-1-py3-none-any.whl", "x.tar.gz"])


@st.composite
def draw_releases(draw: st.DrawFn, name: str) -> list[PublishedRelease]:
    versions = draw(st.lists(st.sampled_from(["1.0", "1.1", "1.2", "2.0b1", "2.0", "3.0"]), min_size=1, unique=True))
    return [
        PublishedRelease(
            name,
            version,
            classifiers=draw(st.lists(CLASSIFIERS, max_size=4)),
            requires_python=draw(SPECIFIERS),
            requires_dist=draw(st.lists(REQUIREMENTS, max_size=2)),
            filenames=draw(st.lists(FILES, max_size=2, unique=True)),
            uploaded=draw(UPLOADS),
            is_yanked=draw(st.integers(0, 9)) == 0,
        )
        for version in sorted(versions, key=Version, reverse=True)
    ]


@given(
    st.lists(st.sampled_from("abcd"), min_size=1, unique=True).flatmap(
        lambda names: st.tuples(*map(draw_releases, names))
    ),
    st.data(),
)
def test_board_of_generated_packages(packages: Sequence[list[PublishedRelease]], data: st.DataObject) -> None:
    declaring = [PublishedRelease("declaring", "1", [f"Framework :: Django :: {v}" for v in DJANGO_DATES])]
    ecosystem = Ecosystem([*packages, DJANGO_RELEASES, declaring], DJANGO)
    goals = ecosystem.list_framework_goals()

    check_board(ecosystem, data.draw(st.sampled_from(goals)), goals)
    check_board(ecosystem, data.draw(st.sampled_from(PYTHON_GOALS[-5:])), PYTHON_GOALS)


@pytest.mark.parametrize("profile", ["django", "flask", "plone"])
def test_board_of_the_sample_ecosystem(profile: str) -> None:
    filter_ = load_profiles()[profile].filter
    packages = [
        sort_by_newest([parse_release(p, version, r["info"]) for version, r in releases.items()], p["info"]["version"])
        for p, releases in iter_served(FakeRegistry(load_sample_documents()))
    ]
    members = [releases for releases in packages if is_member(releases[0], filter_)]
    ecosystem = Ecosystem(members, filter_)
    goals = ecosystem.list_framework_goals()

    states = sum((check_board(ecosystem, goal, goals) for goal in goals), Counter[str]())
    states += sum((check_board(ecosystem, goal, PYTHON_GOALS) for goal in PYTHON_GOALS[-5:]), Counter[str]())

    assert states.keys() == {"ready", "unknown", "not ready"}


def is_member(newest: PublishedRelease, filter_: Filter) -> bool:
    return any(classifier.startswith(filter_.classifiers) for classifier in newest.classifiers)


def test_board_of_napari(shared_data: Path) -> None:
    """Each release has the metadata of the newest one, as the recorded documents have no others."""
    with gzip.open(shared_data / "pypi" / "napari-projects.jsonl.gz", "rt") as lines:
        projects = [json.loads(line) for line in lines]
    packages = [
        sort_by_newest([parse_release(p, version, p["info"]) for version in p["releases"]], p["info"]["version"])
        for p in projects
    ]
    members = [releases for releases in packages if is_member(releases[0], NAPARI)]
    ecosystem = Ecosystem(members, NAPARI)
    goals = ecosystem.list_framework_goals()

    states = {goal.label: check_board(ecosystem, goal, PYTHON_GOALS) for goal in PYTHON_GOALS[-5:-1]}
    states |= {goal.label: check_board(ecosystem, goal, goals) for goal in goals[-4:]}

    assert len(members) > 350
    assert all(counts["ready"] and counts["not ready"] for counts in states.values())


def sort_by_newest(releases: Iterable[PublishedRelease], newest: str) -> list[PublishedRelease]:
    return sorted(releases, key=lambda release: release.version != newest)
