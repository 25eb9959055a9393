"""What is suggested to somebody who types."""

from collections.abc import Iterable

from msgspec import Struct

from ...domain.search import Suggestion
from . import paths, words


class SuggestionView(Struct, frozen=True, kw_only=True):
    """A project that may be meant, and where its page is."""

    name: str
    summary: str
    address: str


def suggestion_views(shelf: str, suggestions: Iterable[Suggestion]) -> list[SuggestionView]:
    """Return suggestions for the list under the text."""
    return [
        SuggestionView(
            name=each.name, summary=words.told(each.summary), address=paths.project(shelf, each.name_normalized)
        )
        for each in suggestions
    ]
