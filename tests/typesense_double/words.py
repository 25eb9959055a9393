"""Which documents hold the words of a query, and how well: with wrong letters, not typed to their end, some left out.

The numbers are those of the recording where one word is asked for; of several the server's own are not known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from rapidfuzz.distance import OSA

from typesense_double.errors import RequestRejected
from typesense_double.schema import Json
from typesense_double.store import Collection
from typesense_double.text import tokenize

# The shortest words that may have one and two wrong letters.
_ONE_TYPO, _TWO_TYPOS = 4, 7

# How well documents match that are found otherwise than by a word.
_OTHERWISE = {
    "best_field_score": "0",
    "best_field_weight": 12,
    "fields_matched": 4,
    "num_tokens_dropped": 1,
    "score": "100",
    "tokens_matched": 0,
    "typo_prefix_score": 255,
}

# The words of a document by field, and in it by the texts that it holds.
_Fields = Mapping[str, list[tuple[str, ...]]]


@dataclass(frozen=True)
class Match:
    """How well a document matches: the number that it is sorted by, and what the server tells of it."""

    score: int
    info: Json


@dataclass(frozen=True)
class _Found:
    """A word in a field: how many letters are wrong, and whether it goes on where the word that was typed ends."""

    typos: int
    is_begun: bool

    @property
    def cost(self) -> int:
        return 2 * self.typos + self.is_begun


OTHERWISE = Match(100, _OTHERWISE)


def matches(collection: Collection, query: Mapping[str, str], query_by: Sequence[str]) -> dict[str, Match]:
    """Return how well each document matches that does."""
    q = query.get("q", "")
    weights = _weights(query, query_by)
    if q.startswith('"') and q.endswith('"') and len(q) > 1:
        return dict(_phrases(collection, tokenize(q, collection.separators), query_by))
    wanted = [word for part in q.split() if not part.startswith("-") for word in tokenize(part, collection.separators)]
    unwanted = {
        word for part in q.split() if part.startswith("-") for word in tokenize(part[1:], collection.separators)
    }
    if not wanted:
        return dict.fromkeys(collection.documents, OTHERWISE)
    held: dict[str, _Fields] = {}
    for identifier, document in collection.documents.items():
        fields = _fields(collection, document, query_by)
        if unwanted.isdisjoint(chain.from_iterable(_flatten(fields).values())):
            held[identifier] = fields
    least = int(query.get("drop_tokens_threshold", "1"))
    dropped = 0
    while True:
        found = _with_typos(held, wanted[: len(wanted) - dropped], dropped, query, weights)
        if len(found) >= least or dropped == len(wanted) - 1:
            break
        dropped += 1
    if not found and query.get("infix") == "always":
        return {
            identifier: OTHERWISE
            for identifier, fields in held.items()
            if any(wanted[0] in word for words in _flatten(fields).values() for word in words)
        }
    return found


def highlighted(document: Json, query: Mapping[str, str], query_by: Sequence[str], shown: Json) -> Json:
    """Return what is marked of the fields that are shown, where one word was asked for that they hold or begin with."""
    word = query.get("q", "").lower()
    start, end = query.get("highlight_start_tag", "<mark>"), query.get("highlight_end_tag", "</mark>")
    marked: Json = {}
    for name in query_by:
        value = document.get(name)
        if name not in shown or not isinstance(value, str) or not word.isalnum():
            continue
        place = next((at for at in _starts(value) if value[at : at + len(word)].lower() == word), None)
        if place is None:
            continue
        held = value[place : place + len(word)]
        snippet = f"{value[:place]}{start}{held}{end}{value[place + len(word) :]}"
        marked[name] = {"matched_tokens": [held], "snippet": snippet}
        if name in query.get("highlight_full_fields", "").split(","):
            marked[name]["value"] = snippet
    return marked


def _weights(query: Mapping[str, str], query_by: Sequence[str]) -> dict[str, int]:
    """Return what a match in each field is worth: 15 in the heaviest, and one less in each that is lighter."""
    given = [int(each) for each in query.get("query_by_weights", "").split(",") if each]
    if given and len(given) != len(query_by):
        raise RequestRejected(
            400, "Number of weights in `query_by_weights` does not match number of `query_by` fields."
        )
    ranks = sorted(range(len(query_by)), key=lambda place: (-given[place] if given else 0, place))
    return {query_by[place]: 15 - rank for rank, place in enumerate(ranks)}


def _with_typos(
    held: Mapping[str, _Fields],
    words: Sequence[str],
    dropped: int,
    query: Mapping[str, str],
    weights: Mapping[str, int],
) -> dict[str, Match]:
    """Return the documents with all words, as few letters wrong as it takes to find so many as are wanted."""
    found: dict[str, Match] = {}
    for typos in range(int(query.get("num_typos", "2")) + 1):
        for identifier, fields in held.items():
            match = _match(fields, words, dropped, typos, query, weights)
            if match and identifier not in found:
                found[identifier] = match
        if len(found) >= int(query.get("typo_tokens_threshold", "1")):
            break
    return found


def _match(
    elements: _Fields,
    words: Sequence[str],
    dropped: int,
    typos: int,
    query: Mapping[str, str],
    weights: Mapping[str, int],
) -> Match | None:
    fields = _flatten(elements)
    by_field: dict[str, list[_Found | None]] = {}
    for name, there in fields.items():
        by_field[name] = [
            _best(there, word, typos, is_last=word is words[-1] and query.get("prefix", "true") == "true")
            for word in words
        ]
    if not all(any(found[place] for found in by_field.values()) for place in range(len(words))):
        return None
    nearest = [min(each.cost for each in ways if each) for ways in zip(*by_field.values(), strict=True)]
    scored = []
    for name, found in by_field.items():
        # Of the forms in which a document has a word only the nearest counts.
        there = [each for each, least in zip(found, nearest, strict=True) if each and each.cost == least]
        if there:
            cost = sum(each.cost for each in there)
            is_exact = not cost and tuple(words) in elements[name]
            best = (len(there) << 40) | (1 << 32) | ((255 - cost) << 24) | (100 << 16) | (is_exact << 8)
            scored.append((best, weights[name], cost, len(there)))
    best, weight, cost, _ = max(scored)
    score = (len(words) << 59) | ((best >> 8) << 19) | (weight << 3) | len(scored)
    return Match(
        score,
        {
            "best_field_score": str(best),
            "best_field_weight": weight,
            "fields_matched": len(scored),
            "num_tokens_dropped": dropped,
            "score": str(score),
            "tokens_matched": len(words),
            "typo_prefix_score": cost,
        },
    )


def _best(there: Sequence[str], word: str, typos: int, *, is_last: bool) -> _Found | None:
    allowed = min(typos, 0 if len(word) < _ONE_TYPO else 1 if len(word) < _TWO_TYPOS else 2)
    found = [each for held in there for each in _compared(held, word, allowed, is_last=is_last)]
    return min(found, key=lambda each: each.cost, default=None)


def _compared(held: str, word: str, allowed: int, *, is_last: bool) -> Iterator[_Found]:
    distance = OSA.distance(word, held, score_cutoff=allowed)
    if distance <= allowed:
        yield _Found(distance, is_begun=False)
    elif is_last:
        beginnings = {held[: len(word) + more] for more in range(-allowed, allowed + 1)}
        nearest = min(OSA.distance(word, each, score_cutoff=allowed) for each in beginnings)
        if nearest <= allowed:
            yield _Found(nearest, is_begun=True)


def _phrases(collection: Collection, words: Sequence[str], query_by: Sequence[str]) -> Iterator[tuple[str, Match]]:
    for identifier, document in collection.documents.items():
        for there in _flatten(_fields(collection, document, query_by)).values():
            if any(there[at : at + len(words)] == list(words) for at in range(len(there))):
                yield identifier, OTHERWISE
                break


def _fields(collection: Collection, document: Json, query_by: Sequence[str]) -> _Fields:
    return {name: _tokenize_texts(collection, document.get(name, [])) for name in query_by}


def _tokenize_texts(collection: Collection, value: Any) -> list[tuple[str, ...]]:
    return [tokenize(text, collection.separators) for text in (value if isinstance(value, list) else [value])]


def _flatten(fields: _Fields) -> dict[str, list[str]]:
    return {name: list(chain.from_iterable(texts)) for name, texts in fields.items()}


def _starts(text: str) -> Iterator[int]:
    """Yield where the words of a text begin."""
    return (at for at in range(len(text)) if text[at].isalnum() and (at == 0 or not text[at - 1].isalnum()))
