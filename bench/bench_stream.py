"""Ten million rows through three steps in bounded memory.

    bench/bench_stream.py [ROWS]

Makes a CSV file of ROWS (10,000,000) rows of number, day, float and text, runs it through Input.file (streamed), filter, transform and
Output.parquet on a server of its own, and prints the peak memory of all processes together, looked at every 20 ms. Promise: under
300 MB. The numbers go to build/bench/stream.json.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "behaviour"))

from memory_watch import MemoryWatch  # noqa: E402
from outside import Server, step  # noqa: E402

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
LIMIT = 300_000_000


def write_rows(path):
    with path.open("w") as file:
        file.write("n,day,x,kind\n")
        for begin in range(0, ROWS, 50_000):
            numbers = range(begin, min(begin + 50_000, ROWS))
            file.write("".join(f"{n},2024-01-{1 + n % 28:02},{n % 1000 / 8},kind {n % 7}\n" for n in numbers))


def main():
    with tempfile.TemporaryDirectory(prefix="bench_stream.") as name:
        folder = Path(name)
        source, out = folder / "rows.csv", folder / "rows.parquet"
        write_rows(source)
        server = Server(folder)
        try:
            steps = [
                step("Input.file", "read", "rows", path=str(source), stream=True, timeout="30m"),
                step("Data_Processing.filter", "filter", "kept", where="x > 1", timeout="30m"),
                step("Data_Processing.transform", "map", "made", operation="map", columns={"y": "x * 2 + n"}, timeout="30m"),
                step("Output.parquet", "write", "written", path=str(out), timeout="30m"),
            ]
            begin = time.monotonic()
            with MemoryWatch(server.pid) as watch:
                run_id = server.start_run(steps)
                record = server.finished(run_id, within=3600)
            seconds = time.monotonic() - begin
            assert record["state"] == "succeeded", record
        finally:
            server.close()
        found = {
            "rows": ROWS, "csv_bytes": source.stat().st_size, "seconds": round(seconds, 2),
            "peak_rss_bytes": watch.resident, "peak_pss_bytes": watch.proportional,
            "steps": {each["name"]: each.get("rows") for each in record["steps"]},
        }  # fmt: skip
    print(f"{ROWS:,} rows ({found['csv_bytes'] / 1e6:,.0f} MB of CSV) through three steps into Parquet: {seconds:.1f} s")
    print(f"peak of all processes: {watch.proportional / 1e6:.0f} MB (shared pages once), "
          f"{watch.resident / 1e6:.0f} MB (shared pages for each process); promised: {LIMIT / 1e6:.0f} MB")  # fmt: skip
    results = REPOSITORY / "build" / "bench"
    results.mkdir(parents=True, exist_ok=True)
    (results / "stream.json").write_text(json.dumps(found, indent=2) + "\n")
    return 0 if watch.proportional < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
