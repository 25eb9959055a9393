"""Sees to it that the documents of a collection carry what they are found by."""

import time
from collections.abc import Callable

from msgspec import Struct
from msgspec.json import Decoder

from ...domain.batching import split_into_batches
from ...domain.relevance import Lexicon
from .collections import Collections, Found
from .lines import export_of
from .multi_search import counted
from .projects import Projects
from .schema import FORM, SEARCHED
from .searched import form_of
from .server import Server

# Seconds until a collection is looked at again: another program may write to it, or one of another version.
_LASTS = 60.0

_AT_ONCE = 100


class _Row(Struct, frozen=True):
    name_normalized: str
    search_form: int = 0


_ROW = Decoder(_Row)


class Upkeep:
    """Writes what is missing where a program of another version, or with other words, has filled a collection."""

    def __init__(
        self,
        server: Server,
        collections: Collections,
        projects: Projects,
        lexicon: Lexicon,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._collections = collections
        self._projects = projects
        self._form = form_of(lexicon)
        self._clock = clock
        self._looked: dict[str, float] = {}

    def searchable(self, collection: str) -> Found:
        """Return a collection, by its name or an alias, in which all projects can be found; raises `NotFound`."""
        found = self._collections.ours(collection)
        now = self._clock()
        if found.name not in self._looked or self._looked[found.name] + _LASTS < now:
            if not found.fields.issuperset(SEARCHED):
                found = self._collections.writable(found.name)
            self._bring_up(found.name)
            self._looked[found.name] = now
        return found

    def _bring_up(self, collection: str) -> None:
        projects, current = counted(
            self._server, collection, ["is_newest:=true", f"is_newest:=true && {FORM}:={self._form}"]
        )
        if projects == current:
            return
        query = {"filter_by": "is_newest:=true", "include_fields": f"name_normalized,{FORM}"}
        rows = self._server.read(export_of(collection), query, lambda lines: [_ROW.decode(line) for line in lines])
        for names in split_into_batches(
            (row.name_normalized for row in rows if row.search_form != self._form), _AT_ONCE
        ):
            self._projects.make_found(collection, names)
