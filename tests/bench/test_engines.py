"""The comparison of both engines by `make bench`, with a few packages."""

from pathlib import Path

import pytest
from bench.engines import measure_engines
from rich.table import Table

from support.typesense_fake import ADMIN_KEY, LocalTypesense


def _read_column(table: Table, number: int) -> list[str]:
    return [str(cell) for cell in table.columns[number].cells]


@pytest.mark.slow
def test_engines_are_measured_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalTypesense() as server:
        monkeypatch.setenv("TYPESENSE_TEST_URL", server.url)
        monkeypatch.setenv("TYPESENSE_TEST_KEY", ADMIN_KEY)

        table = measure_engines(tmp_path, count=12)

    steps, sqlite, typesense = (_read_column(table, number) for number in range(3))
    assert len(steps) == len(sqlite) == len(typesense) == 7
    assert all(float(cell.split(" / ")[-1]) > 0 for cell in [*sqlite, *typesense])


def test_typesense_without_a_server_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TYPESENSE_TEST_URL", raising=False)

    table = measure_engines(tmp_path, count=12)

    assert set(_read_column(table, 2)) == {"no server named"}
    assert "no server named" not in _read_column(table, 1)
