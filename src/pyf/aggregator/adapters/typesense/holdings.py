"""Sums up what a collection holds of each project, from a few fields of every document."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec import Struct
from msgspec.json import Decoder

from ...domain.collection import ProjectState
from ...domain.documents.project import ProjectStatus, normalize_name
from .lines import export_of
from .server import Server


class _Row(Struct, frozen=True):
    """What a holding needs of a document; an older program's lacks some of it, and is read anew because of that."""

    name: str
    name_normalized: str = ""
    version: str = ""
    version_sortable: str = ""
    is_newest: bool = False
    last_serial: int = 0
    composed_with: int = 0
    status_checked: int = 0
    project_status: str = ProjectStatus.ACTIVE.value

    @property
    def rank(self) -> tuple[bool, str, str]:
        return self.is_newest, self.version_sortable, self.version


@dataclass(slots=True)
class _Sum:
    newest: _Row
    last_serial: int
    composed_with: int
    status_checked: int
    releases: int = 1

    def add(self, row: _Row) -> None:
        self.last_serial = min(self.last_serial, row.last_serial)
        self.composed_with = min(self.composed_with, row.composed_with)
        self.status_checked = min(self.status_checked, row.status_checked)
        self.releases += 1
        if row.rank > self.newest.rank:
            self.newest = row


_ROW = Decoder(_Row)
_FIELDS = ",".join(_Row.__struct_fields__)


def holdings(server: Server, collection: str) -> Iterator[ProjectState]:
    """Yield what is held of each project at this moment, by normalised name.

    The engine's own order of texts leaves punctuation out, so it is made here: memory is taken for a few values a
    project, not for documents.
    """
    sums = server.read(export_of(collection), {"include_fields": _FIELDS}, _summed)
    for name in sorted(sums):
        held = sums[name]
        yield ProjectState(
            name_normalized=name,
            last_serial=held.last_serial,
            document_version=held.composed_with,
            status_checked=held.status_checked,
            project_status=held.newest.project_status,
            release_count=held.releases,
        )


def _summed(lines: Iterable[bytes]) -> dict[str, _Sum]:
    sums: dict[str, _Sum] = {}
    for line in lines:
        row = _ROW.decode(line)
        name = row.name_normalized or normalize_name(row.name)
        if name in sums:
            sums[name].add(row)
        else:
            sums[name] = _Sum(row, row.last_serial, row.composed_with, row.status_checked)
    return sums
