"""The worker: a process that hosts one plugin and answers its host over descriptor 3 (docs/worker-protocol.md).

    python -m mortise.worker          started by the host, never by hand

One call at a time, on the main thread. While the plugin works, frames are read only when it asks for something or looks at
`cancelled`. A second thread sleeps until the socket ends: a host that died must not leave a worker behind that computes on,
or that hangs in its cleanup.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any, Dict, List, Mapping, NoReturn, Optional

from . import __version__
from .call import Call, Host, Log, Step
from .errors import Conflict, Internal, Invalid, MortiseError, PluginFailure, Unsupported, clean, from_wire, to_wire
from .frames import BrokenFrame, Connection, Ended, Frame
from .loading import load_entry
from .logs import HostHandler
from .memory import Arenas, Buffer
from .outgoing import Outgoing
from .plugin import OPERATIONS, Plugin, make_plugin, perform
from .values import Incoming, decode, encode

PROTOCOL = 1
SOCKET = 3
LAST_WORDS = 0.7  # seconds that a plugin's cleanup has after the host went away
EXIT_ENDED, EXIT_BROKEN, EXIT_MISUSED = 1, 2, 64

_LIFECYCLE = ("initialize", "start", "stop", "cleanup")


class Worker(Host):
    """One connection to a host, and the plugin behind it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._arenas = Arenas()
        self._asking = threading.RLock()  # held by whoever reads while a call is open
        self._sending = threading.Lock()
        self._open = 0
        self._cancelled = False
        self._regions: List[Buffer] = []
        self._requests = 0
        self._about: Dict[str, Any] = {}
        self._plugin: Optional[Plugin] = None
        self._logs = HostHandler(self)

    # ---- the loop

    def run(self) -> int:
        """Serves until the host says goodbye (0) or goes away."""
        try:
            self._greet(self._connection.receive())
            logging.basicConfig(level=logging.INFO, handlers=[self._logs])
            while True:
                frame = self._connection.receive()
                if frame.header.get("t") == "bye":
                    return 0
                self._dispatch(frame)
        except Ended:
            self._last_words()
            return EXIT_ENDED
        except BrokenFrame as error:
            self._broken(error)

    def _greet(self, frame: Frame) -> None:
        header = frame.header
        if header.get("t") != "hello" or type(header.get("plugin")) is not dict:
            raise BrokenFrame(f"the first message is {header.get('t')!r}, not 'hello'")
        self._about = header["plugin"]
        ready = {
            "t": "ready", "protocol": PROTOCOL, "sdk": f"mortise-python {__version__}", "language": "python",
            "pid": os.getpid(),
        }  # fmt: skip
        self._connection.send(Outgoing().header(ready))

    def _dispatch(self, frame: Frame) -> None:
        kind = frame.header.get("t")
        if kind == "call":
            self._call(frame)
        elif kind == "lifecycle":
            self._lifecycle(frame)
        elif kind != "reply":
            self._aside(frame)
        else:
            raise BrokenFrame(f"a reply to request {frame.header.get('id')!r}, which nobody made")

    def _aside(self, frame: Frame) -> None:
        """What may come at any time."""
        header = frame.header
        kind = header.get("t")
        if kind == "cancel":
            if header.get("id") == self._open:
                self._cancelled = True
        elif kind == "arena":
            try:
                self._arenas.open(header.get("arena"), header.get("size"), header.get("access"), frame.descriptors)
            except Invalid as error:
                raise BrokenFrame(error.message) from None
        elif kind == "drop":
            try:
                self._arenas.drop(header.get("arena"))
            except Invalid as error:
                raise BrokenFrame(error.message) from None
        else:
            raise BrokenFrame(f"a message of type {kind!r} has no place here")

    # ---- lifecycle and calls

    def _lifecycle(self, frame: Frame) -> None:
        header = frame.header
        id = _positive(header.get("id"))
        verb = header.get("verb")
        try:
            if verb == "load":
                self._load(_decoded(frame, "config", self._arenas))
            elif verb in _LIFECYCLE:
                plugin = self._loaded()
                if verb == "cleanup":
                    self._plugin = None
                getattr(plugin, verb)()
            else:
                raise Unsupported(f"there is no lifecycle verb {verb!r:.80}")
        except BaseException as error:
            self._fail(id, error)
        else:
            self._answer(id, None)

    def _load(self, config: Any) -> None:
        if self._plugin is not None:
            raise Conflict("the plugin is loaded already")
        if config is None:
            config = {}
        if not isinstance(config, dict):
            raise Invalid("the configuration of a plugin is a map")
        kind = load_entry(str(self._about.get("path", "")), str(self._about.get("entry", "")))
        self._plugin = make_plugin(kind, config, Log(self))

    def _loaded(self) -> Plugin:
        if self._plugin is None:
            raise Conflict("no plugin is loaded")
        return self._plugin

    def _call(self, frame: Frame) -> None:
        id = _positive(frame.header.get("id"))
        self._open = self._logs.call = id
        self._cancelled = False
        try:
            plugin = self._loaded()
            call = self._make_call(id, frame)
            value = perform(plugin, call)
            if call._noticed is not None:
                raise call._noticed
        except BaseException as error:
            self._fail(id, error)
        else:
            self._answer(id, value, "outputs" if call.operation == "step" else "result")
        self._regions = []
        self._arenas.meter.copied = 0

    def _make_call(self, id: int, frame: Frame) -> Call:
        header = frame.header
        operation = header.get("op")
        if operation not in OPERATIONS:
            raise Unsupported(f"there is no operation {operation!r:.80}")
        value = _decoded(frame, "input", self._arenas)
        timeout = header.get("timeout_ms") or 0
        seconds = timeout / 1000 if type(timeout) is int else None
        if operation == "step":
            return Step(self, id, value, seconds)
        return Call(self, id, operation, str(header.get("method") or ""), value, seconds)

    def _end_call(self) -> None:
        """From here on threads of the plugin that still ask something are told that the call is over."""
        with self._asking:
            self._open = self._logs.call = 0

    def _answer(self, id: int, value: Any, root: str = "") -> None:
        out = Outgoing(self._regions)
        try:
            message: Dict[str, Any] = {"t": "result", "id": id, "status": "ok"}
            if root == "outputs":
                message["value"] = {**value, "outputs": encode(value["outputs"], out, root)}
            else:
                message["value"] = encode(value, out, root)
            out.finish(lambda size: self.allocate(id, size))
            if self._arenas.meter.copied:
                message["copied"] = self._arenas.meter.copied
            header = out.header(message)
        except MortiseError as error:
            failure = PluginFailure(f"the plugin returned what cannot cross: {error.message}", error.hint, error.details)
            self._fail(id, failure if isinstance(error, Invalid) else error)
            return
        self._end_call()
        self._flush()
        self._send(header, out.segments)

    def _fail(self, id: int, error: BaseException) -> None:
        """Answers with what left the plugin, its causes with it; the traceback goes to the log, at debug."""
        if not isinstance(error, MortiseError):
            self.log(id, "debug", f"traceback of {type(error).__name__}", {"traceback": _traceback(error)})
        self._end_call()
        told = _explain(error)
        message = {"t": "result", "id": id, "status": told.code, "error": to_wire(told)}
        if self._arenas.meter.copied:
            message["copied"] = self._arenas.meter.copied
        self._flush()
        self._send(Outgoing().header(message))

    # ---- the host, as calls see it

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
        self._send(header)

    def progress(self, call: int, fraction: Optional[float], note: str) -> None:
        if call == self._open:
            self._send(
                Outgoing().header({"t": "progress", "id": call, "fraction": fraction, "note": clean(note)})
            )

    def context(self, call: int, key: str) -> Any:
        return self._request(call, {"what": "context", "key": str(key)}, Outgoing())

    def service(self, call: int, service: str, method: str, input: Any) -> Any:
        with self._asking:
            out = Outgoing(self._regions)
            encoded = encode(input, out, "input")
            out.finish(lambda size: self.allocate(call, size))
            asked = {"what": "service", "service": str(service), "method": str(method), "input": encoded}
            return self._request(call, asked, out)

    def allocate(self, call: int, size: int) -> Buffer:
        with self._asking:
            place = self._request(call, {"what": "arena", "size": size}, Outgoing())
            try:
                region = self._arenas.buffer(place.get("arena"), place.get("offset"), place.get("size"))
            except (Invalid, AttributeError) as error:
                raise Internal(f"the host gave memory that cannot be used: {error}") from None
            if len(region) < size or region.arena is None or not region.arena.writable:
                raise Internal(f"the host gave {len(region)} bytes of memory, asked for {size} to write")
            self._regions.append(region)
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
            self._send(out.header({"t": "request", "id": id, "call": call, **message}), out.segments)
            while True:
                frame = self._receive_in_call(wait=True)
                assert frame is not None
                if frame.header.get("t") != "reply":
                    self._aside_in_call(frame)
                elif frame.header.get("id") != id:
                    self._broken(BrokenFrame(f"a reply to request {frame.header.get('id')!r}; {id} is open"))
                else:
                    return self._replied(frame)

    def _replied(self, frame: Frame) -> Any:
        status = frame.header.get("status")
        if status != "ok":
            raise from_wire(str(status), frame.header.get("error"))
        return _decoded(frame, "value", self._arenas)

    def _receive_in_call(self, wait: bool) -> Optional[Frame]:
        """Nothing may unwind through the plugin, which could catch it and go on: the end is the end here."""
        try:
            return self._connection.receive() if wait else self._connection.receive_now()
        except Ended:
            self._exit(EXIT_ENDED)
        except BrokenFrame as error:
            self._broken(error)

    def _aside_in_call(self, frame: Frame) -> None:
        try:
            self._aside(frame)
        except BrokenFrame as error:
            self._broken(error)

    def _send(self, header: bytes, segments: Any = ()) -> None:
        try:
            with self._sending:
                self._connection.send(header, segments)
        except Ended:
            self._exit(EXIT_ENDED)

    # ---- the end

    def _last_words(self) -> None:
        """The host is gone; the plugin may still give back what it holds. The watching thread bounds this."""
        plugin, self._plugin = self._plugin, None
        if plugin is not None:
            for verb in (plugin.stop, plugin.cleanup):
                try:
                    verb()
                except BaseException:
                    traceback.print_exc()

    def _broken(self, error: BrokenFrame) -> NoReturn:
        print(f"mortise worker: the host broke the protocol: {error}", file=sys.stderr)
        self._exit(EXIT_BROKEN)

    def _exit(self, status: int) -> NoReturn:
        self._flush()
        os._exit(status)

    def _flush(self) -> None:
        """What the plugin printed comes before the answer."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # closed or replaced by the plugin
                pass


def _decoded(frame: Frame, key: str, arenas: Arenas) -> Any:
    node = frame.header.get(key)
    return node if frame.simple else decode(node, Incoming(frame.segments, arenas), key)


def _positive(id: object) -> int:
    if type(id) is not int or id <= 0:
        raise BrokenFrame(f"{id!r:.80} is not the id of a call")
    return id


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


def _explain(error: BaseException) -> MortiseError:
    """The error to report. What is not a MortiseError is the plugin's failure; where it came from is among its details."""
    if isinstance(error, MortiseError):
        return error
    if isinstance(error, SystemExit):
        told = PluginFailure(f"the plugin called sys.exit({error.code!r})", "return, or raise an error, instead")
    else:
        told = PluginFailure(str(to_wire(error)["message"]))
    told.__cause__ = error.__cause__
    told.__context__ = error.__context__
    told.__suppress_context__ = error.__suppress_context__
    told.details["exception"] = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        told.details["file"] = frames[-1].filename
        told.details["line"] = str(frames[-1].lineno)
    return told


