"""Columns as numpy arrays.

A column of fixed width without nulls becomes a read-only view of the memory it came in: nothing is copied, whatever its
size. Everything else is a copy, which counts into the call's `copied`:

    numbers, no nulls       view of the same type            with nulls: float64 with NaN (floats keep their width)
    bool                    bool array (bits unpacked)       with nulls: object array of bool and None
    timestamps, durations   datetime64/timedelta64 view      with nulls: copy with NaT
    tdm                     int64 view as datetime64[ms]     with nulls: copy with NaT
    tdD, tts, ttm           copy as datetime64[D] / timedelta64[s, ms] (numpy keeps those in 64 bits)
    ttu, ttn                timedelta64 view                 with nulls: copy with NaT
    text, bytes, decimals, dictionaries, lists, structs, n   object array of what cells.py makes

float64 holds integers exactly up to 2**53; a column with nulls and larger ones is better read with `tolist()`, or
`raw()` beside `valid()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .columns import Column

if TYPE_CHECKING:
    from numpy import ndarray

_NUMBERS = {"b": "i1", "B": "u1", "h": "i2", "H": "u2", "i": "i4", "I": "u4", "q": "i8", "Q": "u8",
            "e": "f2", "f": "f4", "d": "f8"}  # fmt: skip
_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}


def to_numpy(column: Column) -> ndarray[Any, Any]:
    import numpy

    column.verify()
    kind = column.layout.kind
    if column.dictionary is None:
        if kind == "number":
            array = raw(column)
            return array if column.validity is None else _with_nan(column, array)
        if kind == "bool" and column.validity is None:
            packed = numpy.frombuffer(column.bytes_of(1).view, dtype="uint8")
            column.bytes_of(1).copied(packed.nbytes)
            return numpy.unpackbits(packed, count=column.length, bitorder="little").view(bool)
        if kind in ("date", "timeofday", "timestamp", "duration"):
            array = raw(column)
            return array if column.validity is None else _with_nat(column, array)
    made = numpy.empty(column.length, dtype=object)
    for row, item in enumerate(column.tolist()):  # one by one, or numpy would look into lists
        made[row] = item
    return made


def raw(column: Column) -> ndarray[Any, Any]:
    """The memory of a fixed-width column, nulls as whatever lies there."""
    import numpy

    layout = column.layout
    if not layout.code or layout.kind in ("text", "bytes", "list"):
        raise column.bad(f"format {column.format!r} is not numbers of one width")
    data = column.bytes_of(1)
    dtype = _NUMBERS[layout.code]
    if column.length:
        array = numpy.frombuffer(data.view, dtype=dtype, count=column.length)
    else:
        array = numpy.empty(0, dtype=dtype)
    if layout.kind == "number":
        return array
    if layout.kind == "timestamp":
        return array.view(f"datetime64[{_UNITS[column.format[2]]}]")
    if layout.kind == "date" and column.format == "tdm":
        return array.view("datetime64[ms]")
    if layout.width == 8:
        return array.view(f"timedelta64[{_UNITS[column.format[2]]}]")
    data.copied(array.nbytes)
    if layout.kind == "date":
        return array.astype("datetime64[D]")
    return array.astype(f"timedelta64[{_UNITS[column.format[2]]}]")


def _with_nan(column: Column, array: ndarray[Any, Any]) -> ndarray[Any, Any]:
    column.bytes_of(1).copied(array.nbytes)
    made = array.copy() if array.dtype.kind == "f" else array.astype("float64")
    made[~column.valid()] = float("nan")
    return made


def _with_nat(column: Column, array: ndarray[Any, Any]) -> ndarray[Any, Any]:
    made = array
    if array.base is not None:
        column.bytes_of(1).copied(array.nbytes)
        made = array.copy()
    made[~column.valid()] = "NaT"
    return made
