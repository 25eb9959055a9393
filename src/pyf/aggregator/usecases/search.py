"""Find projects in a collection, without those that its profile hides."""

from collections.abc import Sequence

from ..domain.search import Question, Results, Suggestion
from ..ports import Services
from .target import Target, existing


def search(services: Services, target: Target, question: Question) -> Results:
    """Return a page of what a question finds; raises `NotFound` for a collection that is not there."""
    return services.search.search(target.collection, question, hidden=hidden(services, target))


def suggest(services: Services, target: Target, text: str, *, limit: int = 8) -> Sequence[Suggestion]:
    """Return the projects that somebody may be about to type, the likeliest first."""
    return services.search.suggest(target.collection, text, limit=limit, hidden=hidden(services, target))


def hidden(services: Services, target: Target) -> frozenset[str]:
    """Return who is not shown (normalised): whom the profile excludes now, and whom it did when it filled this.

    A project that somebody excludes is hidden at once, not with the next run.
    """
    remembered = existing(services, target).filter.exclude
    return frozenset(remembered) | frozenset(target.filter.exclude if target.filter else ())
