"""The pinned versions are the same for pip, uv and the demo."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def read_pins(name: str) -> set[str]:
    """Return the pins with their conditions; some packages have one for older Pythons."""
    return set(re.findall(r"^([a-z0-9][^\n]*?) \\$", (ROOT / name).read_text("utf-8"), re.MULTILINE))


def test_uv_installs_the_pinned_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    constraints = project["tool"]["uv"]["constraint-dependencies"]

    assert set(constraints) == read_pins("requirements.txt")


def test_demo_installs_no_test_requirements() -> None:
    runtime, everything = read_pins("requirements-run.txt"), read_pins("requirements.txt")
    makefile = (ROOT / "Makefile").read_text("utf-8")

    assert runtime < everything
    assert not {"pytest", "hypothesis", "mypy", "playwright", "ruff"} & {pin.partition("==")[0] for pin in runtime}
    assert "demo: $(RUNTIME)" in makefile
