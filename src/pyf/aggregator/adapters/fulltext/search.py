"""The port `SearchEngine` on local search indexes, which are derived from collections and repair themselves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from ...domain.documents.project import normalize_name
from ...domain.errors import Unavailable
from ...domain.health import ScoringConfig
from ...domain.relevance import Lexicon
from ...domain.search import Hit, SearchQuery, SearchResults, Suggestion
from ...ports.index import NO_NAMES
from ..encoding import replace_surrogates
from .source import CollectionMoved, CollectionSource, PackageSource

if TYPE_CHECKING:  # they import tantivy, which commands without a search don't need
    from .handle import IndexHandle
    from .searcher import Searcher

Result = TypeVar("Result")


class FulltextSearch:
    """Searches the collections of a source.

    Threads and processes share the files of an index; one of them at a time updates it. `now` returns the time in Unix
    seconds.
    """

    def __init__(
        self, source: PackageSource, lexicon: Lexicon, scoring_config: ScoringConfig, *, now: Callable[[], float]
    ) -> None:
        self._source = source
        self._lexicon = lexicon
        self._scoring_config = scoring_config
        self._now = now
        self._handles: dict[str, IndexHandle] = {}
        self._searchers: dict[str, Searcher] = {}
        # One search runs at a time: eight parallel searches take 1.5 times as long as eight sequential ones, because
        # they compete for the interpreter. The lock is not held while a search waits for files or another process.
        self._search_lock = Lock()
        self._counting = ThreadPoolExecutor(1, "facets")

    def search(self, collection: str, query: SearchQuery, *, hidden: frozenset[str] = NO_NAMES) -> SearchResults:
        first = (query.page - 1) * query.per_page

        def run(searcher: "Searcher") -> SearchResults:
            matches = searcher.find_matches(query, hidden)
            hits = searcher.get_page(matches, query, first, query.per_page)
            return SearchResults(total=matches.total, hits=tuple(hits), facets=matches.facets)

        return self._run(collection, run)

    def count_values(self, collection: str, facet: str, *, hidden: frozenset[str] = NO_NAMES) -> Mapping[str, int]:
        return self._run(collection, lambda searcher: searcher.count_values(facet, hidden))

    def suggest(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Suggestion]:
        return self._run(collection, lambda searcher: searcher.suggest(text, limit, hidden))

    def suggest_words(
        self, collection: str, text: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[str]:
        return self._run(collection, lambda searcher: searcher.suggest_words(text, limit, hidden))

    def find_similar(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        package = normalize_name(replace_surrogates(name))
        return self._run(collection, lambda searcher: searcher.find_similar(package, limit, hidden))

    def find_dependents(
        self, collection: str, name: str, *, limit: int, hidden: frozenset[str] = NO_NAMES
    ) -> Sequence[Hit]:
        package = normalize_name(replace_surrogates(name))
        return self._run(collection, lambda searcher: searcher.find_dependents(package, limit, hidden))

    def get_hits(self, collection: str, names: Iterable[str], *, hidden: frozenset[str] = NO_NAMES) -> Sequence[Hit]:
        packages = [replace_surrogates(name) for name in names]
        return self._run(collection, lambda searcher: searcher.get_hits(packages, hidden))

    def close(self) -> None:
        """Close the files of all search indexes."""
        self._counting.shutdown()
        while self._handles:
            self._handles.popitem()[1].close()
        self._searchers.clear()

    def _run(self, collection: str, run: Callable[["Searcher"], Result]) -> Result:
        while True:
            opened = self._source.open_collection(collection)
            try:
                return self._run_in(opened, collection, run)
            except CollectionMoved:
                continue

    def _run_in(self, opened: CollectionSource, collection: str, run: Callable[["Searcher"], Result]) -> Result:
        """Search the collection's index; if it fails, rebuild it once."""
        from . import handle as handles
        from . import searcher as searchers
        from .files import CorruptIndex

        handle = self._get_handle(opened)
        try:
            for is_last in (False, True):
                try:
                    snapshot = handle.rebuild(opened) if is_last else handle.get_snapshot(opened)
                    searcher = self._searchers.get(opened.folder_name)
                    if searcher is None or searcher.snapshot is not snapshot:
                        searcher = searchers.Searcher(snapshot, handle.context, self._counting)
                        self._searchers[opened.folder_name] = searcher
                    with handles.translate_failures(), self._search_lock:
                        return run(searcher)
                except CorruptIndex:
                    if is_last:
                        raise
        except CorruptIndex as error:
            raise Unavailable(f"the search index of {collection} can't be built: {error}") from error
        raise AssertionError

    def _get_handle(self, opened: CollectionSource) -> "IndexHandle":
        from .entries import RankingContext
        from .files import remove_orphans
        from .handle import IndexHandle

        name = opened.folder_name
        if name not in self._handles:
            folder = self._source.folder / name
            if not folder.exists() and self._source.folder.exists():
                folder_names = self._source.list_folder_names()
                if folder_names is not None:
                    remove_orphans(self._source.folder, {*folder_names, name})
            context = RankingContext(self._lexicon, self._scoring_config, self._now)
            self._handles.setdefault(name, IndexHandle(folder, context))
        return self._handles[name]
