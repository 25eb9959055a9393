"""One project as lists show it."""

from msgspec import Struct

from ...domain.search import Hit
from . import charts, paths, words
from .flags import Flag, flags
from .room import FULL, Room
from .support import Support, supports


class HealthView(Struct, frozen=True, kw_only=True):
    """A health score as a number and a word; `score` is None where nobody knows it."""

    score: int | None
    word: str

    @property
    def said(self) -> str:
        """The score for those who listen."""
        return "Health not known" if self.score is None else f"Health {self.score} of 100, {self.word}"


class SupportView(Struct, frozen=True, kw_only=True):
    """The newest versions of a thing that a release supports; there are `more`, and `whole` names them all."""

    thing: str
    versions: tuple[str, ...]
    more: int
    whole: str


class HitView(Struct, frozen=True, kw_only=True):
    """A project of a list; numbers that nobody knows are ""."""

    name: str
    key: str
    address: str
    version: str
    day: str
    date: str
    summary: str
    health: HealthView
    supports: tuple[SupportView, ...]
    license: str
    downloads: str
    downloads_exactly: str
    spark: str
    stars: str
    flags: tuple[Flag, ...]


# Some packages carry the text of their licence where its name is due.
_LONGEST_LICENSE = 40
# What nobody would read in a list: such a version has a local label, or is none.
_LONGEST_VERSION = 40
# Classifiers are anybody's: what they name versions of may be as long as its author likes.
_LONGEST_THING, _LONGEST_WHOLE = 30, 160


def hit_view(shelf: str, hit: Hit, room: Room = FULL) -> HitView:
    """Return what a list shows of a project, as far as there is room for it."""
    return HitView(
        name=hit.name,
        key=hit.name_normalized,
        address=paths.project(shelf, hit.name_normalized),
        version=words.fitting(words.legible(hit.version), _LONGEST_VERSION),
        day=words.day(hit.uploaded) if hit.uploaded else "",
        date=words.date(hit.uploaded),
        summary=words.fitting(words.told(hit.summary), room.summary),
        health=health_view(hit),
        supports=(
            *(_support(each, room) for each in supports(hit.framework_versions)[: room.frameworks]),
            *(_support(each, room) for each in supports(hit.python_versions)[:1]),
        ),
        license=short_license(hit.license),
        downloads="" if hit.downloads is None else words.shortly(hit.downloads),
        downloads_exactly="" if hit.downloads is None else words.exactly(hit.downloads),
        spark=charts.spark(hit.download_history) if room.extras else "",
        stars="" if hit.stars is None else words.shortly(hit.stars),
        flags=flags(hit, is_explained=room.extras),
    )


def _support(told: Support, room: Room) -> SupportView:
    shown = told.first(room.versions)
    return SupportView(
        thing=words.fitting(words.legible(told.thing), _LONGEST_THING),
        versions=tuple(words.fitting(version, _LONGEST_THING) for version in shown),
        more=len(told.versions) - len(shown),
        whole=words.fitting(words.legible(told.whole), _LONGEST_WHOLE) if room.extras else "",
    )


def health_view(hit: Hit) -> HealthView:
    """Return a project's health for the page."""
    return HealthView(score=hit.health_score, word=hit.health_band.value)


def short_license(license: str) -> str:
    """Return a licence's name in one short line."""
    line = words.told(license)
    short = line if len(line) <= _LONGEST_LICENSE else f"{line[: _LONGEST_LICENSE - 1]}…"
    return words.fitting(short, 2 * _LONGEST_LICENSE)
