"""Input.excel: a sheet of a spreadsheet as a typed table. Input.file asks it for .xlsx, .xls, .xlsb and .ods files.

Spreadsheets know numbers, texts, booleans, dates, times and errors cell by cell. A column is of the kind that all its cells
are: whole numbers int64, numbers float64, texts, booleans, dates, times. A column that mixes kinds becomes text, a number in it as it reads.
"""

import datetime
import os
from typing import Any, Dict, List, Optional

from mortise import Invalid, NotFound, Plugin, Table

MAX_CELLS = 50_000_000
EPOCH = datetime.date(1970, 1, 1)


def open_book(path: str) -> Any:
    import python_calamine

    if not os.path.isfile(path):
        raise NotFound(f"no such file: {os.path.abspath(path)}", "check `path`; a relative path starts where the run does", {"file": path})
    try:
        return python_calamine.CalamineWorkbook.from_path(path)
    except Exception as error:  # the library's own kinds of errors differ from version to version
        raise Invalid(f"{path} is no sound spreadsheet: {error}", "does it open in a spreadsheet program?", {"file": path}) from None


def cells_of(path: str, sheet: str) -> List[List[Any]]:
    book = open_book(path)
    names = book.sheet_names
    if sheet and sheet not in names:
        raise NotFound(f"{path} has no sheet '{sheet}'", f"it has {', '.join(names)}", {"key": "sheet", "got": sheet})
    if not names:
        raise Invalid(f"{path} has no sheet", "", {"file": path})
    try:
        rows = book.get_sheet_by_name(sheet or names[0]).to_python(skip_empty_area=True)
    except Exception as error:
        raise Invalid(f"{path}: the sheet cannot be read: {error}", "", {"file": path}) from None
    if sum(map(len, rows)) > MAX_CELLS:
        raise Invalid(f"{path} has more than {MAX_CELLS:,} cells", "split the sheet, or save it as CSV", {"file": path})
    return rows


def is_there(cell: Any) -> bool:
    return cell is not None and cell != ""


def text_of(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, (datetime.date, datetime.time, datetime.datetime)):
        return cell.isoformat()
    return str(cell)


def typed(cells: List[Any]) -> List[Any]:
    """The cells of one column, all of one kind or None."""
    there = [cell for cell in cells if is_there(cell)]
    kinds = {type(cell) for cell in there}
    if kinds <= {int, float}:
        whole = all(float(cell).is_integer() and abs(cell) < 2**53 for cell in there)
        return [None if not is_there(cell) else int(cell) if whole else float(cell) for cell in cells]
    if kinds == {bool}:
        return [cell if is_there(cell) else None for cell in cells]
    if kinds == {datetime.date}:
        return [cell.isoformat() if is_there(cell) else None for cell in cells]
    if kinds <= {datetime.date, datetime.datetime}:
        return [cell if is_there(cell) else None for cell in cells] if kinds == {datetime.datetime} else [
            datetime.datetime(cell.year, cell.month, cell.day) if is_there(cell) and type(cell) is datetime.date
            else cell if is_there(cell) else None for cell in cells]  # fmt: skip
    return [text_of(cell) if is_there(cell) else None for cell in cells]


def names_of(row: List[Any], given: Optional[List[str]], path: str) -> List[str]:
    names = [text_of(cell).strip() if is_there(cell) else f"column_{i + 1}" for i, cell in enumerate(row)]
    if given:
        if len(given) != len(row):
            raise Invalid(f"expected {len(given)} columns for `names`, got {len(row)}", "", {"key": "names"})
        names = list(given)
    for name in names:
        if names.count(name) > 1:
            raise Invalid(f"{path}: two columns are named '{name}'", "give other names with `names: [...]`", {"file": path, "got": name})
    return names


def read_sheet(config: Dict[str, Any]) -> Table:
    path = config.get("path")
    if not isinstance(path, str) or not path:
        raise Invalid("path is required", "", {"key": "path"})
    rows = cells_of(path, config.get("sheet") or "")[int(config.get("skip") or 0) :]
    if not rows:
        raise Invalid(f"{path}: the sheet is empty", "is it the right one? See `sheet`", {"file": path})
    header = config.get("header", True) is not False
    width = max(map(len, rows))
    rows = [[*row, *[None] * (width - len(row))] for row in rows]
    names = names_of(rows[0] if header else [None] * width, config.get("names"), path)
    begin = (1 if header else 0) + int(config.get("offset") or 0)
    limit = config.get("limit")
    body = rows[begin : None if limit is None else begin + int(limit)]
    wanted = config.get("columns") or names
    wanted = [wanted] if isinstance(wanted, str) else wanted
    for name in wanted:
        if name not in names:
            raise NotFound(f"columns: the sheet has no column '{name}'", f"it has {', '.join(names)}", {"key": "columns", "column": name})
    return Table.from_columns({name: typed([row[names.index(name)] for row in body]) for name in wanted})


class InputExcel(Plugin):
    def step(self, step: Any) -> Table:
        table = read_sheet(step.config)
        step.log.info("read " + step.config["path"], rows=len(table))
        return table

    def call(self, method: str, input: Any) -> Any:
        if method == "read":
            return read_sheet(input)
        return super().call(method, input)
