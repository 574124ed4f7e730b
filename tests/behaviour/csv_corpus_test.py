"""Nasty CSV files, each beside what it must become: tests/csv/NAME.csv (or .tsv) and tests/csv/NAME.json.

The table goes through the program into a Parquet file, so that types are compared as well as values. Files that would be large
are generated from what their JSON says.
"""

import json
import math

import pyarrow
import pyarrow.parquet
import pytest
from outside import REPOSITORY, step

FOLDER = REPOSITORY / "tests" / "csv"
CASES = sorted(FOLDER.glob("*.json"))
KINDS = {
    "string": "text", "large_string": "text", "int64": "int64", "double": "float64", "bool": "bool", "date32[day]": "date",
}  # fmt: skip


def generated(what):
    if what["kind"] == "rows":
        lines = [what["header"], *(what["row"].replace("{i}", str(i)) for i in range(what["count"])), what["last"]]
        return "\n".join(lines) + "\n"
    if what["kind"] == "field":
        return "a,b\n" + "x" * what["bytes"] + ",1\ny,2\n"
    if what["kind"] == "quoted-field":
        return 'a,b\n"' + "\n".join("z" * what["lines"]) + '",1\ny,2\n'
    if what["kind"] == "columns":
        numbers = range(what["count"])
        row = ",".join(map(str, numbers))
        return ",".join(f"c{i}" for i in numbers) + f"\n{row}\n{row}\n"
    assert what["kind"] == "open-quote"
    return 'a,b\n1,"' + "x\n" * (what["bytes"] // 2)


def kind(field):
    if pyarrow.types.is_timestamp(field.type):
        return "timestamp_utc" if field.type.tz else "timestamp"
    return KINDS[str(field.type)]


def shown(value):
    """As JSON can say it: dates and times as ISO 8601, what is not finite and -0.0 as a text."""
    if isinstance(value, float) and (not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0)):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def rows_of(table):
    return [[shown(value) for value in row.values()] for row in table.to_pylist()]


def check_many(table, expected):
    assert table.num_rows == expected["count"]
    if "width" in expected:
        assert table.num_columns == expected["width"]
    if "first" in expected:
        assert rows_of(table.slice(0, 1)) == [expected["first"]]
        assert rows_of(table.slice(table.num_rows - 1)) == [expected["last"]]
    if "lengths" in expected:
        assert [len(text) for text in table.column(0).to_pylist()] == expected["lengths"]


def check_rejects(table, expected, path):
    assert table.column_names == ["file", "line", "column", "text", "reason"]
    got = table.to_pylist()
    assert [[row["line"], row["column"], row["text"]] for row in got] == [reject[:3] for reject in expected]
    for row, (_, _, _, reason) in zip(got, expected):
        assert reason in row["reason"]
        assert row["file"] == str(path)


def test_the_corpus_is_as_large_as_promised():
    assert len(CASES) >= 80
    assert all((FOLDER / json.loads(case.read_text())["file"]).exists() or "generate" in case.read_text() for case in CASES)


@pytest.mark.rows("M-08")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_nasty_file_becomes_the_table_that_stands_beside_it(shared_server, tmp_path, case):
    expected = json.loads(case.read_text())
    path = FOLDER / expected["file"]
    if "generate" in expected:
        path = tmp_path / expected["file"]
        path.write_text(generated(expected["generate"]))
    run = shared_server.execute(
        [*read_and_write(path, tmp_path, "memory", expected), *read_and_write(path, tmp_path, "stream", expected, stream=True)]
    )
    if "error" in expected:
        assert not run["success"], f"{path}: {run}"
        assert run["failure"]["code"] == expected["error"]["code"], f"{path}: {run['failure']}"
        for word in [*expected["error"]["words"], path.name]:
            assert word in json.dumps(run["failure"], ensure_ascii=False), f"{path}: {run['failure']}"
        return
    assert run["success"], f"{path}: {run['error']}"
    for how in ("memory", "stream"):
        check_table(pyarrow.parquet.read_table(tmp_path / f"{how}.parquet"), expected, path)
        if "rejects" in expected:
            check_rejects(pyarrow.parquet.read_table(tmp_path / f"{how}_rejects.parquet"), expected["rejects"], path)


def read_and_write(path, folder, how, expected, **more):
    yield step("Input.file", f"read {how}", how, path=str(path), **expected.get("config", {}), **more)
    for key in [how, f"{how}_rejects"] if "rejects" in expected else [how]:
        yield step("Output.parquet", f"write {key}", input=key, path=str(folder / f"{key}.parquet"))


def check_table(table, expected, path):
    if expected["columns"]:
        assert [[field.name, kind(field)] for field in table.schema] == expected["columns"], path
    if isinstance(expected["rows"], list):
        assert rows_of(table) == expected["rows"], path
    else:
        check_many(table, expected["rows"])
