"""Tables on narrow terminals: the flexible column gives way first, then whole columns, never a date or a version."""

import pytest
from rich.console import Console

from pyf.aggregator.cli.tables import Column, build_table, select_columns

NAMES = ["collective.z3cform.datagridfield", "plone.api"]
COLUMNS = [
    Column(header="package", cells=NAMES, max_width=24),
    Column(header="version", cells=["4.0.3", "2021.5.17.post1.dev20210517"], rank=1),
    Column(header="date", cells=["2026-09-23", "2021-05-17"], rank=3),
    Column(header="health", cells=["67", "100"], rank=2, is_numeric=True),
    Column(header="summary", cells=["A table with rows as one field of a form", "Short"], rank=4, is_flexible=True),
]


def render(width: int | None) -> list[str]:
    console = Console(width=width or 1000)
    with console.capture() as captured:
        console.print(build_table(COLUMNS, width))
    return [line.rstrip() for line in captured.get().splitlines()]


@pytest.mark.parametrize("width", range(10, 161, 3))
def test_every_width_shows_whole_cells(width: int) -> None:
    lines = render(width)

    assert max(map(len, lines)) <= max(width, len(COLUMNS[1].cells[1]))
    text = "\n".join(lines)
    for column in COLUMNS[1:-1]:
        if column.header in lines[0]:
            assert all(cell in text for cell in column.cells)


def test_folded_column_keeps_words_and_lines() -> None:
    details = Column(
        header="details", cells=["first\nsecond line of it", "-"], rank=1, is_flexible=True, is_folded=True
    )
    table = build_table([Column(header="package", cells=NAMES), details], 50)
    console = Console(width=50)
    with console.capture() as captured:
        console.print(table)

    assert [line.split() for line in captured.get().splitlines()] == [
        ["package", "details"],
        [NAMES[0], "first"],
        ["second", "line", "of"],
        ["it"],
        [NAMES[1], "-"],
    ]


def test_columns_are_left_out_by_rank() -> None:
    counts = [len(select_columns(COLUMNS, width)) for width in range(1, 200)]

    assert sorted(counts) == counts
    assert set(counts) == {1, 2, 3, 4, 5}
    assert [column.header for column in select_columns(COLUMNS, 63)] == ["package", "version", "health"]


def test_summary_is_cut_before_a_column_is_left_out() -> None:
    header, _, last = render(97)[0], *render(97)[-2:]

    assert header.split() == ["package", "version", "date", "health", "summary"]
    assert "Short" in last
    assert any(line.endswith("…") for line in render(97))


def test_long_names_are_folded_on_a_terminal() -> None:
    lines = render(60)

    assert "".join(line.split()[0] for line in lines[1:3]) == NAMES[0]
    assert "…" not in "".join(lines)


def test_file_gets_everything() -> None:
    lines = render(None)

    assert len(lines) == 3
    assert all(cell in "\n".join(lines) for column in COLUMNS for cell in column.cells)


def test_long_name_costs_no_package_its_version_at_forty_columns() -> None:
    columns = [COLUMNS[0], Column(header="version", cells=["4.0.3", "2.5.0"], rank=1), *COLUMNS[2:]]
    console = Console(width=40)
    with console.capture() as captured:
        console.print(build_table(columns, 40))

    assert "4.0.3" in captured.get()
    assert "health" in captured.get()
