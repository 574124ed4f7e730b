"""The worker: a process that hosts one plugin and answers its host over descriptor 3 (docs/worker-protocol.md).

    python -m mortise.worker          started by the host, never by hand

One call at a time, on the main thread. While the plugin works, frames are read only when it asks for something or looks
at `cancelled`. A second thread sleeps until the socket ends: a host that died must not leave a worker behind that
computes on, or that hangs in its cleanup.
"""

from __future__ import annotations

import _thread
import logging
import os
import select
import signal
import socket
import sys
import time
import traceback
from typing import Any, Dict, Optional

from . import __version__
from .call import Call, Log, Step
from .encode import encode
from .errors import Conflict, Invalid, MortiseError, PluginFailure, Unsupported, to_wire
from .failures import explain, traceback_of
from .frames import BrokenFrame, Connection, Ended, Frame
from .loading import load_plugin
from .logs import HostHandler
from .outgoing import Outgoing
from .plugin import OPERATIONS, Plugin, make_plugin, perform
from .ring import Ring
from .session import EXIT_ENDED, Session

PROTOCOL = 1
SOCKET = 3
LAST_WORDS = 0.7  # seconds that a plugin's cleanup has after the host went away
EXIT_MISUSED = 64

_LIFECYCLE = ("initialize", "start", "stop", "cleanup")


class Worker:
    """One connection to a host, and the plugin behind it."""

    def __init__(self, connection: Connection) -> None:
        self._session = Session(connection)
        self._logs = HostHandler(self._session)
        self._about: Dict[str, Any] = {}
        self._plugin: Optional[Plugin] = None
        self._may_get_ring = True  # until it was offered, or the first lifecycle verb
        self._compact = False  # the open call came with a compact header, so its result may have one

    def run(self) -> int:
        """Serves until the host says goodbye (0) or goes away."""
        session = self._session
        try:
            self._greet(session.connection.receive())
            logging.basicConfig(level=logging.INFO, handlers=[self._logs])
            while True:
                frame = session.connection.receive()
                kind = frame.header.get("t")
                if kind == "call":
                    self._call(frame)
                elif kind == "lifecycle":
                    self._lifecycle(frame)
                elif kind == "ring":
                    self._take_ring(frame)
                elif kind == "bye":
                    session.flush()
                    return 0
                else:
                    session.aside(frame)
        except Ended:
            self._last_words()
            session.exit(EXIT_ENDED)
        except BrokenFrame as error:
            session.broken(error)

    def _greet(self, frame: Frame) -> None:
        header = frame.header
        if header.get("t") != "hello" or type(header.get("plugin")) is not dict:
            raise BrokenFrame(f"the first message is {header.get('t')!r:.80}, not 'hello'")
        self._about = header["plugin"]
        ready = {
            "t": "ready", "protocol": PROTOCOL, "sdk": f"mortise-python {__version__}", "language": "python",
            "pid": os.getpid(), "features": ["ring", "compact"],
        }  # fmt: skip
        self._session.send(Outgoing().header(ready))

    def _take_ring(self, frame: Frame) -> None:
        """Takes the memory that the host offers, or says why not. The answer is the last frame before it is used."""
        if len(frame.descriptors) != 1 or not self._may_get_ring:
            raise BrokenFrame(f"a ring with {len(frame.descriptors)} descriptors, or out of turn")
        self._may_get_ring = False
        answer: Dict[str, Any] = {"t": "ring", "taken": True, "futex": False}
        ring = None
        try:
            ring = Ring(frame.descriptors[0], frame.header.get("capacity"), "worker")
        except Invalid as error:
            answer.update(taken=False, why=error.message)
        finally:
            os.close(frame.descriptors[0])
        self._session.send(Outgoing().header(answer))
        if ring is not None:
            self._session.connection.use_ring(ring)

    # ---- lifecycle

    def _lifecycle(self, frame: Frame) -> None:
        id = _positive(frame.header.get("id"))
        self._may_get_ring = self._compact = False
        verb = frame.header.get("verb")
        try:
            if verb == "load":
                self._load(self._session.decoded(frame, "config"))
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
        kind = load_plugin(self._about)
        self._plugin = make_plugin(kind, config, Log(self._session))

    def _loaded(self) -> Plugin:
        if self._plugin is None:
            raise Conflict("no plugin is loaded")
        return self._plugin

    def _last_words(self) -> None:
        """The host is gone; the plugin may still give back what it holds. The watching thread bounds this."""
        plugin, self._plugin = self._plugin, None
        if plugin is not None:
            for verb in (plugin.stop, plugin.cleanup):
                try:
                    verb()
                except BaseException:
                    traceback.print_exc()

    # ---- calls

    def _call(self, frame: Frame) -> None:
        id = _positive(frame.header.get("id"))
        self._compact = frame.compact
        self._session.begin_call(id)
        self._logs.call = id
        try:
            plugin = self._loaded()
            call = self._make_call(id, frame)
            value = perform(plugin, call)
            if call.noticed is not None:
                raise call.noticed
        except BaseException as error:
            self._fail(id, error)
        else:
            self._answer(id, value, "" if call.operation == "step" else "result")
        self._session.forget_call()

    def _make_call(self, id: int, frame: Frame) -> Call:
        header = frame.header
        operation = header.get("op")
        if operation not in OPERATIONS:
            raise Unsupported(f"there is no operation {operation!r:.80}")
        value = self._session.decoded(frame, "input")
        timeout = header.get("timeout_ms") or 0
        seconds = timeout / 1000 if type(timeout) is int else None
        if operation == "step":
            return Step(self._session, id, value, seconds)
        return Call(self._session, id, operation, str(header.get("method") or ""), value, seconds)

    def _answer(self, id: int, value: Any, root: str = "") -> None:
        """Answers ok. `root` begins the path in the error about what cannot cross; a step's begins with its
        "outputs"."""
        session = self._session
        out = Outgoing(session.regions)
        try:
            encoded = encode(value, out, root)
            out.finish(lambda size: session.allocate(id, size))
            if self._compact:
                header = out.compact_result(id, encoded, session.arenas.meter.copied)
            else:
                header = self._header({"t": "result", "id": id, "status": "ok", "value": encoded}, out)
        except Invalid as error:
            what = f"the plugin returned what cannot cross: {error.message}"
            self._fail(id, PluginFailure(what, error.hint, error.details))
        except MortiseError as error:  # no memory for the result
            self._fail(id, error)
        else:
            self._end_call()
            session.send(header, out.segments)

    def _fail(self, id: int, error: BaseException) -> None:
        """Answers with what left the plugin, its causes with it; the traceback goes to the log, at debug."""
        if not isinstance(error, MortiseError):
            text = {"traceback": traceback_of(error)}
            self._session.log(id, "debug", f"traceback of {type(error).__name__}", text)
        told = explain(error)
        header = self._header({"t": "result", "id": id, "status": told.code, "error": to_wire(told)}, Outgoing())
        self._end_call()
        self._session.send(header)

    def _header(self, message: Dict[str, Any], out: Outgoing) -> bytes:
        copied = self._session.arenas.meter.copied
        if copied:
            message["copied"] = copied
        return out.header(message)

    def _end_call(self) -> None:
        """What the plugin printed comes before the answer."""
        self._session.end_call()
        self._logs.call = 0
        self._session.flush()


