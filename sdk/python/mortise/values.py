"""Values on their way out and in (docs/worker-protocol.md, section 3).

    null, bool, string, list, map    None, bool, str, list (tuples too, going out), dict with str keys
    int64                            int; beyond 64 bits is an error, never a float
    float64                          float; NaN and the infinities cross
    bytes                            bytes (bytearray and memoryview too, going out)
    time                             Time (aware datetime too, going out); see times.py
    tensor                           Tensor (numpy arrays too, going out)
    table                            Table (pandas and pyarrow tables too, going out)

numpy's scalars go out as what they hold; a `date` goes out as its text, as the host shows dates. What cannot cross is an
Invalid that names the path to it: "outputs.result.items[3]: a 'set' cannot cross".

Small messages are the common case, so what needs no change is not touched: the header's own JSON tree is the value.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date, datetime
from math import isfinite
from typing import Any, Callable, Dict, List, NoReturn, Optional, Sequence

from .columns import Column
from .errors import Invalid, MortiseError
from .frames import Duplicate
from .memory import Arenas, Buffer, flat
from .outgoing import Outgoing
from .table import Table
from .tensor import Tensor
from .times import Time

MAX_DEPTH = 128
MAX_VALUES = 4_000_000
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_INLINE_BYTES = 256  # shorter bytes travel as base64 in the header
_PLAIN = frozenset((str, bool, type(None)))


class _Odd(Exception):
    """What is wrong with a value, and where; the path grows on the way out, innermost part first."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path: List[str] = []

    def within(self, key: object) -> _Odd:
        self.path.append(f"[{key}]" if isinstance(key, int) else f".{key}")
        return self

    def error(self, root: str) -> Invalid:
        where = (root + "".join(reversed(self.path))).lstrip(".")
        if len(where) > 300:
            where = f"{where[:150]} ... {where[-100:]}"
        return Invalid(f"{where}: {self.message}" if where else self.message, self.hint, {"path": where})


def _too_deep() -> _Odd:
    return _Odd(f"values nest at most {MAX_DEPTH} levels")


# ---- out


def encode(value: Any, out: Outgoing, root: str = "") -> Any:
    """A tree for json.dumps; binary parts go to `out`. Raises Invalid, its path beginning with `root`."""
    try:
        return _encode(value, 1, out)
    except _Odd as odd:
        raise odd.error(root) from None


def _encode(value: Any, level: int, out: Outgoing) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if INT64_MIN <= value <= INT64_MAX else _beyond_int64(value)
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
        raise _too_deep()
    _count(len(value), out)
    tagged = False
    for key, item in value.items():
        if type(key) is not str:
            if not isinstance(key, str):
                raise _Odd(f"a map has texts for keys; {key!r:.80} is a {type(key).__name__!r}", "use str(key)")
            key = str.__str__(key)
        if key[:1] == "$":
            tagged = True
        if type(item) in _PLAIN:
            made[key] = item
        else:
            try:
                made[key] = _encode(item, level + 1, out)
            except _Odd as odd:
                raise odd.within(key)
    return {"$map": [[key, item] for key, item in made.items()]} if tagged else made


def _encode_list(value: Sequence[Any], level: int, out: Outgoing) -> Any:
    if not value:
        return value
    if level >= MAX_DEPTH:
        raise _too_deep()
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
        except _Odd as odd:
            raise odd.within(index)
    return made


def _count(items: int, out: Outgoing) -> None:
    out.values += items
    if out.values > MAX_VALUES:
        raise _Odd(f"a message holds at most {MAX_VALUES} values", "hand over a Table or a Tensor")


