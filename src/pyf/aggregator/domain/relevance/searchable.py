"""The searched texts of a project, as stems."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple

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


class StemLists(Struct, frozen=True, kw_only=True):
    """The stems of the texts of one project in order, as in `Searchable`; those of the README each once."""

    name_normalized: str
    name: Sequence[str]
    summary: Sequence[str]
    keywords: Sequence[str]
    opening: Sequence[str]
    rest: Sequence[str]
    history: Sequence[str]
    framework_words: Sequence[str]
    aliases: Sequence[str]

    def join(self) -> Searchable:
        """Return the stems as texts."""
        name_normalized, *texts = astuple(self)
        joined = (f" {' '.join(stems)} " for stems in texts)
        return Searchable(name_normalized=name_normalized, **dict(zip(self.__struct_fields__[1:], joined, strict=True)))


def build_searchable(document: Document) -> Searchable:
    """Build the searched texts of a release."""
    return list_stems(document).join()


def list_stems(document: Document) -> StemLists:
    """List the stems of the searched texts of a release."""
    registry = document.registry
    topics = UNSET if document.repository is UNSET else document.repository.repository_topics
    summary = registry.summary.strip() or _truncate_lead(registry.first_chapter)
    keywords = " , ".join((*registry.keywords, *(() if topics is UNSET else topics)))
    # Name, summary and keywords keep repetitions, so that phrases can be matched.
    return StemLists(
        name_normalized=registry.name_normalized,
        name=_limit(iter_stems(registry.name), _MAX_KEYWORDS_STEMS),
        summary=_limit(iter_stems(summary[:_MAX_TEXT_LENGTH]), _MAX_SUMMARY_STEMS),
        keywords=_limit(iter_stems(keywords[:_MAX_TEXT_LENGTH]), _MAX_KEYWORDS_STEMS),
        opening=_list_unique_stems(f"{registry.title or ''} {registry.first_chapter or ''}", _MAX_OPENING_STEMS),
        rest=_list_unique_stems(registry.main_content, _MAX_REST_STEMS),
        history=_list_unique_stems(registry.changelog, _MAX_HISTORY_STEMS),
        framework_words=_limit(dict.fromkeys(_iter_framework_words(registry)), _MAX_REST_STEMS),
        aliases=_limit(dict.fromkeys(list_aliases(document)), _MAX_ALIASES),
    )


def _list_unique_stems(text: str | UnsetType, limit: int) -> list[str]:
    stems = iter_stems((text or "")[:_MAX_TEXT_LENGTH], is_unique=True)
    return _limit(dict.fromkeys(stems), limit)


def _iter_framework_words(registry: RegistryFields) -> Iterator[str]:
    for name in (*parse_frameworks(registry.classifiers), *sorted(parse_required_names(registry.requires_dist))):
        yield from _split_name(name)


@lru_cache(maxsize=10_000)
def _split_name(name: str) -> tuple[str, ...]:
    """Return the words of a framework's or requirement's name, most of which many packages share."""
    return tuple(tokenize(name))


def _truncate_lead(text: str | UnsetType) -> str:
    return (text or "")[:_LEAD_LENGTH].rpartition(" ")[0]


def _limit(stems: Iterable[str], limit: int) -> list[str]:
    return list(islice(stems, limit))
