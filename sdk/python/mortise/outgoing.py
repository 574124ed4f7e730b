"""Outgoing: one message on its way out. Short binary parts become segments of its frame, long ones go into shared
memory.

The header names places before it is known where they are; `finish` asks the host once for one region that holds all
that is long, copies it there, and fills the places in. What the plugin made in such a region itself (`call.empty`), and
what it hands back as it came with the call, is not copied.
"""

from __future__ import annotations

from json import JSONEncoder
from typing import Any, Callable, Dict, List, Sequence, Tuple

from . import compact
from .errors import Invalid
from .frames import MAX_HEADER, MAX_SEGMENTS
from .memory import ALIGNMENT, Buffer

SEGMENT_LIMIT = 64 << 10

_to_json = JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode

Allocate = Callable[[int], Buffer]


class Outgoing:
    __slots__ = ("segments", "values", "_size", "_long", "_regions")

    def __init__(self, regions: Sequence[Buffer] = ()) -> None:
        """`regions` are the writable regions of the open call."""
        self.segments: List[memoryview] = []
        self.values = 0
        self._size = 0
        self._long: List[Tuple[Buffer, Dict[str, int]]] = []
        self._regions = regions

    def place(self, buffer: Buffer) -> Dict[str, int]:
        """The place of these bytes; complete once `finish` ran."""
        size = len(buffer)
        if buffer.is_input and buffer.offset % ALIGNMENT == 0:
            assert buffer.arena is not None
            return {"arena": buffer.arena.id, "offset": buffer.offset, "size": size}
        if size <= SEGMENT_LIMIT and self._size + size <= MAX_SEGMENTS:
            self.segments.append(buffer.view)
            self._size += size
            return {"segment": len(self.segments) - 1}
        for region in self._regions:
            offset = _offset_within(region, buffer)
            if offset >= 0 and offset % ALIGNMENT == 0:
                assert region.arena is not None
                return {"arena": region.arena.id, "offset": offset, "size": size}
        place: Dict[str, int] = {}
        self._long.append((buffer, place))
        return place

    @property
    def deferred(self) -> bool:
        """Something waits for shared memory."""
        return bool(self._long)

    def finish_as_segments(self) -> None:
        """For messages that no socket carries (mortise.testing): everything becomes a segment, whatever its length."""
        for buffer, place in self._long:
            place["segment"] = len(self.segments)
            self.segments.append(buffer.view)
        self._long = []

    def finish(self, allocate: Allocate) -> None:
        """Moves what is long into shared memory. `allocate` asks the host for a region."""
        if not self._long:
            return
        region = allocate(sum(_aligned(len(buffer)) for buffer, _ in self._long))
        arena = region.arena
        assert arena is not None
        at = 0
        for buffer, place in self._long:
            size = len(buffer)
            region.view[at : at + size] = buffer.view
            region.copied(size)
            place.update(arena=arena.id, offset=region.offset + at, size=size)
            at += _aligned(size)
        self._long = []

    def header(self, message: Dict[str, Any]) -> bytes:
        """The JSON text of a message whose values were encoded with this."""
        if self.segments:
            message["segments"] = [segment.nbytes for segment in self.segments]
        return _bounded(_utf8(_to_json(message), message))

    def compact_result(self, id: int, value: Any, copied: int) -> bytes:
        """The compact header of a result whose value was encoded with this, or a JSON one where that does not do."""
        if len(self.segments) > compact.MOST_SEGMENTS:
            return self.header({"t": "result", "id": id, "status": "ok", "value": value, "copied": copied})
        if type(value) is str:
            return _bounded(compact.result(id, copied, _utf8(value, {"value": value}), compact.TEXT))
        sizes = [segment.nbytes for segment in self.segments]
        return _bounded(compact.result(id, copied, _utf8(_to_json(value), {"value": value}), compact.JSON, sizes))


def _utf8(text: str, source: Any) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid(f"{_path_of_surrogate(source)}: half of a surrogate pair is not a character") from None


def _bounded(header: bytes) -> bytes:
    if len(header) > MAX_HEADER:
        raise Invalid(
            f"a message of {len(header)} bytes of JSON; at most {MAX_HEADER}",
            "hand over a Table or a Tensor, which cross in shared memory",
        )
    return header


def _aligned(size: int) -> int:
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _offset_within(region: Buffer, buffer: Buffer) -> int:
    """Where in the region's arena these bytes are; -1 when they are elsewhere."""
    if buffer.arena is region.arena:
        inside = region.offset <= buffer.offset and buffer.offset + len(buffer) <= region.offset + len(region)
        return buffer.offset if inside else -1
    if buffer.arena is not None or buffer.view.readonly:
        return -1
    import ctypes  # only for who made arrays in shared memory

    begin = ctypes.addressof(ctypes.c_char.from_buffer(region.view))
    at = ctypes.addressof(ctypes.c_char.from_buffer(buffer.view)) - begin
    return region.offset + at if 0 <= at <= len(region) - len(buffer) else -1


def _path_of_surrogate(node: Any) -> str:
    """Where the text is that cannot be written; slow, for the error message."""
    stack: List[Tuple[str, Any]] = [("", node)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, str):
            try:
                item.encode("utf-8")
            except UnicodeEncodeError:
                return path.lstrip(".")
        elif isinstance(item, dict):
            stack.extend(
                (f"{path}.{key!a}" if not key.isascii() else f"{path}.{key}", inner) for key, inner in item.items()
            )
            stack.extend((f"{path} (a key)", key) for key in item)
        elif isinstance(item, (list, tuple)):
            stack.extend((f"{path}[{index}]", inner) for index, inner in enumerate(item))
    return "a text"
