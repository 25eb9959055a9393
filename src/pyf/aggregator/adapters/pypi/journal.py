"""The journal of everything that happens on PyPI, as its XML-RPC methods tell it."""

from collections.abc import Sequence
from sys import intern

from ...domain.project import normalized
from ...ports import JournalEntry
from ..retry import Transient
from ..service import Service
from .xmlrpc import AnswerReader, Value, call


class PyPIJournal:
    """The `ChangeJournal` of PyPI."""

    page_size = 50_000

    def __init__(self, service: Service, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")

    def last_serial(self) -> int:
        return self._service.fetch(call(self._base_url, "changelog_last_serial"), _Serial)

    def since(self, serial: int) -> Sequence[JournalEntry]:
        entries = self._service.fetch(call(self._base_url, "changelog_since_serial", serial), _Entries)
        # The order is promised and looked after all the same: the last entry becomes somebody's cursor.
        return sorted((entry for entry in entries if entry.serial > serial), key=lambda entry: entry.serial)


class _Serial(AnswerReader[int]):
    def take(self, row: list[Value]) -> None:
        raise Transient("the answer is a list where a serial was asked for")

    def result(self, value: Value) -> int:
        if not isinstance(value, int):
            raise Transient("the answer is not a serial")
        return value


class _Entries(AnswerReader[list[JournalEntry]]):
    def __init__(self) -> None:
        super().__init__()
        self._entries: list[JournalEntry] = []

    def take(self, row: list[Value]) -> None:
        match row:
            case [str(name), str() | None as version, int(timestamp), str(action), int(serial)] if name:
                self._entries.append(
                    JournalEntry(
                        name=normalized(name),
                        version=version or "",
                        timestamp=timestamp,
                        action=intern(action),
                        serial=serial,
                    )
                )
            case _:
                # One change that can't be read may be any: nothing can be said to have been seen.
                raise Transient("the journal has an entry that can't be read")

    def result(self, value: Value) -> list[JournalEntry]:
        if value != []:
            raise Transient("the answer is not a list of changes")
        return self._entries