def _positive(id: object) -> int:
    if type(id) is not int or id <= 0:
        raise BrokenFrame(f"{id!r:.80} is not the id of a call")
    return id


def _forget_present_folder() -> None:
    """`python -m` puts the present folder first on the path, where a user's json.py would stand in for Python's own."""
    if not getattr(sys.flags, "safe_path", False) and sys.path and sys.path[0] == os.getcwd():
        del sys.path[0]


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


def prepare() -> None:
    """What a process needs before it hosts a plugin. A zygote does it before it is forked from."""
    signal.signal(signal.SIGINT, lambda number, frame: None)  # Ctrl-C is for the host, which then says what to do
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, errors="backslashreplace")


def serve(sock: socket.socket) -> int:
    sock.set_inheritable(False)
    sock.setblocking(True)
    _thread.start_new_thread(_watch, (sock.fileno(),))
    status = Worker(Connection(sock)).run()
    # An orderly exit runs the plugin's atexit functions and waits for its threads, but not for ever.
    _thread.start_new_thread(_exit_later, (status,))
    return status


def main() -> int:
    try:
        sock = socket.socket(fileno=SOCKET)
    except OSError as error:
        print(
            f"mortise.worker is started by a Mortise host: descriptor {SOCKET} is its socket ({error})", file=sys.stderr
        )
        return EXIT_MISUSED
    _forget_present_folder()
    prepare()
    return serve(sock)


if __name__ == "__main__":
    sys.exit(main())
