"""What of a project is searched: its name, and its texts as stems."""

from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import UNSET, Struct, UnsetType

from ..documents.document import Document
from ..documents.schema import RegistryFields
from ..membership.profile import parse_frameworks
from ..membership.requirements import parse_required_names
from .tokenizer import iter_stems, tokenize

# How many different stems of a part are kept: what comes late in a long text says little of what it is about.
_MAX_SUMMARY_STEMS, _MAX_KEYWORDS_STEMS, _MAX_OPENING_STEMS, _MAX_REST_STEMS, _MAX_HISTORY_STEMS = (
    80,
    120,
    160,
    400,
    100,
)
# Characters that they are looked for in, so that a text of any length takes a bounded time.
_MAX_TEXT_LENGTH = 8_000
# Characters of a README's beginning that stand in for a summary that nobody wrote.
_LEAD_LENGTH = 160


class Searchable(Struct, frozen=True, kw_only=True, array_like=True):
    """The texts of one project, heaviest first: each is stems with spaces around, so that " stem " is in it or not.

    `belongs` are the words of what it is made for or with: its frameworks and its requirements.
    """

    name_normalized: str
    name: str = " "
    summary: str = " "
    keywords: str = " "
    opening: str = " "
    rest: str = " "
    history: str = " "
    framework_words: str = " "

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts, heaviest first."""
        return (self.name, self.summary, self.keywords, self.opening, self.rest, self.history)


def build_searchable(document: Document) -> Searchable:
    """Return what of a release is searched."""
    registry = document.registry
    topics = UNSET if document.repository is UNSET else document.repository.github_topics
    opening = f"{_to_text(registry.title)} {_to_text(registry.first_chapter)}"
    return Searchable(
        name_normalized=registry.name_normalized,
        name=_join_stems(iter_stems(registry.name), _MAX_KEYWORDS_STEMS),
        summary=_join_stems(
            iter_stems((registry.summary.strip() or _truncate_lead(registry.first_chapter))[:_MAX_TEXT_LENGTH]),
            _MAX_SUMMARY_STEMS,
        ),
        keywords=_join_stems(
            iter_stems(" , ".join((*registry.keywords, *(() if topics is UNSET else topics)))[:_MAX_TEXT_LENGTH]),
            _MAX_KEYWORDS_STEMS,
        ),
        opening=_join_unique_stems(iter_stems(opening[:_MAX_TEXT_LENGTH]), _MAX_OPENING_STEMS),
        rest=_join_unique_stems(iter_stems(_to_text(registry.main_content)[:_MAX_TEXT_LENGTH]), _MAX_REST_STEMS),
        history=_join_unique_stems(iter_stems(_to_text(registry.changelog)[:_MAX_TEXT_LENGTH]), _MAX_HISTORY_STEMS),
        framework_words=_join_unique_stems(_iter_framework_words(registry), _MAX_REST_STEMS),
    )


def _iter_framework_words(registry: RegistryFields) -> Iterator[str]:
    for name in (*parse_frameworks(registry.classifiers), *sorted(parse_required_names(registry.requires_dist))):
        yield from tokenize(name)


def _truncate_lead(text: str | UnsetType) -> str:
    return _to_text(text)[:_LEAD_LENGTH].rpartition(" ")[0]


def _join_stems(tokens: Iterable[str], limit: int) -> str:
    """Join stems in their order, each as often as it is said, so that phrases can be told."""
    return f" {' '.join(islice(tokens, limit))} "


def _join_unique_stems(tokens: Iterable[str], limit: int) -> str:
    """Join stems in their order, each once."""
    return f" {' '.join(islice(dict.fromkeys(tokens), limit))} "


def _to_text(value: str | UnsetType) -> str:
    return "" if value is UNSET else value
