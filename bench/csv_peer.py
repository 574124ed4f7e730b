"""One reader of CSV, in a process of its own: csv_peer.py NAME FILE ROUNDS -> JSON of seconds and of what became of some values.

Each makes a typed table with its defaults, told no more than what it needs to get past the bad row at the end.
"""

import json
import sys
import time


def arrow_types(table):
    return {name: str(table.schema.field(name).type) for name in table.column_names}


def with_pyarrow(path):
    import pyarrow.csv

    table = pyarrow.csv.read_csv(path)
    return arrow_types(table), lambda name, row: table[name][row].as_py(), len(table)


def with_duckdb(path):
    import duckdb

    duckdb.sql("SET enable_progress_bar = false")
    table = duckdb.read_csv(path, store_rejects=True).arrow()
    table = table if hasattr(table, "column_names") else table.read_all()
    return arrow_types(table), lambda name, row: table[name][row].as_py(), len(table)


def with_polars(path):
    import polars

    frame = polars.read_csv(path, try_parse_dates=True, ignore_errors=True)
    return {name: str(kind) for name, kind in frame.schema.items()}, lambda name, row: frame[name][row], len(frame)


def main():
    name, path, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    reader = {"pyarrow": with_pyarrow, "duckdb": with_duckdb, "polars": with_polars}[name]
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        types, value, rows = reader(path)
        seconds.append(time.perf_counter() - begin)
    last = value("id", rows - 1)
    print(json.dumps({"seconds": seconds, "types": types, "rows": rows, "zip": value("zip", 7), "last_id": last}))


main()
