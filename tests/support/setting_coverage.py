"""Which settings have a test that sees what they do."""

from collections.abc import Callable
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])

tested_settings: set[str] = set()


def tests_setting(setting: str) -> Callable[[Test], Test]:
    """Note that a test sees what a setting does."""
    tested_settings.add(setting)
    return lambda test: test
