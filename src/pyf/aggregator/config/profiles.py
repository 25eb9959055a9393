"""Load profiles: the built-in ones, and those of PROFILES_FILE."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ..domain.documents.project import normalize_name
from ..domain.errors import Invalid
from ..domain.membership.profile import Profile
from ..domain.text import suggest
from . import yaml_file

RULE_KEYS = frozenset({"projects", "requires", "names", "include", "exclude", "strict"})

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# At least two characters besides the stars: "*" alone would request every project of PyPI.
_PATTERN = re.compile(r"(?=(?:[*-]*[a-z0-9]){2})[a-z0-9*-]+")


def parse_rules(data: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the arguments of `Profile` for the keys `RULE_KEYS`, with normalized names.

    Raises:
        Invalid: A value can't be used; the text begins with `source`.
    """
    requires = _parse_names(data, "requires", source)
    names = _parse_patterns(data, source)
    include, exclude = _parse_reasons(data, "include", source), _parse_reasons(data, "exclude", source)
    strict = data.get("strict", False)
    if not isinstance(strict, bool):
        raise Invalid(f"{source}: 'strict:' must be true or false")
    if names and not requires:
        raise Invalid(f"{source}: 'names:' needs 'requires:', because a name alone is not enough")
    if overlap := sorted(include.keys() & exclude.keys()):
        raise Invalid(f"{source}: includes and excludes {', '.join(overlap)}")
    return {
        "projects": _parse_names(data, "projects", source),
        "requires": requires,
        "names": names,
        "include": include,
        "exclude": exclude,
        "strict": strict,
    }


def _parse_names(data: Mapping[str, Any], key: str, source: str) -> tuple[str, ...]:
    return _deduplicate(_parse_name(name, key, source) for name in _parse_list(data, key, source))


def _parse_name(name: str, key: str, source: str) -> str:
    if not _NAME.fullmatch(normalized_name := normalize_name(name)):
        raise Invalid(f"{source}: '{key}:' has {name!r:.60}, which is not a valid project name")
    return normalized_name


def _parse_patterns(data: Mapping[str, Any], source: str) -> tuple[str, ...]:
    patterns = [normalize_name(pattern) for pattern in _parse_list(data, "names", source)]
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise Invalid(
                f"{source}: 'names:' has {pattern!r:.60}, which is not a valid pattern. Use letters, digits, hyphens, "
                "and * for any of them, as in 'flask-*'"
            )
    return _deduplicate(patterns)


def _parse_reasons(data: Mapping[str, Any], key: str, source: str) -> dict[str, str]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(
        isinstance(reason, str) and reason.strip() for reason in value.values()
    ):
        raise Invalid(f"{source}: '{key}:' must have a reason for each project, as 'name: why'")
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


_PROFILE_KEYS = {"name", "classifiers", "releases", *RULE_KEYS}
_CLASSIFIER = re.compile(r"[^\s:](?:[^:]*[^\s:])?(?: :: [^\s:](?:[^:]*[^\s:])?)+")
_RELEASE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")

_log = logging.getLogger(__name__)


def load_profiles(profiles_file: str = "") -> dict[str, Profile]:
    """Return all profiles by key; those of `profiles_file` are added to the built-in ones or replace them.

    Raises:
        Invalid: The file can't be used; one line names it and the problem.
    """
    profiles = _parse_profiles(yaml_file.read_packaged("profiles.yaml"), "profiles.yaml")
    if profiles_file:
        source = f"PROFILES_FILE {profiles_file}"
        profiles |= _parse_profiles(yaml_file.read_user_file("PROFILES_FILE", profiles_file), source)
    return profiles


