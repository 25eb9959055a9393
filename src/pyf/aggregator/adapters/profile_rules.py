"""Read what a profile says beyond its classifiers: whom it lets in for a requirement or a name, and whom by hand."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..domain.errors import Invalid
from ..domain.project import normalized

KEYS = frozenset({"requires", "names", "include", "exclude", "strict"})

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Two characters at least beside the stars: "*" alone would ask for every project there is, one by one.
_PATTERN = re.compile(r"(?=(?:[*-]*[a-z0-9]){2})[a-z0-9*-]+")


def rules(declared: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the arguments of `Profile` for a profile's `KEYS`, names normalised.

    Raises `Invalid`, with a text that begins with `where`.
    """
    requires = _names(declared, "requires", where)
    names = _patterns(declared, where)
    include, exclude = _reasons(declared, "include", where), _reasons(declared, "exclude", where)
    strict = declared.get("strict", False)
    if not isinstance(strict, bool):
        raise Invalid(f"{where}: 'strict:' must be true or false")
    if names and not requires:
        raise Invalid(f"{where}: 'names:' needs 'requires:', for a name alone makes no member")
    if both := sorted(include.keys() & exclude.keys()):
        raise Invalid(f"{where}: includes and excludes {', '.join(both)}")
    return {"requires": requires, "names": names, "include": include, "exclude": exclude, "strict": strict}


def _names(declared: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    return _unique(_name(name, key, where) for name in _list(declared, key, where))


def _name(name: str, key: str, where: str) -> str:
    if not _NAME.fullmatch(normal := normalized(name)):
        raise Invalid(f"{where}: '{key}:' has {name!r:.60}, which is no name of a project")
    return normal


def _patterns(declared: Mapping[str, Any], where: str) -> tuple[str, ...]:
    patterns = [normalized(pattern) for pattern in _list(declared, "names", where)]
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise Invalid(
                f"{where}: 'names:' has {pattern!r:.60}, which is no pattern such as 'flask-*': letters, digits, "
                "hyphens, and * for any of them"
            )
    return _unique(patterns)


def _reasons(declared: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    given = declared.get(key)
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(
        isinstance(reason, str) and reason.strip() for reason in given.values()
    ):
        raise Invalid(f"{where}: '{key}:' must hold a reason for each project, as 'name: why'")
    return {_name(str(name), key, where): " ".join(reason.split()) for name, reason in given.items()}


def _list(declared: Mapping[str, Any], key: str, where: str) -> list[str]:
    given = declared.get(key)
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(item, str) and item.strip() for item in given):
        raise Invalid(f"{where}: '{key}:' must be a list of names")
    return [item.strip() for item in given]


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
