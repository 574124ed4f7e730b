"""The memory of a process and all that it started, looked at again and again.

Two sums: `resident` counts every page once for each process that has it, `proportional` (PSS) counts a page that n processes share
as one n-th for each of them. Memory that is shared between host and workers is in both.
"""

import re
import threading
from pathlib import Path

from outside import descendants


def _kilobytes(pid, name, pattern):
    try:
        found = re.search(pattern, Path(f"/proc/{pid}/{name}").read_text())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return int(found.group(1)) if found else 0


def memory_of(ancestor):
    """(resident, proportional) in bytes of the process and all below it."""
    everybody = [ancestor, *descendants(ancestor)]
    resident = sum(_kilobytes(pid, "status", r"VmRSS:\s+(\d+)") for pid in everybody)
    proportional = sum(_kilobytes(pid, "smaps_rollup", r"(?m)^Pss:\s+(\d+)") for pid in everybody)
    return resident * 1024, proportional * 1024


class MemoryWatch:
    """with MemoryWatch(pid) as watch: ...; watch.resident and watch.proportional are the largest sums that were seen."""

    def __init__(self, pid, every=0.02):
        self.pid, self.every = pid, every
        self.resident = self.proportional = self.looks = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._over.wait(self.every):
            resident, proportional = memory_of(self.pid)
            self.resident = max(self.resident, resident)
            self.proportional = max(self.proportional, proportional)
            self.looks += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
