"""Build the tantivy document of a package: search terms, values to filter and count, and sort numbers."""

import tantivy

from ...domain.documents.schema import INDEXED_FACETS
from ...domain.relevance import Lexicon, Searchable
from ...domain.relevance.names import build_name_forms, list_affixes
from .indexed_package import IndexedPackage
from .stored_fields import SORT_POSITIONS

# The stems of a package, each in the heaviest of these fields that has it.
NAME, HEAD, OPENING, REST, HISTORY = TEXT_FIELDS = (
    "stems_name",
    "stems_head",
    "stems_opening",
    "stems_rest",
    "stems_history",
)
# The fields of the name, the summary and the keywords.
HEAD_FIELDS = (NAME, HEAD)

_RAW, _SPLIT = "raw", "whitespace"
_ORDER_FIELDS = ("by_merit", "by_downloads", "by_stars", "by_health", "by_newest", "by_name")
_MAX_ORDER_VALUE = 2**35

# The share that a package's quality adds to its score, so that the better of equal packages become candidates.
_LIFT = 0.1


def build_schema() -> tantivy.Schema:
    """Build the fields of the index. Nothing is stored, and term frequencies are not indexed."""
    builder = tantivy.SchemaBuilder()
    for field in ("name", "here", "pairs", "requires"):
        builder.add_text_field(field, tokenizer_name=_RAW, index_option="basic")
    for field in (*TEXT_FIELDS, "pieces", "belongs", "aliases", "runs", "whole", "own", "own_stems"):
        builder.add_text_field(field, tokenizer_name=_SPLIT, index_option="basic")
    for facet in INDEXED_FACETS:
        builder.add_text_field(to_facet_field(facet), tokenizer_name=_RAW, index_option="basic", fast=True)
    builder.add_integer_field("uploaded", indexed=True, fast=True)
    builder.add_unsigned_field("number", fast=True)
    for field in _ORDER_FIELDS:
        builder.add_unsigned_field(field, fast=True)
    builder.add_float_field("lift", fast=True)
    return builder.build()


def to_facet_field(facet: str) -> str:
    """Return the name of the field with the values of a facet."""
    return f"facet_{facet}"


def build_document(
    entry: IndexedPackage, lexicon: Lexicon, *, number: int, sort_position: int, quality: float
) -> tantivy.Document:
    """Build the tantivy document of a package."""
    hit = entry.hit
    document = tantivy.Document()
    document.add_text("name", hit.name_normalized)
    document.add_text("here", "y")
    document.add_unsigned("number", number)
    document.add_integer("uploaded", hit.uploaded)
    document.add_float("lift", 1 + _LIFT * quality)
    values = (int(quality * 1_000_000), hit.downloads, hit.stars, hit.health_score, hit.uploaded, 0)
    for field, value in zip(_ORDER_FIELDS, values, strict=True):
        document.add_unsigned(field, _to_order_value(value, sort_position))
    for facet, facet_values in entry.facets.items():
        for facet_value in facet_values:
            document.add_text(to_facet_field(facet), facet_value)
    for pair in entry.version_pairs:
        document.add_text("pairs", pair)
    for requirement in entry.requirements:
        document.add_text("requires", requirement)
    for field, stems in zip(TEXT_FIELDS, _split_stems(entry.searchable), strict=True):
        document.add_text(field, " ".join(stems))
    document.add_text("belongs", entry.searchable.framework_words)
    document.add_text("aliases", entry.searchable.aliases)
    _add_name(document, hit.name_normalized, lexicon)
    return document


def _add_name(document: tantivy.Document, name: str, lexicon: Lexicon) -> None:
    forms = build_name_forms(name, lexicon)
    document.add_text("whole", forms.whole)
    document.add_text("own", f"{forms.core} {forms.core_without_digits}")
    document.add_text("own_stems", forms.stems)
    document.add_text("runs", " ".join(forms.joined_segments))
    document.add_text("pieces", " ".join(list_affixes(forms.segments)))


def _split_stems(searchable: Searchable) -> list[set[str]]:
    """Return the stems of each field without those of fields with a higher weight."""
    groups = (
        searchable.name,
        searchable.summary + searchable.keywords,
        searchable.opening,
        searchable.rest,
        searchable.history,
    )
    seen: set[str] = set()
    fields = []
    for group in groups:
        stems = set(group.split()) - seen
        seen |= stems
        fields.append(stems)
    return fields


def _to_order_value(value: int | None, sort_position: int) -> int:
    """Combine a value with a sort position: the highest value first, unknown ones last, equal ones by name."""
    known = 0 if value is None else min(max(value, 0), _MAX_ORDER_VALUE - 2) + 1
    return known * SORT_POSITIONS + (SORT_POSITIONS - 1 - sort_position)
