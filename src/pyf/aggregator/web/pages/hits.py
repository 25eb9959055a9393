"""One project as lists show it."""

from msgspec import Struct

from ...domain.search import Hit
from . import charts, paths, words
from .flags import Flag, flags
from .support import Support, supports


class HealthView(Struct, frozen=True, kw_only=True):
    """A health score as a number and a word; `score` is None where nobody knows it."""

    score: int | None
    word: str

    @property
    def said(self) -> str:
        """The score for those who listen."""
        return "Health not known" if self.score is None else f"Health {self.score} of 100, {self.word}"


class HitView(Struct, frozen=True, kw_only=True):
    """A project of a list; numbers that nobody knows are "".

    `frameworks` are what the release names versions of, Python apart.
    """

    name: str
    key: str
    address: str
    version: str
    day: str
    date: str
    summary: str
    health: HealthView
    frameworks: tuple[Support, ...]
    pythons: tuple[Support, ...]
    license: str
    downloads: str
    downloads_exactly: str
    spark: str
    stars: str
    flags: tuple[Flag, ...]


# Some packages carry the text of their licence where its name is due.
_LONGEST_LICENSE = 40


def hit_view(shelf: str, hit: Hit) -> HitView:
    """Return what a list shows of a project."""
    return HitView(
        name=hit.name,
        key=hit.name_normalized,
        address=paths.project(shelf, hit.name_normalized),
        version=words.legible(hit.version),
        day=words.day(hit.uploaded) if hit.uploaded else "",
        date=words.date(hit.uploaded),
        summary=words.told(hit.summary),
        health=health_view(hit),
        frameworks=supports(hit.framework_versions),
        pythons=supports(hit.python_versions),
        license=short_license(hit.license),
        downloads="" if hit.downloads is None else words.shortly(hit.downloads),
        downloads_exactly="" if hit.downloads is None else words.exactly(hit.downloads),
        spark=charts.spark(hit.download_history),
        stars="" if hit.stars is None else words.shortly(hit.stars),
        flags=flags(hit),
    )


def health_view(hit: Hit) -> HealthView:
    """Return a project's health for the page."""
    return HealthView(score=hit.health_score, word=hit.health_band.value)


def short_license(license: str) -> str:
    """Return a licence's name in one short line."""
    line = words.told(license)
    return line if len(line) <= _LONGEST_LICENSE else f"{line[: _LONGEST_LICENSE - 1]}…"
