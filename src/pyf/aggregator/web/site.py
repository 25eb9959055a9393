"""State shared by all request handlers: dependencies, profiles, settings and caches."""

from collections.abc import Mapping, Sequence

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from ..domain.membership.profile import Profile
from ..metrics import Metrics
from ..ports import Dependencies
from ..settings import Settings
from ..usecases.collections.overview import CollectionSummary, PublicCollection, get_collection, list_collections
from ..usecases.read.dashboard import Dashboard, build_dashboard
from ..usecases.read.search import get_hidden_names
from .ttl_cache import TTLCache

# Seconds. Every page lists the collections, and counting them visits every package.
_COLLECTIONS_TTL = 1.0


class Site:
    """The index as the web server sees it. All methods read the index: call them in threads, not in the event loop."""

    def __init__(self, deps: Dependencies, profiles: Mapping[str, Profile], settings: Settings) -> None:
        self.deps = deps
        self.profiles = profiles
        self.settings = settings
        self.metrics = Metrics(deps)
        ttl = settings.web_cache_max_age
        self._collections = TTLCache[None, Sequence[CollectionSummary]](
            lambda _: list_collections(deps, profiles), ttl=min(_COLLECTIONS_TTL, ttl)
        )
        # The hidden names are part of the key: an excluded package disappears at once, not when the entry expires.
        self._start_pages = TTLCache[tuple[str, frozenset[str]], Dashboard](
            lambda key: build_dashboard(deps, self.get_collection(key[0]).target), ttl=ttl
        )

    def get_collection(self, key: str) -> PublicCollection:
        """Return a public collection; raises `NotFound` if there is none of this name."""
        return get_collection(self.deps, self.profiles, key)

    def list_collections(self) -> Sequence[CollectionSummary]:
        """List the public collections."""
        return self._collections.get(None)

    def get_start_page(self, collection: PublicCollection) -> Dashboard:
        """Return the start page of a collection, at most `WEB_CACHE_MAX_AGE` seconds old."""
        return self._start_pages.get((collection.key, get_hidden_names(self.deps, collection.target)))


# The type of a handler's parameter `site`.
InjectedSite = NamedDependency[SkipValidation[Site]]
