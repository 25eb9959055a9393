"""What is suggested to somebody who types."""

from collections.abc import Iterable

from msgspec import Struct

from ...domain.search import Suggestion
from . import paths, words


class SuggestionView(Struct, frozen=True, kw_only=True):
    """A project that may be meant, and where its page is."""

    name: str
    summary: str
    url: str


def build_suggestion_views(collection: str, suggestions: Iterable[Suggestion]) -> list[SuggestionView]:
    """Return suggestions for the list under the text."""
    return [
        SuggestionView(
            name=suggestion.name, summary=words.sanitize(suggestion.summary), url=paths.project_path(collection, suggestion.name_normalized)
        )
        for suggestion in suggestions
    ]
