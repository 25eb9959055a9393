"""Explain in words why a project is in a collection, why it is not, and what would bring it in."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, to_builtins

from ...domain.documents.project import Project, ProjectStatus, normalize_name
from ...domain.errors import AggregatorError, NotFound
from ...domain.membership.evaluation import MembershipDecision, MembershipReason, evaluate_membership
from ...domain.membership.profile import Filter
from ...domain.policy import Discovery
from ...ports import Dependencies, ProjectRequest
from ..collections.target import Target, resolve_filter
from ..ingest.planning import evaluate_stored


class MembershipExplanation(Struct, frozen=True, kw_only=True):
    """Whether a collection holds a project, whether it belongs there, and why.

    `because` is the rule that lets it in, "" for none; `belongs` is None where nobody can tell. `reasons` are
    sentences for people.
    """

    name: str
    collection: str
    is_indexed: bool
    is_member: bool | None
    member_because: str
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as one JSON object."""
        mapping: dict[str, Any] = to_builtins(self)
        return mapping


def explain_membership(deps: Dependencies, target: Target, name: str, *, default: Filter) -> MembershipExplanation:
    """Explain a project by any spelling of its name.

    What the collection holds, has held or excludes is told from the index; of anything else the registry is asked for
    its document, and where there is none for its page of the simple index. Raises `Unavailable` where it says neither.
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
        removed_at = datetime.fromtimestamp(tombstone.removed_at, UTC)
        return builder.build_absent(f"It left the collection on {removed_at:%Y-%m-%d %H:%M} UTC: {tombstone.reason}.")
    if reason := filter_.exclude.get(normalize_name(name)):
        return builder.build_absent(f"{_capitalize(filter_.label)} excludes it: {reason}.")
    return _explain_from_registry(deps, builder, exists)


class _ExplanationBuilder(Struct, frozen=True, kw_only=True):
    """Makes explanations of one project."""

    collection: str
    name: str
    filter: Filter

    def build_indexed(
        self, name: str, version: str, member_because: str, decision: MembershipDecision
    ) -> MembershipExplanation:
        if decision.reason is not None:
            reason = f"It is in the collection, as of release {version}: {decision.text}."
        elif normalize_name(name) in self.filter.exclude:
            reason = f"It is in the collection, and the next run takes it out: {decision.text}."
        else:
            reason = (
                f"It is in the collection, as of release {version}, and would not be let in today: {decision.text}."
            )
        return MembershipExplanation(
            name=name,
            collection=self.collection,
            is_indexed=True,
            is_member=decision.reason is not None,
            member_because=decision.reason or member_because,
            reasons=(reason,),
        )

    def build_absent(
        self,
        *reasons: str,
        name: str = "",
        is_member: bool | None = False,
        member_because: MembershipReason | None = None,
    ) -> MembershipExplanation:
        return MembershipExplanation(
            name=name or self.name,
            collection=self.collection,
            is_indexed=False,
            is_member=is_member,
            member_because=member_because or "",
            reasons=reasons,
        )


def _explain_from_registry(deps: Dependencies, builder: _ExplanationBuilder, exists: bool) -> MembershipExplanation:
    prefix = f"It is not in the collection {builder.collection}" + ("" if exists else ", which does not exist yet")
    name = normalize_name(builder.name)
    # No project is worth more than its own document here.
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
        f"{prefix}, and it would belong: {decision.text}.",
        _explain_discovery(deps, builder.filter, name, decision.reason, exists),
        name=outcome.name,
        is_member=True,
        member_because=decision.reason,
    )


def _explain_missing_document(
    deps: Dependencies, builder: _ExplanationBuilder, name: str, prefix: str
) -> MembershipExplanation:
    (page_status,) = deps.registry.check_simple_pages([name])
    match page_status.outcome:
        case ProjectStatus.QUARANTINED:
            return builder.build_absent(
                f"{prefix}: PyPI holds it in quarantine and shows nothing of it.", is_member=None
            )
        case NotFound():
            return builder.build_absent(f"{prefix}: there is no project of that name on PyPI.")
        case AggregatorError() as error:
            raise error
    if page_status.is_empty:
        return builder.build_absent(f"{prefix}: it has no release on PyPI.")
    return builder.build_absent(
        f"{prefix}: PyPI lists it and has no document of it, which may change soon.", is_member=None
    )


def _explain_discovery(deps: Dependencies, filter_: Filter, name: str, reason: MembershipReason, exists: bool) -> str:
    """Say which run finds it: of who requires something under any name, nobody tells the registry's readers."""
    is_known = (
        filter_.matching_pattern(name) or name in filter_.include or deps.membership_cache.get_many(filter_.key, [name])
    )
    if reason is MembershipReason.REQUIRES and not is_known and deps.policy.discovery is Discovery.CLASSIFIERS:
        return (
            "Its name says nothing, so that no run finds it by itself: name it in a file of candidates (--candidates), "
            "or in 'names:' of the profile."
        )
    return f"The next run of pyfaggregator {'-i' if exists else '-f'} finds it."


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
