"""Caches in memory, for tests and for runs without stored state."""

from collections.abc import Collection, Mapping, Sequence

from ..domain.readme.plain_text import RenderedReadme
from ..domain.repositories import CachedRepository, RepositoryRef


class FakeRenderCache:
    """A cache of the `capacity` READMEs that were used last."""

    def __init__(self, capacity: int = 1_000) -> None:
        self._capacity = capacity
        # Ordered by last use, the oldest first.
        self._rendered: dict[str, RenderedReadme] = {}

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        """Return the cached READMEs."""
        found = {
            fingerprint: self._rendered.pop(fingerprint)
            for fingerprint in set(fingerprints)
            if fingerprint in self._rendered
        }
        self._rendered.update(found)
        return found

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        """Store READMEs, and evict those that were not used for the longest time."""
        for fingerprint, readme in rendered.items():
            self._rendered.pop(fingerprint, None)
            self._rendered[fingerprint] = readme
        while len(self._rendered) > self._capacity:
            del self._rendered[next(iter(self._rendered))]


class FakeMembershipCache:
    """A cache of projects that do not belong to a filter, until the process ends."""

    def __init__(self) -> None:
        self._serials: dict[str, dict[str, int]] = {}

    def get_many(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        """Return the serials of the cached ones of `names`."""
        serials = self._serials.get(filter_key, {})
        return {name: serials[name] for name in names if name in serials}

    def get_all(self, filter_key: str, *, include_unevaluated: bool = False) -> Mapping[str, int]:
        """Return all cached serials of a filter, or only those of unevaluated candidates."""
        serials = self._serials.get(filter_key, {})
        return {name: serial for name, serial in serials.items() if not (include_unevaluated and serial)}

    def set_many(self, filter_key: str, serials: Mapping[str, int]) -> None:
        """Store the serial at which each project was not a member."""
        self._serials.setdefault(filter_key, {}).update(serials)

    def delete_many(self, filter_key: str, names: Collection[str]) -> None:
        """Delete projects that have become members."""
        serials = self._serials.get(filter_key, {})
        for name in names:
            serials.pop(name, None)


# Seconds; an entry that is further ahead than this was made with a wrong clock.
_MAX_LEAD = 86_400


class FakeRepositoryCache:
    """A cache of repositories, until the process ends."""

    def __init__(self) -> None:
        self._repositories: dict[str, CachedRepository] = {}

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        """Return the repositories that were fetched since a time."""
        cached = {ref.key: self._repositories[ref.key] for ref in refs if ref.key in self._repositories}
        return {key: repository for key, repository in cached.items() if repository.fetched_at >= fetched_since}

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        """Store repositories; of one reference the latest is kept."""
        for repository in repositories:
            previous = self._repositories.get(repository.ref.key)
            lead = previous.fetched_at - repository.fetched_at if previous else 0
            if lead <= 0 or lead > _MAX_LEAD:
                self._repositories[repository.ref.key] = repository
