"""Frames: how messages travel over the socket (docs/worker-protocol.md, section 2).

A frame is a prefix of 16 bytes, a header of JSON text and the bytes of its segments; file descriptors travel beside its
first byte. `Connection` sends and receives whole frames and checks every number before it allocates. It serves either
side: a worker uses it, and so do the tests that play the host.

Receiving reads ahead, so several small frames cost one system call. It first asks again and again for a moment, giving
the processor away in between, and only then sleeps: a sleeping process is woken far slower than it answers. Once a ring
(`ring.py`) is in use, frames come and go through shared memory where they can.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import time
from json import JSONDecodeError, JSONDecoder
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from . import compact
from .ring import BELL, IN_RING, MARK_SIZE, BrokenRing, Ring

MAGIC = b"MTSE"
PREFIX = struct.Struct("<4sIIHH")
PREFIX_SIZE = PREFIX.size
MAX_HEADER = 16 << 20
MAX_SEGMENTS = 64 << 20
MAX_DESCRIPTORS = 8
MAX_JSON_DEPTH = 512
SPIN_NS = 50_000

Bytes = Union[bytes, bytearray, memoryview]


class BrokenFrame(Exception):
    """The other side broke the protocol; nothing that follows can be trusted."""


class Ended(Exception):
    """The other side closed the socket; `inside` tells whether it did so within a frame."""

    def __init__(self, inside: bool = False) -> None:
        super().__init__("the socket ended within a frame" if inside else "the socket ended")
        self.inside = inside


class Prefix(NamedTuple):
    header: int
    segments: int
    descriptors: int


def parse_prefix(data: Bytes, at: int = 0) -> Prefix:
    """Reads the 16 bytes at `at`; anything out of bounds is a BrokenFrame that names the number and its limit."""
    magic, header, segments, descriptors, zero = PREFIX.unpack_from(data, at)
    if magic != MAGIC:
        raise BrokenFrame(f"a frame begins with {magic!r}, not {MAGIC!r}")
    if not 2 <= header <= MAX_HEADER:
        raise BrokenFrame(f"a header of {header} bytes; it has 2 to {MAX_HEADER}")
    if segments > MAX_SEGMENTS:
        raise BrokenFrame(f"segments of {segments} bytes; a frame holds at most {MAX_SEGMENTS}")
    if descriptors > MAX_DESCRIPTORS:
        raise BrokenFrame(f"{descriptors} descriptors; a frame carries at most {MAX_DESCRIPTORS}")
    if zero != 0:
        raise BrokenFrame(f"the last two bytes of a prefix are {zero}, not 0")
    return Prefix(header, segments, descriptors)


class Duplicate:
    """Stands where an object had one key twice. In a message that is a broken frame, in a value an invalid value."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key


def _refuse_constant(name: str) -> Any:
    raise BrokenFrame(f"{name} is not JSON")


