"""A worker's life, played through in a zygote before anybody is forked from it.

Python adapts code while it runs, and what it writes then would no longer be shared: so it runs first. Host and worker are two
ends in this one thread: all that the host says is said before the worker begins to listen.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from typing import Any, Dict, NamedTuple, Optional

from .encode import encode
from .frames import Connection
from .outgoing import Outgoing
from .ring import CAPACITY, CONTROL, Ring, make_memory
from .worker import Worker

_NAME = "rehearsed"  # as loading.py calls it
_PLUGIN = {"id": _NAME, "path": os.path.join(os.path.dirname(os.path.abspath(__file__)), "rehearsed"), "entry": "rehearsed.py"}
_MOST_SAID = 4096  # bytes, each way
TIMES = 24  # code is adapted after it ran eight times, and settles some runs later


def rehearse(times: int, said: "Optional[Said]" = None) -> "Said":
    """`said`: what the host says, as an earlier rehearsal returned it."""
    said = said or _record()
    path = list(sys.path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for _ in range(times):
        _play(said)
        sys.modules.pop(_NAME, None)  # looking through all of them would write to each one's name
        sys.path[:] = path
        root.handlers[:] = handlers
        root.setLevel(level)
    return said


class Said(NamedTuple):
    """All that a host says in a life: over the socket, and by the ring. Recorded, because a worker never says it, and whatever
    runs writes to memory that was shared."""

    stream: bytes
    memory: bytes


def _play(said: "Said") -> None:
    hosts, workers = socket.socketpair()
    memory = make_memory()
    try:
        os.pwrite(memory, said.memory, 0)
        hosts.sendmsg([said.stream], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, memory.to_bytes(4, sys.byteorder))])
        Worker(Connection(workers)).run()
    finally:
        os.close(memory)
        hosts.close()
        workers.close()


def _record() -> "Said":
    hosts, workers = socket.socketpair()
    memory = make_memory()
    try:
        host = Connection(hosts)
        _say(host, {"t": "hello", "protocol": 1, "host": "", "plugin": _PLUGIN, "limits": {"memory": 1 << 30}})
        _say(host, {"t": "ring", "capacity": CAPACITY}, descriptor=memory)
        host.use_ring(Ring(memory, CAPACITY, "host"))
        for id, verb in enumerate(("load", "initialize", "start"), 1):
            _say(host, {"t": "lifecycle", "id": id, "verb": verb, "timeout_ms": 1000}, config={"text": "x", "number": 1})
        _say(host, {"t": "call", "id": 4, "op": "call", "method": "echo", "timeout_ms": 1000}, input={"list": [1, 2.5, None, True, "x"]})
        step = {"name": "x", "plugin": "x", "config": {"text": "x"}, "output": "x"}
        _say(host, {"t": "call", "id": 5, "op": "step", "timeout_ms": 1000}, input={"step": step, "run": {"id": "x", "attempt": 1, "key": "x"}})
        _say(host, {"t": "bye"})
        return Said(workers.recv(_MOST_SAID), os.pread(memory, CONTROL + _MOST_SAID, 0))
    finally:
        os.close(memory)
        hosts.close()
        workers.close()


def _say(host: Connection, message: Dict[str, Any], descriptor: int = -1, **values: Any) -> None:
    out = Outgoing()
    for key, value in values.items():
        message[key] = encode(value, out, key)
    host.send(out.header(message), out.segments, [descriptor] if descriptor >= 0 else [])
