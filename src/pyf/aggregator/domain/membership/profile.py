"""Profiles, and the filters of collections: the rules by which projects belong to an ecosystem."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from msgspec import Struct, field

from ..documents.project import normalize_name


def matches_classifiers(classifier: str, bases: Iterable[str]) -> bool:
    """Return whether a classifier is one of the bases or below one (` :: ` is the separator)."""
    return any(classifier == base or classifier.startswith(f"{base} :: ") for base in bases)


def parse_frameworks(classifiers: Iterable[str]) -> tuple[str, ...]:
    """Return the frameworks that classifiers name, each once: "Plone" for `Framework :: Plone :: 6.0`."""
    paths = (classifier.split(" :: ") for classifier in classifiers)
    return tuple(dict.fromkeys(segments[1] for segments in paths if segments[0] == "Framework" and segments[1:]))


class FilterRules(Struct, frozen=True, kw_only=True):
    """The rules that profiles and filters share; all names are normalized.

    Attributes:
        classifiers: A project with one of these, or with one below them, belongs.
        projects: Projects whose releases are those of the framework; empty for the project named like the framework.
        requires: A project that requires one of these at run time belongs.
        names: Patterns (`*` stands for any characters); a matching project is checked for requirements.
        include: Projects that belong in any case, each with the reason.
        exclude: Projects that never belong, each with the reason.
        strict: Whether only classifiers count, and `requires` and `names` don't.
    """

    classifiers: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    include: dict[str, str] = field(default_factory=dict)
    exclude: dict[str, str] = field(default_factory=dict)
    strict: bool = False

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks of the classifiers: "Plone" for `Framework :: Plone`."""
        return parse_frameworks(self.classifiers)

    @property
    def framework_projects(self) -> frozenset[str]:
        """The normalized names of the projects whose releases are those of the framework."""
        return frozenset(self.projects or map(normalize_name, self.frameworks))


class Filter(FilterRules, frozen=True, kw_only=True):
    """The filter of a collection.

    Attributes:
        profile: The key of its profile, "" for classifiers given by hand.
        everything: Whether every project of the registry belongs.
    """

    profile: str = ""
    everything: bool = False

    @property
    def uses_requirements(self) -> bool:
        """Whether projects without a matching classifier may belong because of their requirements."""
        return bool(self.requires) and not self.strict and not self.everything

    def matching_names(self, names: Iterable[str]) -> frozenset[str]:
        """Return those of `names` (normalized) that match a pattern; 700,000 names take half a second."""
        if not self.uses_requirements or not self.names:
            return frozenset()
        is_match = _compile_patterns(self.names).fullmatch
        return frozenset(name for name in names if is_match(name))

    def matching_pattern(self, name: str) -> str:
        """Return the first pattern that a normalized name matches, "" for none."""
        if not self.names or not _compile_patterns(self.names).fullmatch(name):
            return ""
        return next(pattern for pattern in self.names if _compile_patterns((pattern,)).fullmatch(name))

    def expand_classifiers(self, known_classifiers: Iterable[str]) -> tuple[str, ...]:
        """Return the filter's classifiers and all known ones below them, sorted, each once."""
        below = {classifier for classifier in known_classifiers if matches_classifiers(classifier, self.classifiers)}
        return tuple(sorted(below | set(self.classifiers)))

    @property
    def key(self) -> str:
        """A cache key: equal for filters that evaluate a project alike, apart from `include` and `exclude`."""
        if self.everything:
            return "*"
        lines = sorted(set(self.classifiers))
        if self.uses_requirements:
            lines += [f"requires {name}" for name in sorted(set(self.requires))]
            lines += [f"named {pattern}" for pattern in sorted(set(self.names))]
        return "\n".join(lines)

    def admits_same_as(self, other: "Filter") -> bool:
        """Return whether both filters admit the same projects."""
        return (self.key, self.include.keys(), self.exclude.keys()) == (
            other.key,
            other.include.keys(),
            other.exclude.keys(),
        )

    @property
    def label(self) -> str:
        """A short description for messages."""
        if self.everything:
            return "every project"
        return f"profile {self.profile}" if self.profile else " or ".join(self.classifiers)


class Profile(FilterRules, frozen=True, kw_only=True):
    """The ecosystem of a framework.

    Attributes:
        key: Its name on the command line.
        name: Its display name.
        releases: End of support by release of the framework; None if no end is known.
    """

    key: str
    name: str
    releases: dict[str, date | None] = field(default_factory=dict)

    @property
    def filter(self) -> Filter:
        """The filter of this profile's collection."""
        return Filter(profile=self.key, **{name: getattr(self, name) for name in FilterRules.__struct_fields__})


@lru_cache(maxsize=256)
def _compile_patterns(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns))
