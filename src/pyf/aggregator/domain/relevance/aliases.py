"""Further names of a package: the modules it is imported by, and its repository."""

import re
import sys
from collections.abc import Iterator
from html import unescape

from ..documents.document import Document
from ..repositories import list_repository_candidates
from .tokenizer import tokenize

# The beginning of a README has the examples.
_MAX_LENGTH = 20_000
_MIN_MODULE_LENGTH = 3

_CODE = re.compile(r"<(?:pre|code)\b[^>]*>(.*?)</(?:pre|code)>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_IMPORT = re.compile(r"(?:^|\n)\W*(?:from|import)\s+([A-Za-z_]\w*)")
_INSTALLED_APPS = re.compile(r"INSTALLED_APPS\s*\+?=\s*[\[(]([^\])]*)")
_QUOTED = re.compile(r"[\"']([A-Za-z_]\w*)(?:\.[\w.]*)?[\"']")


def list_aliases(document: Document) -> list[str]:
    """Return the names of a package's modules, without separators, and the lookup key of its repository."""
    registry = document.registry
    whole = "".join(registry.name_normalized.split("-"))
    modules = dict.fromkeys("".join(tokenize(name)) for name in _iter_modules(registry.description[:_MAX_LENGTH]))
    aliases = [module for module in modules if module != whole and is_own_module(module, whole)]
    repositories = list_repository_candidates((registry,))
    return [*aliases, *(repository.key for repository in repositories[:1])]


def is_own_module(module: str, whole: str) -> bool:
    """Return whether a module is probably that of a package: "bs4" of beautifulsoup4, but not "django"."""
    if len(module) < _MIN_MODULE_LENGTH:
        return False
    return module in whole or (module[0] == whole[:1] and _is_subsequence(module, whole))


def _iter_modules(description: str) -> Iterator[str]:
    """Yield the modules that a README's examples import or install, without those of the standard library."""
    code = "\n".join(unescape(_TAG.sub("", block)) for block in _CODE.findall(description))
    modules = _IMPORT.findall(code)
    for apps in _INSTALLED_APPS.findall(code):
        modules += _QUOTED.findall(apps)
    return (module for module in modules if module not in sys.stdlib_module_names)


def _is_subsequence(part: str, text: str) -> bool:
    letters = iter(text)
    return all(letter in letters for letter in part)
