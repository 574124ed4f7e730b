#!/usr/bin/env python3
"""The package scanner's lines per second on Python, beside Bandit's on the same files and in turns with it.

    as they are used   ours by the worker that waits for packages, Bandit as the program that a scan starts, both on a package of 2,000
                       lines, by the clock                                                                              aim: 10 times
    as libraries       everything imported beforehand, on BENCH_LINES (20,000) lines, by processor time: what a line costs when nobody starts

Ours is asked without Bandit. The files are the standard library's own. Numbers go to build/bench/scanner.json.
"""

import io
import json
import logging
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SCANNER = REPOSITORY / "plugins" / "package_scanner"
sys.path[:0] = [str(REPOSITORY / "sdk" / "python"), str(SCANNER)]

import package_scanner  # noqa: E402
from bandit.core import config, manager  # noqa: E402
from scanner.tree import File  # noqa: E402

LINES = int(os.environ.get("BENCH_LINES", "20000"))
ROUNDS = 5
AIM = 10


def sources(wanted):
    """Files of the standard library by name, until there are enough lines."""
    chosen, lines = [], 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        content = path.read_bytes()
        chosen.append((path.name, content))
        lines += content.count(b"\n")
        if lines >= wanted:
            break
    return chosen, lines


def ours(files):
    return package_scanner.scan(files, with_bandit=False)


def bandits(folder):
    made = manager.BanditManager(config.BanditConfig(), "file", quiet=True)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        made.discover_files([folder], recursive=True)
        made.run_tests()
    return made


def seconds(clock, work):
    begin = clock()
    work()
    return clock() - begin


def write(folder, chosen):
    for name, content in chosen:
        (Path(folder) / name).write_bytes(content)
    return [File(name, content, False) for name, content in chosen]


def command(folder):
    subprocess.run([sys.executable, "-m", "bandit", "--quiet", "--exit-zero", "--format", "json", "--recursive", folder], capture_output=True, check=True)


def row(what, lines, times, floors, aim=None):
    rate, floor = lines / statistics.median(times), lines / statistics.median(floors)
    shown = {"what": what, "median": f"{rate:,.0f} /s", "p95": f"{lines / max(times):,.0f} /s", "floor": f"Bandit {floor:,.0f} /s", "ratio": f"{rate / floor:.1f}"}
    made = {"what": what, "shown": shown, "lines": lines, "seconds": times, "bandit_seconds": floors}
    if aim:
        met = rate / floor >= aim
        shown |= {"aim": f"{aim} times", "met": "yes" if met else "no"}
        made |= {"aim": aim, "met": met}
    print("   ".join(f"{key} {value}" if key != "what" else value for key, value in shown.items()))
    return made


def compared(what, lines, clock, theirs, aim=None):
    chosen, lines = sources(lines)
    with tempfile.TemporaryDirectory() as folder:
        files = write(folder, chosen)
        ours(files), theirs(folder)
        times, floors = [], []
        for _ in range(ROUNDS):
            floors.append(seconds(clock, lambda: theirs(folder)))
            times.append(seconds(clock, lambda: ours(files)))
    return row(what, lines, times, floors, aim)


def main():
    logging.disable(logging.CRITICAL)
    rows = [
        compared("scanner, a package of 2,000 lines of Python", 2_000, time.perf_counter, command, AIM),
        compared("scanner as a library, lines of Python", LINES, time.process_time, bandits),
    ]
    out = REPOSITORY / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "scanner.json").write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
