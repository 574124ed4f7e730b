"""Columns from what a plugin has: Python lists, numpy arrays, and anything numpy or pyarrow makes one of.

A list becomes the narrowest format that holds all of it; None is a null everywhere:

    bool -> b      int -> l      float, or int and float -> g      str -> u      bytes -> z      date -> tdD
    Time and aware datetime -> tsn:UTC      list -> +l      dict -> +s      nothing but None -> n

Any other mixture is Invalid and names the row. A numpy array keeps its memory where Arrow has the same layout.
"""

from __future__ import annotations

import array
import sys
from datetime import date, datetime
from itertools import accumulate
from typing import Any, Dict, List, Optional, Sequence

from .columns import INDEX_FORMATS, Column
from .errors import Invalid
from .memory import Buffer, flat
from .times import Time

_INT64 = range(-(2**63), 2**63)


def column_of(name: str, data: Any) -> Column:
    """One column from anything that holds one. Raises Invalid, naming the column."""
    if isinstance(data, Column):
        return data if data.name == name else data.renamed(name)
    family = type(data).__module__.partition(".")[0]
    if family == "pyarrow":
        from .arrow import column_from_arrow

        return column_from_arrow(name, data)
    if family == "pandas":
        from .arrow import column_from_pandas

        return column_from_pandas(name, data)
    if family == "numpy":
        return _from_numpy(name, data)
    if isinstance(data, (array.array, memoryview)):
        import numpy

        return _from_numpy(name, numpy.asarray(data))
    if isinstance(data, (str, bytes)) or not hasattr(data, "__iter__"):
        raise Invalid(f"column {name!r}: a {type(data).__name__!r} is not a column", "give a list or a numpy array")
    return from_list(name, data if isinstance(data, (list, tuple)) else list(data))


# ---- lists


def from_list(name: str, rows: Sequence[Any]) -> Column:
    kinds = {_kind(type(row)) for row in rows} - {"null"}
    if kinds == {"int", "float"}:
        kinds = {"float"}
    if len(kinds) > 1 or None in kinds:
        raise _odd_row(name, rows)
    nulls = sum(1 for row in rows if row is None)
    validity = pack_bits([row is not None for row in rows]) if nulls else None
    if not kinds:
        return _made(name, "n", rows, len(rows), [])
    return _BUILDERS[str(kinds.pop())](name, rows, nulls, validity)


def _kind(kind: type) -> Optional[str]:
    known = _KINDS.get(kind)
    if known is None:
        for base, name in _KINDS.items():
            if issubclass(kind, base):
                return name
        if kind.__module__ == "numpy":  # scalars; their bases say what they are
            return {"i": "int", "u": "int", "f": "float", "b": "bool", "M": "time"}.get(kind().dtype.kind)
    return known


_KINDS: Dict[type, str] = {
    type(None): "null", bool: "bool", int: "int", float: "float", str: "text", bytes: "bytes", Time: "time",
    datetime: "time", date: "date", list: "list", tuple: "list", dict: "struct",
}  # fmt: skip


def _odd_row(name: str, rows: Sequence[Any]) -> Invalid:
    first: Optional[str] = None
    for number, row in enumerate(rows):
        kind = _kind(type(row))
        if kind is None:
            return Invalid(f"column {name!r}, row {number}: a {type(row).__name__!r} has no place in a table")
        if kind == "null" or kind == first or {kind, first} == {"int", "float"}:
            continue
        if first is not None:
            return Invalid(f"column {name!r}, row {number}: {kind} after {first}", "one column holds one type")
        first = kind
    return Invalid(f"column {name!r} mixes types")


