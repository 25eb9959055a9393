"""Read what the health score goes by: the built-in file, a file of the user's, and the releases of the profiles."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import ValidationError, convert
from msgspec.structs import replace

from ..domain.errors import Invalid
from ..domain.health import Standards
from ..domain.health.caps import CAPS
from ..domain.health.score import BASIC, FULL, GROUPS
from ..domain.profile import Profile
from . import yaml_file


def load_standards(health_file: str = "", profiles: Iterable[Profile] = ()) -> Standards:
    """Return the standards; what `health_file` says replaces what the built-in file says, and the rest stays.

    The releases of `profiles` are added to the frameworks. Raises `Invalid` with one line that names the file and
    what is wrong in it.
    """
    source = "health.yaml"
    content = _content(yaml_file.built_in(source), source)
    if health_file:
        source = f"HEALTH_FILE {health_file}"
        content = _merged(content, _content(yaml_file.named_by("HEALTH_FILE", health_file), source))
    return _with_releases(_checked(content, source), profiles)


def _content(parsed: Any, source: str) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise Invalid(f"{source}: must hold one of {', '.join(Standards.__struct_fields__)}")
    return parsed


def _merged(built_in: Mapping[Any, Any], given: Mapping[Any, Any]) -> dict[Any, Any]:
    """Replace what is given, however deep it is."""
    merged = dict(built_in)
    for key, value in given.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def _checked(content: Mapping[str, Any], source: str) -> Standards:
    try:
        standards = convert(content, Standards)
    except ValidationError as error:
        raise Invalid(f"{source}: {str(error).replace('`', '').replace('$.', '')}") from error
    _known("model", standards.models, (BASIC, FULL), source)
    _known("cap", standards.caps, CAPS, source)
    _known("group", standards.rules, GROUPS, source)
    for name, weights in standards.models.items():
        _known(f"group of the model {name}", weights, GROUPS, source)
        if not any(standards.weights(name, group).get(rule) for group in GROUPS for rule in GROUPS[group]):
            raise Invalid(f"{source}: the model {name} gives no rule any weight")
    for group, rules in standards.rules.items():
        _known(f"rule of {group}", rules, GROUPS[group], source)
    return standards


def _known(kind: str, given: Iterable[str], known: Iterable[str], source: str) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise Invalid(f"{source}: there is no {kind} {', '.join(unknown)}; there are {', '.join(known)}")


def _with_releases(standards: Standards, profiles: Iterable[Profile]) -> Standards:
    frameworks = dict(standards.frameworks)
    for profile in profiles:
        for framework in profile.frameworks if profile.releases else ():
            frameworks[framework] = {**frameworks.get(framework, {}), **profile.releases}
    return replace(standards, frameworks=frameworks)
