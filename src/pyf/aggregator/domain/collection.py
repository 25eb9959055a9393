"""What a collection remembers about itself: its filter, its cursor and what is still to be asked."""

from msgspec import Struct, field

from .profile import Filter


class Recheck(Struct, frozen=True, kw_only=True):
    """A project whose answer was older than the registry's journal, to be asked for again.

    `serial` is the serial that its answer must reach, `not_before` the Unix time of the next attempt.
    """

    serial: int
    attempts: int
    not_before: int


class CollectionState(Struct, frozen=True, kw_only=True):
    """A collection's filter and where it stands in the registry's journal.

    `cursor` is the serial up to which every change is in the index, None where that is not known. `browsed`
    holds how many projects each classifier had when it was last asked; `seen_classifiers` the matching
    classifiers that documents have shown; `rechecks` the projects to ask for again, by normalised name.
    `standby_for` names the alias that a rebuild is about to give to this collection or has just taken from it:
    unless the alias leads here, the collection is what a rebuild left behind. With `is_proven` that is complete, and
    takes the alias up where the name leads nowhere any more. `cursor_set` is when a run last confirmed the cursor (Unix
    seconds, 0 where nobody noted it), `browsed_at` when the registry was last asked for its classifiers.
    """

    filter: Filter
    cursor: int | None = None
    browsed: dict[str, int] = field(default_factory=dict)
    seen_classifiers: tuple[str, ...] = ()
    rechecks: dict[str, Recheck] = field(default_factory=dict)
    standby_for: str = ""
    is_proven: bool = False
    cursor_set: int = 0
    browsed_at: int = 0


class Holding(Struct, frozen=True, kw_only=True):
    """What a collection holds of one project, in a few words.

    `last_serial`, `composed_with` and `status_checked` (Unix seconds) are the lowest of its documents,
    `releases` is their number.
    """

    name_normalized: str
    last_serial: int
    composed_with: int
    status_checked: int
    project_status: str
    releases: int


class Tombstone(Struct, frozen=True, kw_only=True):
    """That a project was in the collection, when it left (Unix seconds) and why."""

    name: str
    removed_at: int
    reason: str


class CollectionInfo(Struct, frozen=True, kw_only=True):
    """One collection of an index, with the aliases that lead to it.

    Attributes:
        is_native: Whether this program made it. Packages of another program's collection are listed and counted, and
            neither searched nor written to.
    """

    name: str
    aliases: tuple[str, ...]
    projects: int
    documents: int
    created_at: int
    is_native: bool = True
