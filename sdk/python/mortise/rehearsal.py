"""A worker's life, played through in a zygote before anybody is forked from it.

Python adapts code while it runs, and what it writes then would no longer be shared: so it runs first. Host and worker are two
ends in this one thread: all that the host says is said before the worker begins to listen.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from typing import Any, Dict

from .encode import encode
from .frames import Connection
from .outgoing import Outgoing
from .ring import CAPACITY, Ring, make_memory
from .worker import Worker

_PLUGIN = {"id": "rehearsed", "path": os.path.join(os.path.dirname(os.path.abspath(__file__)), "rehearsed"), "entry": "rehearsed.py"}
TIMES = 24  # code is adapted after it ran eight times, and settles some runs later


def rehearse(times: int) -> None:
    modules, path = set(sys.modules), list(sys.path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for _ in range(times):
        _play()
        for name in [name for name in sys.modules if name not in modules and name.startswith("rehearsed")]:
            del sys.modules[name]
        sys.path[:] = path
        root.handlers[:] = handlers
        root.setLevel(level)


def _play() -> None:
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
        Worker(Connection(workers)).run()
    finally:
        os.close(memory)
        hosts.close()
        workers.close()


def _say(host: Connection, message: Dict[str, Any], descriptor: int = -1, **values: Any) -> None:
    out = Outgoing()
    for key, value in values.items():
        message[key] = encode(value, out, key)
    host.send(out.header(message), out.segments, [descriptor] if descriptor >= 0 else [])
