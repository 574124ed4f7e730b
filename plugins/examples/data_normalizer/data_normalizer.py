"""Normalizes columns of numbers.

    zscore   (x - mean) / standard deviation of the population
    minmax   (x - smallest) / (largest - smallest)
    robust   (x - median) / (upper quartile - lower quartile)

The data is a list of rows, a list of numbers, or an object of columns; the answer has the same shape. What is null, NaN or infinite
has no part in the sums and stays as it is. A column without spread becomes zeros, with a warning.
"""

from typing import Any, Dict, List, Tuple

import numpy as np


def zscore(x: np.ndarray) -> Tuple[float, float]:
    return x.mean(), x.std()


def minmax(x: np.ndarray) -> Tuple[float, float]:
    return x.min(), x.max() - x.min()


def robust(x: np.ndarray) -> Tuple[float, float]:
    lower, middle, upper = np.percentile(x, [25, 50, 75])
    return middle, upper - lower


METHODS = {"zscore": zscore, "minmax": minmax, "robust": robust}


class DataNormalizer:
    def __init__(self, context: Dict[str, Any]):
        self.plugin_id = context.get("plugin_id")
        self.method = context.get("config", {}).get("method", "zscore")

    def validate_input(self, input_data: Dict[str, Any]) -> bool:
        data = input_data.get("data")
        if data is None:
            raise ValueError("Missing required field: data")
        if not isinstance(data, (list, dict)) or not data:
            raise ValueError("Data must be a list of rows, a list of numbers or an object of columns, and not empty")
        return True

    def execute(self, input_data: Dict[str, Any]) -> Dict[str, Any]:
        method = input_data.get("parameters", {}).get("method", self.method)
        if method not in METHODS:
            raise ValueError(f"Invalid normalization method: {method} (one of {', '.join(METHODS)})")
        names, columns = columns_of(input_data["data"])
        warnings: List[str] = []
        scaled, scales = [], {}
        for name, column in zip(names, columns):
            made, center, spread = normalize(column, METHODS[method])
            if spread == 0:
                warnings.append(f"column '{name}' has no spread: its values became 0")
            scaled.append(made)
            scales[name] = {"center": center, "scale": spread}
        return {
            "data": shaped_like(input_data["data"], names, scaled),
            "metadata": {"plugin_id": self.plugin_id, "method": method, "columns": scales},
            "logs": [f"Normalized {len(columns)} columns by {method}"],
            "warnings": warnings,
            "errors": [],
        }


def normalize(column: List[Any], scale_of: Any) -> Tuple[List[Any], float, float]:
    numbers = np.array([np.nan if value is None else value for value in column], dtype=float)
    finite = np.isfinite(numbers)
    if not finite.any():
        return column, 0.0, 0.0
    known = numbers[finite]
    center, spread = (float(value) for value in scale_of(known))
    if spread <= 4 * np.finfo(float).eps * float(np.abs(known).max()):  # nothing but rounding
        spread = 0.0
    numbers[finite] = (known - center) / spread if spread else 0.0
    return [number if known else value for number, known, value in zip(numbers.tolist(), finite, column)], center, spread


def columns_of(data: Any) -> Tuple[List[str], List[List[Any]]]:
    if isinstance(data, dict):
        return list(data), [numbers(name, column) for name, column in data.items()]
    if not isinstance(data[0], list):
        return ["data"], [numbers("data", data)]
    width = len(data[0])
    for at, row in enumerate(data):
        if not isinstance(row, list) or len(row) != width:
            raise ValueError(f"row {at + 1} has not the {width} values of the first row")
    names = [f"column {at + 1}" for at in range(width)]
    return names, [numbers(name, list(column)) for name, column in zip(names, zip(*data))]


def numbers(name: str, column: Any) -> List[Any]:
    if not isinstance(column, list):
        raise ValueError(f"column '{name}' is no list")
    for value in column:
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise ValueError(f"column '{name}' holds {value!r}, which is no number")
    return column


def shaped_like(data: Any, names: List[str], columns: List[List[Any]]) -> Any:
    if isinstance(data, dict):
        return dict(zip(names, columns))
    if not isinstance(data[0], list):
        return columns[0]
    return [list(row) for row in zip(*columns)]
