"""Ask the registry's journal once for all collections that stand at the same serial."""

from collections.abc import Sequence

from msgspec.structs import replace

from ..ports import ChangeJournal, JournalEntry, Services


def reading_once(services: Services) -> Services:
    """Return services whose journal tells each collection the same as the one before, for one request."""
    return replace(services, journal=_Once(services.journal))


class _Once:
    """A journal that remembers its answers; it is as of the first question for as long as it lives."""

    def __init__(self, journal: ChangeJournal) -> None:
        self._journal = journal
        self._last: int | None = None
        self._since: dict[int, Sequence[JournalEntry]] = {}

    @property
    def page_size(self) -> int:
        return self._journal.page_size

    def last_serial(self) -> int:
        if self._last is None:
            self._last = self._journal.last_serial()
        return self._last

    def since(self, serial: int) -> Sequence[JournalEntry]:
        if serial not in self._since:
            self._since[serial] = self._journal.since(serial)
        return self._since[serial]
