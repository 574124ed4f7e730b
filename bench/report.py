#!/usr/bin/env python3
"""Puts the numbers of all benchmarks of a run into one table and one file, build/bench.json.

Rows with an aim come first. Whether an aim is met is said as it is; nothing fails because of it, since a busy machine would
decide then. Google Benchmark's files (no floor, no aim) go into the file as they are.
"""

import json
import os
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path

COLUMNS = ["what", "median", "p95", "floor", "ratio", "aim", "met"]


def read(folder):
    rows, notes, small = [], [], {}
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text())
        rows += content.get("rows", [])
        notes += content.get("notes", [])
        if "benchmarks" in content:
            small[path.stem] = [
                {"what": each["name"], "ns": each["cpu_time"]} for each in content["benchmarks"] if each["time_unit"] == "ns"
            ]
    return sorted(rows, key=lambda row: "aim" not in row), notes, small


def print_table(rows):
    lines = [COLUMNS] + [[str(row["shown"].get(column, "")) for column in COLUMNS] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for line in lines:
        print(" | ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def main():
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    rows, notes, small = read(source)
    print_table(rows)
    for note in notes:
        print(note)
    aimed = [row for row in rows if "aim" in row]
    missed = [row["what"] for row in aimed if not row["met"]]
    print(f"{len(aimed) - len(missed)} of {len(aimed)} aims met" + (f"; not met: {', '.join(missed)}" if missed else ""))
    load = os.getloadavg()[0]
    if load > 1:
        print(f"the machine was busy (load {load:.1f} on {os.cpu_count()} processors); believe ratios more than times")
    target.write_text(
        json.dumps(
            {
                "time": datetime.now(timezone.utc).isoformat(),
                "machine": {"system": platform.platform(), "processors": os.cpu_count(), "load": load},
                "rows": rows, "notes": notes, "small": small,
            },
            indent=1,
        )
    )  # fmt: skip
    print(f"all numbers are in {target}")


if __name__ == "__main__":
    main()
