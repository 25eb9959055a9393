"""Ask the registry's journal once for all collections that stand at the same serial."""

from collections.abc import Sequence

from msgspec.structs import replace

from ..ports import Changelog, ChangelogEntry, Dependencies


def with_shared_changelog(deps: Dependencies) -> Dependencies:
    """Return services whose journal tells each collection the same as the one before, for one request."""
    return replace(deps, journal=_CachedChangelog(deps.changelog))


class _CachedChangelog:
    """A journal that remembers its answers; it is as of the first question for as long as it lives."""

    def __init__(self, changelog: Changelog) -> None:
        self._changelog = changelog
        self._last_serial: int | None = None
        self._entries_since: dict[int, Sequence[ChangelogEntry]] = {}

    @property
    def page_size(self) -> int:
        return self._changelog.page_size

    def fetch_last_serial(self) -> int:
        if self._last_serial is None:
            self._last_serial = self._changelog.fetch_last_serial()
        return self._last_serial

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
        if serial not in self._entries_since:
            self._entries_since[serial] = self._changelog.fetch_since(serial)
        return self._entries_since[serial]
