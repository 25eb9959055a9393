"""Fit tables to the terminal: the flexible column is shortened first, then whole columns are left out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from rich.table import Table

# Width below which the flexible column says too little, and the space between two columns.
_MIN_FLEXIBLE_WIDTH = 16
_GAP = 2


class Column(Struct, frozen=True, kw_only=True):
    """A column of a table, with all of its cells: text, or Rich's `Text`.

    Attributes:
        rank: Columns with the highest rank are left out first; those of rank 0 stay.
        is_flexible: Whether it takes the remaining width and is cut there; one column of a table at most.
        is_folded: Whether a flexible column is folded instead of cut.
        max_width: Width on a terminal, beyond which cells are folded; only the first column can have one.
    """

    header: str
    cells: Sequence[Any]
    rank: int = 0
    is_flexible: bool = False
    is_folded: bool = False
    is_numeric: bool = False
    max_width: int | None = None

    @property
    def width(self) -> int:
        """The width that its header and every cell need."""
        from rich.cells import cell_len

        return max(cell_len(line) for cell in (self.header, *self.cells) for line in str(cell).split("\n"))

    @property
    def min_width(self) -> int:
        """The width below which the table leaves it out."""
        if self.is_flexible:
            return min(self.width, _MIN_FLEXIBLE_WIDTH)
        return min(self.width, self.max_width or self.width)


def select_columns(columns: Sequence[Column], width: int | None) -> list[Column]:
    """Return the columns that fit into a width; None is a file, which takes all."""
    selected = list(columns)
    while width is not None and _sum_widths(selected) > width:
        dropped = max(selected, key=lambda column: column.rank)
        if not dropped.rank:
            break
        selected.remove(dropped)
    return selected


def build_table(columns: Sequence[Column], width: int | None) -> "Table":
    """Return a table without lines; if even the columns of rank 0 are too wide, the first one is folded."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    first, *others = columns
    if width is not None and first.max_width:
        # One long name must not cost all packages their version.
        first = replace(first, max_width=min(first.max_width, max(_MIN_FLEXIBLE_WIDTH, width // 2)))
    columns = [first, *others]
    selected = select_columns(columns, width)
    remaining = width - _sum_widths(selected) if width is not None else 0
    for number, column in enumerate(selected):
        column_width = column.width
        if width is not None and column.is_flexible:
            column_width = min(column_width, column.min_width + remaining)
        elif width is not None:
            column_width = column.min_width + min(remaining, 0) * (number == 0)
        is_folded = column_width < column.width and (number == 0 or column.is_folded)
        table.add_column(
            column.header,
            justify="right" if column.is_numeric else "left",
            no_wrap=not is_folded,
            overflow="fold" if is_folded else "ellipsis",
            width=max(column_width, 1),
        )
    for cells in zip(*(column.cells for column in selected), strict=True):
        table.add_row(*cells)
    return table


def _sum_widths(columns: Sequence[Column]) -> int:
    """Return the least width of a row."""
    return sum(column.min_width for column in columns) + _GAP * (len(columns) - 1)
