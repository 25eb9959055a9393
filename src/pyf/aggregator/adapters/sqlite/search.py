"""The port `SearchEngine` over a SQLite index, by a search index beside it that is derived and repairs itself."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from ...domain.documents.project import normalize_name
from ...domain.errors import Unavailable
from ...domain.health import ScoringConfig
from ...domain.relevance import Lexicon
from ...domain.search import Facet, Hit, SearchQuery, SearchResults, Suggestion, has_selected_versions, to_hit
from ...ports.index import NO_NAMES
from ..encoding import replace_surrogates
from .collections import require_collection
from .database import Database
from .index import SqliteIndex

if TYPE_CHECKING:  # they bring tantivy with them, which whoever searches nothing is spared
    from ..fulltext.answering import Answers
    from ..fulltext.opened import OpenIndex

Result = TypeVar("Result")


class SqliteSearch:
    """Searches a SQLite index. Threads and processes share the files beside it; one of them at a time brings them up.

    `now` returns the time in Unix seconds.
    """

    def __init__(
        self, database: Database, lexicon: Lexicon, standards: ScoringConfig, *, now: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._lexicon = lexicon
        self._standards = standards
        self._now = now
        self._open: dict[int, OpenIndex] = {}
        self._answers: dict[int, Answers] = {}
        # Threads that work on answers at the same time take the interpreter from each other: eight of them need half as
        # much time again as one after another. Who waits for files or for another process does not hold the others up.
        self._turn = Lock()

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        first = (query.page - 1) * query.per_page

        def answer(answers: "Answers") -> SearchResults:
            found = answers.found(query, hidden)
            hits = answers.page(found, first, query.per_page)
            return SearchResults(total=found.total, hits=tuple(hits), facets=found.facets)

        results = self._asked(collection, answer)
        return SearchResults(
            total=results.total,
            hits=tuple(self._fitting(collection, hit, query) for hit in results.hits),
            facets=results.facets,
        )

    def count_values(self, collection: str, facet: Facet, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        return self._asked(collection, lambda answers: answers.values(facet, hidden))

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        return self._asked(collection, lambda answers: answers.suggest(text, limit, hidden))

    def find_similar(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        asked = normalize_name(replace_surrogates(name))
        return self._asked(collection, lambda answers: answers.similar(asked, limit, hidden))

    def find_dependents(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        asked = normalize_name(replace_surrogates(name))
        return self._asked(collection, lambda answers: answers.dependents(asked, limit, hidden))

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        asked = [replace_surrogates(name) for name in names]
        return self._asked(collection, lambda answers: answers.pick(asked, hidden))

    def close(self) -> None:
        """Close the files of all search indexes."""
        while self._open:
            self._open.popitem()[1].close()
        self._answers.clear()

    def _asked(self, collection: str, ask: Callable[["Answers"], Result]) -> Result:
        """Ask the collection's index; one that fails is made anew, once."""
        from ..fulltext import answering, opened
        from ..fulltext.files import Damaged

        with self._database.reading() as connection:
            found = require_collection(connection, collection, self._database.path)
            behind = opened.collection_of(connection, found.id)
        index = self._index(found.id)
        try:
            for is_last in (False, True):
                try:
                    state = index.anew(behind) if is_last else index.state(behind)
                    answers = self._answers.get(found.id)
                    if answers is None or answers.state is not state:
                        answers = self._answers[found.id] = answering.Answers(state, index.measures)
                    with opened.failures(), self._turn:
                        return ask(answers)
                except Damaged:
                    if is_last:
                        raise
        except Damaged as error:
            raise Unavailable(f"the search index of {collection} can't be made: {error}") from error
        raise AssertionError

    def _index(self, number: int) -> "OpenIndex":
        from ..fulltext import files, keeping, opened

        if number not in self._open:
            folder = files.index_folder(self._database.path, number)
            measures = keeping.Measures(self._lexicon, self._standards, self._now)
            self._open.setdefault(number, opened.OpenIndex(self._database, folder, measures))
        return self._open[number]

    def _fitting(self, collection: str, hit: Hit, question: SearchQuery) -> Hit:
        """Return the newest release of a hit's project that has the versions that are asked for."""
        if has_selected_versions(hit.framework_versions, hit.python_versions, question):
            return hit
        for document in SqliteIndex(self._database).get_project_documents(collection, hit.name_normalized):
            if has_selected_versions(document.registry.framework_versions, document.registry.python_versions, question):
                return to_hit(document)
        return hit  # it was changed a moment ago, and the next search knows