_HERE = os.path.dirname(os.path.abspath(__file__))


def _traceback(error: BaseException) -> str:
    """Without the worker's own frames at the top."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _watch(descriptor: int) -> None:
    """Sleeps until the host's end is closed, then bounds what is left of this process."""
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    while not poll.poll():
        pass
    _exit_later(EXIT_ENDED)


def _exit_later(status: int) -> None:
    time.sleep(LAST_WORDS)
    os._exit(status)


def main() -> int:
    try:
        sock = socket.socket(fileno=SOCKET)
    except OSError as error:
        print(f"mortise.worker is started by a Mortise host: descriptor {SOCKET} is its socket ({error})", file=sys.stderr)
        return EXIT_MISUSED
    sock.set_inheritable(False)
    sock.setblocking(True)
    signal.signal(signal.SIGINT, lambda number, frame: None)  # Ctrl-C is for the host, which then says what to do
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, errors="backslashreplace")
    threading.Thread(target=_watch, args=(sock.fileno(),), daemon=True, name="mortise-watch").start()
    worker = Worker(Connection(sock))
    status = worker.run()
    if status != 0:
        worker._exit(status)
    # An orderly exit runs the plugin's atexit functions and waits for its threads, but not for ever.
    threading.Thread(target=_exit_later, args=(status,), daemon=True).start()
    return status


if __name__ == "__main__":
    sys.exit(main())
