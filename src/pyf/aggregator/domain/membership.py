"""Says whether a project belongs to an ecosystem, and why or why not, from what its newest release says itself."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from .profile import Filter, matches
from .release import Metadata
from .requirements import Needs, needs


class Because(StrEnum):
    """Why a project belongs; the value of the field `member_because`. Where several hold, the first one counts."""

    CLASSIFIER = "classifier"
    REQUIRES = "requires"
    NAME = "name"
    INCLUDE = "include"
    EVERYTHING = "everything"


class Verdict(Struct, frozen=True, kw_only=True):
    """Whether a project belongs (`because` is None where it does not), and the reasons in words, as clauses."""

    because: Because | None
    reasons: tuple[str, ...]

    @property
    def words(self) -> str:
        return ", ".join(self.reasons)


def judge(filter_: Filter, name: str, metadata: Metadata) -> Verdict:
    """Judge a project by its normalised name and the metadata of its newest release.

    Excluding beats everything. What the project says itself comes first: a classifier, or a requirement at run time.
    A name is no reason on its own: a project that is named like the framework's must require another one that is,
    which is how `fastapi-users-db-sqlalchemy` requires FastAPI. Including is for what can't be told from the project.
    """
    if name in filter_.exclude:
        return Verdict(because=None, reasons=(f"it is excluded: {filter_.exclude[name]}",))
    if filter_.everything:
        return _in(Because.EVERYTHING, "the collection takes every project")
    if carried := next((c for c in metadata.classifiers if matches(c, filter_.classifiers)), ""):
        return _in(Because.CLASSIFIER, f'its newest release carries the classifier "{carried}"')
    pattern, needed = "", Needs()
    if filter_.looks_beyond_classifiers:
        pattern = filter_.pattern_of(name)
        needed = needs(metadata.requires_dist, lambda other: other in filter_.requires or filter_.pattern_of(other))
        if framework := next((each for each in filter_.requires if each in needed.run_time), ""):
            return _in(Because.REQUIRES, f'its newest release requires {framework} ("{needed.run_time[framework]}")')
        relative = next((each for each in needed.run_time if each != name), "") if pattern else ""
        if relative:
            return _in(
                Because.NAME,
                f'its name matches {pattern}, and it requires {relative} ("{needed.run_time[relative]}"), '
                "whose name is one of the framework's, too",
            )
    if name in filter_.include:
        return _in(Because.INCLUDE, f"it is included: {filter_.include[name]}")
    return Verdict(because=None, reasons=tuple(_lacking(filter_, pattern, needed, metadata.requires_dist)))


def _in(because: Because, reason: str) -> Verdict:
    return Verdict(because=because, reasons=(reason,))


def _lacking(filter_: Filter, pattern: str, needed: Needs, published: Sequence[str]) -> Iterable[str]:
    if filter_.classifiers:
        yield f"its newest release carries no classifier of {filter_.label} ({_listed(filter_.classifiers, 'or')})"
    if filter_.strict and filter_.requires:
        yield "nothing else counts, for the profile is strict"
    if not filter_.looks_beyond_classifiers:
        return
    in_extras = [framework for framework in filter_.requires if framework in needed.extras]
    for framework in in_extras:
        asked = needed.extras[framework]
        yield f"it requires {framework} only for {_extras(asked)}"
    if not in_extras:
        nothing = "" if published else ": it names no requirement at all"
        yield f"it does not require {_listed(filter_.requires, 'or')}{nothing}"
    if pattern:
        yield f"its name matches {pattern}, which is not enough"


def _extras(asked: Sequence[str]) -> str:
    quoted = [f'"{extra}"' for extra in asked]
    return f"its extra{'s' * (len(asked) > 1)} {_listed(quoted, 'and')}" if asked else "an extra"


def _listed(names: Sequence[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
