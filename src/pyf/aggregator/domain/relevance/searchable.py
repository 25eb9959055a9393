"""The searched texts of a project, as stems."""

from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import UNSET, Struct, UnsetType

from ..documents.document import Document
from ..documents.schema import RegistryFields
from ..membership.profile import parse_frameworks
from ..membership.requirements import parse_required_names
from .aliases import list_aliases
from .tokenizer import iter_stems, tokenize

# Stored stems per text: late words of a long text say little about its subject.
_MAX_SUMMARY_STEMS, _MAX_KEYWORDS_STEMS, _MAX_OPENING_STEMS, _MAX_REST_STEMS, _MAX_HISTORY_STEMS = (
    80,
    120,
    160,
    400,
    100,
)
_MAX_ALIASES = 10
# Bounds the time for a text of any length.
_MAX_TEXT_LENGTH = 8_000
# Characters of the README that replace a missing summary.
_LEAD_LENGTH = 160


class Searchable(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The texts of one project, the heaviest first; stems are surrounded by spaces, so that `" stem " in text` works.

    Attributes:
        framework_words: The words of its frameworks and requirements.
        aliases: The modules it is imported by, and its repository.
    """

    name_normalized: str
    name: str = " "
    summary: str = " "
    keywords: str = " "
    opening: str = " "
    rest: str = " "
    history: str = " "
    framework_words: str = " "
    aliases: str = " "

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts, the heaviest first."""
        return (self.name, self.summary, self.keywords, self.opening, self.rest, self.history)


def build_searchable(document: Document) -> Searchable:
    """Build the searched texts of a release."""
    registry = document.registry
    topics = UNSET if document.repository is UNSET else document.repository.repository_topics
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
        opening=_join_unique_stems(_iter_unique_stems(opening), _MAX_OPENING_STEMS),
        rest=_join_unique_stems(
            iter_stems(_to_text(registry.main_content)[:_MAX_TEXT_LENGTH], is_unique=True), _MAX_REST_STEMS
        ),
        history=_join_unique_stems(
            iter_stems(_to_text(registry.changelog)[:_MAX_TEXT_LENGTH], is_unique=True), _MAX_HISTORY_STEMS
        ),
        framework_words=_join_unique_stems(_iter_framework_words(registry), _MAX_REST_STEMS),
        aliases=_join_unique_stems(list_aliases(document), _MAX_ALIASES),
    )


def _iter_unique_stems(text: str | UnsetType) -> Iterator[str]:
    return iter_stems(_to_text(text)[:_MAX_TEXT_LENGTH], is_unique=True)


def _iter_framework_words(registry: RegistryFields) -> Iterator[str]:
    for name in (*parse_frameworks(registry.classifiers), *sorted(parse_required_names(registry.requires_dist))):
        yield from tokenize(name)


def _truncate_lead(text: str | UnsetType) -> str:
    return _to_text(text)[:_LEAD_LENGTH].rpartition(" ")[0]


def _join_stems(tokens: Iterable[str], limit: int) -> str:
    """Join stems in order, with repetitions, so that phrases can be matched."""
    return f" {' '.join(islice(tokens, limit))} "


def _join_unique_stems(tokens: Iterable[str], limit: int) -> str:
    """Join stems in order, each once."""
    return f" {' '.join(islice(dict.fromkeys(tokens), limit))} "


def _to_text(value: str | UnsetType) -> str:
    return "" if value is UNSET else value
