"""Settings that a test covers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])

_TESTS = Path(__file__).parents[1]
_MARK = re.compile(r'^@covers_setting\("(\w+)"\)$', re.MULTILINE)


def covers_setting(_setting: str) -> Callable[[Test], Test]:
    """Mark a test of a setting's effect."""
    return lambda test: test


def find_tested_settings() -> set[str]:
    """Return the settings that a test is marked with, in any test module."""
    return {setting for module in _TESTS.rglob("test_*.py") for setting in _MARK.findall(module.read_text("utf-8"))}
