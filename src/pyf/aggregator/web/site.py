"""What every handler works with: the services, the profiles and the settings of the program that serves."""

from collections.abc import Mapping, Sequence

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from ..domain.profile import Profile
from ..ports import Services
from ..settings import Settings
from ..usecases.shelves import FilledShelf, Shelf, shelf, shelves


class Site(Struct, frozen=True):
    """The index that is served. Its methods ask the index: call them in threads, never in the event loop."""

    services: Services
    profiles: Mapping[str, Profile]
    settings: Settings

    def shelf(self, key: str) -> Shelf:
        """Return a collection that is shown, by its name; raises `NotFound` where there is none."""
        return shelf(self.services, self.profiles, key)

    def shelves(self) -> Sequence[FilledShelf]:
        """Return all collections that are shown."""
        return shelves(self.services, self.profiles)


# What a handler names `site` to be given it.
TheSite = NamedDependency[SkipValidation[Site]]