class CurrentProfiles(Mapping[str, Profile]):
    """All profiles, reloaded when `profiles_file` changes, for long-running processes; threads may share it.

    The constructor raises as `load_profiles` does. If a changed file can't be used, the previous profiles stay, and
    the log has the reason, once for each change.
    """

    def __init__(self, profiles_file: str = "") -> None:
        self._path = profiles_file
        self._last_stamp = self._read_stamp()
        self._profiles = load_profiles(profiles_file)

    def __getitem__(self, key: str) -> Profile:
        return self._load_current()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._load_current())

    def __len__(self) -> int:
        return len(self._load_current())

    def _load_current(self) -> Mapping[str, Profile]:
        stamp = self._read_stamp()
        if stamp != self._last_stamp:
            self._last_stamp = stamp
            try:
                self._profiles = load_profiles(self._path)
            except Invalid as error:
                _log.error("the previous profiles stay in use: %s", error)
        return self._profiles

    def _read_stamp(self) -> tuple[int, ...]:
        """Return a stamp that changes with the file's content; empty without a file."""
        if not self._path:
            return ()
        try:
            file_stat = Path(self._path).expanduser().stat()
        except (OSError, RuntimeError, ValueError):  # `load_profiles` reports the problem
            return ()
        return file_stat.st_mtime_ns, file_stat.st_size, file_stat.st_ino


def _parse_profiles(content: Any, source: str) -> dict[str, Profile]:
    data = content.get("profiles") if isinstance(content, Mapping) else None
    if not isinstance(data, Mapping) or not data:
        raise Invalid(f"{source}: needs 'profiles:' with at least one profile")
    return {str(key): _parse_profile(str(key), value, f"{source}: profile {key}") for key, value in data.items()}


def _parse_profile(key: str, data: Any, source: str) -> Profile:
    if not isinstance(data, Mapping):
        raise Invalid(f"{source}: must be a mapping with 'name:' and 'classifiers:'")
    if unknown := sorted(str(name) for name in data.keys() - _PROFILE_KEYS):
        raise Invalid(f"{source}: unknown keys: {', '.join(unknown)}")
    rules = parse_rules(data, source)
    # The ecosystem of a framework without a classifier is found by requirements.
    classifiers = data.get("classifiers", [] if rules["requires"] and not rules["strict"] else None)
    if isinstance(classifiers, yaml_file.LocatedList):
        _check_classifiers(classifiers, source)
    if (
        not isinstance(classifiers, list)
        or not (classifiers or "classifiers" not in data)
        or not all(isinstance(classifier, str) and classifier.strip() for classifier in classifiers)
    ):
        raise Invalid(f"{source}: 'classifiers:' must be a list of at least one trove classifier")
    return Profile(
        key=key,
        name=str(data.get("name") or key),
        classifiers=tuple(c.strip() for c in classifiers),
        releases=_parse_releases(data.get("releases") or {}, source),
        **rules,
    )


def _check_classifiers(classifiers: yaml_file.LocatedList, source: str) -> None:
    """Reject classifiers that can't be one, with the line and the likely classifier.

    Unknown ones in the right form pass: PyPI may have more classifiers than the installed list.
    """
    from trove_classifiers import classifiers as known_classifiers

    for line, classifier in zip(classifiers.lines, classifiers, strict=True):
        if isinstance(classifier, Mapping) and len(classifier) == 1:
            ((key, value),) = classifier.items()
            raise Invalid(f'{source}, line {line}: the classifier needs quotes: "{str(key).rstrip(" :")} :: {value}"')
        if not isinstance(classifier, str) or classifier.strip() in known_classifiers:
            continue
        by_letters = {_remove_spelling(known): known for known in known_classifiers}
        letters = _remove_spelling(classifier)
        likely = by_letters.get(letters) or by_letters.get(f"framework{letters}")
        if likely or (":" in classifier and not _CLASSIFIER.fullmatch(classifier.strip())):
            hint = f'Did you mean "{likely}"?' if likely else suggest(classifier, known_classifiers)
            raise Invalid(
                f"{source}, line {line}: {classifier!r:.100} is not a classifier, whose parts are separated by "
                f'" :: ". {hint}'.rstrip()
            )


def _remove_spelling(classifier: str) -> str:
    """Return a classifier without the differences that authors overlook: case, spaces and colons."""
    return re.sub(r"[\s:]+", "", classifier).lower()


def _parse_releases(data: Any, source: str) -> dict[str, date | None]:
    if not isinstance(data, Mapping) or not all(
        isinstance(number, str) and _RELEASE.fullmatch(number) and (end is None or type(end) is date)
        for number, end in data.items()
    ):
        raise Invalid(f"{source}: 'releases:' must give the end of support by release: \"6.0\": 2026-12-31, or null")
    return dict(data)
