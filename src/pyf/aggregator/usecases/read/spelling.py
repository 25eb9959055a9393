"""Suggest names and words for a text that nothing matches ("Did you mean …?")."""

from collections.abc import Iterator

from msgspec.structs import replace

from ...domain.search import SearchResults, select_similar_names
from ...ports import Dependencies

_MAX_SUGGESTIONS = 3
# Names are compared if they begin with these shares of the text, the longest that any name begins with.
_SHARES = (1.0, 0.75, 0.5, 0.34)
_MIN_BEGINNING = 3
# Longer texts are sentences. Of their words, the first ones are looked up.
_MAX_TEXT_LENGTH, _MAX_WORDS = 60, 4
# Names with one beginning that are compared.
_CANDIDATES = 50


def add_spellings(
    deps: Dependencies, collection: str, text: str, results: SearchResults, hidden: frozenset[str]
) -> SearchResults:
    """Add up to three names and words that are similar to a text or to its words; a word replaces the third name."""
    text = text.strip()[:_MAX_TEXT_LENGTH]
    suggested: list[str] = []
    for part in dict.fromkeys((text, *text.split()[:_MAX_WORDS])):
        names = _find_names(deps, collection, part, hidden)
        suggested += select_similar_names(part, names, limit=_MAX_SUGGESTIONS)
    words = deps.search.suggest_words(collection, text, limit=_MAX_SUGGESTIONS, hidden=hidden)
    names = [*dict.fromkeys(suggested)][: _MAX_SUGGESTIONS - bool(words)]
    new_words = [word for word in dict.fromkeys(words) if word not in names][: _MAX_SUGGESTIONS - len(names)]
    return replace(results, similar_names=tuple(names), similar_words=tuple(new_words))


def _find_names(deps: Dependencies, collection: str, text: str, hidden: frozenset[str]) -> list[str]:
    for beginning in _iter_beginnings(text):
        found = deps.search.suggest(collection, beginning, limit=_CANDIDATES, hidden=hidden)
        if found:
            return [suggestion.name for suggestion in found]
    return []


def _iter_beginnings(text: str) -> Iterator[str]:
    lengths = dict.fromkeys(round(len(text) * share) for share in _SHARES)
    return (text[:length] for length in lengths if length >= _MIN_BEGINNING)
