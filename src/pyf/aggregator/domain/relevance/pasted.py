"""Recognize what people paste: URLs, install commands, requirement lines and import statements."""

import re
from collections.abc import Iterable

from msgspec import Struct

from ..repositories import parse_repository_url
from .tokenizer import tokenize

# Longer pastes are cut to bound the time.
_MAX_LENGTH = 2_000

_URL_PART = re.compile(r"https?://|git@|git\+|\bwww\.|\b[a-z0-9-]+\.(?:com|org|io|dev)/", re.IGNORECASE)
# Pages of a package index: `/project/NAME/`, `/simple/NAME/`, `/pypi/NAME/json`; badges and documentation hosts.
_INDEX_PAGE = re.compile(r"/(?:project|simple|pypi|p)/([A-Za-z0-9._-]+)")
_DOCUMENTATION = re.compile(r"//([A-Za-z0-9-]+)\.(?:readthedocs|rtfd)\.(?:io|org)\b")
_PUBLISHED_PAGES = re.compile(r"//[A-Za-z0-9-]+\.git(?:hub|lab)\.io/([A-Za-z0-9._-]+)")

_INSTALL = re.compile(
    r"\b(?:(?:pip[\d.]*|pipx|pipenv|conda|mamba|uv pip|uv tool)\s+(?:install|run)|(?:uv|poetry|pdm|rye)\s+add|"
    r"easy_install)\s+(?P<arguments>[^\n;&|]+)",
    re.IGNORECASE,
)
_MODULE = r"[A-Za-z_][\w.]*"
_IMPORT = re.compile(
    rf"^\W*(?:from\s+(?P<source>{_MODULE})\s+import\b|import\s+(?P<module>{_MODULE})\s*(?:as\b|[,;]|$))", re.MULTILINE
)
_NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)"
_REQUIREMENT = re.compile(rf"{_NAME}(?:\[[^\]]*\])?(?:(?:[=<>!~]=?|===|@).*)?")
_VERSIONED = re.compile(rf"[\"']?{_NAME}\s*(?:\[[^\]]*\]\s*)?(?:[=<>!~]=|===)\s*[\w.*]+[^A-Za-z]*")
# A dotted module has more parts only in very deep packages.
_MAX_NAMES = 5


class Pasted(Struct, frozen=True):
    """What a pasted text refers to.

    Attributes:
        text: The names in it, to search for as words.
        names: Names of packages or modules without separators, the most likely one first.
        repository: The lookup key of a repository; "" for none.
    """

    text: str
    names: tuple[str, ...]
    repository: str = ""


def parse_pasted(text: str) -> Pasted | None:
    """Return what a pasted text refers to; None for any other text."""
    text = text[:_MAX_LENGTH].strip()
    if url := next(filter(_URL_PART.search, text.split()), ""):
        return _parse_url(url)
    if install := _INSTALL.search(text):
        return _build(_iter_requirements(install["arguments"].split()))
    if module := _IMPORT.search(text):
        parts = (module["source"] or module["module"]).split(".")
        pasted = _build(".".join(parts[:end]) for end in range(len(parts), 0, -1))
        # "import contacts" may be a sentence as well.
        return pasted and (pasted if module["source"] else Pasted(text, pasted.names))
    if versioned := _VERSIONED.fullmatch(text):
        return _build([versioned["name"]])
    return None


def _parse_url(url: str) -> Pasted | None:
    if repository := parse_repository_url(url):
        pasted = _build([repository.name])
        return pasted and Pasted(pasted.text, pasted.names, repository.key)
    if page := _INDEX_PAGE.search(url):
        return _build([page[1]])
    page = _DOCUMENTATION.search(url) or _PUBLISHED_PAGES.search(url)
    return _build([page[1]]) if page else None


def _iter_requirements(arguments: Iterable[str]) -> Iterable[str]:
    for argument in arguments:
        requirement = _REQUIREMENT.fullmatch(argument.strip("\"'`$,"))
        if requirement and not argument.startswith("-"):
            yield requirement["name"]


def _build(names: Iterable[str]) -> Pasted | None:
    """Build the result for names in any spelling; None if there is none."""
    spelled = tuple(dict.fromkeys(name for name in names if tokenize(name)))[:_MAX_NAMES]
    return Pasted(spelled[0], tuple("".join(tokenize(name)) for name in spelled)) if spelled else None
