"""Read profiles: the built-in ones, and those of a file of the user's."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from ..domain.errors import Invalid
from ..domain.profile import Profile
from . import profile_rules, yaml_file

_KEYS = {"name", "classifiers", "releases", *profile_rules.KEYS}
_RELEASE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")


def load_profiles(profiles_file: str = "") -> dict[str, Profile]:
    """Return all profiles by key; those of `profiles_file` add to the built-in ones or replace them.

    Raises `Invalid` with one line that names the file and what is wrong in it.
    """
    profiles = _declared(yaml_file.built_in("profiles.yaml"), "profiles.yaml")
    if profiles_file:
        source = f"PROFILES_FILE {profiles_file}"
        profiles |= _declared(yaml_file.named_by("PROFILES_FILE", profiles_file), source)
    return profiles


def _declared(content: Any, source: str) -> dict[str, Profile]:
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
