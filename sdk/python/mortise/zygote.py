"""The zygote: an interpreter with the SDK and numpy loaded, from which workers are forked (docs/sandbox.md, Warm starts).

    python -m mortise.zygote LIBRARY [MODULE...]        started by the launcher, never by hand

It runs nothing of any plugin and is told nothing of any: LIBRARY waits for the launcher's word and forks, and the new process
reads what it shall become by itself, once it is apart. There it is confined before it returns here.
"""

from __future__ import annotations

import ctypes
import gc
import io
import os
import sys
import threading
from types import ModuleType
from typing import Any, List, Optional, Sequence

from . import worker
from .warm import WarmModules


def main(library: str, modules: Sequence[str]) -> int:
    api = ctypes.PyDLL(library)
    api.mortise_zygote_variable.restype = ctypes.c_char_p
    warm = WarmModules()
    warm.lay_aside(modules, {"numpy.random": _reseed})
    gc.collect()
    gc.freeze()  # the collector writes to what it looks at, and what is written to is no longer shared
    if api.mortise_zygote_begin(b"") != 0:
        return 1
    if not _fork_workers(api):
        return 0
    _take_environment(api)
    _take_streams()
    return worker.main()


def _fork_workers(api: Any) -> bool:
    """In the zygote: serves until the launcher is gone, then False. In each new worker: True."""
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
    """What Python read of the environment when it started, read again."""
    found: List[bytes] = []
    while True:
        entry: Optional[bytes] = api.mortise_zygote_variable(len(found))
        if entry is None:
            break
        found.append(entry)
    fresh = dict(entry.split(b"=", 1) for entry in found)
    for name in [name for name in os.environb if name not in fresh]:
        del os.environb[name]
    os.environb.update(fresh)
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if folder and folder not in sys.path:
            sys.path.insert(_end_of_own_path(), folder)
    sys.argv[:] = [worker.__file__]


def _take_streams() -> None:
    """As Python makes them when it starts with -u: those of the zygote were made for other files."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "wb", closefd=False)
        raw.name = f"<{name}>"  # type: ignore[misc]
        stream = io.TextIOWrapper(raw, "utf-8", "backslashreplace", "\n", line_buffering=True, write_through=True)  # type: ignore[arg-type]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "rb", closefd=False)), "utf-8", "surrogateescape")  # type: ignore[misc]


def _end_of_own_path() -> int:
    """Where PYTHONPATH ends on the path: it begins with the SDK."""
    sdk = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return sys.path.index(sdk) + 1 if sdk in sys.path else 0


def _reseed(random: ModuleType) -> None:
    random.seed()  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
