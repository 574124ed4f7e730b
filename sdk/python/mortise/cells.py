"""Columns as Python lists: what a row of a table looks like to a plugin that wants no arrays.

    n                     None
    b                     bool
    integers              int
    e f g                 float
    u U                   str
    z Z w:N               bytes
    d:P,S                 decimal.Decimal
    tdD tdm               datetime.date (an int, days since 1970, outside the years 1 to 9999)
    tss: .. tsn:          Time (an int in the column's unit beyond what nanoseconds hold); a zone does not change the
                          instant, a column without one is read as UTC
    tts .. ttn            str, "12:34:56.789"
    tDs .. tDn            int, in the column's unit
    +l +L                 list
    +s                    dict

A null is None. Dictionaries are resolved.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Callable, Dict, List

from .columns import Column, bits
from .errors import Invalid
from .times import Time

_UNITS = {"s": 1_000_000_000, "m": 1_000_000, "u": 1_000, "n": 1}
_DAY_ZERO = date(1970, 1, 1)


def to_list(column: Column) -> List[Any]:
    column.verify()
    for buffer in column.buffers:
        if buffer is not None:
            buffer.copied(len(buffer))
    rows = _rows(column)
    if column.validity is None:
        return rows
    valid = bits(column.validity.view, column.length)
    return [row if keep else None for row, keep in zip(rows, valid)]


def _rows(column: Column) -> List[Any]:
    if column.dictionary is not None:
        return _from_dictionary(column, to_list(column.dictionary))
    return _READERS[column.layout.kind](column)


def _from_dictionary(column: Column, entries: List[Any]) -> List[Any]:
    indices = column.fixed()
    if column.validity is None:
        return [entries[index] for index in indices]
    valid = bits(column.validity.view, column.length)
    return [entries[index] if keep else None for index, keep in zip(indices, valid)]


def _null(column: Column) -> List[Any]:
    return [None] * column.length


def _bool(column: Column) -> List[Any]:
    return list(bits(column.bytes_of(1).view, column.length))


def _number(column: Column) -> List[Any]:
    if column.layout.code == "e":  # memoryview reads halves only in newer Pythons
        import struct

        return list(struct.unpack(f"<{column.length}e", column.bytes_of(1).view[: 2 * column.length]))
    return list(column.fixed())


def _text(column: Column) -> List[Any]:
    try:
        return _slices(column, lambda piece: str(piece, "utf-8"))
    except UnicodeDecodeError as error:
        raise Invalid(f"column {column.name!r}: a text is not UTF-8: {error}") from None


def _bytes(column: Column) -> List[Any]:
    return _slices(column, bytes)


def _slices(column: Column, make: Callable[[memoryview], Any]) -> List[Any]:
    if column.length == 0:
        return []
    data = column.bytes_of(2).view
    ends = column.offsets().tolist()
    return [make(data[start:end]) for start, end in zip(ends, ends[1:])]


def _fixed(column: Column) -> List[Any]:
    width = column.layout.width
    data = column.bytes_of(1).view
    return [bytes(data[at * width : (at + 1) * width]) for at in range(column.length)]


def _decimal(column: Column) -> List[Any]:
    scale = -int(column.format.split(",")[1])
    whole = (int.from_bytes(piece, "little", signed=True) for piece in _fixed(column))
    return [Decimal(number).scaleb(scale) if abs(number) < 10**28 else _long_decimal(number, scale) for number in whole]


def _long_decimal(number: int, scale: int) -> Decimal:
    sign, digits, _ = Decimal(number).as_tuple()
    return Decimal((sign, digits, scale))


def _date(column: Column) -> List[Any]:
    per_day = 1 if column.format == "tdD" else 86_400_000
    return [_day(number // per_day) for number in column.fixed()]


def _day(days: int) -> Any:
    try:
        return _DAY_ZERO + timedelta(days=days)
    except OverflowError:
        return days


def _timestamp(column: Column) -> List[Any]:
    unit = _UNITS[column.format[2]]
    limit = (2**63 - 1) // unit
    return [Time(number * unit) if -limit <= number <= limit else number for number in column.fixed()]


def _time_of_day(column: Column) -> List[Any]:
    unit = _UNITS[column.format[2]]
    return [_clock(number * unit) for number in column.fixed()]


def _clock(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{rest:09d}".rstrip("0") if rest else text


def _duration(column: Column) -> List[Any]:
    return list(column.fixed())


def _struct(column: Column) -> List[Any]:
    names = [child.name for child in column.children]
    if not names:
        return [{} for _ in range(column.length)]
    return [dict(zip(names, row)) for row in zip(*(to_list(child) for child in column.children))]


def _list(column: Column) -> List[Any]:
    if column.length == 0:
        return []
    items = to_list(column.children[0])
    ends = column.offsets().tolist()
    return [items[start:end] for start, end in zip(ends, ends[1:])]


_READERS: Dict[str, Callable[[Column], List[Any]]] = {
    "null": _null,
    "bool": _bool,
    "number": _number,
    "text": _text,
    "bytes": _bytes,
    "fixed": _fixed,
    "decimal": _decimal,
    "date": _date,
    "timestamp": _timestamp,
    "timeofday": _time_of_day,
    "duration": _duration,
    "struct": _struct,
    "list": _list,
}


def to_rows(columns: List[Column], rows: int) -> List[Dict[str, Any]]:
    """Rows as maps, in the order of the columns."""
    if not columns:
        return [{} for _ in range(rows)]
    names = [column.name for column in columns]
    made = zip(*(column.tolist() for column in columns))
    return [dict(zip(names, row)) for row in made]
