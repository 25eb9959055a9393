"""How much of everything a list has room for, so that it never has more than 60 KB, whatever packages say."""

from msgspec import Struct

# Bytes of HTML that a list may have.
MOST_BYTES = 60_000


class Room(Struct, frozen=True, kw_only=True):
    """Room for the parts of a list, in bytes of HTML where nothing else is said.

    `summary` is for each package, `label` for each value of a filter that is named, `values` for all that can be
    chosen. `versions` is how many of a framework are named, and `frameworks` how many of these. `chips` is how many
    filters that are set are named above the list. `link` is how long an address may be that links repeat; beyond,
    the ways on are buttons of the filters' form. Without `extras` numbers are not drawn and flags not explained.
    """

    summary: int
    label: int
    values: int
    frameworks: int
    versions: int
    chips: int
    link: int
    extras: bool


# A list is told with the first of these that it fits in; what anybody really asks fits in the first one.
ROOMS = (
    Room(summary=600, label=400, values=24_000, frameworks=6, versions=4, chips=30, link=400, extras=True),
    Room(summary=300, label=160, values=8_000, frameworks=2, versions=3, chips=30, link=160, extras=True),
    Room(summary=160, label=100, values=6_000, frameworks=1, versions=2, chips=12, link=120, extras=False),
    Room(summary=40, label=40, values=0, frameworks=1, versions=1, chips=4, link=80, extras=False),
)
FULL = ROOMS[0]


class Way(Struct, frozen=True, kw_only=True):
    """A way from a list to another one: a link; or, where `address` is "", a button of the filters' form.

    The button adds `name` and `value` to what the form asks for.
    """

    address: str
    name: str
    value: str


def way(address: str, name: str, value: str, room: Room) -> Way:
    """Return a way, as a link where there is room for its address."""
    return Way(address=address if len(address) <= room.link else "", name=name, value=value)
