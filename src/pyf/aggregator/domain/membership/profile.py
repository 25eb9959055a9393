"""Which projects may belong to an ecosystem: profiles, and the filter that a collection remembers.

`membership.py` says which of them do.
"""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from msgspec import Struct, field


def matches_classifiers(classifier: str, bases: Iterable[str]) -> bool:
    """Tell whether a classifier is one of `wanted` or stands below one (` :: ` is the separator)."""
    return any(classifier == base or classifier.startswith(f"{base} :: ") for base in bases)


def parse_frameworks(classifiers: Iterable[str]) -> tuple[str, ...]:
    """Return the frameworks that classifiers name, each once: "Plone" for `Framework :: Plone :: 6.0`."""
    paths = (classifier.split(" :: ") for classifier in classifiers)
    return tuple(dict.fromkeys(segments[1] for segments in paths if segments[0] == "Framework" and segments[1:]))


class Filter(Struct, frozen=True, kw_only=True):
    """What fills a collection.

    `profile` is the key of the profile it came from, "" for classifiers given by hand. `everything` is the filter
    that lets every project of the registry pass. A project that requires one of `requires` belongs; `names` are
    patterns of projects that may (`*` stands for any characters). `include` and `exclude` hold the reason for each
    project that is in or out whatever it says itself. All names are normalised. `strict` switches `requires` and
    `names` off.
    """

    profile: str = ""
    classifiers: tuple[str, ...] = ()
    everything: bool = False
    requires: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    include: dict[str, str] = field(default_factory=dict)
    exclude: dict[str, str] = field(default_factory=dict)
    strict: bool = False

    @property
    def uses_requirements(self) -> bool:
        """Whether projects may belong that carry no classifier of the filter, for what they require."""
        return bool(self.requires) and not self.strict and not self.everything

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks that its classifiers stand for: "Plone" for `Framework :: Plone`."""
        return parse_frameworks(self.classifiers)

    def matching_names(self, names: Iterable[str]) -> frozenset[str]:
        """Return those of `names` (normalised) that match a pattern; half a second for 700,000 of them."""
        if not self.uses_requirements or not self.names:
            return frozenset()
        is_match = _compile_patterns(self.names).fullmatch
        return frozenset(name for name in names if is_match(name))

    def matching_pattern(self, name: str) -> str:
        """Return the first pattern that a normalised name matches, "" for none."""
        if not self.names or not _compile_patterns(self.names).fullmatch(name):
            return ""
        return next(pattern for pattern in self.names if _compile_patterns((pattern,)).fullmatch(name))

    def expand_classifiers(self, known_classifiers: Iterable[str]) -> tuple[str, ...]:
        """Return the filter's own classifiers and all of `known` below them, sorted, each once."""
        below = {classifier for classifier in known_classifiers if matches_classifiers(classifier, self.classifiers)}
        return tuple(sorted(below | set(self.classifiers)))

    @property
    def key(self) -> str:
        """The same text for filters that judge a project alike, unless they include or exclude it by name."""
        if self.everything:
            return "*"
        lines = sorted(set(self.classifiers))
        if self.uses_requirements:
            lines += [f"requires {name}" for name in sorted(set(self.requires))]
            lines += [f"named {pattern}" for pattern in sorted(set(self.names))]
        return "\n".join(lines)

    def admits_same_as(self, other: "Filter") -> bool:
        """Tell whether both admit the same projects."""
        return (self.key, self.include.keys(), self.exclude.keys()) == (
            other.key,
            other.include.keys(),
            other.exclude.keys(),
        )

    @property
    def label(self) -> str:
        """The filter in a few words, for messages."""
        if self.everything:
            return "every project"
        return f"profile {self.profile}" if self.profile else " or ".join(self.classifiers)


class Profile(Struct, frozen=True, kw_only=True):
    """A framework's ecosystem: its key on the command line, its display name, and what `Filter` says of it.

    `releases` says when the support of the framework's releases ends, by their numbers; None for no known end.
    """

    key: str
    name: str
    classifiers: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    include: dict[str, str] = field(default_factory=dict)
    exclude: dict[str, str] = field(default_factory=dict)
    strict: bool = False
    releases: dict[str, date | None] = field(default_factory=dict)

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks that its classifiers stand for: "Plone" for `Framework :: Plone`."""
        return parse_frameworks(self.classifiers)

    @property
    def filter(self) -> Filter:
        """The filter of a collection that this profile fills."""
        return Filter(
            profile=self.key,
            classifiers=self.classifiers,
            requires=self.requires,
            names=self.names,
            include=self.include,
            exclude=self.exclude,
            strict=self.strict,
        )


@lru_cache(maxsize=256)
def _compile_patterns(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns))
