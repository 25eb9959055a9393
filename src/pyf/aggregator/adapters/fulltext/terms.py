"""Build the tantivy document of a package: search terms, values to filter and count, and sort numbers."""

from collections.abc import Iterable

import tantivy
from msgspec.json import encode

from ...domain.documents.schema import INDEXED_FACETS
from ...domain.relevance import Lexicon, StemLists
from ...domain.relevance.names import build_name_forms, list_affixes
from ...domain.search import SORT_ORDERS, Sort
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

# The facets whose values are indexed as one set, too: most packages have several values.
SET_FACETS = ("framework", "declared_python", "python", "classifier")

# The fields whose words are also found by their beginnings, and the length of the longest indexed beginning. tantivy
# takes half a microsecond for each word that begins with a text, and thousands of words begin with a short one.
PREFIX_FIELDS = ("whole", "own", "runs")
MAX_PREFIX_LENGTH = 10

_RAW, _SPLIT = "raw", "whitespace"
# The order of packages without a text.
BY_QUALITY = "by_quality"
_SORT_FIELDS = {f"by_{sort}": order for sort, order in SORT_ORDERS.items() if sort is not Sort.RELEVANCE}
_MAX_ORDER_VALUE = 2**35

# The share that a package's quality adds to its score, so that the better of equal packages become candidates.
_LIFT = 0.3


def build_schema() -> tantivy.Schema:
    """Build the fields of the index. Nothing is stored, and term frequencies are not indexed."""
    builder = tantivy.SchemaBuilder()
    for field in ("name", "here", "pairs"):
        builder.add_text_field(field, tokenizer_name=_RAW, index_option="basic")
    builder.add_text_field("requires", tokenizer_name=_RAW, index_option="basic", fast=True)
    words = ("pieces", "belongs", "aliases", "own_stems", *PREFIX_FIELDS, *map(to_prefix_field, PREFIX_FIELDS))
    for field in (*TEXT_FIELDS, *words):
        builder.add_text_field(field, tokenizer_name=_SPLIT, index_option="basic")
    for facet in INDEXED_FACETS:
        builder.add_text_field(to_facet_field(facet), tokenizer_name=_RAW, index_option="basic", fast=True)
    for facet in SET_FACETS:
        builder.add_text_field(to_set_field(facet), tokenizer_name=_RAW, index_option="basic", fast=True)
    builder.add_integer_field("uploaded", indexed=True, fast=True)
    builder.add_unsigned_field("number", fast=True)
    for field in (BY_QUALITY, *_SORT_FIELDS):
        builder.add_unsigned_field(field, fast=True)
    builder.add_float_field("lift", fast=True)
    return builder.build()


def to_facet_field(facet: str) -> str:
    """Return the name of the field with the values of a facet."""
    return f"facet_{facet}"


def to_set_field(facet: str) -> str:
    """Return the name of the field with all values of a facet as one, in JSON."""
    return f"set_{facet}"


def to_prefix_field(field: str) -> str:
    """Return the name of the field with the beginnings of a field's words."""
    return f"{field}_prefixes"


def to_sort_field(sort: Sort) -> str:
    """Return the name of the field with the numbers of an order; "" for relevance."""
    return "" if sort == Sort.RELEVANCE else f"by_{sort}"


def build_document(entry: IndexedPackage, lexicon: Lexicon, *, number: int, sort_position: int, quality: float) -> str:
    """Build the tantivy document of a package as JSON, which can be sent to another process."""
    hit = entry.hit
    texts = (" ".join(stems) for stems in _list_field_stems(entry.stems))
    forms = build_name_forms(hit.name_normalized, lexicon)
    words = {"whole": {forms.whole}, "own": {forms.core, forms.core_without_digits}, "runs": forms.joined_segments}
    document = {
        "name": hit.name_normalized,
        "here": "y",
        "number": number,
        "uploaded": hit.uploaded,
        "lift": 1 + _LIFT * quality,
        BY_QUALITY: _to_order_value(int(quality * 1_000_000), sort_position),
        **{field: _to_order_value(order.get_number(hit), sort_position) for field, order in _SORT_FIELDS.items()},
        **{to_facet_field(facet): facet_values for facet, facet_values in entry.facets.items()},
        **{to_set_field(facet): encode(sorted(entry.facets[facet])).decode() for facet in SET_FACETS},
        "pairs": entry.version_pairs,
        "requires": entry.requirements,
        **dict(zip(TEXT_FIELDS, texts, strict=True)),
        "belongs": " ".join(entry.stems.framework_words),
        "aliases": " ".join(entry.stems.aliases),
        "own_stems": forms.stems,
        **{field: " ".join(words[field]) for field in PREFIX_FIELDS},
        **{to_prefix_field(field): " ".join(_list_prefixes(words[field])) for field in PREFIX_FIELDS},
        "pieces": " ".join(list_affixes(forms.segments)),
    }
    return encode(document).decode()


def _list_prefixes(words: Iterable[str]) -> set[str]:
    return {word[:length] for word in words for length in range(1, min(len(word), MAX_PREFIX_LENGTH) + 1)}


def _list_field_stems(stems: StemLists) -> list[set[str]]:
    """Return the stems of each field without those of fields with a higher weight."""
    seen: set[str] = set()
    fields = []
    for group in (stems.name, (*stems.summary, *stems.keywords), stems.opening, stems.rest, stems.history):
        fields.append(set(group) - seen)
        seen.update(group)
    return fields


def _to_order_value(value: int | None, sort_position: int) -> int:
    """Combine a value with a sort position: the highest value first, unknown ones last, equal ones by name."""
    known = 0 if value is None else min(max(value, 0), _MAX_ORDER_VALUE - 2) + 1
    return known * SORT_POSITIONS + (SORT_POSITIONS - 1 - sort_position)
