"""Find projects in a collection, without those that its profile hides, and without e-mail addresses."""

from collections.abc import Sequence

from msgspec.structs import replace

from ..domain.addresses import without_addresses
from ..domain.search import Question, Results, Suggestion
from ..ports import Services
from .page_parts import presentable
from .target import Target, existing


def search(services: Services, target: Target, question: Question) -> Results:
    """Return a page of what a question finds; raises `NotFound` for a collection that is not there."""
    found = services.search.search(target.collection, question, hidden=hidden(services, target))
    return replace(found, hits=tuple(presentable(hit) for hit in found.hits))


def suggest(services: Services, target: Target, text: str, *, limit: int = 8) -> Sequence[Suggestion]:
    """Return the projects that somebody may be about to type, the likeliest first."""
    found = services.search.suggest(target.collection, text, limit=limit, hidden=hidden(services, target))
    return [replace(each, summary=without_addresses(each.summary)) for each in found]


def hidden(services: Services, target: Target) -> frozenset[str]:
    """Return who is not shown (normalised): whom the profile excludes now, and whom it did when it filled this.

    A project that somebody excludes is hidden at once, not with the next run.
    """
    remembered = existing(services, target).filter.exclude
    return frozenset(remembered) | frozenset(target.filter.exclude if target.filter else ())
