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

_KEYS = {"name", "classifiers", "releases", *profile_rules.KEYS}
_RELEASE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")

_log = logging.getLogger(__name__)


def load_profiles(profiles_file: str = "") -> dict[str, Profile]:
    """Return all profiles by key; those of `profiles_file` add to the built-in ones or replace them.

    Raises `Invalid` with one line that names the file and what is wrong in it.
    """
    profiles = _declared(yaml_file.built_in("profiles.yaml"), "profiles.yaml")
    if profiles_file:
        source = f"PROFILES_FILE {profiles_file}"
        profiles |= _declared(yaml_file.named_by("PROFILES_FILE", profiles_file), source)
    return profiles


class CurrentProfiles(Mapping[str, Profile]):
    """All profiles as `profiles_file` has them now, for a program that runs for long; threads may share it.

    Raises as `load_profiles` when it is made. While the file can't be used later on, the profiles are what they were,
    and the log says why, once for each change of the file.
    """

    def __init__(self, profiles_file: str = "") -> None:
        self._file = profiles_file
        self._seen = self._stamp()
        self._known = load_profiles(profiles_file)

    def __getitem__(self, key: str) -> Profile:
        return self._current()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def _current(self) -> Mapping[str, Profile]:
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._known = load_profiles(self._file)
            except Invalid as error:
                _log.error("the profiles stay what they were: %s", error)
        return self._known

    def _stamp(self) -> tuple[int, ...]:
        """Return what another content of the file would change; nothing where there is no file."""
        if not self._file:
            return ()
        try:
            found = Path(self._file).expanduser().stat()
        except (OSError, RuntimeError, ValueError):  # `load_profiles` says what is wrong with it
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


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
