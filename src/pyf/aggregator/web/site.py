"""What every handler works with: the services, the profiles and the settings of the program that serves."""

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

# Seconds for which the list of collections is remembered: pages name it, and counting takes a look at every project.
_COLLECTIONS_TTL = 1.0


class Site:
    """The index that is served. Its methods ask the index: call them in threads, never in the event loop."""

    def __init__(self, deps: Dependencies, profiles: Mapping[str, Profile], settings: Settings) -> None:
        self.deps = deps
        self.profiles = profiles
        self.settings = settings
        self.metrics = Metrics(deps)
        ttl = settings.web_cache_max_age
        self._collections = TTLCache[None, Sequence[CollectionSummary]](
            lambda _: list_collections(deps, profiles), ttl=min(_COLLECTIONS_TTL, ttl)
        )
        # What is hidden belongs to the key: a project that somebody excludes must not stay for as long as it is kept.
        self._start_pages = TTLCache[tuple[str, frozenset[str]], Dashboard](
            lambda key: build_dashboard(deps, self.get_collection(key[0]).target), ttl=ttl
        )

    def get_collection(self, key: str) -> PublicCollection:
        """Return a collection that is shown, by its name; raises `NotFound` where there is none."""
        return get_collection(self.deps, self.profiles, key)

    def list_collections(self) -> Sequence[CollectionSummary]:
        """Return all collections that are shown."""
        return self._collections.get(None)

    def get_start_page(self, collection: PublicCollection) -> Dashboard:
        """Return a collection at a glance, as it was at most WEB_CACHE_MAX_AGE seconds ago; what is hidden, is so now."""
        return self._start_pages.get((collection.key, get_hidden_names(self.deps, collection.target)))


# What a handler names `site` to be given it.
InjectedSite = NamedDependency[SkipValidation[Site]]
