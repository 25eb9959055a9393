"""PyPI's changelog, read with its XML-RPC methods."""

from collections.abc import Sequence
from sys import intern

from ...domain.documents.project import normalize_name
from ...ports import ChangelogEntry
from ..http.retry import Transient
from ..http.service_client import ServiceClient
from .xmlrpc import ResponseReader, Value, build_call


class PyPIChangelog:
    """The port `Changelog` on PyPI."""

    page_size = 50_000

    def __init__(self, service: ServiceClient, base_url: str) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")

    def fetch_last_serial(self) -> int:
        return self._service.get(build_call(self._base_url, "changelog_last_serial"), _SerialReader)

    def fetch_since(self, serial: int) -> Sequence[ChangelogEntry]:
        entries = self._service.get(build_call(self._base_url, "changelog_since_serial", serial), _EntriesReader)
        # PyPI documents this order; sorting makes sure, because the last entry becomes a cursor.
        return sorted((entry for entry in entries if entry.serial > serial), key=lambda entry: entry.serial)


class _SerialReader(ResponseReader[int]):
    def add_row(self, row: list[Value]) -> None:
        raise Transient("the response is a list, not a serial")

    def build_result(self, value: Value) -> int:
        if not isinstance(value, int):
            raise Transient("the response is not a serial")
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
                # An unreadable entry may be any change, so the cursor must not move past it.
                raise Transient("the changelog has an unreadable entry")

    def build_result(self, value: Value) -> list[ChangelogEntry]:
        if value != []:
            raise Transient("the response is not a list of changes")
        return self._entries
