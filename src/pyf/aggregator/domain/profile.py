"""Which projects belong to an ecosystem: profiles, and the filter that a collection remembers."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct


def matches(classifier: str, wanted: Iterable[str]) -> bool:
    """Tell whether a classifier is one of `wanted` or stands below one (` :: ` is the separator)."""
    return any(classifier == base or classifier.startswith(f"{base} :: ") for base in wanted)


class Profile(Struct, frozen=True, kw_only=True):
    """A framework's ecosystem: its key on the command line, its display name and its classifiers.

    `releases` says when the support of the framework's releases ends, by their numbers; None for no known end.
    """

    key: str
    name: str
    classifiers: tuple[str, ...]
    releases: dict[str, date | None] = {}

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks that its classifiers stand for: "Plone" for `Framework :: Plone`."""
        named = (classifier.split(" :: ") for classifier in self.classifiers)
        return tuple(dict.fromkeys(segments[1] for segments in named if segments[0] == "Framework" and segments[1:]))


class Filter(Struct, frozen=True, kw_only=True):
    """What fills a collection; a project belongs if its newest release carries a matching classifier.

    `profile` is the key of the profile it came from, "" for classifiers given by hand. `everything` is
    the filter that lets every project of the registry pass.
    """

    profile: str = ""
    classifiers: tuple[str, ...] = ()
    everything: bool = False

    def admits(self, classifiers: Iterable[str]) -> bool:
        """Tell whether a project whose newest release carries `classifiers` belongs."""
        return self.everything or any(matches(classifier, self.classifiers) for classifier in classifiers)

    def expanded(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return the filter's own classifiers and all of `known` below them, sorted, each once."""
        below = {classifier for classifier in known if matches(classifier, self.classifiers)}
        return tuple(sorted(below | set(self.classifiers)))

    @property
    def key(self) -> str:
        """The same text for filters that admit the same projects."""
        return "*" if self.everything else "\n".join(sorted(set(self.classifiers)))

    @property
    def label(self) -> str:
        """The filter in a few words, for messages."""
        if self.everything:
            return "every project"
        return f"profile {self.profile}" if self.profile else " or ".join(self.classifiers)
