"""The layers of the design are kept, and kept apart: the contracts in `pyproject.toml` say how."""

from contextlib import chdir
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]


def test_import_contracts() -> None:
    with chdir(ROOT):
        assert lint_imports(config_filename="pyproject.toml", no_cache=True) == EXIT_STATUS_SUCCESS
