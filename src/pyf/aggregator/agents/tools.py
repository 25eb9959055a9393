"""The tools that agents can call; their answers are short and structured, and name the evidence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any

from msgspec import to_builtins

from ..domain.errors import InvalidRequest
from ..domain.membership.profile import Profile
from ..domain.readiness import PackageReadiness
from ..domain.requirement_files import parse_requirement_file
from ..domain.search import Hit, SearchQuery, select_values
from ..domain.text import to_date
from ..domain.upgrade import CheckedPackage
from ..ports import Dependencies
from ..usecases.collections.public import PublicCollection, get_collection, list_collections
from ..usecases.read.comparison import compare_packages
from ..usecases.read.package import get_package
from ..usecases.read.readiness import build_board
from ..usecases.read.search import search_with_hints
from ..usecases.read.upgrade_check import check_requirements

MAX_RESULTS = 20
# Characters of a file that a tool checks.
MAX_FILE_LENGTH = 200_000
# Packages of a board that an answer lists.
_MAX_BOARD = 30


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package in a list; unknown values are null."""

    name: str
    version: str
    released: str | None
    summary: str
    health: int | None
    downloads_last_month: int | None
    license: str
    framework_versions: list[str]
    python_versions: list[str]
    status: str
    replaced_by: str


@dataclass(frozen=True, kw_only=True)
class SearchAnswer:
    """The best matches. `note` says how the query was understood and how sure the order is."""

    collection: str
    total: int
    packages: list[Package]
    note: str


@dataclass(frozen=True, kw_only=True)
class PackageAnswer:
    """A package with its health, and what is known of its support."""

    package: Package
    install: str
    requires_python: str
    health_reasons: list[str]
    newest_releases: list[str]
    repository: str
    note: str


@dataclass(frozen=True, kw_only=True)
class ComparisonAnswer:
    """Packages side by side, in the order of the request."""

    packages: list[Package]
    supports: dict[str, list[str]]
    note: str


@dataclass(frozen=True, kw_only=True)
class CheckAnswer:
    """The packages of a project before an upgrade; those that block it come first."""

    goal: str
    is_ready: bool
    counts: dict[str, int]
    packages: list[dict[str, Any]]
    problems: list[str]
    note: str


@dataclass(frozen=True, kw_only=True)
class ReadinessAnswer:
    """The most used packages with their support for a release; those without support come first."""

    goal: str
    ready: int
    total: int
    packages: list[dict[str, Any]]
    note: str


