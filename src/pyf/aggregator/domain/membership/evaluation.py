"""Says whether a project belongs to an ecosystem, and why or why not, from what its newest release says itself."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from ..documents.project import Metadata
from .profile import Filter, matches_classifiers
from .requirements import Requirements, parse_requirements


class MembershipReason(StrEnum):
    """Why a project belongs; the value of the field `member_because`. Where several hold, the first one counts."""

    CLASSIFIER = "classifier"
    REQUIRES = "requires"
    NAME = "name"
    INCLUDE = "include"
    EVERYTHING = "everything"


class MembershipDecision(Struct, frozen=True, kw_only=True):
    """Whether a project belongs (`because` is None where it does not), and the reasons in words, as clauses."""

    reason: MembershipReason | None
    explanations: tuple[str, ...]

    @property
    def text(self) -> str:
        return ", ".join(self.explanations)


def evaluate_membership(filter_: Filter, name: str, metadata: Metadata) -> MembershipDecision:
    """Judge a project by its normalised name and the metadata of its newest release.

    Excluding beats everything. What the project says itself comes first: a classifier, or a requirement at run time.
    A name is no reason on its own: a project that is named like the framework's must require another one that is,
    which is how `fastapi-users-db-sqlalchemy` requires FastAPI. Including is for what can't be told from the project.
    """
    if name in filter_.exclude:
        return MembershipDecision(reason=None, explanations=(f"it is excluded: {filter_.exclude[name]}",))
    if filter_.everything:
        return _accept(MembershipReason.EVERYTHING, "the collection takes every project")
    if classifier := next((c for c in metadata.classifiers if matches_classifiers(c, filter_.classifiers)), ""):
        return _accept(MembershipReason.CLASSIFIER, f'its newest release carries the classifier "{classifier}"')
    pattern, requirements = "", Requirements()
    if filter_.uses_requirements:
        pattern = filter_.matching_pattern(name)
        requirements = parse_requirements(
            metadata.requires_dist, lambda other: other in filter_.requires or filter_.matching_pattern(other)
        )
        if framework := next((required for required in filter_.requires if required in requirements.run_time), ""):
            return _accept(
                MembershipReason.REQUIRES,
                f'its newest release requires {framework} ("{requirements.run_time[framework]}")',
            )
        relative = next((each for each in requirements.run_time if each != name), "") if pattern else ""
        if relative:
            return _accept(
                MembershipReason.NAME,
                f'its name matches {pattern}, and it requires {relative} ("{requirements.run_time[relative]}"), '
                "whose name is one of the framework's, too",
            )
    if name in filter_.include:
        return _accept(MembershipReason.INCLUDE, f"it is included: {filter_.include[name]}")
    return MembershipDecision(
        reason=None, explanations=tuple(_explain_rejection(filter_, pattern, requirements, metadata.requires_dist))
    )


def _accept(membership_reason: MembershipReason, explanation: str) -> MembershipDecision:
    return MembershipDecision(reason=membership_reason, explanations=(explanation,))


def _explain_rejection(
    filter_: Filter, pattern: str, requirements: Requirements, requires_dist: Sequence[str]
) -> Iterable[str]:
    if filter_.classifiers:
        yield f"its newest release carries no classifier of {filter_.label} ({_join_names(filter_.classifiers, 'or')})"
    if filter_.strict and filter_.requires:
        yield "nothing else counts, for the profile is strict"
    if not filter_.uses_requirements:
        return
    in_extras = [framework for framework in filter_.requires if framework in requirements.extras]
    for framework in in_extras:
        extras = requirements.extras[framework]
        yield f"it requires {framework} only for {_format_extras(extras)}"
    if not in_extras:
        suffix = "" if requires_dist else ": it names no requirement at all"
        yield f"it does not require {_join_names(filter_.requires, 'or')}{suffix}"
    if pattern:
        yield f"its name matches {pattern}, which is not enough"


def _format_extras(extras: Sequence[str]) -> str:
    quoted = [f'"{extra}"' for extra in extras]
    return f"its extra{'s' * (len(extras) > 1)} {_join_names(quoted, 'and')}" if extras else "an extra"


def _join_names(names: Sequence[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
