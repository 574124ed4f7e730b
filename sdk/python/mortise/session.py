"""Session: the conversation with the host while a call is open, as the plugin's `Call` sees it.

Frames are read only by whoever asks for something (context, service, memory, cancelled), one thread at a time. What the
plugin logs and reports is sent at once, from any thread. When the host goes away or breaks the protocol in the middle
of a call, the process ends here and now: nothing is raised through the plugin, which could catch it and go on.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Dict, List, Mapping, NoReturn, Optional, Sequence

from .call import Host
from .decode import Incoming, decode
from .encode import encode
from .errors import Conflict, Internal, Invalid, clean, from_wire
from .frames import BrokenFrame, Connection, Ended, Frame
from .memory import Arenas, Buffer
from .outgoing import Outgoing

EXIT_ENDED, EXIT_BROKEN = 1, 2


class Session(Host):
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arenas = Arenas()
        self.regions: List[Buffer] = []  # writable memory of the open call
        self._asking = threading.RLock()  # held by whoever reads while a call is open
        self._sending = threading.Lock()
        self._open = 0
        self._cancelled = False
        self._requests = 0

    # ---- for the loop

    def begin_call(self, id: int) -> None:
        self._open = id
        self._cancelled = False

    def end_call(self) -> None:
        """From here on threads of the plugin that still ask something are told that the call is over."""
        with self._asking:
            self._open = 0

    def forget_call(self) -> None:
        """What the host takes back with the result."""
        self.regions = []
        self.arenas.meter.next_call()

    def decoded(self, frame: Frame, key: str) -> Any:
        """A value of a message; what is simple was decoded with its header."""
        node = frame.header.get(key)
        return node if frame.simple else decode(node, Incoming(frame.segments, self.arenas), key)

    def aside(self, frame: Frame) -> None:
        """What may come at any time."""
        header = frame.header
        kind = header.get("t")
        if kind == "cancel":
            if header.get("id") == self._open:
                self._cancelled = True
        elif kind == "arena":
            try:
                self.arenas.open(header.get("arena"), header.get("size"), header.get("access"), frame.descriptors)
            except Invalid as error:
                raise BrokenFrame(error.message) from None
        elif kind == "drop":
            try:
                self.arenas.drop(header.get("arena"))
            except Invalid as error:
                raise BrokenFrame(error.message) from None
        elif kind == "reply":
            raise BrokenFrame(f"a reply to request {header.get('id')!r}, which is not open")
        else:
            raise BrokenFrame(f"a message of type {kind!r:.80} has no place here")

    def send(self, header: bytes, segments: Sequence[memoryview] = ()) -> None:
        try:
            with self._sending:
                self.connection.send(header, segments)
        except Ended:
            self.exit(EXIT_ENDED)
        except BrokenFrame as error:
            self.broken(error)

    # ---- for calls

    def log(self, call: int, level: str, message: str, fields: Mapping[str, Any]) -> None:
        record: Dict[str, Any] = {"t": "log", "id": call if call == self._open else 0, "level": level}
        record["message"] = clean(message)
        if fields:
            record["fields"] = {clean(key): _field(value) for key, value in fields.items()}
        try:
            header = Outgoing().header(record)
        except Invalid:  # half a surrogate pair in a text somewhere, or a mountain of text
            record["fields"] = {clean(key): _field(value, alone=True) for key, value in fields.items()}
            header = Outgoing().header(record)
        self.send(header)

    def progress(self, call: int, fraction: Optional[float], note: str) -> None:
        if call == self._open:
            self.send(Outgoing().header({"t": "progress", "id": call, "fraction": fraction, "note": clean(note)}))

    def context(self, call: int, key: str) -> Any:
        return self._request(call, {"what": "context", "key": str(key)}, Outgoing())

    def service(self, call: int, service: str, method: str, input: Any) -> Any:
        with self._asking:
            out = Outgoing(self.regions)
            encoded = encode(input, out, "input")
            out.finish(lambda size: self.allocate(call, size))
            asked = {"what": "service", "service": str(service), "method": str(method), "input": encoded}
            return self._request(call, asked, out)

    def allocate(self, call: int, size: int) -> Buffer:
        with self._asking:
            place = self._request(call, {"what": "arena", "size": size}, Outgoing())
            try:
                region = self.arenas.buffer(place.get("arena"), place.get("offset"), place.get("size"))
            except (Invalid, AttributeError) as error:
                raise Internal(f"the host gave memory that cannot be used: {error}") from None
            if len(region) < size or region.arena is None or not region.arena.writable:
                raise Internal(f"the host gave {len(region)} bytes of memory, asked for {size} to write")
            self.regions.append(region)
            return region

    def cancelled(self, call: int) -> bool:
        if not self._asking.acquire(blocking=False):
            return self._cancelled  # another thread waits for a reply and reads what comes
        try:
            if call != self._open:
                return True
            while not self._cancelled:
                frame = self._receive_in_call(wait=False)
                if frame is None:
                    break
                self._aside_in_call(frame)
            return self._cancelled
        finally:
            self._asking.release()

    def _request(self, call: int, message: Dict[str, Any], out: Outgoing) -> Any:
        with self._asking:
            if call != self._open:
                raise Conflict("the call is over: there is nobody to ask")
            self._requests += 1
            id = self._requests
            self.send(out.header({"t": "request", "id": id, "call": call, **message}), out.segments)
            while True:
                frame = self._receive_in_call(wait=True)
                assert frame is not None
                if frame.header.get("t") != "reply":
                    self._aside_in_call(frame)
                elif frame.header.get("id") != id:
                    self.broken(BrokenFrame(f"a reply to request {frame.header.get('id')!r}; {id} is open"))
                else:
                    return self._replied(frame)

    def _replied(self, frame: Frame) -> Any:
        status = frame.header.get("status")
        if status != "ok":
            raise from_wire(str(status), frame.header.get("error"))
        return self.decoded(frame, "value")

    def _receive_in_call(self, wait: bool) -> Optional[Frame]:
        """Nothing may unwind through the plugin, which could catch it and go on: the end is the end here."""
        try:
            return self.connection.receive() if wait else self.connection.receive_now()
        except Ended:
            self.exit(EXIT_ENDED)
        except BrokenFrame as error:
            self.broken(error)

    def _aside_in_call(self, frame: Frame) -> None:
        try:
            self.aside(frame)
        except BrokenFrame as error:
            self.broken(error)

    # ---- the end

    def broken(self, error: BrokenFrame) -> NoReturn:
        print(f"mortise worker: the host broke the protocol: {error}", file=sys.stderr)
        self.exit(EXIT_BROKEN)

    def exit(self, status: int) -> NoReturn:
        self.flush()
        os._exit(status)

    def flush(self) -> None:
        """What the plugin printed comes before the answer."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # closed or replaced by the plugin
                pass


def _field(value: Any, alone: bool = False) -> Any:
    """A field of a log record: as it is where it fits into JSON, else as text. `alone` tries it on its own first."""
    out = Outgoing()
    try:
        encoded = encode(value, out)
        if not out.segments and not out.deferred and (not alone or len(out.header({"": encoded})) < 65_536):
            return encoded
    except Exception:  # whatever the object does when looked at
        pass
    try:
        return clean(repr(value))
    except Exception:
        return f"<a {type(value).__name__} that cannot be shown>"
