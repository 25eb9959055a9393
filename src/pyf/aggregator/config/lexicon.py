"""Load the lexicon of searches: the built-in words, and those of SYNONYMS_FILE."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from ..domain.errors import Invalid
from ..domain.relevance import Lexicon, LexiconEntries, build_lexicon
from ..domain.relevance.tokenizer import tokenize
from .yaml_file import read_packaged, read_user_file

_PACKAGED_FILE = "synonyms.yaml"
_LIST_KEYS = ("frameworks", "prefixes", "stop_words")
_KEYS = (*_LIST_KEYS, "synonyms", "related", "concepts", "families")


def load_lexicon(path: str = "") -> Lexicon:
    """Return the built-in words with those of a user's file ("" for none).

    Raises:
        Invalid: The file can't be used; one line names it and the problem.
    """
    if not path:
        return _load_packaged()
    source = f"SYNONYMS_FILE {path}"
    data = _parse_data(read_packaged(_PACKAGED_FILE), _PACKAGED_FILE)
    user_data = _parse_data(read_user_file("SYNONYMS_FILE", path), source)
    return build_lexicon(LexiconEntries(**{key: _merge(data[key], user_data[key]) for key in _KEYS}))


@cache
def _load_packaged() -> Lexicon:
    return build_lexicon(LexiconEntries(**_parse_data(read_packaged(_PACKAGED_FILE), _PACKAGED_FILE)))


def _merge(base: Any, extra: Any) -> Any:
    return {**base, **extra} if isinstance(base, Mapping) else [*base, *extra]


def _parse_data(content: Any, source: str) -> dict[str, Any]:
    if not isinstance(content, Mapping) or not content.keys() <= set(_KEYS):
        raise Invalid(f"{source}: must be a mapping with no other keys than {', '.join(_KEYS)}")
    lists = {key: _parse_words(content.get(key), f"{source}: '{key}:'") for key in _LIST_KEYS}
    return lists | {
        "synonyms": _parse_groups(content, "synonyms", source),
        "families": _parse_groups(content, "families", source),
        "related": _parse_related(content, source),
        "concepts": _parse_concepts(content, source),
    }


def _parse_groups(content: Mapping[str, Any], key: str, source: str) -> list[list[str]]:
    groups = content.get(key) or []
    if not isinstance(groups, list):
        raise Invalid(f"{source}: '{key}:' must be a list of lists of phrases that mean the same")
    return [_parse_words(group, f"{source}: each of '{key}:'") for group in groups]


def _parse_related(content: Mapping[str, Any], source: str) -> dict[str, list[str]]:
    entries = content.get("related") or {}
    if not isinstance(entries, Mapping):
        raise Invalid(f"{source}: 'related:' must have a list for each phrase, such as 'phrase: [others]'")
    phrases = _parse_words([*entries], f"{source}: 'related:'")
    return {
        phrase: _parse_words(terms, f"{source}: 'related:' of {phrase!r:.40}")
        for phrase, terms in zip(phrases, entries.values(), strict=True)
    }


def _parse_concepts(content: Mapping[str, Any], source: str) -> list[tuple[list[str], list[str]]]:
    concepts = content.get("concepts") or []
    if not isinstance(concepts, list) or not all(
        isinstance(concept, Mapping) and concept.keys() == {"asked", "search"} for concept in concepts
    ):
        raise Invalid(f"{source}: 'concepts:' must be a list of mappings with 'asked:' and 'search:'")
    return [
        (
            _parse_words(concept["asked"], f"{source}: 'asked:' of 'concepts:'"),
            _parse_words(concept["search"], f"{source}: 'search:' of 'concepts:'"),
        )
        for concept in concepts
    ]


def _parse_words(value: Any, source: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(word, str | int) for word in value):
        raise Invalid(f"{source} must be a list of words")
    if any(isinstance(word, bool) for word in value):
        raise Invalid(f"{source}: on, off, yes, no, true and false need quotes, because YAML reads them as booleans")
    for word in value:
        if not tokenize(str(word)):
            raise Invalid(f"{source}: {word!r:.40} has no word")
    return [str(word) for word in value]
