"""Values on their way in: from the JSON tree of a header, nothing in it believed (see values.py for what becomes
what).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Callable, Dict, List, Optional, Sequence

from .columns import Column
from .errors import Invalid, MortiseError
from .frames import Duplicate
from .memory import Arenas, Buffer
from .table import Table
from .tensor import Tensor
from .times import Time
from .values import INT64_MAX, INT64_MIN, MAX_DEPTH, MAX_VALUES, Odd, beyond_int64, too_deep, too_many


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
                    raise Odd(f"there is no segment {index!r}, the frame has {len(self.segments)}")
                return Buffer(self.segments[index])
            if len(place) == 3 and "arena" in place and "offset" in place and "size" in place:
                try:
                    return self.arenas.buffer(place["arena"], place["offset"], place["size"])
                except Invalid as error:
                    raise Odd(error.message) from None
        raise Odd(f"{place!r:.80} is not a place of bytes")


def decode(node: Any, incoming: Incoming, root: str = "") -> Any:
    """A value from the JSON tree of a header. Raises Invalid, its path beginning with `root`."""
    try:
        return _decode(node, 1, incoming)
    except Odd as odd:
        raise odd.error(root) from None


def _decode(node: Any, level: int, incoming: Incoming) -> Any:
    kind = type(node)
    if kind is dict:
        return _decode_map(node, level, incoming)
    if kind is list:
        return _decode_list(node, level, incoming)
    if kind is int:
        return node if INT64_MIN <= node <= INT64_MAX else beyond_int64(node)
    if kind is str:
        return _proper(node)
    if kind is Duplicate:
        raise Odd(f"the key {node.key!r} is there twice")
    if kind is float and node - node != 0.0:
        raise Odd("a number is beyond float64")
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
        except Odd as odd:
            raise odd.within(index)
    return node


def _decode_map(node: Dict[str, Any], level: int, incoming: Incoming) -> Any:
    if not node:
        return node
    for key in node:
        if key[:1] == "$":
            if len(node) != 1 or key not in _TAGS:
                raise Odd(f"{list(node)[:4]!r} is neither a map nor a known tag")
            return _TAGS[key](node[key], level, incoming)
    _enter(len(node), level, incoming)
    for key, item in node.items():
        try:
            _proper(key)
            node[key] = _decode(item, level + 1, incoming)
        except Odd as odd:
            raise odd.within(key)
    return node


def _enter(items: int, level: int, incoming: Incoming) -> None:
    if level >= MAX_DEPTH:
        raise too_deep()
    incoming.values += items
    if incoming.values > MAX_VALUES:
        raise too_many()


_SURROGATE = re.compile("[\ud800-\udfff]")


def _proper(text: str) -> str:
    if not text.isascii() and _SURROGATE.search(text):
        raise Odd("half of a surrogate pair is not a character")
    return text


def _tag_int64(content: Any, level: int, incoming: Incoming) -> int:
    if type(content) is not str or not re.fullmatch("-?[0-9]{1,20}", content):
        raise Odd(f"{content!r:.80} is not an int64")
    number = int(content)
    return number if INT64_MIN <= number <= INT64_MAX else beyond_int64(number)


def _tag_float64(content: Any, level: int, incoming: Incoming) -> float:
    if content not in ("NaN", "Infinity", "-Infinity"):
        raise Odd(f'{content!r:.80} is not one of "NaN", "Infinity", "-Infinity"')
    return float(content)


def _tag_bytes(content: Any, level: int, incoming: Incoming) -> bytes:
    if type(content) is not str:
        return incoming.buffer(content).take()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Odd(f"not base64: {error}") from None


def _tag_time(content: Any, level: int, incoming: Incoming) -> Time:
    if type(content) is not str:
        raise Odd(f"{content!r:.80} is not a time")
    try:
        return Time.parse(content)
    except Invalid as error:
        raise Odd(error.message) from None


def _tag_map(content: Any, level: int, incoming: Incoming) -> Dict[str, Any]:
    if type(content) is not list:
        raise Odd("$map is a list of pairs")
    if content:
        _enter(len(content), level, incoming)
    made: Dict[str, Any] = {}
    for pair in content:
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str:
            raise Odd("$map is a list of pairs of a text and a value")
        key = _proper(pair[0])
        if key in made:
            raise Odd(f"the key {key!r} is there twice")
        try:
            made[key] = _decode(pair[1], level + 1, incoming)
        except Odd as odd:
            raise odd.within(key)
    return made


def _tag_tensor(content: Any, level: int, incoming: Incoming) -> Tensor:
    if type(content) is not dict or type(content.get("dtype")) is not str or type(content.get("shape")) is not list:
        raise Odd("a tensor is dtype, shape and data")
    try:
        return Tensor(content["dtype"], content["shape"], incoming.buffer(content.get("data")))
    except Invalid as error:
        raise Odd(error.message) from None


def _tag_table(content: Any, level: int, incoming: Incoming) -> Table:
    if type(content) is not dict or type(content.get("columns")) is not list:
        raise Odd("a table is rows and columns")
    rows = content.get("rows")
    if type(rows) is not int or rows < 0:
        raise Odd(f"a table of {rows!r:.80} rows")
    try:
        columns = [_column_in(column, incoming) for column in content["columns"]]
        for column in columns:
            column.check()
        return Table(columns, rows)
    except MortiseError as error:
        raise Odd(error.message) from None


def _column_in(node: Any, incoming: Incoming, depth: int = 1) -> Column:
    if type(node) is not dict or depth > 64:  # check() knows the limit; this only ends the recursion
        raise Odd("a column is a map")
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
        raise Odd(f"column {node.get('name')!r:.80} lacks format, length, null_count or buffers")
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
