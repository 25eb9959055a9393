"""What of a project is searched: its name, and its texts as stems."""

from collections.abc import Iterable
from itertools import islice

from msgspec import UNSET, Struct, UnsetType

from ..document import Document
from .words import stems

# How many different stems of a part are kept: what comes late in a long text says little of what it is about.
_MOST_SUMMARY, _MOST_KEYWORDS, _MOST_OPENING, _MOST_REST, _MOST_HISTORY = 80, 120, 160, 400, 100
# Characters that they are looked for in, so that a text of any length takes a bounded time.
_LOOKED_AT = 8_000
# Characters of a README's beginning that stand in for a summary that nobody wrote.
_LEAD = 160


class Searchable(Struct, frozen=True, kw_only=True, array_like=True):
    """The texts of one project, heaviest first: each is stems with spaces around, so that " stem " is in it or not."""

    name_normalized: str
    name: str = " "
    summary: str = " "
    keywords: str = " "
    opening: str = " "
    rest: str = " "
    history: str = " "

    @property
    def parts(self) -> tuple[str, ...]:
        """The texts, heaviest first."""
        return (self.name, self.summary, self.keywords, self.opening, self.rest, self.history)


def searchable_of(document: Document) -> Searchable:
    """Return what of a release is searched."""
    registry = document.registry
    topics = UNSET if document.repository is UNSET else document.repository.github_topics
    opening = f"{_text(registry.title)} {_text(registry.first_chapter)}"
    return Searchable(
        name_normalized=registry.name_normalized,
        name=_listed(stems(registry.name), _MOST_KEYWORDS),
        summary=_listed(stems((registry.summary.strip() or _lead(registry.first_chapter))[:_LOOKED_AT]), _MOST_SUMMARY),
        keywords=_listed(
            stems(" , ".join((*registry.keywords, *(() if topics is UNSET else topics)))[:_LOOKED_AT]), _MOST_KEYWORDS
        ),
        opening=_unlike(stems(opening[:_LOOKED_AT]), _MOST_OPENING),
        rest=_unlike(stems(_text(registry.main_content)[:_LOOKED_AT]), _MOST_REST),
        history=_unlike(stems(_text(registry.changelog)[:_LOOKED_AT]), _MOST_HISTORY),
    )


def _lead(text: str | UnsetType) -> str:
    return _text(text)[:_LEAD].rpartition(" ")[0]


def _listed(found: Iterable[str], most: int) -> str:
    """Join stems in their order, each as often as it is said, so that phrases can be told."""
    return f" {' '.join(islice(found, most))} "


def _unlike(found: Iterable[str], most: int) -> str:
    """Join stems in their order, each once."""
    return f" {' '.join(islice(dict.fromkeys(found), most))} "


def _text(value: str | UnsetType) -> str:
    return "" if value is UNSET else value
