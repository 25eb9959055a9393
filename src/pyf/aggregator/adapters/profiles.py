"""Read profiles: the built-in ones, and those of a file of the user's."""

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ..domain.errors import Invalid
from ..domain.profile import Profile
from . import profile_rules, yaml_file

_PROFILE_KEYS = {"name", "classifiers", "releases", *profile_rules.RULE_KEYS}
_RELEASE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")

_log = logging.getLogger(__name__)


def load_profiles(profiles_file: str = "") -> dict[str, Profile]:
    """Return all profiles by key; those of `profiles_file` add to the built-in ones or replace them.

    Raises `Invalid` with one line that names the file and what is wrong in it.
    """
    profiles = _parse_profiles(yaml_file.read_packaged("profiles.yaml"), "profiles.yaml")
    if profiles_file:
        source = f"PROFILES_FILE {profiles_file}"
        profiles |= _parse_profiles(yaml_file.read_user_file("PROFILES_FILE", profiles_file), source)
    return profiles


class CurrentProfiles(Mapping[str, Profile]):
    """All profiles as `profiles_file` has them now, for a program that runs for long; threads may share it.

    Raises as `load_profiles` when it is made. While the file can't be used later on, the profiles are what they were,
    and the log says why, once for each change of the file.
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
                _log.error("the profiles stay what they were: %s", error)
        return self._profiles

    def _read_stamp(self) -> tuple[int, ...]:
        """Return what another content of the file would change; nothing where there is no file."""
        if not self._path:
            return ()
        try:
            file_stat = Path(self._path).expanduser().stat()
        except (OSError, RuntimeError, ValueError):  # `load_profiles` says what is wrong with it
            return ()
        return file_stat.st_mtime_ns, file_stat.st_size, file_stat.st_ino


def _parse_profiles(content: Any, source: str) -> dict[str, Profile]:
    data = content.get("profiles") if isinstance(content, Mapping) else None
    if not isinstance(data, Mapping) or not data:
        raise Invalid(f"{source}: has no 'profiles:' with a profile in it")
    return {str(key): _parse_profile(str(key), value, f"{source}: profile {key}") for key, value in data.items()}


def _parse_profile(key: str, data: Any, source: str) -> Profile:
    if not isinstance(data, Mapping):
        raise Invalid(f"{source}: must hold 'name:' and 'classifiers:'")
    if unknown := sorted(str(name) for name in data.keys() - _PROFILE_KEYS):
        raise Invalid(f"{source}: does not know {', '.join(unknown)}")
    rules = profile_rules.parse_rules(data, source)
    # A framework without a classifier of its own is known by those who require it.
    classifiers = data.get("classifiers", [] if rules["requires"] and not rules["strict"] else None)
    if (
        not isinstance(classifiers, list)
        or not (classifiers or "classifiers" not in data)
        or not all(isinstance(classifier, str) and classifier.strip() for classifier in classifiers)
    ):
        raise Invalid(f"{source}: 'classifiers:' must be a list of one trove classifier or more")
    return Profile(
        key=key,
        name=str(data.get("name") or key),
        classifiers=tuple(c.strip() for c in classifiers),
        releases=_parse_releases(data.get("releases") or {}, source),
        **rules,
    )


def _parse_releases(data: Any, source: str) -> dict[str, date | None]:
    if not isinstance(data, Mapping) or not all(
        isinstance(number, str) and _RELEASE.fullmatch(number) and (end is None or type(end) is date)
        for number, end in data.items()
    ):
        raise Invalid(f"{source}: 'releases:' must give the end of support by release: \"6.0\": 2026-12-31, or null")
    return dict(data)
