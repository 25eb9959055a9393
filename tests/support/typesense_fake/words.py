"""Which documents hold the words of a query, and how well: with wrong letters, not typed to their end, some left out.

The scores are those of the server for words that were typed as they stand in a field.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from rapidfuzz.distance import OSA

from support.typesense_fake.errors import RequestRejected
from support.typesense_fake.schema import Json
from support.typesense_fake.store import Collection
from support.typesense_fake.text import tokenize

# The shortest words that may have one and two wrong letters.
_ONE_TYPO, _TWO_TYPOS = 4, 7

# Places that words of one match may stand apart.
_WINDOW = 10
_WORD = re.compile(r"[^\W_]+")

# How well documents match that are found otherwise than by a word.
_WITHOUT_WORDS = {
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
    """How well a document matches: its sort number, and what a response contains of it."""

    score: int
    info: Json


@dataclass(frozen=True)
class _Found:
    """A word in a field: how many letters are wrong, and whether it goes on where the word that was typed ends."""

    word: str
    typos: int
    is_begun: bool

    @property
    def cost(self) -> int:
        return 2 * self.typos + self.is_begun


WITHOUT_WORDS = Match(100, _WITHOUT_WORDS)


def find_matches(collection: Collection, query: Mapping[str, str], query_by: Sequence[str]) -> dict[str, Match]:
    """Return how well the documents match, those that do."""
    q = query.get("q", "")
    weights = _rank_weights(query, query_by)
    if q.startswith('"') and q.endswith('"') and len(q) > 1:
        return dict(_find_phrases(collection, tokenize(q, collection.separators), query_by))
    wanted = [word for part in q.split() if not part.startswith("-") for word in tokenize(part, collection.separators)]
    unwanted = {
        word for part in q.split() if part.startswith("-") for word in tokenize(part[1:], collection.separators)
    }
    if not wanted:
        return dict.fromkeys(collection.documents, WITHOUT_WORDS)
    candidates: dict[str, _Fields] = {}
    for identifier, document in collection.documents.items():
        fields = _tokenize_fields(collection, document, query_by)
        if unwanted.isdisjoint(chain.from_iterable(_flatten(fields).values())):
            candidates[identifier] = fields
    least = int(query.get("drop_tokens_threshold", "1"))
    dropped = 0
    while True:
        found = _find_with_typos(candidates, wanted[: len(wanted) - dropped], dropped, query, weights)
        if len(found) >= least or dropped == len(wanted) - 1:
            break
        dropped += 1
    if not found and query.get("infix") == "always":
        return {
            identifier: WITHOUT_WORDS
            for identifier, fields in candidates.items()
            if any(wanted[0] in word for words in _flatten(fields).values() for word in words)
        }
    return found


def highlight(document: Json, query: Mapping[str, str], query_by: Sequence[str], selected: Json) -> Json:
    """Return the marked texts of the fields that are shown, where they hold words of the query as they were typed."""
    words = [word for part in re.split(r"[\s._-]+", query.get("q", "").lower()) for word in (part,) if word.isalnum()]
    start, end = query.get("highlight_start_tag", "<mark>"), query.get("highlight_end_tag", "</mark>")
    highlights: Json = {}
    for name in query_by:
        text = document.get(name)
        if name not in selected or not isinstance(text, str):
            continue
        matched: list[str] = []
        snippet = _WORD.sub(lambda match, matched=matched: _mark(match[0], words, matched, start, end), text)  # type: ignore[misc]
        if matched:
            highlights[name] = {"matched_tokens": matched, "snippet": snippet}
            if name in query.get("highlight_full_fields", "").split(","):
                highlights[name]["value"] = snippet
    return highlights


def _mark(token: str, words: Sequence[str], matched: list[str], start: str, end: str) -> str:
    """Return a token with its beginning marked if that is a word of the query, each word once."""
    for word in words:
        is_match = token.lower() == word or (word == words[-1] and token.lower().startswith(word))
        if is_match and not any(found.lower() == word for found in matched):
            matched.append(token[: len(word)])
            return f"{start}{token[: len(word)]}{end}{token[len(word) :]}"
    return token


def _rank_weights(query: Mapping[str, str], query_by: Sequence[str]) -> dict[str, int]:
    """Return what a match in each field is worth: 15 in the heaviest, and one less in each that is lighter."""
    given = [int(weight) for weight in query.get("query_by_weights", "").split(",") if weight]
    if given and len(given) != len(query_by):
        raise RequestRejected(
            400, "Number of weights in `query_by_weights` does not match number of `query_by` fields."
        )
    ranks = sorted(range(len(query_by)), key=lambda place: (-given[place] if given else 0, place))
    return {query_by[place]: 15 - rank for rank, place in enumerate(ranks)}


def _find_with_typos(
    candidates: Mapping[str, _Fields],
    words: Sequence[str],
    dropped: int,
    query: Mapping[str, str],
    weights: Mapping[str, int],
) -> dict[str, Match]:
    """Return the documents with all words, as few letters wrong as it takes to find so many as are wanted."""
    found: dict[str, Match] = {}
    for typos in range(int(query.get("num_typos", "2")) + 1):
        for identifier, fields in candidates.items():
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
    for name, field_words in fields.items():
        by_field[name] = [
            _find_best(field_words, word, typos, is_last=word is words[-1] and query.get("prefix", "true") == "true")
            for word in words
        ]
    if not all(any(found[place] for found in by_field.values()) for place in range(len(words))):
        return None
    nearest = [min(found.cost for found in forms if found) for forms in zip(*by_field.values(), strict=True)]
    scored = []
    for name, found in by_field.items():
        # Of the forms in which a document has a word only the nearest counts.
        closest = [match for match, least in zip(found, nearest, strict=True) if match and match.cost == least]
        if closest:
            cost = sum(match.cost for match in closest)
            is_exact = not cost and tuple(words) in elements[name]
            present, distance = _measure_window([_list_positions(fields[name], match.word) for match in closest])
            window = (present << 32) | ((100 - distance) << 16)
            best = (len(closest) << 40) | window | ((255 - cost) << 24) | (is_exact << 8)
            scored.append((best, weights[name], cost, len(closest)))
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


def _list_positions(words: Sequence[str], wanted: str) -> list[int]:
    return [position for position, word in enumerate(words) if word == wanted]


def _measure_window(positions: Sequence[list[int]]) -> tuple[int, int]:
    """Return how many of some words stand within ten places of each other, and how far apart they stand, at best."""
    left = [(places[0], number, 0) for number, places in enumerate(positions)]
    most, nearest = 1, None
    while len(left) > 1:
        left.sort(reverse=True)
        lowest = left[-1][0]
        within = [place for place, _, _ in left if place - lowest <= _WINDOW]
        distance = sum(a - b for a, b in pairwise(within))
        if len(within) > most or (len(within) == most and (nearest is None or distance < nearest)):
            most, nearest = len(within), distance
        _, number, index = left.pop()
        if index + 1 < len(positions[number]):
            left.append((positions[number][index + 1], number, index + 1))
    return most, min(nearest or 0, 100)


def _find_best(field_words: Sequence[str], word: str, typos: int, *, is_last: bool) -> _Found | None:
    allowed = min(typos, 0 if len(word) < _ONE_TYPO else 1 if len(word) < _TWO_TYPOS else 2)
    found = [match for held in field_words for match in _compare(held, word, allowed, is_last=is_last)]
    return min(found, key=lambda match: match.cost, default=None)


def _compare(held: str, word: str, allowed: int, *, is_last: bool) -> Iterator[_Found]:
    distance = OSA.distance(word, held, score_cutoff=allowed)
    if distance <= allowed:
        yield _Found(held, distance, is_begun=False)
    elif is_last:
        beginnings = {held[: len(word) + more] for more in range(-allowed, allowed + 1)}
        nearest = min(OSA.distance(word, beginning, score_cutoff=allowed) for beginning in beginnings)
        if nearest <= allowed:
            yield _Found(held, nearest, is_begun=True)


def _find_phrases(collection: Collection, words: Sequence[str], query_by: Sequence[str]) -> Iterator[tuple[str, Match]]:
    for identifier, document in collection.documents.items():
        for text in _flatten(_tokenize_fields(collection, document, query_by)).values():
            if any(text[start : start + len(words)] == list(words) for start in range(len(text))):
                yield identifier, WITHOUT_WORDS
                break


def _tokenize_fields(collection: Collection, document: Json, query_by: Sequence[str]) -> _Fields:
    return {name: _tokenize_texts(collection, document.get(name, [])) for name in query_by}


def _tokenize_texts(collection: Collection, value: Any) -> list[tuple[str, ...]]:
    return [tokenize(text, collection.separators) for text in (value if isinstance(value, list) else [value])]


def _flatten(fields: _Fields) -> dict[str, list[str]]:
    return {name: list(chain.from_iterable(texts)) for name, texts in fields.items()}
