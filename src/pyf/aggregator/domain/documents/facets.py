"""Facets: filters of searches, each declared once at the document field whose values it counts (`schema`).

The options of `pyf search`, the parameters of API, pages and feeds, the filter panels of the page and the fields of the
search index are built from these declarations.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from ..support.versions import add_major_versions


class HealthBand(StrEnum):
    """A health score as one word."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNKNOWN = "unknown"


# The lowest score of each band, best first; below the last one a score is poor.
HEALTH_BANDS: tuple[tuple[int, HealthBand], ...] = (
    (80, HealthBand.EXCELLENT),
    (60, HealthBand.GOOD),
    (40, HealthBand.FAIR),
    (0, HealthBand.POOR),
)


def to_health_band(score: int | None) -> HealthBand:
    """Return the band of a health score; None means unknown."""
    if score is None:
        return HealthBand.UNKNOWN
    return next(band for min_score, band in HEALTH_BANDS if score >= min_score or min_score == 0)


def to_facet_values(value: Any) -> tuple[str, ...]:
    """Return the facet values of a field: none for an unknown or empty value, "yes" or "no" for a bool."""
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(value)) if len(value) > 1 else value
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    return () if value is UNSET or value is None else (str(value),)


def list_no_short_forms(value: str, own_frameworks: Collection[str]) -> Iterable[str]:
    """Return no short form."""
    return ()


class Facet(Struct, frozen=True, kw_only=True):
    """A filter by the values of a field, whose packages are counted for each value.

    Attributes:
        name: The option of `pyf search`, and the parameter of the API, of pages and of feeds.
        label: The name in messages; with a capital letter, the title on the page.
        help: What the filter does, in the help of the option and in the description of the API.
        metavar: What stands for the value in the help of the option.
        position: The place among the facets of a page, from the top.
        choices: All values, best first; empty if the values are those of the documents.
        is_version: Whether values are versions: pages list the newest first, and older releases count as well.
        listed_values: How many values a page lists before "More".
        to_values: Converts the value of the field.
        list_short_forms: Returns the short forms of a value that users may type, for a value in lower case and the
            frameworks of the collection; without frameworks, those of every framework.
        is_public: Whether entry points offer it; if not, only this program uses it.
        fallback_field: The field to read from a document of an older program, which does not have `field`.
        owner, field: The field of a document; `schema` sets them.
    """

    name: str
    label: str
    help: str
    metavar: str = "VALUE"
    position: int = 100
    choices: tuple[str, ...] = ()
    is_version: bool = False
    listed_values: int = 6
    to_values: Callable[[Any], tuple[str, ...]] = to_facet_values
    list_short_forms: Callable[[str, Collection[str]], Iterable[str]] = list_no_short_forms
    is_public: bool = True
    fallback_field: str = ""
    owner: str = ""
    field: str = ""

    @property
    def title(self) -> str:
        """The title on the page."""
        return self.label[0].upper() + self.label[1:]

    def find_choice(self, text: str) -> str:
        """Return the choice that a text means, "" for none; a facet without choices takes every text."""
        if not self.choices:
            return text
        return next((choice for choice in self.choices if choice == text.strip().casefold()), "")

    def read_values(self, fields: Any) -> tuple[str, ...]:
        """Return the values in the fields of the owner; `fields` may be Unset."""
        value = getattr(fields, self.field, UNSET)
        if value is UNSET and self.fallback_field:
            value = getattr(fields, self.fallback_field, UNSET)
        return self.to_values(value)


def _to_versions(value: Any) -> tuple[str, ...]:
    return add_major_versions(to_facet_values(value))


def _list_framework_versions(value: str, own_frameworks: Collection[str]) -> Iterator[str]:
    framework, _, version = value.rpartition(" ")
    if not own_frameworks or framework in own_frameworks:
        yield version


FRAMEWORK = Facet(
    name="framework",
    label="framework version",
    help='Only packages for this version: "Plone 6.0", or "6.0" where that is clear. "6" covers all 6.x.',
    metavar="VERSION",
    position=10,
    is_version=True,
    listed_values=8,
    to_values=_to_versions,
    list_short_forms=_list_framework_versions,
)

PYTHON = Facet(
    name="python",
    label="Python version",
    help='Only packages that declare or admit this Python: "3.12".',
    metavar="VERSION",
    position=20,
    is_version=True,
    listed_values=8,
    to_values=_to_versions,
    list_short_forms=lambda value, _: (value.removeprefix("python "),),
    fallback_field="python_versions",
)

# Counted instead of `PYTHON` if only declared versions count.
DECLARED_PYTHON = replace(PYTHON, name="declared_python", is_public=False, fallback_field="")

HEALTH = Facet(
    name="health",
    label="health",
    help="Only packages in this band of the health score.",
    position=30,
    choices=tuple(band.value for band in HealthBand),
    listed_values=len(HealthBand),
    to_values=lambda score: (to_health_band(None if score is UNSET else score).value,),
)


def list_first_parts(value: str, _: Collection[str]) -> Iterator[str]:
    """Yield the beginnings of a license's identifier."""
    parts = value.split("-")
    yield from ("-".join(parts[:end]) for end in range(1, len(parts)))


def list_last_parts(value: str, _: Collection[str]) -> Iterator[str]:
    """Yield the ends of a classifier."""
    parts = value.split(" :: ")
    yield from (" :: ".join(parts[start:]) for start in range(1, len(parts)))
