"""The zygote: an interpreter with the SDK and numpy loaded, from which workers are forked (docs/sandbox.md, Warm starts).

    python -m mortise.zygote LIBRARY [MODULE...]            started by the launcher, never by hand
    python -m mortise.zygote LIBRARY [MODULE...] --check    loads all, says how many threads that took, and ends

It runs nothing of any plugin and is told nothing of any: LIBRARY waits for the launcher's word and forks, and the new process
reads what it shall become by itself, once it is apart. There it is confined before it returns here.
"""

from __future__ import annotations

import ctypes
import gc
import io
import itertools
import os
import socket
import sys
import threading
from types import ModuleType
from typing import Any, Dict, Optional, Sequence

from . import worker
from .rehearsal import TIMES, rehearse
from .warm import WarmModules


def main(library: str, modules: Sequence[str], check: bool) -> int:
    api = ctypes.PyDLL(library)
    api.mortise_zygote_variable.restype = ctypes.c_char_p
    _make_streams()
    worker.prepare()
    said = rehearse(TIMES)
    WarmModules().lay_aside(modules, {"numpy.random": _reseed})
    sys.argv[:] = [worker.__file__]
    gc.collect()
    gc.freeze()  # the collector writes to what it looks at, and what is written to is no longer shared
    if check:
        sys.stdout.write(str(len(os.listdir("/proc/self/task"))))
        return 0
    if api.mortise_zygote_begin(b"") != 0:
        return 1
    if not _fork_workers(api):
        return 0
    rehearse(1, said)  # what a worker writes to is its own from here on, before anybody waits for it
    api.mortise_zygote_be_born()
    _take_environment(api)
    return worker.serve(socket.socket(fileno=worker.SOCKET))


def _fork_workers(api: Any) -> bool:
    """In the zygote: serves until the launcher is gone, then False. In each new process: True."""
    python = ctypes.pythonapi
    while True:
        python.PyOS_BeforeFork()
        told = api.mortise_zygote_next()
        if told == 1:
            python.PyOS_AfterFork_Child()  # `random` gets a seed of its own here
            threading.main_thread()._set_native_id()  # type: ignore[attr-defined]
            return True
        python.PyOS_AfterFork_Parent()
        if told < 0:
            return False


def _take_environment(api: Any) -> None:
    """What Python read of the environment when it started, read again. libc has it already."""
    fresh: Dict[bytes, bytes] = {}
    for index in itertools.count():
        entry: Optional[bytes] = api.mortise_zygote_variable(index)
        if entry is None:
            break
        name, _, value = entry.partition(b"=")
        fresh[name] = value
    known: Dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    if fresh.get(b"PYTHONPATH") != known.get(b"PYTHONPATH"):
        _take_path(os.fsdecode(fresh.get(b"PYTHONPATH", b"")))
    known.clear()
    known.update(fresh)


def _take_path(text: str) -> None:
    """The folders that this worker has beside the SDK, which comes first."""
    sdk = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    at = sys.path.index(sdk) + 1 if sdk in sys.path else 0
    for folder in text.split(os.pathsep):
        if folder and folder not in sys.path:
            sys.path.insert(at, folder)
            at += 1


def _make_streams() -> None:
    """Those of workers, as Python makes them when it starts with -u. The ones of the zygote know what its own output is, a
    file perhaps; these are made for the pipes that workers have."""
    kept = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    reads, writes = os.pipe()
    for descriptor in kept:
        os.dup2(writes, descriptor)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "wb", closefd=False)
        raw.name = f"<{name}>"  # type: ignore[misc]
        stream = io.TextIOWrapper(raw, "utf-8", "backslashreplace", "\n", line_buffering=True, write_through=True)  # type: ignore[arg-type]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    for descriptor, before in kept.items():
        os.dup2(before, descriptor)
    for descriptor in (reads, writes, *kept.values()):
        os.close(descriptor)


def _reseed(random: ModuleType) -> None:
    random.seed()  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], [word for word in sys.argv[2:] if word != "--check"], "--check" in sys.argv))
