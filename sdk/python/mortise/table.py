"""Table: named columns of equal length, in Arrow's layout, whose bytes stay where they are until somebody copies them.

    table["price"]            a numpy array: a view where the column has no nulls and a fixed width (see arrays.py)
    table.rows()              a list of maps; needs nothing but Python (cells.py says what each format becomes)
    table.to_arrow()          a pyarrow.Table over the same memory         table.to_pandas()     a DataFrame
    Table.from_columns({"price": [1.5, 2.0], "day": array})                 Table.from_rows([{"price": 1.5}, ...])
    table.with_columns({"price": scaled})   the same table with some columns new; the others are not touched

A table that came with a call is read-only and lives as long as the call; `table.copy()` keeps it. Formats:
docs/worker-protocol.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence

from .build import cells_by_key, column_of, from_list
from .cells import to_rows
from .columns import Column
from .errors import Invalid, NotFound
from .memory import Buffer

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
    import pyarrow
    from numpy import ndarray


class Table:
    __slots__ = ("_columns", "_rows")

    def __init__(self, columns: Sequence[Column], rows: Optional[int] = None) -> None:
        """From finished columns; `rows` is needed only when there are none."""
        self._columns = list(columns)
        self._rows = rows if rows is not None else (self._columns[0].length if self._columns else 0)
        for column in self._columns:
            if column.length != self._rows:
                raise column.bad(f"{column.length} rows in a table of {self._rows}")

    # ---- looking

    def __len__(self) -> int:
        """Rows."""
        return self._rows

    @property
    def names(self) -> List[str]:
        return [column.name for column in self._columns]

    @property
    def columns(self) -> List[Column]:
        return list(self._columns)

    def column(self, name: str) -> Column:
        found = [column for column in self._columns if column.name == name]
        if not found:
            raise NotFound(f"no column {name!r}", f"the table has {', '.join(self.names) or 'none'}")
        if len(found) > 1:
            raise Invalid(f"{len(found)} columns are named {name!r}", "take one from table.columns by its place")
        return found[0]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> ndarray[Any, Any]:
        """The column as a numpy array."""
        array: ndarray[Any, Any] = self.column(name).numpy()
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def rows(self) -> List[Dict[str, Any]]:
        return to_rows(self._columns, self._rows)

    def to_dict(self) -> Dict[str, List[Any]]:
        return {column.name: column.tolist() for column in self._columns}

    def to_arrow(self) -> pyarrow.Table:
        from .arrow import to_arrow

        table: pyarrow.Table = to_arrow(self._columns, self._rows)
        return table

    def to_pandas(self) -> pandas.DataFrame:
        return self.to_arrow().to_pandas()

    # ---- making

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Table:
        """Each column a list, a numpy array, a Column of another table, or an array of pyarrow or pandas."""
        return cls([column_of(_name(name), data) for name, data in columns.items()])

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Table:
        """Columns in the order in which their keys appear; what a row lacks is null."""
        return cls([from_list(name, cells) for name, cells in cells_by_key(rows).items()], len(rows))

    @classmethod
    def from_arrow(cls, table: Any) -> Table:
        from .arrow import from_arrow

        return cls(from_arrow(table), table.num_rows)

    @classmethod
    def from_pandas(cls, frame: Any) -> Table:
        """The columns of a DataFrame; its index is left out (frame.reset_index() makes it a column)."""
        from .arrow import _pyarrow

        return cls.from_arrow(_pyarrow().Table.from_pandas(frame, preserve_index=False))

    def with_columns(self, columns: Mapping[str, Any]) -> Table:
        """This table with those columns replaced in place, or added at the end."""
        fresh = {name: column_of(_name(name), data) for name, data in columns.items()}
        made = [fresh.pop(column.name, column) for column in self._columns]
        return Table([*made, *fresh.values()], None if made or fresh else self._rows)

    def select(self, names: Sequence[str]) -> Table:
        return Table([self.column(name) for name in names], self._rows)

    def copy(self) -> Table:
        """The same in memory of its own, for keeping it beyond the call."""
        return Table([_copy(column) for column in self._columns], self._rows)

    def __eq__(self, other: object) -> bool:
        """Same names, formats and rows."""
        if not isinstance(other, Table):
            return NotImplemented
        mine = [(column.name, column.format) for column in self._columns]
        theirs = [(column.name, column.format) for column in other._columns]
        return mine == theirs and len(self) == len(other) and repr(self.to_dict()) == repr(other.to_dict())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(f"{column.name}: {column.format}" for column in self._columns)
        return f"Table({self._rows} rows; {shown})"


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise Invalid(f"a column is named by a text, not by {name!r}")
    return name


def _copy(column: Column) -> Column:
    made = column.renamed(column.name)
    made.buffers = [None if buffer is None else Buffer(memoryview(buffer.take())) for buffer in column.buffers]
    made.children = [_copy(child) for child in column.children]
    made.dictionary = None if column.dictionary is None else _copy(column.dictionary)
    return made
