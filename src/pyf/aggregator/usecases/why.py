"""Explain in words why a project is in a collection, why it is not, and what would bring it in."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, to_builtins

from ..domain.errors import AggregatorError, NotFound
from ..domain.membership import Because, Verdict, judge
from ..domain.policy import Discovery
from ..domain.profile import Filter
from ..domain.project import Project, ProjectStatus, normalized
from ..ports import Services, Wanted
from .held import judged
from .target import Target, agreed_filter


class Explanation(Struct, frozen=True, kw_only=True):
    """Whether a collection holds a project, whether it belongs there, and why.

    `because` is the rule that lets it in, "" for none; `belongs` is None where nobody can tell. `reasons` are
    sentences for people.
    """

    name: str
    collection: str
    is_held: bool
    belongs: bool | None
    because: str
    reasons: tuple[str, ...]

    def as_mapping(self) -> dict[str, Any]:
        """Return the explanation as one JSON object."""
        mapping: dict[str, Any] = to_builtins(self)
        return mapping


def why(services: Services, target: Target, name: str, *, default: Filter) -> Explanation:
    """Explain a project by any spelling of its name.

    What the collection holds, has held or excludes is told from the index; of anything else the registry is asked for
    its document, and where there is none for its page of the simple index. Raises `Unavailable` where it says neither.
    """
    filter_ = agreed_filter(services, target, default)
    explained = _Explained(collection=target.collection, name=name, filter=filter_)
    exists = services.admin.resolve(target.collection) is not None
    documents = services.index.documents(target.collection, name) if exists else ()
    if documents:
        newest = documents[0].registry
        return explained.held(newest.name, newest.version, newest.member_because, judged(filter_, newest))
    if exists and (tombstone := services.index.tombstone(target.collection, name)) is not None:
        when = datetime.fromtimestamp(tombstone.removed_at, UTC)
        return explained.absent(f"It left the collection on {when:%Y-%m-%d %H:%M} UTC: {tombstone.reason}.")
    if reason := filter_.exclude.get(normalized(name)):
        return explained.absent(f"{_capital(filter_.label)} excludes it: {reason}.")
    return _from_registry(services, explained, exists)


class _Explained(Struct, frozen=True, kw_only=True):
    """Makes explanations of one project."""

    collection: str
    name: str
    filter: Filter

    def held(self, name: str, version: str, because: str, verdict: Verdict) -> Explanation:
        if verdict.because is not None:
            told = f"It is in the collection, as of release {version}: {verdict.words}."
        elif normalized(name) in self.filter.exclude:
            told = f"It is in the collection, and the next run takes it out: {verdict.words}."
        else:
            told = f"It is in the collection, as of release {version}, and would not be let in today: {verdict.words}."
        return Explanation(
            name=name,
            collection=self.collection,
            is_held=True,
            belongs=verdict.because is not None,
            because=verdict.because or because,
            reasons=(told,),
        )

    def absent(
        self, *reasons: str, name: str = "", belongs: bool | None = False, because: Because | None = None
    ) -> Explanation:
        return Explanation(
            name=name or self.name,
            collection=self.collection,
            is_held=False,
            belongs=belongs,
            because=because or "",
            reasons=reasons,
        )


def _from_registry(services: Services, explained: _Explained, exists: bool) -> Explanation:
    place = f"It is not in the collection {explained.collection}" + ("" if exists else ", which does not exist yet")
    name = normalized(explained.name)
    # No project is worth more than its own document here.
    (reading,) = services.registry.read([Wanted(name=name)], is_worth_it=lambda _project: False)
    answer = reading.answer
    if isinstance(answer, NotFound):
        return _without_document(services, explained, name, place)
    if not isinstance(answer, Project):
        raise answer
    newest = answer.newest
    if newest.metadata is None:
        raise reading.failed_versions[newest.version]
    verdict = judge(explained.filter, name, newest.metadata)
    if verdict.because is None:
        return explained.absent(
            f"{place}: {verdict.words}.", f"Its newest release is {newest.version}.", name=answer.name
        )
    return explained.absent(
        f"{place}, and it would belong: {verdict.words}.",
        _how_it_comes_in(services, explained.filter, name, verdict.because, exists),
        name=answer.name,
        belongs=True,
        because=verdict.because,
    )


def _without_document(services: Services, explained: _Explained, name: str, place: str) -> Explanation:
    (standing,) = services.registry.standings([name])
    match standing.answer:
        case ProjectStatus.QUARANTINED:
            return explained.absent(f"{place}: PyPI holds it in quarantine and shows nothing of it.", belongs=None)
        case NotFound():
            return explained.absent(f"{place}: there is no project of that name on PyPI.")
        case AggregatorError() as error:
            raise error
    if standing.is_empty:
        return explained.absent(f"{place}: it has no release on PyPI.")
    return explained.absent(f"{place}: PyPI lists it and has no document of it, which may change soon.", belongs=None)


def _how_it_comes_in(services: Services, filter_: Filter, name: str, because: Because, exists: bool) -> str:
    """Say which run finds it: of who requires something under any name, nobody tells the registry's readers."""
    is_known = filter_.pattern_of(name) or name in filter_.include or services.verdicts.recall(filter_.key, [name])
    if because is Because.REQUIRES and not is_known and services.policy.discovery is Discovery.BROWSE:
        return (
            "Its name says nothing, so that no run finds it by itself: name it in a file of candidates (--candidates), "
            "or in 'names:' of the profile."
        )
    return f"The next run of pyfaggregator {'-i' if exists else '-f'} finds it."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
