"""The journal of everything that happens on PyPI, as its XML-RPC methods tell it."""

from collections.abc import Sequence
from sys import intern

from ...domain.documents.project import normalize_name
from ...ports import ChangelogEntry
from ..http.retry import Transient
from ..http.service_client import ServiceClient
from .xmlrpc import ResponseReader, Value, build_call


class PyPIChangelog:
    """The `ChangeJournal` of PyPI."""

    page_size = 50_000

    def __init__(self, service: ServiceClient, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")

    def fetch_last_serial(self) -> int:
        return self._service.get(build_call(self._base_url, "changelog_last_serial"), _SerialReader)

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
        entries = self._service.get(build_call(self._base_url, "changelog_since_serial", serial), _EntriesReader)
        # The order is promised and looked after all the same: the last entry becomes somebody's cursor.
        return sorted((entry for entry in entries if entry.serial > serial), key=lambda entry: entry.serial)


class _SerialReader(ResponseReader[int]):
    def add_row(self, row: list[Value]) -> None:
        raise Transient("the answer is a list where a serial was asked for")

    def build_result(self, value: Value) -> int:
        if not isinstance(value, int):
            raise Transient("the answer is not a serial")
        return value


class _EntriesReader(ResponseReader[list[ChangelogEntry]]):
    def __init__(self) -> None:
        super().__init__()
        self._entries: list[ChangelogEntry] = []

    def add_row(self, row: list[Value]) -> None:
        match row:
            case [str(name), str() | None as version, int(timestamp), str(action), int(serial)] if name:
                self._entries.append(
                    ChangelogEntry(
                        name=normalize_name(name),
                        version=version or "",
                        timestamp=timestamp,
                        action=intern(action),
                        serial=serial,
                    )
                )
            case _:
                # One change that can't be read may be any: nothing can be said to have been seen.
                raise Transient("the journal has an entry that can't be read")

    def build_result(self, value: Value) -> list[ChangelogEntry]:
        if value != []:
            raise Transient("the answer is not a list of changes")
        return self._entries
