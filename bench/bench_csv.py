"""A CSV of 200 MB with dates, times, quotes and a bad row at the end into a typed table, against pyarrow, DuckDB and polars.

    bench/bench_csv.py [MEGABYTES]

Ours is the step Input.file on a server of its own, to the end of the step: the table stands in shared memory. The peers are
measured within their process. Every reader goes three times and one after the other, so that a busy machine hits all; shown are median and
spread, and whether a value is another one than in the file: 00007 read as 7, or the bad row's id gone without a word. Peers are installed into
build/bench-venv from bench/requirements.txt; one that cannot be installed is left out with a word. The numbers go to build/bench/csv.json.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "behaviour"))

from outside import Server, step  # noqa: E402

ROUNDS = 3
BYTES = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 200_000_000
VENV = REPOSITORY / "build" / "bench-venv"
CITIES = ["Ulm", "Berlin", "Köln", "New York", "Rio"]


def write_file(path):
    days = [str(date(2012, 1, 1) + timedelta(days=n)) for n in range(4000)]
    rows = size = 0
    with path.open("w") as file:
        file.write("id,day,at,city,note,amount,zip,ok\n")
        while size < BYTES:
            made = "".join(
                f'{n},{days[n % 4000]},{days[n % 4000]} {n % 24:02}:{n % 60:02}:{n % 60:02},{CITIES[n % 5]},'
                f'"note {n % 97}, with ""quotes""",{n * 7919 % 1000003 / 100},{n % 99999:05},{"true" if n % 3 else "false"}\n'
                for n in range(rows, rows + 10_000)
            )
            file.write(made)
            rows += 10_000
            size += len(made.encode())
        file.write('many,2012-01-01,2012-01-01 00:00:00,Ulm,"the bad row",1.5,00001,true\n')
    return rows + 1


class Ours:
    """The step, and how long the host says that it took."""

    def __init__(self, folder, path, **config):
        self.server = Server(folder)
        self.steps = [step("Input.file", "read", "table", path=str(path), timeout="10m", **config)]

    def seconds(self):
        run = self.server.finished(self.server.start_run(self.steps), within=600)
        assert run["state"] == "succeeded", run
        took = run["steps"][0]
        return float(took["elapsed_ms"]) / 1000 if "elapsed_ms" in took else float(took["elapsed"])

    def close(self):
        self.server.close()


def peer(name, path):
    done = subprocess.run(
        [VENV / "bin" / "python", Path(__file__).with_name("csv_peer.py"), name, path, "1"], capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout) if done.returncode == 0 else {"error": (done.stderr.strip().splitlines() or ["?"])[-1]}


def install():
    if not VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    wanted = [*(line.split("#")[0].strip() for line in Path(__file__).with_name("requirements.txt").read_text().splitlines()), "pyarrow"]
    for package in filter(None, wanted):
        subprocess.run([VENV / "bin" / "pip", "-q", "install", package], capture_output=True, check=False)


def shown(seconds):
    return f"median {statistics.median(seconds):6.2f} s   from {min(seconds):.2f} to {max(seconds):.2f} s"


def changes(seen, rows):
    found = []
    if str(seen["zip"]) != "00007":
        found.append(f"00007 became {seen['zip']!r}")
    if seen["rows"] != rows:
        found.append(f"{rows - seen['rows']} row(s) left out")
    elif str(seen["last_id"]) != "many":
        found.append(f"the bad row's id became {seen['last_id']!r}")
    return "; ".join(found) or "no value changed"


def main():
    install()
    with tempfile.TemporaryDirectory(prefix="bench_csv.") as name:
        folder = Path(name)
        path = folder / "rows.csv"
        rows = write_file(path)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {rows:,} rows")
        (folder / "a").mkdir()
        (folder / "b").mkdir()
        ours = {"mortise": Ours(folder / "a", path), "mortise, bad rows rejected": Ours(folder / "b", path, on_error="reject")}
        seconds = {who: [] for who in [*ours, "pyarrow", "duckdb", "polars"]}
        said = {}
        try:
            for _ in range(ROUNDS):
                for who, reader in ours.items():
                    seconds[who].append(reader.seconds())
                for who in ("pyarrow", "duckdb", "polars"):
                    made = peer(who, path)
                    if "error" in made:
                        said[who] = "left out: " + made["error"]
                        continue
                    seconds[who] += made["seconds"]
                    said[who] = changes(made, rows)
        finally:
            for reader in ours.values():
                reader.close()
        for who in ours:
            said[who] = "values not looked at here: tests/csv does"
        for who, taken in seconds.items():
            print(f"{who:<28} {shown(taken) if taken else '':<48} {said.get(who, '')}")
    results = REPOSITORY / "build" / "bench"
    results.mkdir(parents=True, exist_ok=True)
    (results / "csv.json").write_text(json.dumps({"rows": rows, "seconds": seconds, "said": said}, indent=2) + "\n")


if __name__ == "__main__":
    main()