class Tools:
    """The tools of one index; each method is a tool, and its docstring is what agents read."""

    def __init__(self, deps: Dependencies, profiles: Mapping[str, Profile]) -> None:
        self._deps = deps
        self._profiles = profiles

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """All tools."""
        return self.search, self.package, self.compare, self.check, self.readiness

    def search(
        self, query: str, collection: str = "", framework: str = "", python: str = "", limit: int = 5
    ) -> SearchAnswer:
        """Find packages of a framework's ecosystem by words, a name or a question.

        Args:
            query: What the package should do, such as "single sign on", or a name. Typos are tolerated.
            collection: The ecosystem: "django", "plone", "flask", "fastapi" or another collection of this index. May be
                left out if the index has only one.
            framework: Only packages for this release of the framework, such as "Django 5.2".
            python: Only packages for this Python, such as "3.13".
            limit: Number of packages, at most 20.
        """
        public = self._get_collection(collection)
        selected = {"framework": [framework], "python": [python]}
        filters = select_values({name: values for name, values in selected.items() if values[0]})
        search_query = SearchQuery(text=query[:300], filters=filters, per_page=min(max(limit, 1), MAX_RESULTS))
        outcome = search_with_hints(self._deps, public.target, search_query)
        notes = [
            f"no package has the {unknown.facet.label} {unknown.value!r}"
            + (f"; similar: {', '.join(unknown.suggestions)}" if unknown.suggestions else "")
            for unknown in outcome.unknown_values
        ]
        notes.append("ordered by relevance; health is a score of maintenance from 0 to 100, not of fitness")
        return SearchAnswer(
            collection=public.key,
            total=outcome.results.total,
            packages=[_to_package(hit) for hit in outcome.results.hits],
            note=". ".join(notes),
        )

    def package(self, name: str, collection: str = "") -> PackageAnswer:
        """Return what is known of one package: releases, support, health with reasons, repository.

        Args:
            name: The package's name in any spelling.
            collection: The ecosystem, as in `search`.
        """
        public = self._get_collection(collection)
        details = get_package(self._deps, public.target, name)
        advice = [finding for group in details.health.groups for finding in group.findings if finding.advice]
        advice.sort(key=lambda finding: finding.points - finding.max_points)
        return PackageAnswer(
            package=_to_package(details.hit),
            install=details.install,
            requires_python=details.requires_python,
            health_reasons=[f"{finding.observation}: {finding.advice}" for finding in advice[:5]],
            newest_releases=[
                f"{release.version} ({to_date(release.uploaded)})" if release.uploaded else release.version
                for release in details.releases[:5]
            ],
            repository=details.repository.url if details.repository else "",
            note=f"health from {details.health.confidence:.0%} of the signals, which are known",
        )

    def compare(self, names: list[str], collection: str = "") -> ComparisonAnswer:
        """Compare two to four packages side by side.

        Args:
            names: Their names in any spelling.
            collection: The ecosystem, as in `search`.
        """
        public = self._get_collection(collection)
        comparison = compare_packages(self._deps, public.target, names)
        versions = [version.name for version in comparison.framework_versions]
        return ComparisonAnswer(
            packages=[_to_package(package.hit) for package in comparison.packages],
            supports={package.hit.name: list(compress(versions, package.supports)) for package in comparison.packages},
            note="`supports` lists what the newest release declares; a missing version may work",
        )

    def check(
        self, text: str, to: str = "", python: str = "", file_name: str = "", collection: str = ""
    ) -> CheckAnswer:
        """Check the packages of a project before an upgrade of its framework or of Python.

        Args:
            text: The content of requirements.txt, pyproject.toml, uv.lock, poetry.lock, pylock.toml or versions.cfg.
            to: The release of the framework to upgrade to, such as "Django 6.0".
            python: The Python to upgrade to, such as "3.14".
            file_name: The file's name, if the content alone does not show its format.
            collection: The ecosystem, as in `search`.
        """
        if len(text) > MAX_FILE_LENGTH:
            raise InvalidRequest(f"the text is longer than {MAX_FILE_LENGTH:,} characters")
        public = self._get_collection(collection)
        listed = parse_requirement_file(file_name, text)
        report = check_requirements(self._deps, public.target, listed, framework=to, python=python)
        return CheckAnswer(
            goal=report.goal.label,
            is_ready=report.is_ready,
            counts={status.value: count for status, count in report.counts.items()},
            packages=[_to_checked(package) for package in report.packages],
            problems=list(report.problems),
            note=(
                "from published metadata; whether anything was tested is not known. `unknown`: nothing is published, "
                "so test it. `unlisted`: not in this collection, and not checked"
            ),
        )

    def readiness(self, to: str = "", python: str = "", collection: str = "") -> ReadinessAnswer:
        """Report which of the most used packages of an ecosystem support a release, and which do not yet.

        Args:
            to: A release of the framework, such as "Django 6.0"; by default its newest one.
            python: A release of Python, such as "3.14".
            collection: The ecosystem, as in `search`.
        """
        public = self._get_collection(collection)
        board = build_board(self._deps, public.target, framework=to, python=python)
        remark = f"{board.goal.remark}; " if board.goal.remark else ""
        return ReadinessAnswer(
            goal=board.goal.label,
            ready=board.ready_count,
            total=len(board.packages),
            packages=[_to_readiness(package) for package in board.packages[:_MAX_BOARD]],
            note=f"{remark}the first {_MAX_BOARD} packages, those that are not ready first; from published metadata",
        )

    def _get_collection(self, key: str) -> PublicCollection:
        if key:
            return get_collection(self._deps, self._profiles, key.strip().lower())
        collections = list_collections(self._deps, self._profiles)
        if len(collections) == 1:
            return collections[0].collection
        names = ", ".join(summary.collection.key for summary in collections) or "none yet"
        raise InvalidRequest(f"name a collection; there are: {names}")


def _to_package(hit: Hit) -> Package:
    return Package(
        name=hit.name,
        version=hit.version,
        released=str(to_date(hit.uploaded)) if hit.uploaded else None,
        summary=hit.summary[:300],
        health=hit.health_score,
        downloads_last_month=hit.downloads,
        license=hit.license,
        framework_versions=list(hit.framework_versions),
        python_versions=list(hit.python_versions),
        status=hit.project_status,
        replaced_by=hit.replaced_by,
    )


def _to_checked(package: CheckedPackage) -> dict[str, Any]:
    fields: dict[str, Any] = to_builtins(package)
    fields["degree"] = None if package.degree is None else package.degree.label
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def _to_readiness(package: PackageReadiness) -> dict[str, Any]:
    names = ("name", "newest", "state", "evidence", "since_release", "latest_supported", "tracker")
    return {name: value for name in names if (value := to_builtins(getattr(package, name)))}