def _beyond_int64(value: int) -> NoReturn:
    shown = str(value) if abs(value) < 10**60 else "an int of more than 60 digits"
    raise _Odd(f"{shown} is beyond int64 ({INT64_MIN} to {INT64_MAX})", "hand it over as text or as float")


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
        raise _Odd(error.message, error.hint) from None
    if isinstance(value, date):
        return value.isoformat()
    base: Any
    for base in (int, float, str, dict, list, tuple):  # subclasses: IntEnum, defaultdict, namedtuple ...
        if isinstance(value, base):
            return _encode(str.__str__(value) if base is str else base(value), level, out)
    raise _Odd(f"a {type(value).__name__!r} cannot cross", _hint_for(value))


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
        raise _Odd(error.message) from None
    if view.nbytes <= _INLINE_BYTES:
        return {"$bytes": base64.b64encode(view).decode("ascii")}
    return {"$bytes": out.place(Buffer(view))}


def _column_out(column: Column, out: Outgoing) -> Dict[str, Any]:
    buffers: List[Any] = [out.place(buffer) if buffer is not None and len(buffer) else None for buffer in column.buffers]
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

# ---- in


class Incoming:
    """Where the binary parts of one message are."""

    __slots__ = ("segments", "arenas", "values")

    def __init__(self, segments: Sequence[memoryview] = (), arenas: Optional[Arenas] = None) -> None:
        self.segments = segments
        self.arenas = arenas or Arenas()
        self.values = 0

    def buffer(self, place: Any) -> Buffer:
        if type(place) is dict:
            if len(place) == 1 and "segment" in place:
                index = place["segment"]
                if type(index) is not int or not 0 <= index < len(self.segments):
                    raise _Odd(f"there is no segment {index!r}, the frame has {len(self.segments)}")
                return Buffer(self.segments[index])
            if len(place) == 3 and "arena" in place and "offset" in place and "size" in place:
                try:
                    return self.arenas.buffer(place["arena"], place["offset"], place["size"])
                except Invalid as error:
                    raise _Odd(error.message) from None
        raise _Odd(f"{place!r:.80} is not a place of bytes")


def decode(node: Any, incoming: Incoming, root: str = "") -> Any:
    """A value from the JSON tree of a header. Raises Invalid, its path beginning with `root`."""
    try:
        return _decode(node, 1, incoming)
    except _Odd as odd:
        raise odd.error(root) from None


def _decode(node: Any, level: int, incoming: Incoming) -> Any:
    kind = type(node)
    if kind is dict:
        return _decode_map(node, level, incoming)
    if kind is list:
        return _decode_list(node, level, incoming)
    if kind is int:
        return node if INT64_MIN <= node <= INT64_MAX else _beyond_int64(node)
    if kind is str:
        return _proper(node)
    if kind is Duplicate:
        raise _Odd(f"the key {node.key!r} is there twice")
    if kind is float and node - node != 0.0:
        raise _Odd("a number is beyond float64")
    return node


def _decode_list(node: List[Any], level: int, incoming: Incoming) -> List[Any]:
    if not node:
        return node
    _enter(len(node), level, incoming)
    for index, item in enumerate(node):
        kind = type(item)
        if kind is float and item - item == 0.0 or kind is bool:
            continue
        try:
            node[index] = _decode(item, level + 1, incoming)
        except _Odd as odd:
            raise odd.within(index)
    return node


def _decode_map(node: Dict[str, Any], level: int, incoming: Incoming) -> Any:
    if not node:
        return node
    for key in node:
        if key[:1] == "$":
            if len(node) != 1 or key not in _TAGS:
                raise _Odd(f"{list(node)[:4]!r} is neither a map nor a known tag")
            return _TAGS[key](node[key], level, incoming)
    _enter(len(node), level, incoming)
    for key, item in node.items():
        try:
            _proper(key)
            node[key] = _decode(item, level + 1, incoming)
        except _Odd as odd:
            raise odd.within(key)
    return node


def _enter(items: int, level: int, incoming: Incoming) -> None:
    if level >= MAX_DEPTH:
        raise _too_deep()
    incoming.values += items
    if incoming.values > MAX_VALUES:
        raise _Odd(f"a message holds at most {MAX_VALUES} values")


_SURROGATE = re.compile("[\ud800-\udfff]")


def _proper(text: str) -> str:
    if not text.isascii() and _SURROGATE.search(text):
        raise _Odd("half of a surrogate pair is not a character")
    return text


