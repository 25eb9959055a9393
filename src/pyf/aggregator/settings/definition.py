"""Definitions of settings, read from the annotations of their fields, and the conversion of their values."""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from .types import Secret

SCHEDULE_PREFIX = "celery_schedule_"

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_COMMENT = re.compile(r"(^|\s+)#.*$", re.DOTALL)
_CREDENTIALS = re.compile(r"[@?]")
_PLACEHOLDER = re.compile(r"\s*<[^<>]*>\s*(\s#.*)?", re.DOTALL)


class SettingDefinition(Struct, frozen=True):
    """A setting.

    Attributes:
        kind: The type of its value: `str`, `int`, `float`, `bool`, `Secret` or a `Literal`.
        has_secrets: Whether its value may contain a password or a token.
        is_secret_list: Whether it is a list whose items are secrets.
        is_word: Whether its value can't contain a space followed by a number sign.
    """

    name: str
    kind: Any
    default: Any
    description: str
    has_secrets: bool = False
    is_secret_list: bool = False
    bounds: Meta = Meta()
    aliases: Mapping[str, str] = {}
    validate: Callable[[str], str] = str
    is_word: bool = False

    def is_unset(self, text: str) -> bool:
        """Return whether a text counts as not set: an empty one and a `<placeholder>`.

        An empty schedule is a value: it means never.
        """
        if _PLACEHOLDER.fullmatch(text):
            return True
        return not self._strip(text) and not self.name.startswith(SCHEDULE_PREFIX)

    def parse(self, text: str) -> Any:
        """Convert a text; raises `ValueError` with the expected form if it can't be used."""
        value = self._strip(text)
        if self.kind is bool:
            return self._parse_bool(value)
        if self.kind in (int, float):
            return self._parse_number(value)
        if get_origin(self.kind) is Literal:
            return self._parse_choice(value)
        return self.kind(self.validate(value)) if value else self.kind()

    def _strip(self, text: str) -> str:
        """Remove the comment that systemd keeps after a value, unless it may be a part of the value."""
        has_comment = self.is_word and not (self.has_secrets and _CREDENTIALS.search(text))
        return (_COMMENT.sub("", text) if has_comment else text).strip()

    def _parse_bool(self, value: str) -> bool:
        if value.lower() not in _BOOLEANS:
            raise ValueError("must be true or false")
        return _BOOLEANS[value.lower()]

    def _parse_choice(self, value: str) -> str:
        value = self.aliases.get(value, value)
        choices = [choice for choice in get_args(self.kind) if choice]
        if value not in choices:
            raise ValueError(f"must be {' or '.join(choices)}")
        return value

    def _parse_number(self, value: str) -> float:
        bounds = self.bounds
        try:
            number = self.kind(value)
        except ValueError:
            number = None
        if (
            number is None
            or not isfinite(number)
            or (bounds.ge is not None and number < bounds.ge)
            or (bounds.gt is not None and number <= bounds.gt)
            or (bounds.le is not None and number > bounds.le)
        ):
            raise ValueError(f"must be a {'whole ' if self.kind is int else ''}number{self._format_bounds()}")
        return number  # type: ignore[no-any-return]

    def _format_bounds(self) -> str:
        bounds = self.bounds
        if bounds.ge is not None and bounds.le is not None:
            return f" from {bounds.ge:g} to {bounds.le:g}" if bounds.le < 1e6 else f" from {bounds.ge} to {bounds.le}"
        if bounds.gt is not None and bounds.le is not None:
            return f" above {bounds.gt:g}, and at most {bounds.le:g}"
        return f" of at least {bounds.ge:g}" if bounds.ge is not None else ""


def list_definitions(settings_class: type[Struct]) -> dict[str, SettingDefinition]:
    """Return the definitions of the fields that have a description, by name, in the order of their declaration."""
    annotations = get_type_hints(settings_class, include_extras=True)
    defaults = dict(zip(settings_class.__struct_fields__, settings_class.__struct_defaults__, strict=True))
    definitions = {}
    for name in settings_class.__struct_fields__:
        if get_origin(annotations[name]) is Annotated:
            definitions[name] = _build_definition(name, annotations[name], defaults[name])
    return definitions


def _build_definition(name: str, annotation: Any, default: Any) -> SettingDefinition:
    kind, *metadata = get_args(annotation)
    extra: dict[str, Any] = {}
    for meta in metadata:
        extra |= meta.extra or {}
    own = metadata[-1]
    return SettingDefinition(
        name=name,
        kind=kind,
        default=default,
        description=own.description,
        bounds=own,
        has_secrets=kind is Secret or extra.get("has_secrets", False),
        is_secret_list=extra.get("is_secret_list", False),
        aliases=extra.get("aliases", {}),
        validate=extra.get("validate", str),
        is_word=extra.get("is_word", kind is not str),
    )