class HeaderReader:
    """Parses headers. After each, `simple` tells whether its values can be used as they are (see values.decode), and
    `compact` whether it was a compact one."""

    # Numbers that could be out of range, found in one sweep: every digit becomes 0, and what begins an exponent an e.
    _OUTLINE = bytes(0x30 if chr(c) in "0123456789" else 0x65 if chr(c) in "eE+" else 0x20 for c in range(256))
    _LONG = b"0" * 19  # no shorter integer is beyond int64
    _MANY = 2 * 4_000_000  # no shorter text holds more values than a message may
    _HUGE = b"e000"  # no smaller exponent is beyond float64
    _FEW = 100  # bytes for each value, and more

    def __init__(self) -> None:
        self.simple = self.compact = False
        self._duplicates = False
        decoder: Any = JSONDecoder(object_pairs_hook=self._make_object, parse_constant=_refuse_constant)
        self._scan = decoder.scan_once

    def _make_object(self, pairs: List[Tuple[str, Any]]) -> Any:
        made = dict(pairs)
        if len(made) != len(pairs):
            self._duplicates = True
            keys = [key for key, _ in pairs]
            return Duplicate(next(key for key in keys if keys.count(key) > 1))
        return made

    def read(self, raw: bytes) -> Dict[str, Any]:
        self.compact = raw[0] in compact.KINDS
        if self.compact:
            return self._read_compact(raw)
        header = self._parse(raw)
        if type(header) is not dict:
            raise BrokenFrame("a header is one JSON object without a key twice")
        self.simple = self._is_simple(raw)
        return header

    def _read_compact(self, raw: bytes) -> Dict[str, Any]:
        try:
            header, key, value, is_text = compact.cut(raw)
            if is_text:
                header[key] = value.decode("utf-8")
                self.simple = True
                return header
        except UnicodeDecodeError as error:
            raise BrokenFrame(f"a header is not UTF-8: {error}") from None
        except ValueError as error:
            raise BrokenFrame(str(error)) from None
        header[key] = self._parse(value)
        self.simple = self._is_simple(value)
        return header

    def _parse(self, raw: bytes) -> Any:
        self._duplicates = False
        try:
            text = raw.decode("utf-8").strip(" \t\r\n")
            node, end = self._scan(text, 0)
        except UnicodeDecodeError as error:
            raise BrokenFrame(f"a header is not UTF-8: {error}") from None
        except (JSONDecodeError, StopIteration) as error:
            raise BrokenFrame(f"a header is not JSON: {error}") from None
        except RecursionError:
            raise BrokenFrame(f"a header nests more than {MAX_JSON_DEPTH} levels") from None
        except ValueError as error:  # a number of more digits than Python converts
            raise BrokenFrame(f"a header is not JSON: {error}") from None
        if end != len(text):
            raise BrokenFrame("more text follows the JSON of a header")
        return node

    def _is_simple(self, raw: bytes) -> bool:
        return not (
            self._duplicates
            or len(raw) > self._MANY
            or raw.count(b",") * self._FEW < len(raw) - self._FEW * 10  # cheaper to look at each value than at all the text
            or b'"$' in raw
            or b"\\u" in raw
            or raw.count(b"{") + raw.count(b"[") > 100
            or self._LONG in (outline := raw.translate(self._OUTLINE))
            or self._HUGE in outline
        )


class Frame(NamedTuple):
    header: Dict[str, Any]
    segments: Sequence[memoryview]
    descriptors: List[int]  # the receiver closes them
    simple: bool  # of HeaderReader
    compact: bool  # likewise


def cut_segments(header: Dict[str, Any], data: memoryview) -> Sequence[memoryview]:
    sizes = header.get("segments")
    if sizes is None:
        sizes = ()
    elif type(sizes) is not list:
        raise BrokenFrame("'segments' is not a list")
    cut = []
    at = 0
    for size in sizes:
        if type(size) is not int or size < 0 or size > len(data) - at:
            raise BrokenFrame(f"a segment of size {size!r} in a frame with {len(data)} bytes of segments")
        cut.append(data[at : at + size])
        at += size
    if at != len(data):
        raise BrokenFrame(f"the segments add up to {at} bytes, the prefix says {len(data)}")
    return cut


def pack(header: bytes, segments: Sequence[Bytes] = (), descriptors: int = 0) -> bytes:
    """The bytes of a frame. The header names the sizes of the segments already."""
    size = 0
    for segment in segments:
        size += len(segment)
    if len(header) > MAX_HEADER or size > MAX_SEGMENTS:
        raise ValueError(f"a frame with {len(header)} + {size} bytes is beyond {MAX_HEADER} + {MAX_SEGMENTS}")
    return b"".join((PREFIX.pack(MAGIC, len(header), size, descriptors, 0), header, *segments))


