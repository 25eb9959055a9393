"""What every handler works with: the services, the profiles and the settings of the program that serves."""

from collections.abc import Mapping, Sequence

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from ..domain.profile import Profile
from ..metrics import Metrics
from ..ports import Services
from ..settings import Settings
from ..usecases.search import hidden
from ..usecases.shelves import FilledShelf, Shelf, shelf, shelves
from ..usecases.start_page import StartPage, start_page
from .remembered import Remembered

# Seconds for which the list of collections is remembered: pages name it, and counting takes a look at every project.
_LIST_KEPT = 1.0


class Site:
    """The index that is served. Its methods ask the index: call them in threads, never in the event loop."""

    def __init__(self, services: Services, profiles: Mapping[str, Profile], settings: Settings) -> None:
        self.services = services
        self.profiles = profiles
        self.settings = settings
        self.metrics = Metrics(services)
        kept = settings.web_max_age
        self._shelves = Remembered[None, Sequence[FilledShelf]](
            lambda _: shelves(services, profiles), seconds=min(_LIST_KEPT, kept)
        )
        # What is hidden belongs to the key: a project that somebody excludes must not stay for as long as it is kept.
        self._start_pages = Remembered[tuple[str, frozenset[str]], StartPage](
            lambda key: start_page(services, self.shelf(key[0]).target), seconds=kept
        )

    def shelf(self, key: str) -> Shelf:
        """Return a collection that is shown, by its name; raises `NotFound` where there is none."""
        return shelf(self.services, self.profiles, key)

    def shelves(self) -> Sequence[FilledShelf]:
        """Return all collections that are shown."""
        return self._shelves.get(None)

    def start_page(self, shelf: Shelf) -> StartPage:
        """Return a collection at a glance, as it was at most WEB_MAX_AGE seconds ago; what is hidden, is so now."""
        return self._start_pages.get((shelf.key, hidden(self.services, shelf.target)))


# What a handler names `site` to be given it.
TheSite = NamedDependency[SkipValidation[Site]]
