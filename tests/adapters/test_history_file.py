"""Exported histories are what other programs read: `csv` of the standard library, and DuckDB."""

import csv
import gzip
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyf.aggregator.adapters.history_file import write_csv, write_parquet
from pyf.aggregator.domain.errors import Invalid
from pyf.aggregator.domain.history import HistoryMonth

counts = st.none() | st.integers(0, 10**15 - 1)
names = st.text("aB1.-_ ,;\"'\n\u00e9", max_size=6)
supports = st.lists(st.sampled_from(["Plone 6.0", "Plone 6.1", "Python 3.12", 'Django, 5 "x"']), max_size=3)
rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "plone-api"]),
        st.builds(
            HistoryMonth,
            month=st.sampled_from(["2025-12", "2026-01"]),
            score=st.none() | st.integers(0, 100),
            stars=counts,
            downloads=counts,
            release=names,
            frameworks=supports.map(tuple),
            pythons=supports.map(tuple),
            is_other_repository=st.booleans(),
        ),
    ),
    max_size=4,
)
MONTH = HistoryMonth(
    month="2026-01",
    score=87,
    stars=None,
    downloads=5000,
    release="1.0",
    frameworks=("Plone 6.0", "Plone 6.1"),
    pythons=("Python 3.12",),
    is_other_repository=False,
)


def to_row(package: str, month: HistoryMonth) -> tuple[Any, ...]:
    day = date.fromisoformat(f"{month.month}-01")
    lists = (list(month.frameworks), list(month.pythons))
    return package, day, month.score, month.stars, month.downloads, month.release, *lists, month.is_other_repository


@settings(max_examples=10)
@given(rows)
def test_duckdb_reads_what_was_exported_as_parquet(rows: Sequence[tuple[str, HistoryMonth]]) -> None:
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "history.parquet")
        write_parquet(file, rows)

        with duckdb.connect() as connection:
            found = connection.read_parquet(file).fetchall()

    assert found == [to_row(package, month) for package, month in rows]


@given(rows)
def test_csv_has_the_same_rows(rows: Sequence[tuple[str, HistoryMonth]]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "history.csv.gz"
        write_csv(str(file), rows)

        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            found = list(csv.DictReader(text))

    assert [(row["package"], row["month"], row["release"]) for row in found] == [
        (package, month.month, month.release) for package, month in rows
    ]
    assert [(row["score"], row["stars"], row["downloads"]) for row in found] == [
        tuple("" if value is None else str(value) for value in (month.score, month.stars, month.downloads))
        for _, month in rows
    ]
    assert [row["frameworks"] for row in found] == ["; ".join(month.frameworks) for _, month in rows]


def test_duckdb_answers_questions_about_an_export(tmp_path: Path) -> None:
    file = tmp_path / "history.parquet"
    write_parquet(str(file), [("a", MONTH), ("b", MONTH)])

    with duckdb.connect() as connection:
        query = "SELECT month, count(*) FROM read_parquet(?) WHERE list_contains(frameworks, 'Plone 6.1') GROUP BY ALL"
        found = connection.execute(query, [str(file)]).fetchall()

    assert found == [(date(2026, 1, 1), 2)]


def test_equal_rows_make_equal_files(tmp_path: Path) -> None:
    files = [tmp_path / "one.parquet", tmp_path / "two.parquet"]

    for file in files:
        write_parquet(str(file), [("a", MONTH)])

    assert files[0].read_bytes() == files[1].read_bytes()


def test_csv_on_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_csv("-", [("a", MONTH)])

    assert capfdbinary.readouterr().out == (
        b"package,month,score,stars,downloads,release,frameworks,pythons,is_other_repository\n"
        b"a,2026-01,87,,5000,1.0,Plone 6.0; Plone 6.1,Python 3.12,false\n"
    )


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="it is a folder"):
        write_parquet(str(tmp_path), [("a", MONTH)])
