"""Compact headers: calls and their results without JSON around the value (docs/worker-protocol.md, section 2).

24 bytes, the method of a call, the value, and the sizes of the segments. A value that is a text stands there as it is, any
other as JSON. A worker answers compactly only what came so.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Dict, List, Sequence, Tuple

HEAD = Struct("<BBBBHHQQ")  # kind, operation, form, 0, bytes of the method, segments, id, timeout_ms or copied
HEAD_SIZE = HEAD.size
CALL, RESULT = KINDS = (1, 2)
JSON, TEXT = 0, 1
OPERATIONS = (None, "validate", "step", "execute", "poll", "aggregate", "infer", "call", "health")
MOST_SEGMENTS = 0xFFFF
_INT64_MAX = 2**63 - 1


def cut(raw: bytes) -> Tuple[Dict[str, Any], str, bytes, bool]:
    """The header as JSON would have it, under which key its value belongs, the value's bytes, and whether they are a
    text. ValueError says what is wrong with it."""
    if len(raw) < HEAD_SIZE:
        raise ValueError(f"a compact header of {len(raw)} bytes; it has {HEAD_SIZE} and more")
    kind, operation, form, zero, method_size, segments, id, number = HEAD.unpack_from(raw)
    if form > TEXT or zero or not 0 < id <= _INT64_MAX or number > _INT64_MAX:
        raise ValueError(f"a compact header with the form {form}, the reserved byte {zero}, the id {id} and {number}")
    begin = HEAD_SIZE + method_size
    end = len(raw) - 4 * segments
    if end < begin:
        raise ValueError(f"a compact header of {len(raw)} bytes, too few for its method and {segments} segments")
    header: Dict[str, Any]
    if kind == CALL:
        word = OPERATIONS[operation] if operation < len(OPERATIONS) else operation
        method = raw[HEAD_SIZE:begin].decode("utf-8")
        header = {"t": "call", "id": id, "op": word, "method": method, "timeout_ms": number}
    else:
        header = {"t": "result", "id": id, "status": "ok", "copied": number}
    if segments:
        header["segments"] = list(memoryview(raw[end:]).cast("I"))
    return header, "input" if kind == CALL else "value", raw[begin:end], form == TEXT


def result(id: int, copied: int, value: bytes, form: int, sizes: Sequence[int] = ()) -> bytes:
    """The header of a result. At most MOST_SEGMENTS sizes."""
    return HEAD.pack(RESULT, 0, form, 0, 0, len(sizes), id, copied) + value + _sizes(sizes)


def call(id: int, operation: str, method: str, timeout_ms: int, value: bytes, form: int, sizes: Sequence[int] = ()) -> bytes:
    """The header of a call, for those that play the host."""
    name = method.encode("utf-8")
    head = HEAD.pack(CALL, OPERATIONS.index(operation), form, 0, len(name), len(sizes), id, timeout_ms)
    return b"".join((head, name, value, _sizes(sizes)))


def _sizes(sizes: Sequence[int]) -> bytes:
    packed: List[bytes] = [size.to_bytes(4, "little") for size in sizes]
    return b"".join(packed)
