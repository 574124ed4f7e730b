"""Buffers, and the shared memory they may lie in (docs/worker-protocol.md, section 5).

A `Buffer` is bytes in place: of a segment, of the plugin's own memory, or of an arena, which is a memory file that the
host made and this process maps. A mapping lives as long as anything looks into it. `Meter` counts what is copied
between arenas and the plugin, so that a result can say so.
"""

from __future__ import annotations

import mmap
import os
from typing import Dict, List, Optional

from .errors import Invalid

ALIGNMENT = 64


class Meter:
    """Bytes copied between shared memory and the plugin since the call began, and which call that is."""

    __slots__ = ("copied", "call")

    def __init__(self) -> None:
        self.copied = 0
        self.call = 0

    def next_call(self) -> None:
        self.copied = 0
        self.call += 1


class Arena:
    """One mapped memory file."""

    __slots__ = ("id", "size", "writable", "view", "meter")

    def __init__(self, id: int, size: int, writable: bool, descriptor: int, meter: Meter) -> None:
        """Maps the file; the descriptor stays the caller's. Raises OSError or ValueError when it is not that long."""
        protection = mmap.PROT_READ | mmap.PROT_WRITE if writable else mmap.PROT_READ
        self.id = id
        self.size = size
        self.writable = writable
        self.meter = meter
        # The view alone keeps the mapping: when the last slice of it goes, the memory is unmapped.
        self.view = memoryview(mmap.mmap(descriptor, size, mmap.MAP_SHARED, protection))

    def buffer(self, offset: int, size: int) -> Buffer:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise Invalid(f"{size} bytes at {offset} lie outside arena {self.id}, which has {self.size}")
        if offset % ALIGNMENT != 0:
            raise Invalid(f"offset {offset} in arena {self.id} is not a multiple of {ALIGNMENT}")
        return Buffer(self.view[offset : offset + size], self, offset)


class Buffer:
    """Bytes in place. `view` is flat (format "B"); `arena` is None outside shared memory."""

    __slots__ = ("view", "arena", "offset", "call")

    def __init__(self, view: memoryview, arena: Optional[Arena] = None, offset: int = 0) -> None:
        self.view = view
        self.arena = arena
        self.offset = offset
        self.call = 0 if arena is None else arena.meter.call

    def __len__(self) -> int:
        return self.view.nbytes

    @property
    def is_input(self) -> bool:
        """It came with the open call in shared memory, so the host can be given it back by its place."""
        arena = self.arena
        return arena is not None and not arena.writable and arena.meter.call == self.call

    def copied(self, size: int) -> None:
        """Notes that `size` bytes of this were copied into the plugin's own memory."""
        if self.arena is not None:
            self.arena.meter.copied += size

    def take(self) -> bytes:
        """A copy."""
        self.copied(self.view.nbytes)
        return bytes(self.view)


def flat(data: object) -> memoryview:
    """The bytes of anything with the buffer protocol, without a copy; it must be contiguous."""
    view = memoryview(data)  # type: ignore[arg-type]
    if not view.c_contiguous:
        raise Invalid("memory that is not contiguous cannot cross")
    if view.nbytes == 0:
        return memoryview(b"")
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


class Arenas:
    """The arenas of this connection by their ids."""

    def __init__(self) -> None:
        self.meter = Meter()
        self._arenas: Dict[int, Arena] = {}

    def open(self, id: object, size: object, access: object, descriptors: List[int]) -> None:
        """Takes over the message `arena`. Raises Invalid, which breaks the protocol."""
        try:
            if type(id) is not int or id <= 0 or id in self._arenas:
                raise Invalid(f"an arena has a positive number of its own, not {id!r}")
            if type(size) is not int or size <= 0 or access not in ("read", "write") or len(descriptors) != 1:
                raise Invalid(f"arena {id}: size {size!r}, access {access!r}, {len(descriptors)} descriptors")
            try:
                self._arenas[id] = Arena(id, size, access == "write", descriptors[0], self.meter)
            except (OSError, ValueError, OverflowError) as error:
                raise Invalid(f"arena {id} cannot be mapped: {error}") from None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def drop(self, id: object) -> None:
        if type(id) is not int or self._arenas.pop(id, None) is None:
            raise Invalid(f"there is no arena {id!r} to drop")

    def buffer(self, id: object, offset: object, size: object) -> Buffer:
        """The bytes of a place. Raises Invalid when it does not lie within an arena of this connection."""
        if type(id) is not int or type(offset) is not int or type(size) is not int:
            raise Invalid(f"a place in an arena is three whole numbers, not {id!r}, {offset!r}, {size!r}")
        arena = self._arenas.get(id)
        if arena is None:
            raise Invalid(f"there is no arena {id}")
        return arena.buffer(offset, size)

    def __len__(self) -> int:
        return len(self._arenas)
