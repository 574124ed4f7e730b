"""The ring: frames through shared memory, beside the socket (docs/worker-protocol.md, section 6).

Each direction is a ring of bytes whose words `tail` (bytes written), `head` (bytes read) and `asleep` have one writer each.
What has descriptors, is large, or finds no room goes over the socket, which a mark in the ring announces; another mark on
the socket says that the stream goes on in the ring. `Ring` serves either side, as `frames.Connection` does.

Nothing but the standard library is needed, so nobody sleeps on a futex here: who looked in vain sleeps at the socket, where
the other side rings a bell. The words are written and read whole by memoryview; x86-64 keeps the order of stores, and taking
a lock keeps a load behind them.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
import time
from typing import Callable, Tuple

from .errors import Invalid

CONTROL = 4096
CAPACITY = 128 << 10
SMALLEST, LARGEST = 4 << 10, 16 << 20
MARK_SIZE = 16
ON_SOCKET = b"MTSS" + bytes(12)  # in the ring: the stream goes on at the socket
IN_RING = b"MTSR" + bytes(12)  # on the socket: the stream goes on in the ring
BELL = b"MTSB" + bytes(12)  # on the socket: look into the ring
AWAKE, AT_FUTEX, AT_SOCKET = 0, 1, 2
TO_WORKER, TO_HOST = 16, 64  # of `tail` in words; `head` and `asleep` follow, 16 words (a cache line) apart
LONGEST_SPIN_US = 1000
_LONG_YIELD_NS = 100_000
_WORD = 0xFFFFFFFF


class BrokenRing(Exception):
    """The other side wrote what cannot be."""


class Ring:
    """One side's view of the memory: its own direction to write, the other's to read."""

    def __init__(self, descriptor: int, capacity: object, side: str) -> None:
        """Maps the memory; the descriptor stays the caller's. Raises Invalid when it is not what it is said to be."""
        if type(capacity) is not int or not SMALLEST <= capacity <= LARGEST or capacity & (capacity - 1):
            raise Invalid(f"a ring of {capacity!r} bytes; it has a power of two from {SMALLEST} to {LARGEST}")
        size = CONTROL + 2 * capacity
        try:
            if os.fstat(descriptor).st_size < size:
                raise Invalid(f"the memory of a ring of {capacity} bytes is too short")
            memory = memoryview(mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE))
        except (OSError, ValueError, OverflowError) as error:
            raise Invalid(f"the memory of a ring cannot be mapped: {error}") from None
        self.away = False  # what we read goes on at the socket
        self._words = memory[:CONTROL].cast("I")
        to_worker, to_host = memory[CONTROL : CONTROL + capacity], memory[CONTROL + capacity :]
        worker = side == "worker"
        self._out, self._out_data = (TO_HOST, to_host) if worker else (TO_WORKER, to_worker)
        self._in, self._in_data = (TO_WORKER, to_worker) if worker else (TO_HOST, to_host)
        self._capacity = capacity
        self._fence = threading.Lock()
        self._written = self._known_read = 0
        self._sent_away = False
        self._read = 0
        self._copy = b""
        self._at = 0
        self._looks = _Looks()

    # ---- sending

    def send(self, frame: bytes, by_socket: bool = False) -> Tuple[bool, bytes]:
        """(whether the frame is in the ring and does not go over the socket, what is to be sent there before)."""
        was_away = self._sent_away
        if not by_socket and self._has_room(len(frame)):
            self._sent_away = False
            self._put(frame)
        else:
            self._sent_away = True
            if was_away:
                return False, b""
            self._put(ON_SOCKET)
        self._words[self._out] = self._written
        if was_away:
            return True, IN_RING  # the reader waits at the socket
        with self._fence:
            pass
        if not self._sent_away and self._words[self._out + 32] != AWAKE:
            return True, BELL
        return not self._sent_away, b""

    def _has_room(self, size: int) -> bool:
        """Room for a mark stays free. Back from the socket it goes only when half of the ring is free."""
        half = self._capacity // 2
        if size > half:
            return False
        wanted = size + MARK_SIZE
        if self._sent_away and wanted < half:
            wanted = half
        if self._capacity - (self._written - self._known_read & _WORD) >= wanted:
            return True
        read = self._words[self._out + 16]
        if read - self._known_read & _WORD > self._written - self._known_read & _WORD:
            raise BrokenRing("its reader says that it read what was never written")
        self._known_read = read
        return self._capacity - (self._written - read & _WORD) >= wanted

    def _put(self, data: bytes) -> None:
        at = self._written & self._capacity - 1
        size = len(data)
        first = self._capacity - at
        if size <= first:
            self._out_data[at : at + size] = data
        else:
            self._out_data[at:] = data[:first]
            self._out_data[: size - first] = data[first:]
        self._written = self._written + size & _WORD

    # ---- receiving

    def fetch(self) -> bool:
        """Copies out what is there, unless the last copy is not used up. True when there is something to cut."""
        if self._at < len(self._copy):
            return not self.away
        there = self._words[self._in] - self._read & _WORD
        if there == 0:
            return False
        capacity = self._capacity
        if there > capacity:
            raise BrokenRing(f"it holds {capacity} bytes, its writer says {there}")
        at = self._read & capacity - 1
        if at + there <= capacity:
            self._copy = bytes(self._in_data[at : at + there])
        else:
            self._copy = bytes(self._in_data[at:]) + bytes(self._in_data[: at + there - capacity])
        self._at = 0
        self._read = self._read + there & _WORD
        self._words[self._in + 16] = self._read
        return not self.away

    def front(self) -> Tuple[bytes, int, int]:
        """The copy, and from where to where it is still unused. A mark at its front sends us to the socket."""
        at, end = self._at, len(self._copy)
        if at < end and self._copy.startswith(ON_SOCKET, at):
            self._at = at = at + MARK_SIZE
            self.away = True
        return self._copy, at, end

    def used(self, size: int) -> None:
        self._at += size

    def look(self) -> bool:
        """Looks for as long as the host allows, giving the processor away in between. True when something came."""
        words, index, read = self._words, self._in, self._read
        if words[index] != read:
            return True
        return self._looks.look(min(words[0], LONGEST_SPIN_US), lambda: words[index] != read)

    def doze(self) -> bool:
        """Before a sleep at the socket. False: something is here, and we are awake again."""
        self._words[self._in + 32] = AT_SOCKET
        with self._fence:
            pass
        if self._words[self._in] == self._read:
            return True
        self.awake()
        return False

    def awake(self) -> None:
        self._words[self._in + 32] = AWAKE


class _Looks:
    """Whether looking is worth it, from what came of it; src/runtime/ring/spin.h says why."""

    def __init__(self) -> None:
        self._skip = self._skipped = 0
        self._pause_ns = 10_000_000
        self._not_before = 0

    def look(self, most_us: int, there: Callable[[], bool]) -> bool:
        if most_us == 0:
            return False
        begin = before = time.monotonic_ns()
        if begin < self._not_before:
            return False
        if self._skipped < self._skip:
            self._skipped += 1
            return False
        while True:
            os.sched_yield()
            if there():
                self._skip = self._skipped = 0
                self._pause_ns = 10_000_000
                return True
            now = time.monotonic_ns()
            if now - before > _LONG_YIELD_NS:
                self._not_before = now + self._pause_ns
                self._pause_ns = min(self._pause_ns * 2, 1_280_000_000)
                return False
            if now - begin >= most_us * 1000:
                self._skipped = 0
                self._skip = min(max(self._skip * 2, 1), 8)
                return False
            before = now


def make_memory(capacity: int = CAPACITY) -> int:
    """The descriptor of memory for a ring, sealed as a host does it."""
    descriptor = os.memfd_create("mortise-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, CONTROL + 2 * capacity)
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor
