"""The caches in memory, for tests and for runs that leave nothing behind."""

from collections.abc import Collection, Mapping, Sequence

from ..domain.readme.plain_text import RenderedReadme
from ..domain.repositories import CachedRepository, RepositoryRef


class FakeRenderCache:
    """Remembers the `capacity` READMEs that were used last."""

    def __init__(self, capacity: int = 1_000) -> None:
        self._capacity = capacity
        # In the order of their last use, the oldest first.
        self._rendered: dict[str, RenderedReadme] = {}

    def get_many(self, fingerprints: Collection[str]) -> Mapping[str, RenderedReadme]:
        """Return what is remembered of these."""
        found = {
            fingerprint: self._rendered.pop(fingerprint)
            for fingerprint in set(fingerprints)
            if fingerprint in self._rendered
        }
        self._rendered.update(found)
        return found

    def set_many(self, rendered: Mapping[str, RenderedReadme]) -> None:
        """Remember these, and forget what has not been used for longest."""
        for fingerprint, readme in rendered.items():
            self._rendered.pop(fingerprint, None)
            self._rendered[fingerprint] = readme
        while len(self._rendered) > self._capacity:
            del self._rendered[next(iter(self._rendered))]


class FakeMembershipCache:
    """Remembers which projects did not belong to a filter, until the process ends."""

    def __init__(self) -> None:
        self._serials: dict[str, dict[str, int]] = {}

    def get_many(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        """Return the serials of those of `names` that were judged not to belong."""
        serials = self._serials.get(filter_key, {})
        return {name: serials[name] for name in names if name in serials}

    def get_all(self, filter_key: str, *, include_unevaluated: bool = False) -> Mapping[str, int]:
        """Return the serials of all that is remembered of a filter, or of what nobody has judged yet."""
        serials = self._serials.get(filter_key, {})
        return {name: serial for name, serial in serials.items() if not (include_unevaluated and serial)}

    def set_many(self, filter_key: str, serials: Mapping[str, int]) -> None:
        """Remember that projects did not belong, at these serials."""
        self._serials.setdefault(filter_key, {}).update(serials)

    def delete_many(self, filter_key: str, names: Collection[str]) -> None:
        """Forget projects, because they belong now."""
        serials = self._serials.get(filter_key, {})
        for name in names:
            serials.pop(name, None)


class FakeRepositoryCache:
    """Remembers what was learned about repositories, until the process ends."""

    def __init__(self) -> None:
        self._repositories: dict[str, CachedRepository] = {}

    def get_many(self, refs: Collection[RepositoryRef], *, fetched_since: int) -> Mapping[str, CachedRepository]:
        """Return what was learned of these at `since` or later."""
        cached = {ref.key: self._repositories[ref.key] for ref in refs if ref.key in self._repositories}
        return {key: repository for key, repository in cached.items() if repository.fetched_at >= fetched_since}

    def set_many(self, repositories: Sequence[CachedRepository]) -> None:
        """Remember these; of one address what was learned last."""
        for repository in repositories:
            previous = self._repositories.get(repository.ref.key)
            if previous is None or previous.fetched_at <= repository.fetched_at:
                self._repositories[repository.ref.key] = repository