class Connection:
    """One end of the socket. Sending and receiving may happen on two threads; neither may on two at once."""

    _AHEAD = 64 << 10
    _ANCILLARY = socket.CMSG_SPACE(4 * 2 * MAX_DESCRIPTORS)

    def __init__(self, sock: socket.socket, spin_ns: int = SPIN_NS) -> None:
        self._socket = sock
        self._spin_ns = spin_ns
        self._reader = HeaderReader()
        self._buffer = bytearray(self._AHEAD)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._descriptors: List[int] = []
        self._ring: Optional[Ring] = None

    def use_ring(self, ring: Ring) -> None:
        """From now on frames travel through the ring where they can. While nobody sends or receives."""
        self._ring = ring

    # ---- sending

    def send(self, header: bytes, segments: Sequence[Bytes] = (), descriptors: Sequence[int] = ()) -> None:
        """Blocks until the frame is with the kernel. Raises Ended when nobody listens any more."""
        data = pack(header, segments, len(descriptors))
        try:
            if self._ring is not None:
                in_ring, mark = self._ring.send(data, by_socket=bool(descriptors))
                if mark:
                    self._socket.sendall(mark)
                if in_ring:
                    return
            if not descriptors:
                self._socket.sendall(data)
                return
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            sent = self._socket.sendmsg([data], rights)
            self._socket.sendall(memoryview(data)[sent:])
        except (BrokenPipeError, ConnectionResetError):
            raise Ended() from None
        except BrokenRing as error:
            raise BrokenFrame(f"the ring is broken: {error}") from None

    # ---- receiving

    def receive(self) -> Frame:
        """The next frame, as soon as there is one. Raises Ended or BrokenFrame."""
        while True:
            frame = self._take()
            if frame is not None:
                return frame
            self._wait()

    def receive_now(self) -> Optional[Frame]:
        """The next frame if all of it, or its beginning, is here already; None otherwise. Never waits for a frame to
        begin."""
        frame = self._take()
        while frame is None and self._fill_now():
            frame = self._take()
            while frame is None and self._amid_frame():  # it has begun, so its rest is on the way
                self._fill(wait=True)
                frame = self._take()
        return frame

    def _amid_frame(self) -> bool:
        return self._end > self._start and (self._ring is None or self._ring.away)

    def _fill_now(self) -> bool:
        if self._ring is None:
            return self._fill(wait=False)
        return self._fetch() or self._fill(wait=False)

    def _wait(self) -> None:
        """Until something came, from wherever it comes now."""
        ring = self._ring
        if ring is None or ring.away:
            self._fill(wait=True)
        elif ring.look() or not ring.doze():
            self._fetch()
        else:
            self._fill(wait=True, spin=False)
            ring.awake()
            self._fetch()

    def _fetch(self) -> bool:
        try:
            return self._ring is not None and self._ring.fetch()
        except BrokenRing as error:
            raise BrokenFrame(f"the ring is broken: {error}") from None

    def _take(self) -> Optional[Frame]:
        ring = self._ring
        if ring is None:
            return self._take_from_socket()
        while True:
            if not ring.away:
                frame = self._take_from_ring(ring)
                if frame is not None:
                    return frame
            while self._take_mark(BELL):
                pass
            if not ring.away:
                if self._end - self._start < PREFIX_SIZE:
                    return None
                if not self._fetch():
                    raise BrokenFrame("a frame came over the socket while the ring was in use")
            elif self._take_mark(IN_RING):
                ring.away = False
                self._fetch()
            else:
                return self._take_from_socket()

    def _take_mark(self, mark: bytes) -> bool:
        if not self._buffer.startswith(mark, self._start) or self._end - self._start < MARK_SIZE:
            return False
        self._start += MARK_SIZE
        return True

    def _take_from_ring(self, ring: Ring) -> Optional[Frame]:
        """The next frame of what was copied out of the ring; frames are whole there."""
        copy, at, end = ring.front()
        if at == end or ring.away:
            return None
        if end - at < PREFIX_SIZE:
            raise BrokenFrame("a frame in the ring is cut")
        prefix = parse_prefix(copy, at)
        size = PREFIX_SIZE + prefix.header + prefix.segments
        if end - at < size or prefix.descriptors:
            raise BrokenFrame("a frame in the ring is cut, or announces descriptors")
        ring.used(size)
        begin = at + PREFIX_SIZE
        header = self._reader.read(copy[begin : begin + prefix.header])
        segments: Sequence[memoryview] = ()
        if prefix.segments or "segments" in header:
            segments = cut_segments(header, memoryview(copy)[begin + prefix.header : at + size])
        return Frame(header, segments, [], self._reader.simple, self._reader.compact)

    def _take_from_socket(self) -> Optional[Frame]:
        """Cuts one frame out of what has been read, reading on into a block of its own when it is a long one."""
        start = self._start
        available = self._end - start
        if available < PREFIX_SIZE:
            return None
        prefix = parse_prefix(self._buffer, start)
        body = prefix.header + prefix.segments
        if available < PREFIX_SIZE + body and PREFIX_SIZE + body <= self._AHEAD:
            return None
        at = start + PREFIX_SIZE
        if available >= PREFIX_SIZE + body:
            data = memoryview(bytes(self._view[at : at + body])) if prefix.segments else self._view[at : at + body]
            self._start = at + body
            if self._start == self._end:
                self._start = self._end = 0
        else:
            data = self._read_long(at, body)
        if len(self._descriptors) < prefix.descriptors or (
            self._end == 0 and len(self._descriptors) > prefix.descriptors
        ):
            raise BrokenFrame(f"{len(self._descriptors)} descriptors came, the prefix says {prefix.descriptors}")
        header = self._reader.read(bytes(data[: prefix.header]))
        descriptors = []
        if prefix.descriptors:
            descriptors = self._descriptors[: prefix.descriptors]
            del self._descriptors[: prefix.descriptors]
        segments = cut_segments(header, data[prefix.header :])
        return Frame(header, segments, descriptors, self._reader.simple, self._reader.compact)

    def _read_long(self, at: int, size: int) -> memoryview:
        block = bytearray(size)
        view = memoryview(block)
        done = self._end - at
        view[:done] = self._view[at : self._end]
        self._start = self._end = 0
        while done < size:
            try:
                count = self._socket.recv_into(view[done:])
            except ConnectionResetError:
                count = 0
            if count == 0:
                raise Ended(inside=True)
            done += count
        return view.toreadonly()

    def _fill(self, wait: bool, spin: bool = True) -> bool:
        """Reads what is there, at least one byte when `wait`. Raises Ended at the end of the stream."""
        if self._start > 0:  # a frame that has begun moves to the front, so that there is room for all of it
            count = self._end - self._start
            self._buffer[:count] = self._buffer[self._start : self._end]
            self._start, self._end = 0, count
        room = [self._view[self._end :]]
        give_up = 0
        flags = socket.MSG_CMSG_CLOEXEC | (socket.MSG_DONTWAIT if spin or not wait else 0)
        while True:
            try:
                count, ancillary, received, _ = self._socket.recvmsg_into(room, self._ANCILLARY, flags)
                break
            except BlockingIOError:
                if not wait:
                    return False
                now = time.monotonic_ns()
                if give_up == 0:
                    give_up = now + self._spin_ns
                if now >= give_up:
                    flags = socket.MSG_CMSG_CLOEXEC
                else:
                    os.sched_yield()
            except ConnectionResetError:
                count, ancillary, received = 0, [], 0
                break
        if ancillary:
            self._keep_descriptors(ancillary)
        if received & socket.MSG_CTRUNC:
            raise BrokenFrame(f"more than {2 * MAX_DESCRIPTORS} descriptors came at once")
        if count == 0:
            raise Ended(inside=self._end > self._start)
        self._end += count
        return True

    def _keep_descriptors(self, ancillary: List[Tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
                self._descriptors.extend(numbers)

    def close(self) -> None:
        for number in self._descriptors:
            os.close(number)
        self._descriptors.clear()
        self._socket.close()
