"""Load the configuration of the health score: the built-in file, HEALTH_FILE, and the releases of the profiles."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import ValidationError, convert
from msgspec.structs import replace

from ..domain.errors import Invalid
from ..domain.health import ScoringConfig
from ..domain.health.score import BASIC, CAPS, FULL, GROUPS
from ..domain.membership.profile import Profile
from . import yaml_file


def load_scoring_config(health_file: str = "", profiles: Iterable[Profile] = ()) -> ScoringConfig:
    """Return the configuration; values of `health_file` override the built-in ones.

    The releases of `profiles` are added to the frameworks.

    Raises:
        Invalid: The file can't be used; one line names it and the problem.
    """
    source = "health.yaml"
    content = _require_mapping(yaml_file.read_packaged(source), source)
    if health_file:
        source = f"HEALTH_FILE {health_file}"
        content = _merge(content, _require_mapping(yaml_file.read_user_file("HEALTH_FILE", health_file), source))
    return _add_releases(_validate(content, source), profiles)


def _require_mapping(parsed: Any, source: str) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise Invalid(f"{source}: must be a mapping with one of {', '.join(ScoringConfig.__struct_fields__)}")
    return parsed


def _merge(base: Mapping[Any, Any], override: Mapping[Any, Any]) -> dict[Any, Any]:
    """Override values of a mapping, at any depth."""
    merged = dict(base)
    for key, value in override.items():
        nested = merged.get(key)
        merged[key] = _merge(nested, value) if isinstance(nested, Mapping) and isinstance(value, Mapping) else value
    return merged


def _validate(content: Mapping[str, Any], source: str) -> ScoringConfig:
    try:
        config = convert(content, ScoringConfig)
    except ValidationError as error:
        raise Invalid(f"{source}: {str(error).replace('`', '').replace('$.', '')}") from error
    _reject_unknown("model", config.models, (BASIC, FULL), source)
    _reject_unknown("cap", config.caps, CAPS, source)
    _reject_unknown("group", config.rules, GROUPS, source)
    for name, weights in config.models.items():
        _reject_unknown(f"group of the model {name}", weights, GROUPS, source)
        if not any(config.get_weights(name, group).get(rule) for group in GROUPS for rule in GROUPS[group]):
            raise Invalid(f"{source}: the model {name} gives no rule any weight")
    for group, rules in config.rules.items():
        _reject_unknown(f"rule of {group}", rules, GROUPS[group], source)
    return config


def _reject_unknown(kind: str, names: Iterable[str], valid_names: Iterable[str], source: str) -> None:
    if unknown := sorted(set(names) - set(valid_names)):
        raise Invalid(f"{source}: there is no {kind} {', '.join(unknown)}; there are {', '.join(valid_names)}")


def _add_releases(config: ScoringConfig, profiles: Iterable[Profile]) -> ScoringConfig:
    frameworks = dict(config.frameworks)
    for profile in profiles:
        for framework in profile.frameworks if profile.releases else ():
            frameworks[framework] = {**frameworks.get(framework, {}), **profile.releases}
    return replace(config, frameworks=frameworks)
