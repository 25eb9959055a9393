"""A question as the address of a list holds it: read leniently, and written so that the same question reads back."""

import re
from collections.abc import Iterable, Iterator
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from ...domain.search import LONGEST_VALUE, MOST_CHOSEN, Facet, HealthBand, Question, Sort
from . import words
from .paths import Pairs

# What each filter is called in an address.
PARAMETERS: dict[Facet, str] = {
    Facet.FRAMEWORK_VERSIONS: "framework",
    Facet.PYTHON_VERSIONS: "python",
    Facet.HEALTH: "health",
    Facet.LICENSES: "license",
    Facet.STATUSES: "status",
    Facet.MAINTAINERS: "maintainer",
    Facet.CLASSIFIERS: "classifier",
}
_FACETS = {parameter: facet for facet, parameter in PARAMETERS.items()}

LONGEST_TEXT = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Bytes of HTML that all filters together may take, for a list names each of them.
_MOST_BYTES = 5_000
_LAST_PAGE = 100_000
_MOST_DAYS = 36_500

# What takes a filter away, by its key; and the key of "updated within".
WITHOUT, WITHIN = "without", "within"

# What "updated within" offers, in days.
PERIODS: tuple[tuple[int, str], ...] = ((30, "a month"), (182, "half a year"), (365, "a year"), (1096, "three years"))


class Asked(Struct, frozen=True, kw_only=True):
    """What an address asks for: the question, the facets that are to be listed whole, and what was wrong with it."""

    question: Question
    whole: frozenset[Facet] = frozenset()
    problem: str = ""


def read(pairs: Iterable[tuple[str, str]]) -> Asked:
    """Read the parameters of an address. What means nothing is passed over: an old link should still find something.

    What is too long or too much is a problem, which is named, and not asked for.
    """
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value.strip())
    text = words.legible(_last(values, "q"))
    problems = []
    if len(text) > LONGEST_TEXT:
        problems.append(f"What you searched for has {len(text):,} characters; the search takes {LONGEST_TEXT} at most.")
        text = ""
    given = [pair for pair in dict.fromkeys(_filters(values)) if not _CONTROL.search(pair[1])]
    short = [pair for pair in given if len(pair[1]) <= LONGEST_VALUE]
    if len(short) < len(given):
        problems.append(f"A filter has {LONGEST_VALUE} characters at most: what is longer was left out.")
    kept = list(_as_many_as_fit(short))
    if len(kept) < len(short):
        problems.append(f"So much can't be asked for at once: the first {len(kept)} filters were used.")
    chosen = {facet: tuple(value for each, value in kept if each is facet) for facet in PARAMETERS}
    bands = {band.value: band for band in HealthBand}
    question = Question(
        text=text,
        framework_versions=chosen[Facet.FRAMEWORK_VERSIONS],
        python_versions=chosen[Facet.PYTHON_VERSIONS],
        licenses=chosen[Facet.LICENSES],
        classifiers=chosen[Facet.CLASSIFIERS],
        health=tuple(bands[value] for value in chosen[Facet.HEALTH] if value in bands),
        statuses=chosen[Facet.STATUSES],
        maintainers=chosen[Facet.MAINTAINERS],
        updated_within=_number(_last(values, "within"), most=_MOST_DAYS),
        sort=_sort(_last(values, "sort")),
        page=_number(_last(values, "page"), most=_LAST_PAGE) or 1,
    )
    return Asked(
        question=question,
        whole=frozenset(_FACETS[name] for name in values.get("all", ()) if name in _FACETS),
        problem=" ".join(problems),
    )


def written(asked: Asked) -> Pairs:
    """Return the parameters of a question, without those that say what is understood anyway."""
    question = asked.question
    pairs = [("q", question.text)] if question.text else []
    for facet, parameter in PARAMETERS.items():
        pairs += [(parameter, str(value)) for value in question.chosen(facet)]
    if question.updated_within is not None:
        pairs.append(("within", str(question.updated_within)))
    if question.sort is not Sort.RELEVANCE:
        pairs.append(("sort", question.sort.value))
    pairs += sorted(("all", PARAMETERS[facet]) for facet in asked.whole)
    if question.page > 1:
        pairs.append(("page", str(question.page)))
    return pairs


def key_of(facet: Facet, value: str) -> str:
    """Return what stands for a filter that is to be taken away, where an address has no room to name it."""
    return f"{crc32(f'{facet} {value}'.encode()):08x}"


def taken_away(asked: Asked, keys: Iterable[str]) -> Asked:
    """Return the question without the filters that these keys stand for, from its first page."""
    gone = frozenset(keys)
    for facet in PARAMETERS:
        for value in asked.question.chosen(facet):
            if key_of(facet, str(value)) in gone:
                asked = without(asked, facet, str(value))
    return at_any_time(asked) if WITHIN in gone else asked


def without(asked: Asked, facet: Facet, value: str) -> Asked:
    """Return the question that does not narrow a facet to a value, from its first page."""
    kept = tuple(each for each in asked.question.chosen(facet) if each != value)
    return replace(asked, question=replace(asked.question, page=1, **{facet.value: kept}))


def at(asked: Asked, page: int) -> Asked:
    """Return the same question, at another page."""
    return replace(asked, question=replace(asked.question, page=page))


def at_any_time(asked: Asked) -> Asked:
    """Return the question that does not ask when a release was uploaded, from its first page."""
    return replace(asked, question=replace(asked.question, page=1, updated_within=None))


def unfiltered(asked: Asked) -> Asked:
    """Return the question's text alone, in its order."""
    return Asked(question=Question(text=asked.question.text, sort=asked.question.sort))


def is_narrowed(question: Question) -> bool:
    """Tell whether any filter is set."""
    return question.updated_within is not None or any(question.chosen(facet) for facet in Facet)


def _last(values: dict[str, list[str]], name: str) -> str:
    return values.get(name, [""])[-1]


def _filters(values: dict[str, list[str]]) -> Iterator[tuple[Facet, str]]:
    for facet, parameter in PARAMETERS.items():
        yield from ((facet, value) for value in values.get(parameter, ()) if value)


def _as_many_as_fit(pairs: Iterable[tuple[Facet, str]]) -> Iterator[tuple[Facet, str]]:
    taken = 0
    for number, (facet, value) in enumerate(pairs):
        taken += words.weight(value)
        if number == MOST_CHOSEN or taken > _MOST_BYTES:
            return
        yield facet, value


def _number(text: str, *, most: int) -> int | None:
    """Return a whole number from 1 to `most`, None for what is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number and 1 <= int(text) <= most else None


def _sort(text: str) -> Sort:
    return Sort(text) if text in set(Sort) else Sort.RELEVANCE
