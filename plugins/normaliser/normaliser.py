"""normaliser: brings columns of numbers to one scale.

A column x becomes (x - center) / scale:

    zscore   center is the mean, scale the population standard deviation
    minmax   center is the smallest value, scale the largest minus the smallest
    robust   center is the median, scale the distance between the quartiles

Missing values (null, NaN) and infinite ones have no part in center and scale, and stay what they are. A column without
spread becomes zeros, with a warning. As a step it works on a table; as `execute` it takes what OmniScope's callers send.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from mortise import Call, Column, Invalid, NotFound, Plugin, Table, Tensor


class Scale(NamedTuple):
    center: float
    scale: float  # 0: the column has no spread


def zscore(x: np.ndarray) -> Scale:
    return Scale(float(x.mean()), float(x.std()))


def minmax(x: np.ndarray) -> Scale:
    return Scale(float(x.min()), float(x.max() - x.min()))


def robust(x: np.ndarray) -> Scale:
    low, middle, high = np.percentile(x, [25, 50, 75])
    return Scale(float(middle), float(high - low))


METHODS = {"zscore": zscore, "minmax": minmax, "robust": robust}


def check_method(method: Any) -> str:
    if not isinstance(method, str) or method not in METHODS:
        raise Invalid(f"Invalid normalization method: {method}", "one of " + ", ".join(METHODS), {"key": "method"})
    return method


def scale_of(x: np.ndarray, method: str) -> Scale:
    """Center and scale of the finite numbers in x. A deviation that is only rounding error counts as none."""
    finite = x[np.isfinite(x)]
    if finite.size == 0:
        return Scale(0.0, 0.0)
    center, scale = METHODS[method](finite)
    noise = 4 * np.finfo(float).eps * max(abs(center), float(np.abs(finite).max()))
    return Scale(center, scale if scale > noise else 0.0)


def apply(x: np.ndarray, by: Scale, out: Optional[np.ndarray] = None) -> np.ndarray:
    """(x - center) / scale; zeros where there is no spread, and what is not finite as it was."""
    if by.scale == 0.0:
        made = np.where(np.isfinite(x), 0.0, x)
        if out is None:
            return made
        out[:] = made
        return out
    made = np.subtract(x, by.center, out=out)
    return np.divide(made, by.scale, out=made)


class Work:
    """One normalisation: what was done to each column, and what to warn of."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.scales: Dict[str, Scale] = {}
        self.warnings: List[str] = []

    def column(self, name: str, x: np.ndarray, out: Optional[np.ndarray] = None) -> np.ndarray:
        by = scale_of(x, self.method)
        self.scales[name] = by
        if by.scale == 0.0 and x.size:
            self.warnings.append(f"column {name!r} has no spread and becomes zeros")
        return apply(x, by, out)


# ---- tables


def numeric_columns(table: Table) -> List[str]:
    return [column.name for column in table.columns if column.layout.kind == "number" and column.dictionary is None]


def chosen_columns(table: Table, wanted: Any) -> List[str]:
    if wanted is None:
        return numeric_columns(table)
    names = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid(f"columns: expected a name or a list of names, got {wanted!r}", "", {"key": "columns"})
    numeric = numeric_columns(table)
    for name in names:
        if name not in table:
            raise NotFound(f"no column {name!r}", f"the table has {', '.join(table.names) or 'none'}", {"column": name})
        if name not in numeric:
            raise Invalid(f"column {name!r} does not hold numbers", f"these do: {', '.join(numeric) or 'none'}", {"column": name})
    return names


def normalise_column(column: Column, call: Call, work: Work) -> Column:
    """float64 in memory that the host hands on without a copy; nulls stay null."""
    x = column.numpy()
    x = x.astype("float64") if x.dtype != np.float64 else x
    region = call.allocate(8 * column.length)
    out = np.frombuffer(region.view, dtype="float64", count=column.length)
    work.column(column.name, x, out)
    return Column(column.name, "g", column.length, column.null_count, [column.validity, region])


def normalise_table(table: Table, wanted: Any, suffix: str, call: Call, work: Work) -> Table:
    made = {}
    for name in chosen_columns(table, wanted):
        call.stop_if_cancelled()
        made[name + suffix] = normalise_column(table.column(name), call, work)
    for name in made:
        if suffix and name in table:
            raise Invalid(f"the table has a column {name!r} already", "choose another suffix", {"key": "suffix"})
    return table.with_columns(made)


# ---- the shapes of execute: lists of numbers, rows of lists, rows of maps, an object of columns, a table, a tensor


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def numbers(values: List[Any], where: str) -> np.ndarray:
    for i, value in enumerate(values):
        if value is not None and not is_number(value):
            raise Invalid(f"{where}[{i}]: expected a number, got {value!r}", "", {"key": where})
    return np.array([np.nan if value is None else value for value in values], dtype="float64")


