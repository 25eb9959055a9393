"""What tantivy holds of a project: terms to find it by, values to filter and count, keys to order it by."""

import tantivy

from ...domain.relevance import Lexicon, Searchable
from ...domain.relevance.names import build_name_forms, list_affixes
from ...domain.search import Facet
from .entries import PLACES
from .entry import Entry

# The stems of a project, each in the heaviest of these fields that has it.
NAME, HEAD, OPENING, REST, HISTORY = TEXTS = (
    "stems_name",
    "stems_head",
    "stems_opening",
    "stems_rest",
    "stems_history",
)

_RAW, _SPLIT = "raw", "whitespace"
_KEY_FIELDS = ("by_merit", "by_downloads", "by_stars", "by_health", "by_newest", "by_name")
_MOST = 2**35

# How much a project's merit adds to the worth of its words, so that of equals the better ones are looked at.
_LIFT = 0.1


def schema() -> tantivy.Schema:
    """Return the fields of the index. Nothing is stored, and nothing but whether a term is there is counted."""
    builder = tantivy.SchemaBuilder()
    for field in ("name", "here", "pairs", "requires"):
        builder.add_text_field(field, tokenizer_name=_RAW, index_option="basic")
    for field in (*TEXTS, "pieces", "belongs", "runs", "whole", "own"):
        builder.add_text_field(field, tokenizer_name=_SPLIT, index_option="basic")
    for facet in Facet:
        builder.add_text_field(facet.value, tokenizer_name=_RAW, index_option="basic", fast=True)
    builder.add_integer_field("uploaded", indexed=True, fast=True)
    builder.add_unsigned_field("number", fast=True)
    for key in _KEY_FIELDS:
        builder.add_unsigned_field(key, fast=True)
    builder.add_float_field("lift", fast=True)
    return builder.build()


def document(entry: Entry, lexicon: Lexicon, *, number: int, place: int, merit: float) -> tantivy.Document:
    """Return what tantivy holds of an entry."""
    hit = entry.hit
    made = tantivy.Document()
    made.add_text("name", hit.name_normalized)
    made.add_text("here", "y")
    made.add_unsigned("number", number)
    made.add_integer("uploaded", hit.uploaded)
    made.add_float("lift", 1 + _LIFT * merit)
    values = (int(merit * 1_000_000), hit.downloads, hit.stars, hit.health_score, hit.uploaded, 0)
    for field, value in zip(_KEY_FIELDS, values, strict=True):
        made.add_unsigned(field, _key(value, place))
    for facet, chosen in entry.facets.items():
        for each in chosen:
            made.add_text(facet.value, each)
    for field, several in (("pairs", entry.pairs), ("requires", entry.requires)):
        for each in several:
            made.add_text(field, each)
    for field, stems in zip(TEXTS, _apart(entry.searched), strict=True):
        made.add_text(field, " ".join(stems))
    made.add_text("belongs", entry.searched.framework_words)
    _add_name(made, hit.name_normalized, lexicon)
    return made


def _add_name(made: tantivy.Document, name: str, lexicon: Lexicon) -> None:
    forms = build_name_forms(name, lexicon)
    made.add_text("whole", forms.whole)
    made.add_text("own", f"{forms.core} {forms.core_without_digits} ={forms.stems}")
    made.add_text("runs", " ".join(forms.joined_segments))
    made.add_text("pieces", " ".join(list_affixes(forms.segments)))


def _apart(searched: Searchable) -> list[set[str]]:
    """Return the stems of each field without those that a heavier one has."""
    groups = (searched.name, searched.summary + searched.keywords, searched.opening, searched.rest, searched.history)
    seen: set[str] = set()
    apart = []
    for group in groups:
        own = set(group.split()) - seen
        seen |= own
        apart.append(own)
    return apart


def _key(value: int | None, place: int) -> int:
    """Return what orders by a value, the highest first and unknown ones last, and then by name."""
    known = 0 if value is None else min(max(value, 0), _MOST - 2) + 1
    return known * PLACES + (PLACES - 1 - place)
