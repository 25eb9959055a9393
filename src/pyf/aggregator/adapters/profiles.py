"""Read profiles: the built-in ones, and those of a file of the user's."""

import re
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ..domain.errors import Invalid
from ..domain.profile import Profile
from . import profile_rules

_KEYS = {"name", "classifiers", "releases", *profile_rules.KEYS}
_RELEASE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")


def load_profiles(profiles_file: str = "") -> dict[str, Profile]:
    """Return all profiles by key; those of `profiles_file` add to the built-in ones or replace them.

    Raises `Invalid` with one line that names the file and what is wrong in it.
    """
    built_in = files("pyf.aggregator").joinpath("profiles.yaml").read_text(encoding="utf-8")
    profiles = _parsed(built_in, "profiles.yaml")
    if profiles_file:
        profiles |= _parsed(_text(profiles_file), f"PROFILES_FILE {profiles_file}")
    return profiles


def _text(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, RuntimeError, ValueError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", error)
        raise Invalid(f"PROFILES_FILE {path}: {reason}") from error


def _parsed(text: str, source: str) -> dict[str, Profile]:
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # the middle one for a date that there is not
        raise Invalid(f"{source}: not YAML: {' '.join(str(error).split())}") from error
    declared = content.get("profiles") if isinstance(content, Mapping) else None
    if not isinstance(declared, Mapping) or not declared:
        raise Invalid(f"{source}: has no 'profiles:' with a profile in it")
    return {str(key): _profile(str(key), value, f"{source}: profile {key}") for key, value in declared.items()}


def _profile(key: str, declared: Any, where: str) -> Profile:
    if not isinstance(declared, Mapping):
        raise Invalid(f"{where}: must hold 'name:' and 'classifiers:'")
    if unknown := sorted(str(name) for name in declared.keys() - _KEYS):
        raise Invalid(f"{where}: does not know {', '.join(unknown)}")
    rules = profile_rules.rules(declared, where)
    # A framework without a classifier of its own is known by those who require it.
    classifiers = declared.get("classifiers", [] if rules["requires"] and not rules["strict"] else None)
    if (
        not isinstance(classifiers, list)
        or not (classifiers or "classifiers" not in declared)
        or not all(isinstance(c, str) and c.strip() for c in classifiers)
    ):
        raise Invalid(f"{where}: 'classifiers:' must be a list of one trove classifier or more")
    return Profile(
        key=key,
        name=str(declared.get("name") or key),
        classifiers=tuple(c.strip() for c in classifiers),
        releases=_releases(declared.get("releases") or {}, where),
        **rules,
    )


def _releases(declared: Any, where: str) -> dict[str, date | None]:
    if not isinstance(declared, Mapping) or not all(
        isinstance(number, str) and _RELEASE.fullmatch(number) and (end is None or type(end) is date)
        for number, end in declared.items()
    ):
        raise Invalid(f"{where}: 'releases:' must give the end of support by release: \"6.0\": 2026-12-31, or null")
    return dict(declared)
