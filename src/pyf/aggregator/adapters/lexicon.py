"""Reads the words that searches treat in their own way, from the built-in file and from the user's."""

from collections.abc import Mapping
from typing import Any

from ..domain.errors import Invalid
from ..domain.relevance import Lexicon, lexicon_of
from ..domain.relevance.words import words
from .yaml_file import built_in, named_by

_BUILT_IN = "synonyms.yaml"
_LISTS = ("frameworks", "prefixes", "fillers")
_KEYS = (*_LISTS, "synonyms", "related")


def load_lexicon(path: str = "") -> Lexicon:
    """Return the words of the built-in file with those of a file added, "" for none.

    Raises `Invalid` with one line for a file that can't be used.
    """
    declared = _declared(built_in(_BUILT_IN), _BUILT_IN)
    if path:
        where = f"SYNONYMS_FILE {path}"
        added = _declared(named_by("SYNONYMS_FILE", path), where)
        declared = {key: _merged(declared[key], added[key]) for key in _KEYS}
    return lexicon_of(**declared)


def _merged(own: Any, added: Any) -> Any:
    return {**own, **added} if isinstance(own, Mapping) else [*own, *added]


def _declared(read: Any, where: str) -> dict[str, Any]:
    if not isinstance(read, Mapping) or not read.keys() <= set(_KEYS):
        raise Invalid(f"{where}: it must hold {', '.join(_KEYS)}, each with a colon, and nothing else")
    lists = {key: _words(read.get(key), f"{where}: '{key}:'") for key in _LISTS}
    return lists | {"synonyms": _groups(read, where), "related": _related(read, where)}


def _groups(read: Mapping[str, Any], where: str) -> list[list[str]]:
    given = read.get("synonyms") or []
    if not isinstance(given, list):
        raise Invalid(f"{where}: 'synonyms:' must be a list of lists of phrases that mean the same")
    return [_words(group, f"{where}: each of 'synonyms:'") for group in given]


def _related(read: Mapping[str, Any], where: str) -> dict[str, list[str]]:
    given = read.get("related") or {}
    if not isinstance(given, Mapping):
        raise Invalid(f"{where}: 'related:' must hold a list for each phrase, as 'phrase: [others]'")
    phrases = _words([*given], f"{where}: 'related:'")
    return {
        phrase: _words(others, f"{where}: 'related:' of {phrase!r:.40}")
        for phrase, others in zip(phrases, given.values(), strict=True)
    }


def _words(given: Any, where: str) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(each, str | int) for each in given):
        raise Invalid(f"{where} must be a list of words")
    if any(isinstance(each, bool) for each in given):
        raise Invalid(f"{where} must have on, off, yes, no, true and false in quotes: they are no words in YAML")
    for each in given:
        if not words(str(each)):
            raise Invalid(f"{where}: there is no word in {each!r:.40}")
    return [str(each) for each in given]