def pack_bits(flags: Sequence[bool]) -> Buffer:
    text = "".join("1" if flag else "0" for flag in reversed(flags))
    return Buffer(memoryview(int(text, 2).to_bytes((len(flags) + 7) // 8, "little"))) if flags else _bytes_buffer(b"")


def _bytes_buffer(data: bytes) -> Buffer:
    return Buffer(memoryview(data))


def _packed(code: str, rows: Sequence[Any]) -> Buffer:
    return Buffer(flat(array.array(code, rows)))


def _made(name: str, format: str, rows: Any, nulls: int, buffers: List[Optional[Buffer]], *children: Column) -> Column:
    column = Column(name, format, len(rows), nulls, buffers, children)
    column.check()
    return column


def _bools(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    return _made(name, "b", rows, nulls, [validity, pack_bits([bool(row) for row in rows])])


def _ints(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    try:
        data = _packed("q", [0 if row is None else int(row) for row in rows])
    except OverflowError:
        number, row = next((n, row) for n, row in enumerate(rows) if row is not None and int(row) not in _INT64)
        raise Invalid(f"column {name!r}, row {number}: {row} is beyond int64") from None
    return _made(name, "l", rows, nulls, [validity, data])


def _floats(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    return _made(name, "g", rows, nulls, [validity, _packed("d", [0.0 if row is None else float(row) for row in rows])])


def _times(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    data = _packed("q", [0 if row is None else _instant(row).ns for row in rows])
    return _made(name, "tsn:UTC", rows, nulls, [validity, data])


def _instant(row: Any) -> Time:
    if isinstance(row, Time):
        return row
    if isinstance(row, datetime):
        return Time.of(row)
    return Time(int(row.astype("datetime64[ns]").astype("int64")))  # numpy.datetime64


def _dates(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    zero = date(1970, 1, 1)
    return _made(name, "tdD", rows, nulls, [validity, _packed("i", [(row - zero).days if row else 0 for row in rows])])


def _texts(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    try:
        pieces = [row.encode("utf-8") if row else b"" for row in rows]
    except UnicodeEncodeError as error:
        raise Invalid(f"column {name!r}: a text is not valid Unicode: {error}") from None
    return _pieces(name, "uU", pieces, nulls, validity)


def _binaries(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    return _pieces(name, "zZ", [row or b"" for row in rows], nulls, validity)


def _pieces(name: str, formats: str, pieces: List[bytes], nulls: int, validity: Optional[Buffer]) -> Column:
    data = b"".join(pieces)
    long = len(data) > 2**31 - 1
    offsets = _packed("q" if long else "i", [0, *accumulate(map(len, pieces))])
    return _made(name, formats[long], pieces, nulls, [validity, offsets, _bytes_buffer(data)])


def _lists(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    items = from_list("item", [item for row in rows if row is not None for item in row])
    offsets = _packed("i", [0, *accumulate(0 if row is None else len(row) for row in rows)])
    return _made(name, "+l", rows, nulls, [validity, offsets], items)


def _structs(name: str, rows: Sequence[Any], nulls: int, validity: Optional[Buffer]) -> Column:
    children = [from_list(key, cells) for key, cells in cells_by_key(rows).items()]
    return _made(name, "+s", rows, nulls, [validity], *children)


def cells_by_key(rows: Sequence[Any]) -> Dict[str, List[Any]]:
    """Rows of maps as columns of cells, in the order in which keys appear; what a row lacks is None."""
    keys: Dict[str, None] = {}
    for row in rows:
        if row is not None:
            keys.update(dict.fromkeys(row))
    for key in keys:
        if not isinstance(key, str):
            raise Invalid(f"a column is named by a text, not by {key!r}")
    return {key: [None if row is None else row.get(key) for row in rows] for key in keys}


_BUILDERS = {
    "bool": _bools, "int": _ints, "float": _floats, "time": _times, "date": _dates, "text": _texts,
    "bytes": _binaries, "list": _lists, "struct": _structs,
}  # fmt: skip

# ---- numpy

_NUMPY_NUMBERS = {"i1": "c", "u1": "C", "i2": "s", "u2": "S", "i4": "i", "u4": "I", "i8": "l", "u8": "L",
                  "f2": "e", "f4": "f", "f8": "g"}  # fmt: skip
_NUMPY_UNITS = {"s": "s", "ms": "m", "us": "u", "ns": "n"}


def _from_numpy(name: str, data: Any) -> Column:
    import numpy

    mask = numpy.ma.getmaskarray(data) if isinstance(data, numpy.ma.MaskedArray) else None
    rows = numpy.asarray(data.data if mask is not None else data)
    if rows.ndim != 1:
        raise Invalid(f"column {name!r}: an array of {rows.ndim} dimensions is not a column")
    if rows.dtype.kind in "OUST":
        listed = rows.tolist()
        if mask is not None:
            listed = [None if hidden else row for row, hidden in zip(listed, mask)]
        return from_list(name, listed)
    if rows.dtype.kind in "mM":
        missing = numpy.isnat(rows)
        mask = missing if mask is None else mask | missing
    nulls = 0 if mask is None else int(mask.sum())
    validity = None
    if nulls:
        validity = Buffer(flat(numpy.packbits(~numpy.asarray(mask), bitorder="little")))
    if rows.dtype.kind == "b":
        packed = Buffer(flat(numpy.packbits(rows, bitorder="little")))
        return _made(name, "b", rows, nulls, [validity, packed])
    format, rows = _numpy_format(name, rows)
    return _made(name, format, rows, nulls, [validity, Buffer(flat(rows.view("uint8")))])


def _numpy_format(name: str, rows: Any) -> Any:
    import numpy

    kind = rows.dtype.kind
    code = f"{kind}{rows.dtype.itemsize}"
    if code in _NUMPY_NUMBERS:
        return _NUMPY_NUMBERS[code], numpy.ascontiguousarray(rows, dtype=rows.dtype.newbyteorder("="))
    if kind in "mM":
        unit = numpy.datetime_data(rows.dtype)[0]
        if kind == "M" and unit == "D":
            return "tdD", rows.astype("int64").astype("int32")
        if unit not in _NUMPY_UNITS:
            raise Invalid(f"column {name!r}: {rows.dtype} has no place in a table", "use D, s, ms, us or ns")
        format = f"ts{_NUMPY_UNITS[unit]}:" if kind == "M" else f"tD{_NUMPY_UNITS[unit]}"
        return format, numpy.ascontiguousarray(rows).view("int64")
    raise Invalid(f"column {name!r}: an array of {rows.dtype} has no place in a table")


def dictionary_column(name: str, indices: Sequence[int], entries: Column, format: str = "i") -> Column:
    """A column of indices into `entries`, for texts that repeat."""
    if format not in INDEX_FORMATS:
        raise Invalid(f"column {name!r}: {format!r} cannot be an index")
    code = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q"}[format]
    column = Column(name, format, len(indices), 0, [None, _packed(code, indices)], dictionary=entries)
    column.check()
    column.verify()
    return column


assert sys.byteorder == "little", "the protocol is little-endian and this package copies nothing to turn it"
