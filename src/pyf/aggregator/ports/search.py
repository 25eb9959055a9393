"""Finding projects: what looks through an index for whom somebody means."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..domain.search import Facet, Hit, SearchQuery, SearchResults, Suggestion

NO_NAMES: frozenset[str] = frozenset()


class SearchEngine(Protocol):
    """Answers questions about a collection, by its name or an alias.

    A collection that does not exist raises `NotFound`. Quarantined projects are never among what is found, nor are
    those whose normalised name is in `hidden`. No text is an error: one that means nothing finds nothing.
    """

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        """Return a page of what a question finds, one hit a project, ordered as asked.

        Pages of one answer neither overlap nor leave anything out while nothing is written.
        """

    def count_values(self, collection: str, facet: Facet, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        """Return all values that projects have of a facet, however many, and how many projects have each."""

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        """Return the projects whose name somebody may be typing, the likeliest first."""

    def find_similar(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        """Return the projects most like one, without itself; none where the collection does not hold it."""

    def find_dependents(self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        """Return the projects whose newest release requires one (normalised), most downloaded first."""

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        """Return the newest releases of named projects (normalised), in their order; who is not there is left out."""
