"""A scripted host: starts a worker on one end of a socket pair and speaks the protocol from the other."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import Any, Dict, List, Optional

from mortise.decode import Incoming, decode
from mortise.encode import encode
from mortise.frames import Connection, Ended, Frame
from mortise.outgoing import Outgoing

SDK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class WorkerProcess:
    """`python -m mortise.worker` with descriptor 3, pipes for what it prints, and nothing else."""

    def __init__(self, folder: str, entry: str = "plugin.py") -> None:
        self.folder = str(folder)
        self.entry = entry
        self.socket, theirs = socket.socketpair()
        self._out, write_out = os.pipe()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, write_out, 1),
            (os.POSIX_SPAWN_DUP2, write_out, 2),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": SDK, "LANG": "C.UTF-8"}
        self.pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "mortise.worker"], env, file_actions=actions)
        theirs.close()
        os.close(write_out)
        self.socket.settimeout(10)
        self.connection = Connection(self.socket, spin_ns=0)
        self.status: Optional[int] = None
        self.asides: List[Dict[str, Any]] = []
        self._last = 0

    # ---- speaking

    def send(self, message: Dict[str, Any], **values: Any) -> None:
        out = Outgoing()
        for key, value in values.items():
            message[key] = encode(value, out, key)
        header = out.header(message)
        self.connection.send(header, out.segments)

    def receive(self) -> Frame:
        return self.connection.receive()

    def result(self, id: int) -> Dict[str, Any]:
        """The result of a call; what came before it is kept in `asides`."""
        while True:
            frame = self.receive()
            message = dict(frame.header)
            for key in ("value", "fields", "input"):
                if key in message:
                    message[key] = decode(message[key], Incoming(frame.segments), key)
            if message["t"] == "result":
                assert message["id"] == id
                return message
            self.asides.append(message)
            if message["t"] == "request":
                return message

    def begin(self, config: Any = None) -> WorkerProcess:
        """hello, load, initialize, start."""
        self.hello()
        for verb in ("load", "initialize", "start"):
            assert self.lifecycle(verb, config or {})["status"] == "ok"
        return self

    def hello(self) -> Dict[str, Any]:
        plugin = {"id": "test", "path": self.folder, "entry": self.entry, "name": "test", "version": "1.0.0"}
        self.send({"t": "hello", "protocol": 1, "host": "test", "plugin": plugin, "limits": {}})
        return self.receive().header

    def lifecycle(self, verb: str, config: Any = None) -> Dict[str, Any]:
        id = self.next_id()
        message = {"t": "lifecycle", "id": id, "verb": verb, "timeout_ms": 0}
        if verb == "load":
            self.send(message, config=config)
        else:
            self.send(message)
        return self.result(id)

    def next_id(self) -> int:
        self._last += 1
        return self._last

    def start_call(self, method: str, input: Any = None, op: str = "call", timeout_ms: int = 0) -> int:
        id = self.next_id()
        self.send({"t": "call", "id": id, "op": op, "method": method, "timeout_ms": timeout_ms}, input=input)
        return id

    def call(self, method: str, input: Any = None, op: str = "call", timeout_ms: int = 0) -> Dict[str, Any]:
        return self.result(self.start_call(method, input, op, timeout_ms))

    # ---- ending

    def wait(self, seconds: float = 2.0) -> int:
        """The exit status (negative: the signal). Fails when the worker still lives after so long."""
        end = time.monotonic() + seconds
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError(f"the worker still lives after {seconds} s")
            else:
                time.sleep(0.002)
        return self.status

    def output(self) -> str:
        """All that the worker printed, once it has ended."""
        data = b""
        while True:
            piece = os.read(self._out, 1 << 16)
            if not piece:
                return data.decode("utf-8", "replace")
            data += piece

    def close(self) -> None:
        self.connection.close()
        if self.status is None:
            try:
                self.wait(2.0)
            except AssertionError:
                os.kill(self.pid, 9)
                self.wait(2.0)
                raise
            finally:
                os.close(self._out)


__all__ = ["Ended", "WorkerProcess"]
