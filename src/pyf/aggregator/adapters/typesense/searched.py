"""What the newest document of a project carries beside its fields, so that the project is found by it.

The engine's own text search knows no stems, no weight of a word by how many have it, and no names without their prefix.
So what is searched is written out as terms, and questions become filters on these: what they find does not depend on
how a server matches texts. A term is a letter that tells what it stands for, and a word; the server drops punctuation
and case from both, which they have none of.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any
from zlib import crc32

from msgspec import UNSET, UnsetType

from ...domain.documents.document import Document
from ...domain.documents.schema import HealthFields, RegistryFields
from ...domain.membership.requirements import parse_required_names
from ...domain.relevance import Lexicon, Searchable, build_searchable
from ...domain.relevance.names import build_name_forms, list_affixes
from ...domain.search import to_health_band
from .schema import BAND, FORM, FRAMEWORKS, ORDER, PAIRS, PYTHONS, REQUIRES, RUNS, TERMS, Json

# Raise it whenever documents are searched by something else: what is there is written anew then.
_MADE_AS = 2

# The places where a stem stands, heaviest first, as in `Searchable.parts`.
PLACES = ("n", "s", "k", "o", "t", "z")
HEAD = PLACES[:3]
# A word of what a project is made for or with, as in `Searchable.belongs`.
BELONGS = "m"
# Of a name: itself, and without what says where it belongs; that in stems; neighbouring parts as one word; beginnings
# of the first, of the second, and of what is left from a part on; beginnings and ends of parts.
WHOLE, STEMMED, RUN, BEGINNING, OWN_BEGINNING, RUN_BEGINNING, PIECE = "w", "f", "r", "b", "c", "g", "p"

# So many parts and letters of a name are looked at; nobody types more.
_MOST_PARTS = 12
LONGEST = 60
# Longer pieces of a name's part are no words.
_LONGEST_PIECE = 40


def search_fields(newest: Document, releases: Iterable[RegistryFields], lexicon: Lexicon) -> Json:
    """Return what the newest document of a project carries, by all of its releases."""
    registry = newest.registry
    runs_on = {(each.framework_versions, each.python_versions) for each in releases}
    name = registry.name_normalized
    return {
        TERMS: [*_text_terms(build_searchable(newest)), *sorted(_name_terms(name, lexicon))],
        RUNS: sorted(_runs(name, lexicon)),
        REQUIRES: sorted(parse_required_names(registry.requires_dist)),
        FRAMEWORKS: _all(frameworks for frameworks, _ in runs_on),
        PYTHONS: _all(pythons for _, pythons in runs_on),
        PAIRS: sorted({pair(*both) for each in runs_on for both in product(*each)}),
        BAND: band_name(newest.health),
        ORDER: order_key(name),
        FORM: form_of(lexicon),
    }


def form_of(lexicon: Lexicon) -> int:
    """Return the number by which documents tell how they were made: by other words, they are made anew."""
    return _MADE_AS << 32 | crc32(lexicon.fingerprint.encode())


def searchable_from(flat: Json) -> Searchable:
    """Return the texts of a project from the terms that its newest document carries."""
    by_place: dict[str, list[str]] = {place: [] for place in (*PLACES, BELONGS)}
    for term in flat.get(TERMS, ()):
        if term[0] in by_place:
            by_place[term[0]].append(term[1:])
    name, summary, keywords, opening, rest, history, belongs = (f" {' '.join(stems)} " for stems in by_place.values())
    return Searchable(
        name_normalized=flat["name_normalized"],
        name=name,
        summary=summary,
        keywords=keywords,
        opening=opening,
        rest=rest,
        history=history,
        framework_words=belongs,
    )


def pair(framework_version: str, python_version: str) -> str:
    """Return both as one value."""
    return f"{framework_version} on {python_version}"


def order_key(name_normalized: str) -> str:
    """Return a text that stands where the name stands among names, though the server leaves out their dashes."""
    return "".join("0" if each == "-" else f"1{each}" if each.isdigit() else each for each in name_normalized)


def _text_terms(searched: Searchable) -> Iterator[str]:
    by_place = zip((*PLACES, BELONGS), (*searched.texts, searched.framework_words), strict=True)
    return (f"{place}{each}" for place, part in by_place for each in part.split())


def _name_terms(name_normalized: str, lexicon: Lexicon) -> Iterator[str]:
    forms = build_name_forms(name_normalized, lexicon)
    whole, own = forms.whole[:LONGEST], forms.core[:LONGEST]
    parts = name_normalized.split("-")[:_MOST_PARTS]
    rests = ["".join(parts[start:])[:LONGEST] for start in range(1, len(parts))]
    found: dict[str, set[str]] = {
        WHOLE: {whole, own, forms.core_without_digits[:LONGEST]},
        STEMMED: {forms.stems[:LONGEST]},
        RUN: _runs(name_normalized, lexicon),
        BEGINNING: {whole[:end] for end in _ends(whole)},
        OWN_BEGINNING: {own[:end] for end in _ends(own)},
        RUN_BEGINNING: {rest[:end] for rest in rests for end in _ends(rest)},
        PIECE: {piece for piece in list_affixes(parts) if len(piece) <= _LONGEST_PIECE},
    }
    return (f"{kind}{word}" for kind, words in found.items() for word in words)


def _ends(word: str) -> range:
    return range(1, len(word) + 1)


def _runs(name_normalized: str, lexicon: Lexicon) -> set[str]:
    """Return neighbouring parts of a name as one word, of all that are looked at."""
    forms, parts = build_name_forms(name_normalized, lexicon), name_normalized.split("-")
    if len(parts) <= _MOST_PARTS:
        return {run[:LONGEST] for run in forms.joined_segments}
    return {word[:LONGEST] for word in (forms.whole, forms.core, *parts)}


def _all(values: Iterable[Iterable[Any]]) -> list[Any]:
    return sorted({each for some in values for each in some})


def band_name(health: HealthFields | UnsetType) -> str:
    """Return the band of a project's health score as the documents carry it."""
    score = UNSET if health is UNSET else health.health_score
    return to_health_band(None if score is UNSET else score).value
