"""Read what a profile says beyond its classifiers: whom it lets in for a requirement or a name, and whom by hand."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..domain.errors import Invalid
from ..domain.project import normalize_name

RULE_KEYS = frozenset({"requires", "names", "include", "exclude", "strict"})

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Two characters at least beside the stars: "*" alone would ask for every project there is, one by one.
_PATTERN = re.compile(r"(?=(?:[*-]*[a-z0-9]){2})[a-z0-9*-]+")


def parse_rules(data: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the arguments of `Profile` for a profile's `KEYS`, names normalised.

    Raises `Invalid`, with a text that begins with `where`.
    """
    requires = _parse_names(data, "requires", source)
    names = _parse_patterns(data, source)
    include, exclude = _parse_reasons(data, "include", source), _parse_reasons(data, "exclude", source)
    strict = data.get("strict", False)
    if not isinstance(strict, bool):
        raise Invalid(f"{source}: 'strict:' must be true or false")
    if names and not requires:
        raise Invalid(f"{source}: 'names:' needs 'requires:', for a name alone makes no member")
    if overlap := sorted(include.keys() & exclude.keys()):
        raise Invalid(f"{source}: includes and excludes {', '.join(overlap)}")
    return {"requires": requires, "names": names, "include": include, "exclude": exclude, "strict": strict}


def _parse_names(data: Mapping[str, Any], key: str, source: str) -> tuple[str, ...]:
    return _deduplicate(_parse_name(name, key, source) for name in _parse_list(data, key, source))


def _parse_name(name: str, key: str, source: str) -> str:
    if not _NAME.fullmatch(normalized_name := normalize_name(name)):
        raise Invalid(f"{source}: '{key}:' has {name!r:.60}, which is no name of a project")
    return normalized_name


def _parse_patterns(data: Mapping[str, Any], source: str) -> tuple[str, ...]:
    patterns = [normalize_name(pattern) for pattern in _parse_list(data, "names", source)]
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise Invalid(
                f"{source}: 'names:' has {pattern!r:.60}, which is no pattern such as 'flask-*': letters, digits, "
                "hyphens, and * for any of them"
            )
    return _deduplicate(patterns)


def _parse_reasons(data: Mapping[str, Any], key: str, source: str) -> dict[str, str]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(
        isinstance(reason, str) and reason.strip() for reason in value.values()
    ):
        raise Invalid(f"{source}: '{key}:' must hold a reason for each project, as 'name: why'")
    return {_parse_name(str(name), key, source): " ".join(reason.split()) for name, reason in value.items()}


def _parse_list(data: Mapping[str, Any], key: str, source: str) -> list[str]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise Invalid(f"{source}: '{key}:' must be a list of names")
    return [item.strip() for item in value]


def _deduplicate(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
