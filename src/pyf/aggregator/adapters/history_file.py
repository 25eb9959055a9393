"""Files of the history of packages, one row for each package and month: CSV, and Parquet for databases."""

import csv
import shutil
from collections.abc import Iterable
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from ..domain.controls import replace_controls
from ..domain.errors import Invalid, Unavailable
from ..domain.history import HistoryMonth
from .files import format_reason
from .transfer_file import open_output

HistoryRows = Iterable[tuple[str, HistoryMonth]]

# Between the values of a list in CSV.
_SEPARATOR = "; "
_TO_LIST = "CASE WHEN {0} IS NULL THEN []::VARCHAR[] ELSE string_split({0}, '; ') END"

# The columns of CSV, and the expressions that make those of Parquet of them: CSV knows no types and no lists.
_COLUMNS = {
    "package": "package",
    "month": "strptime(month, '%Y-%m')::DATE",
    "score": "score::UTINYINT",
    "stars": "stars::BIGINT",
    "downloads": "downloads::BIGINT",
    "release": "coalesce(release, '')",
    "frameworks": _TO_LIST.format("frameworks"),
    "pythons": _TO_LIST.format("pythons"),
    "is_other_repository": "is_other_repository::BOOLEAN",
}


def write_csv(name: str, rows: HistoryRows) -> None:
    """Write rows to stdout or a file, compressed if its name ends in `.gz`.

    Raises:
        Invalid: If the path cannot be a file.
        Unavailable: If writing fails.
    """
    try:
        with open_output(name) as file:
            _write_csv(file, rows)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unavailable(f"can't write {name}: {format_reason(error)}") from error


def write_parquet(name: str, rows: HistoryRows) -> None:
    """Write rows to stdout or a file; equal rows make equal bytes.

    Raises:
        Invalid: If the package duckdb is not installed, or the path cannot be a file.
        Unavailable: If writing fails.
    """
    try:
        import duckdb
    except ImportError as error:
        raise Invalid('Parquet needs the package duckdb: run `pip install "pyf.aggregator[parquet]"`') from error
    columns = ", ".join(f"{expression} AS {column}" for column, expression in _COLUMNS.items())
    try:
        with open_output(name) as file, TemporaryDirectory() as folder:
            table, parquet = Path(folder, "history.csv"), Path(folder, "history.parquet")
            with table.open("wb") as buffer:
                _write_csv(buffer, rows)
            # One thread, which keeps the order of rows.
            with duckdb.connect(config={"threads": 1}) as connection:
                connection.read_csv(
                    str(table), header=True, sep=",", quotechar='"', escapechar='"', all_varchar=True
                ).project(columns).write_parquet(str(parquet), compression="zstd")
            with parquet.open("rb") as source:
                shutil.copyfileobj(source, file)
    except BrokenPipeError:
        raise
    except (OSError, duckdb.Error) as error:
        raise Unavailable(f"can't write {name}: {format_reason(error)}") from error


def _write_csv(file: BinaryIO, rows: HistoryRows) -> None:
    text = TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for package, month in rows:
        values = (month.month, month.score, month.stars, month.downloads, month.release)
        lists = (_SEPARATOR.join(month.frameworks), _SEPARATOR.join(month.pythons))
        cells = [replace_controls(value) if isinstance(value, str) else value for value in (package, *values, *lists)]
        writer.writerow([*cells, str(month.is_other_repository).lower()])
    text.flush()
    text.detach()