def _tag_int64(content: Any, level: int, incoming: Incoming) -> int:
    if type(content) is not str or not re.fullmatch("-?[0-9]{1,20}", content):
        raise _Odd(f"{content!r:.80} is not an int64")
    number = int(content)
    return number if INT64_MIN <= number <= INT64_MAX else _beyond_int64(number)


def _tag_float64(content: Any, level: int, incoming: Incoming) -> float:
    if content not in ("NaN", "Infinity", "-Infinity"):
        raise _Odd(f'{content!r:.80} is not one of "NaN", "Infinity", "-Infinity"')
    return float(content)


def _tag_bytes(content: Any, level: int, incoming: Incoming) -> bytes:
    if type(content) is not str:
        return incoming.buffer(content).take()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Odd(f"not base64: {error}") from None


def _tag_time(content: Any, level: int, incoming: Incoming) -> Time:
    if type(content) is not str:
        raise _Odd(f"{content!r:.80} is not a time")
    try:
        return Time.parse(content)
    except Invalid as error:
        raise _Odd(error.message) from None


def _tag_map(content: Any, level: int, incoming: Incoming) -> Dict[str, Any]:
    if type(content) is not list:
        raise _Odd("$map is a list of pairs")
    if content:
        _enter(len(content), level, incoming)
    made: Dict[str, Any] = {}
    for pair in content:
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str:
            raise _Odd("$map is a list of pairs of a text and a value")
        key = _proper(pair[0])
        if key in made:
            raise _Odd(f"the key {key!r} is there twice")
        try:
            made[key] = _decode(pair[1], level + 1, incoming)
        except _Odd as odd:
            raise odd.within(key)
    return made


def _tag_tensor(content: Any, level: int, incoming: Incoming) -> Tensor:
    if type(content) is not dict or type(content.get("dtype")) is not str or type(content.get("shape")) is not list:
        raise _Odd("a tensor is dtype, shape and data")
    try:
        return Tensor(content["dtype"], content["shape"], incoming.buffer(content.get("data")))
    except Invalid as error:
        raise _Odd(error.message) from None


def _tag_table(content: Any, level: int, incoming: Incoming) -> Table:
    if type(content) is not dict or type(content.get("columns")) is not list:
        raise _Odd("a table is rows and columns")
    rows = content.get("rows")
    if type(rows) is not int or rows < 0:
        raise _Odd(f"a table of {rows!r:.80} rows")
    try:
        columns = [_column_in(column, incoming) for column in content["columns"]]
        for column in columns:
            column.check()
        return Table(columns, rows)
    except MortiseError as error:
        raise _Odd(error.message) from None


def _column_in(node: Any, incoming: Incoming, depth: int = 1) -> Column:
    if type(node) is not dict or depth > 64:  # check() knows the limit; this only ends the recursion
        raise _Odd("a column is a map")
    children, dictionary = node.get("children") or [], node.get("dictionary")
    metadata = node.get("metadata") or {}
    if not (
        type(node.get("format")) is str
        and type(node.get("length")) is int
        and type(node.get("null_count")) is int
        and type(node.get("buffers")) is list
        and type(children) is list
        and type(metadata) is dict
    ):
        raise _Odd(f"column {node.get('name')!r:.80} lacks format, length, null_count or buffers")
    return Column(
        _proper(str(node.get("name", ""))),
        node["format"],
        node["length"],
        node["null_count"],
        [None if place is None else incoming.buffer(place) for place in node["buffers"]],
        [_column_in(child, incoming, depth + 1) for child in children],
        None if dictionary is None else _column_in(dictionary, incoming, depth + 1),
        {key: str(text) for key, text in metadata.items()},
        node.get("nullable", True) is not False,
    )


_TAGS: Dict[str, Callable[[Any, int, Incoming], Any]] = {
    "$int64": _tag_int64,
    "$float64": _tag_float64,
    "$bytes": _tag_bytes,
    "$time": _tag_time,
    "$map": _tag_map,
    "$tensor": _tag_tensor,
    "$table": _tag_table,
}
