"""Values on their way out: a tree for json.dumps, binary parts beside it (see values.py for what becomes what)."""

from __future__ import annotations

import base64
from datetime import date, datetime
from math import isfinite
from typing import Any, Callable, Dict, List, Sequence

from .columns import Column
from .errors import MortiseError
from .memory import Buffer, flat
from .outgoing import Outgoing
from .table import Table
from .tensor import Tensor
from .times import Time
from .values import INT64_MAX, INT64_MIN, MAX_DEPTH, MAX_VALUES, Odd, beyond_int64, too_deep, too_many

_INLINE_BYTES = 256  # shorter bytes travel as base64 in the header
_PLAIN = frozenset((str, bool, type(None)))


def encode(value: Any, out: Outgoing, root: str = "") -> Any:
    """A tree for json.dumps; binary parts go to `out`. Raises Invalid, its path beginning with `root`."""
    try:
        return _encode(value, 1, out)
    except Odd as odd:
        raise odd.error(root) from None


def _encode(value: Any, level: int, out: Outgoing) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if INT64_MIN <= value <= INT64_MAX else beyond_int64(value)
    if kind is float:
        return value if value - value == 0.0 else _non_finite(value)
    if kind is dict:
        return _encode_map(value, level, out)
    if kind is list or kind is tuple:
        return _encode_list(value, level, out)
    return _encode_other(value, level, out)


def _encode_map(value: Dict[Any, Any], level: int, out: Outgoing) -> Any:
    made: Dict[str, Any] = {}
    if not value:
        return made
    if level >= MAX_DEPTH:
        raise too_deep()
    _count(len(value), out)
    tagged = False
    for key, item in value.items():
        if type(key) is not str:
            if not isinstance(key, str):
                raise Odd(f"a map has texts for keys; {key!r:.80} is a {type(key).__name__!r}", "use str(key)")
            key = str.__str__(key)
        if key[:1] == "$":
            tagged = True
        if type(item) in _PLAIN:
            made[key] = item
        else:
            try:
                made[key] = _encode(item, level + 1, out)
            except Odd as odd:
                raise odd.within(key)
    return {"$map": [[key, item] for key, item in made.items()]} if tagged else made


def _encode_list(value: Sequence[Any], level: int, out: Outgoing) -> Any:
    if not value:
        return value
    if level >= MAX_DEPTH:
        raise too_deep()
    _count(len(value), out)
    kinds = set(map(type, value))
    if (
        kinds <= _PLAIN
        or (kinds == {int} and INT64_MIN <= min(value) and max(value) <= INT64_MAX)
        or (kinds == {float} and all(map(isfinite, value)))
    ):
        return value
    made: List[Any] = []
    for index, item in enumerate(value):
        try:
            made.append(_encode(item, level + 1, out))
        except Odd as odd:
            raise odd.within(index)
    return made


def _count(items: int, out: Outgoing) -> None:
    out.values += items
    if out.values > MAX_VALUES:
        raise too_many()


def _non_finite(value: float) -> Dict[str, str]:
    return {"$float64": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}


def _encode_other(value: Any, level: int, out: Outgoing) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _encode_bytes(value, out)
    if isinstance(value, Time):
        return {"$time": str(value)}
    try:
        if isinstance(value, Table):
            return {"$table": {"rows": len(value), "columns": [_column_out(c, out) for c in value.columns]}}
        if isinstance(value, Tensor):
            place = out.place(value.buffer)
            return {"$tensor": {"dtype": value.dtype, "shape": list(value.shape), "data": place}}
        foreign = _FOREIGN.get(type(value).__module__.partition(".")[0])
        if foreign is not None:
            known, made = foreign(value)
            if known:
                return _encode(made, level, out)
        if isinstance(value, datetime):
            return {"$time": str(Time.of(value))}
    except MortiseError as error:
        raise Odd(error.message, error.hint) from None
    if isinstance(value, date):
        return value.isoformat()
    base: Any
    for base in (int, float, str, dict, list, tuple):  # subclasses: IntEnum, defaultdict, namedtuple ...
        if isinstance(value, base):
            return _encode(str.__str__(value) if base is str else base(value), level, out)
    raise Odd(f"a {type(value).__name__!r} cannot cross", _hint_for(value))


def _hint_for(value: Any) -> str:
    if isinstance(value, (set, frozenset)):
        return "hand over a list: sorted(...)"
    if hasattr(value, "__dataclass_fields__"):
        return "hand over dataclasses.asdict(...)"
    if hasattr(value, "__await__"):
        return "a coroutine was not awaited: use asyncio.run(...)"
    if hasattr(value, "__iter__"):
        return "hand over a list: list(...)"
    return "hand over None, bool, int, float, str, bytes, Time, list, dict, Tensor or Table"


def _encode_bytes(value: Any, out: Outgoing) -> Dict[str, Any]:
    try:
        view = flat(value)
    except MortiseError as error:
        raise Odd(error.message) from None
    if view.nbytes <= _INLINE_BYTES:
        return {"$bytes": base64.b64encode(view).decode("ascii")}
    return {"$bytes": out.place(Buffer(view))}


def _column_out(column: Column, out: Outgoing) -> Dict[str, Any]:
    buffers: List[Any] = [
        out.place(buffer) if buffer is not None and len(buffer) else None for buffer in column.buffers
    ]
    if buffers and not column.null_count and column.layout.kind != "null":
        buffers[0] = None
    made: Dict[str, Any] = {
        "name": column.name,
        "format": column.format,
        "length": column.length,
        "null_count": column.null_count,
        "buffers": buffers,
    }
    if not column.nullable:
        made["nullable"] = False
    if column.children:
        made["children"] = [_column_out(child, out) for child in column.children]
    if column.dictionary is not None:
        made["dictionary"] = _column_out(column.dictionary, out)
    if column.metadata:
        made["metadata"] = column.metadata
    return made


def _from_numpy(value: Any) -> Any:
    import numpy

    if isinstance(value, numpy.ndarray):
        return True, Tensor.of(value)
    if isinstance(value, numpy.datetime64):
        if numpy.isnat(value):
            return True, None
        return True, Time(int(value.astype("datetime64[ns]").astype("int64")))
    if isinstance(value, (numpy.bool_, numpy.integer, numpy.floating, numpy.str_, numpy.bytes_)):
        plain = value.item()
        return type(plain) in (bool, int, float, str, bytes), plain
    return False, None


def _from_pandas(value: Any) -> Any:
    name = type(value).__name__
    if name == "DataFrame":
        return True, Table.from_pandas(value)
    return name == "NaTType", None


def _from_pyarrow(value: Any) -> Any:
    known = type(value).__name__ in ("Table", "RecordBatch")
    return known, Table.from_arrow(value) if known else None


_FOREIGN: Dict[str, Callable[[Any], Any]] = {
    "numpy": _from_numpy,
    "pandas": _from_pandas,
    "pyarrow": _from_pyarrow,
}
