"""Evaluate whether a project belongs to an ecosystem, with the reasons, from the metadata of its newest release."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from ..documents.project import Metadata
from ..text import join_names
from .profile import Filter, matches_classifiers
from .requirements import Requirements, parse_requirements


class MembershipReason(StrEnum):
    """Why a project belongs; the value of the field `membership_reason`. If several apply, the first one counts."""

    CLASSIFIER = "classifier"
    REQUIRES = "requires"
    NAME = "name"
    INCLUDE = "include"
    EVERYTHING = "everything"


class MembershipDecision(Struct, frozen=True, kw_only=True):
    """The result of an evaluation: `reason` is None if the project does not belong; `explanations` are clauses."""

    reason: MembershipReason | None
    explanations: tuple[str, ...]

    @property
    def text(self) -> str:
        return ", ".join(self.explanations)


def evaluate_membership(filter_: Filter, name: str, metadata: Metadata) -> MembershipDecision:
    """Evaluate a project by its normalized name and the metadata of its newest release.

    `exclude` overrides everything. The project's own metadata comes first: a classifier, or a run-time requirement. A
    matching name is not enough: the project must also require another one with a matching name, as
    `fastapi-users-db-sqlalchemy` requires `fastapi-users`. `include` is for projects whose metadata has no reason.
    """
    if name in filter_.exclude:
        return MembershipDecision(reason=None, explanations=(f"it is excluded: {filter_.exclude[name]}",))
    if filter_.everything:
        return _accept(MembershipReason.EVERYTHING, "the collection accepts every project")
    if classifier := next((c for c in metadata.classifiers if matches_classifiers(c, filter_.classifiers)), ""):
        return _accept(MembershipReason.CLASSIFIER, f'its newest release has the classifier "{classifier}"')
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
        related = next((required for required in requirements.run_time if required != name), "") if pattern else ""
        if related:
            return _accept(
                MembershipReason.NAME,
                f'its name matches {pattern}, and it requires {related} ("{requirements.run_time[related]}"), '
                "whose name also matches",
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
        yield f"its newest release has no classifier of {filter_.label} ({join_names(filter_.classifiers, 'or')})"
    if filter_.strict and filter_.requires:
        yield "nothing else counts, because the profile is strict"
    if not filter_.uses_requirements:
        return
    in_extras = [framework for framework in filter_.requires if framework in requirements.extras]
    for framework in in_extras:
        extras = requirements.extras[framework]
        yield f"it requires {framework} only for {_format_extras(extras)}"
    if not in_extras:
        suffix = "" if requires_dist else ": it has no requirements"
        yield f"it does not require {join_names(filter_.requires, 'or')}{suffix}"
    if pattern:
        yield f"its name matches {pattern}, which is not enough"


def _format_extras(extras: Sequence[str]) -> str:
    quoted = [f'"{extra}"' for extra in extras]
    return f"its extra{'s' * (len(extras) > 1)} {join_names(quoted)}" if extras else "an extra"
