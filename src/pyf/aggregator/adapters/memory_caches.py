"""The caches in memory, for tests and for runs that leave nothing behind."""

from collections.abc import Collection, Mapping, Sequence

from ..domain.readme import Rendered
from ..domain.repository import Learned
from ..domain.repository_address import RepositoryAddress


class MemoryRenderCache:
    """Remembers the `capacity` READMEs that were used last."""

    def __init__(self, capacity: int = 1_000) -> None:
        self._capacity = capacity
        # In the order of their last use, the oldest first.
        self._rendered: dict[str, Rendered] = {}

    def recall(self, fingerprints: Collection[str]) -> Mapping[str, Rendered]:
        """Return what is remembered of these."""
        found = {f: self._rendered.pop(f) for f in set(fingerprints) if f in self._rendered}
        self._rendered.update(found)
        return found

    def keep(self, rendered: Mapping[str, Rendered]) -> None:
        """Remember these, and forget what has not been used for longest."""
        for fingerprint, readme in rendered.items():
            self._rendered.pop(fingerprint, None)
            self._rendered[fingerprint] = readme
        while len(self._rendered) > self._capacity:
            del self._rendered[next(iter(self._rendered))]


class MemoryVerdictStore:
    """Remembers which projects did not belong to a filter, until the process ends."""

    def __init__(self) -> None:
        self._serials: dict[str, dict[str, int]] = {}

    def recall(self, filter_key: str, names: Collection[str]) -> Mapping[str, int]:
        """Return the serials of those of `names` that were judged not to belong."""
        judged = self._serials.get(filter_key, {})
        return {name: judged[name] for name in names if name in judged}

    def remembered(self, filter_key: str, *, unjudged: bool = False) -> Mapping[str, int]:
        """Return the serials of all that is remembered of a filter, or of what nobody has judged yet."""
        serials = self._serials.get(filter_key, {})
        return {name: serial for name, serial in serials.items() if not (unjudged and serial)}

    def judge(self, filter_key: str, verdicts: Mapping[str, int]) -> None:
        """Remember that projects did not belong, at these serials."""
        self._serials.setdefault(filter_key, {}).update(verdicts)

    def forget(self, filter_key: str, names: Collection[str]) -> None:
        """Forget projects, because they belong now."""
        judged = self._serials.get(filter_key, {})
        for name in names:
            judged.pop(name, None)


class MemoryRepositoryCache:
    """Remembers what was learned about repositories, until the process ends."""

    def __init__(self) -> None:
        self._learned: dict[str, Learned] = {}

    def recall(self, addresses: Collection[RepositoryAddress], *, since: int) -> Mapping[str, Learned]:
        """Return what was learned of these at `since` or later."""
        known = {address.key: self._learned[address.key] for address in addresses if address.key in self._learned}
        return {key: learned for key, learned in known.items() if learned.learned_at >= since}

    def keep(self, learned: Sequence[Learned]) -> None:
        """Remember these; of one address what was learned last."""
        for each in learned:
            known = self._learned.get(each.address.key)
            if known is None or known.learned_at <= each.learned_at:
                self._learned[each.address.key] = each
