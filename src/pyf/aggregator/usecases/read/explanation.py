"""Explain why a package is in a collection or not, and how its score comes about."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType, to_builtins

from ...domain.collection import Discovery
from ...domain.documents.project import Project, ProjectStatus, normalize_name
from ...domain.documents.schema import HealthFields
from ...domain.errors import AggregatorError, NotFound
from ...domain.health import Score
from ...domain.membership.evaluation import MembershipDecision, MembershipReason, evaluate_membership
from ...domain.membership.profile import Filter
from ...ports import Dependencies, ProjectRequest
from ..collections.target import Target, format_removal, resolve_filter
from ..enrich.scores import score_project
from ..ingest.planning import evaluate_stored
from .package import require_documents


class MembershipExplanation(Struct, frozen=True, kw_only=True):
    """Whether a package is in a collection, whether it matches, and why.

    Attributes:
        is_member: Whether it matches the filter, None if unknown.
        membership_reason: The rule that it matches, "" for none.
        reasons: Sentences to display.
    """

    name: str
    collection: str
    is_indexed: bool
    is_member: bool | None
    membership_reason: str
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as one JSON object."""
        mapping: dict[str, Any] = to_builtins(self)
        return mapping


def explain_membership(deps: Dependencies, target: Target, name: str, *, default: Filter) -> MembershipExplanation:
    """Explain the membership of a package by any spelling of its name.

    Sends no request for a package that the collection has, has removed or excludes. Any other one takes one for its
    JSON document, and a second one for its Simple API page if there is no document.

    Raises:
        Unavailable: If the registry does not respond.
    """
    filter_ = resolve_filter(deps, target, default)
    builder = _ExplanationBuilder(collection=target.collection, name=name, filter=filter_)
    exists = deps.admin.resolve(target.collection) is not None
    documents = deps.index.get_project_documents(target.collection, name) if exists else ()
    if documents:
        newest_release = documents[0].registry
        return builder.build_indexed(
            newest_release.name,
            newest_release.version,
            newest_release.membership_reason,
            evaluate_stored(filter_, newest_release),
        )
    if exists and (tombstone := deps.index.get_tombstone(target.collection, name)) is not None:
        return builder.build_absent(f"It was removed from the collection {format_removal(tombstone)}.")
    if reason := filter_.exclude.get(normalize_name(name)):
        return builder.build_absent(f"{_capitalize(filter_.label)} excludes it: {reason}.")
    return _explain_from_registry(deps, builder, exists)


class _ExplanationBuilder(Struct, frozen=True, kw_only=True):
    """Builds explanations of one package."""

    collection: str
    name: str
    filter: Filter

    def build_indexed(
        self, name: str, version: str, membership_reason: str, decision: MembershipDecision
    ) -> MembershipExplanation:
        if decision.reason is not None:
            reason = f"It is in the collection, as of release {version}: {decision.text}."
        elif normalize_name(name) in self.filter.exclude:
            reason = f"It is in the collection, and the next run removes it: {decision.text}."
        else:
            reason = f"It is in the collection, as of release {version}, and does not match any more: {decision.text}."
        return MembershipExplanation(
            name=name,
            collection=self.collection,
            is_indexed=True,
            is_member=decision.reason is not None,
            membership_reason=decision.reason or membership_reason,
            reasons=(reason,),
        )

    def build_absent(
        self,
        *reasons: str,
        name: str = "",
        is_member: bool | None = False,
        membership_reason: MembershipReason | None = None,
    ) -> MembershipExplanation:
        return MembershipExplanation(
            name=name or self.name,
            collection=self.collection,
            is_indexed=False,
            is_member=is_member,
            membership_reason=membership_reason or "",
            reasons=reasons,
        )


def _explain_from_registry(deps: Dependencies, builder: _ExplanationBuilder, exists: bool) -> MembershipExplanation:
    prefix = f"It is not in the collection {builder.collection}" + ("" if exists else ", which does not exist yet")
    name = normalize_name(builder.name)
    # Only the newest release is needed.
    (result,) = deps.registry.read_projects([ProjectRequest(name=name)], needs_releases=lambda _project: False)
    outcome = result.outcome
    if isinstance(outcome, NotFound):
        return _explain_missing_document(deps, builder, name, prefix)
    if not isinstance(outcome, Project):
        raise outcome
    newest = outcome.newest_release
    if newest.metadata is None:
        raise result.failed_versions[newest.version]
    decision = evaluate_membership(builder.filter, name, newest.metadata)
    if decision.reason is None:
        return builder.build_absent(
            f"{prefix}: {decision.text}.", f"Its newest release is {newest.version}.", name=outcome.name
        )
    return builder.build_absent(
        f"{prefix}, but it matches: {decision.text}.",
        _explain_discovery(deps, builder.filter, name, decision.reason, exists),
        name=outcome.name,
        is_member=True,
        membership_reason=decision.reason,
    )


def _explain_missing_document(
    deps: Dependencies, builder: _ExplanationBuilder, name: str, prefix: str
) -> MembershipExplanation:
    (page_status,) = deps.registry.check_simple_pages([name])
    match page_status.outcome:
        case ProjectStatus.QUARANTINED:
            return builder.build_absent(
                f"{prefix}: it is quarantined on PyPI, which serves no document of it.", is_member=None
            )
        case NotFound():
            return builder.build_absent(f"{prefix}: PyPI has no package of that name.")
        case AggregatorError() as error:
            raise error
    if page_status.is_empty:
        return builder.build_absent(f"{prefix}: it has no release on PyPI.")
    return builder.build_absent(
        f"{prefix}: PyPI lists it but serves no document of it, which may change soon.", is_member=None
    )


def _explain_discovery(deps: Dependencies, filter_: Filter, name: str, reason: MembershipReason, exists: bool) -> str:
    """Return which run finds the package: the registry does not list the packages that require a framework."""
    is_known = (
        filter_.matching_pattern(name) or name in filter_.include or deps.membership_cache.get_many(filter_.key, [name])
    )
    if reason is MembershipReason.REQUIRES and not is_known and deps.policy.discovery is Discovery.CLASSIFIERS:
        return (
            "No run finds it by its name: add it to a file of candidates (--candidates), or to 'names:' of the profile."
        )
    return f"The next run of `pyf {'update' if exists else 'fetch'}` finds it."


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


class ScoreExplanation(Struct, frozen=True, kw_only=True):
    """The score of a package as of now, and the stored one."""

    name: str
    version: str
    score: Score
    stored: HealthFields | UnsetType = UNSET

    @property
    def stored_score(self) -> int | None:
        """The stored number, None if no score is stored."""
        return None if self.stored is UNSET or self.stored.health_score is UNSET else self.stored.health_score

    def to_dict(self) -> dict[str, Any]:
        """Return the score as one JSON object: the fields of a document, and the stored score."""
        fields = self.score.fields
        return {
            "name": self.name,
            "version": self.version,
            "health_score": None if fields.health_score is UNSET else fields.health_score,
            "health_model": fields.health_model,
            "health_confidence": fields.health_confidence,
            "health_score_breakdown": fields.health_score_breakdown,
            "stored_health_score": self.stored_score,
        }


def explain_score(deps: Dependencies, target: Target, name: str) -> ScoreExplanation:
    """Score a package from its stored documents, without a request; raises as `require_documents` does."""
    documents = require_documents(deps, target, name)
    newest_release = documents[0]
    return ScoreExplanation(
        name=newest_release.registry.name,
        version=newest_release.registry.version,
        score=score_project(deps, [document.registry for document in documents], newest_release.enrichments),
        stored=newest_release.health,
    )