def listed(values: np.ndarray, like: List[Any]) -> List[Any]:
    """As a list again, with None where there was None."""
    return [None if old is None else float(new) for new, old in zip(values, like)]


def normalise_list(values: List[Any], name: str, work: Work) -> List[Any]:
    return listed(work.column(name, numbers(values, name)), values)


def normalise_matrix(rows: List[List[Any]], work: Work) -> List[List[Any]]:
    """Rows of lists: each place in the rows is a column."""
    width = len(rows[0])
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            raise Invalid(f"data[{i}]: expected a list of {width} numbers, got {row!r}", "", {"key": f"data[{i}]"})
    columns = [normalise_list([row[k] for row in rows], f"column_{k + 1}", work) for k in range(width)]
    return [list(row) for row in zip(*columns)] if width else [[] for _ in rows]


def normalise_object(columns: Dict[str, Any], wanted: Any, suffix: str, work: Work) -> Dict[str, Any]:
    """An object of columns; what holds no numbers stays as it is unless it was asked for."""
    made = dict(columns)
    names = [wanted] if isinstance(wanted, str) else wanted
    for name in names if names is not None else list(columns):
        if name not in columns:
            raise NotFound(f"no column {name!r}", f"there is {', '.join(columns) or 'none'}", {"column": name})
        values = columns[name]
        fits = isinstance(values, list) and all(value is None or is_number(value) for value in values)
        if fits:
            made[name + suffix] = normalise_list(values, name, work)
        elif names is not None:
            raise Invalid(f"column {name!r} does not hold numbers", "", {"column": name})
    return made


def normalise_rows(rows: List[Dict[str, Any]], wanted: Any, suffix: str, work: Work) -> List[Dict[str, Any]]:
    keys = dict.fromkeys(key for row in rows for key in row)
    columns = {key: [row.get(key) for row in rows] for key in keys}
    made = normalise_object(columns, wanted, suffix, work)
    return [{**row, **{key: made[key][i] for key in made if key in row or key not in keys}} for i, row in enumerate(rows)]


def normalise_tensor(tensor: Tensor, work: Work) -> Tensor:
    x = tensor.numpy().astype("float64")
    if x.ndim not in (1, 2):
        raise Invalid(f"a tensor of rank {x.ndim}; a list (rank 1) or a table (rank 2) can be normalised")
    if x.ndim == 1:
        return Tensor.of(work.column("column_1", x))
    made = np.empty_like(x)
    for k in range(x.shape[1]):
        made[:, k] = work.column(f"column_{k + 1}", x[:, k])
    return Tensor.of(made)


def normalise(data: Any, wanted: Any, suffix: str, call: Call, work: Work) -> Any:
    if isinstance(data, Table):
        return normalise_table(data, wanted, suffix, call, work)
    if isinstance(data, Tensor):
        return normalise_tensor(data, work)
    if isinstance(data, dict):
        return normalise_object(data, wanted, suffix, work)
    if isinstance(data, list) and data:
        if isinstance(data[0], list):
            return normalise_matrix(data, work)
        if isinstance(data[0], dict):
            return normalise_rows(data, wanted, suffix, work)
        return normalise_list(data, "data", work)
    if data == []:
        return []
    raise Invalid(f"nothing to normalise: got {type(data).__name__}", "a table, rows, columns or a list of numbers")


# ---- the plugin


class Normaliser(Plugin):
    def validate(self, config: Dict[str, Any]) -> Dict[str, Any]:
        check_method(config.get("method", "zscore"))
        return config

    def step(self, step: Any) -> Any:
        made, work = self._work(step.input, step.config, step)
        for warning in work.warnings:
            step.log.warning(warning)
        step.log.info("normalised", method=work.method, columns=list(work.scales))
        return made

    def execute(self, input: Dict[str, Any]) -> Dict[str, Any]:
        context = input.get("context") or {}
        options = {**(context.get("config") or {}), **(input.get("parameters") or {})}
        made, work = self._work(input.get("data"), options, self.current)
        columns = {name: {"center": by.center, "scale": by.scale} for name, by in work.scales.items()}
        return {
            "data": made,
            "metadata": {"plugin_id": context.get("plugin_id"), "method": work.method, "columns": columns},
            "logs": [f"Normalised {len(columns)} columns by {work.method}"],
            "warnings": work.warnings,
            "errors": [],
        }

    @staticmethod
    def _work(data: Any, options: Dict[str, Any], call: Call) -> Tuple[Any, Work]:
        work = Work(check_method(options.get("method") or "zscore"))
        suffix = options.get("suffix") or ""
        if not isinstance(suffix, str):
            raise Invalid(f"suffix: expected a text, got {suffix!r}", "", {"key": "suffix"})
        return normalise(data, options.get("columns"), suffix, call, work), work
