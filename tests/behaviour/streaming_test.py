"""Tables that are larger than the memory that they may take go through steps in batches."""

from pathlib import Path

import pyarrow.ipc
import pyarrow.parquet
import pytest
from memory_watch import MemoryWatch
from outside import step

ROWS = 400_000
LIMIT = 300 << 20


@pytest.fixture(scope="module")
def large_file(tmp_path_factory):
    """A CSV of about 180 MB: more than may be in memory at once, with what every process needs besides."""
    path = tmp_path_factory.mktemp("large") / "rows.csv"
    filler = "f" * 430
    with path.open("w") as file:
        file.write("n,day,kind,note\n")
        for begin in range(0, ROWS, 10_000):
            file.write("".join(f"{n},2024-01-{1 + n % 28:02},k{n % 5},{filler}{n}\n" for n in range(begin, begin + 10_000)))
    return path


@pytest.mark.rows("M-54", "M-67")
def test_more_rows_than_memory_holds_pass_through_three_steps_in_batches(server, tmp_path, large_file):
    out = tmp_path / "kept.parquet"
    steps = [
        step("Input.file", "read", "rows", path=str(large_file), stream=True),
        step("Data_Processing.filter", "keep", "kept", where='kind != "k3"'),
        step("Data_Processing.transform", "double", "doubled", operation="map", columns={"twice": "n * 2"}),
        step("Output.parquet", "write", "written", path=str(out)),
        step("Data_Processing.aggregate", "sum", "sums", input="doubled", group_by="kind",
             aggregates={"rows": "count()", "sum": "sum(twice)", "last": "max(day)"}),
    ]  # fmt: skip
    with MemoryWatch(server.pid) as watch:
        run = server.execute(steps)
    assert run["success"], run
    assert watch.looks > 10
    assert watch.proportional < LIMIT, f"{watch.proportional >> 20} MiB"
    kept = [n for n in range(ROWS) if n % 5 != 3]
    written = pyarrow.parquet.read_table(out, columns=["n", "twice", "day"])
    assert written.column("n").to_pylist() == kept
    assert written.column("twice").to_pylist()[-1] == 2 * kept[-1]
    sums = run["context"]["sums"]
    rows = sums if isinstance(sums, list) else sums["rows"]
    assert [(row["kind"], row["rows"]) for row in rows] == [(f"k{k}", ROWS // 5) for k in (0, 1, 2, 4)]
    assert [row["sum"] for row in rows] == [2 * sum(range(k, ROWS, 5)) for k in (0, 1, 2, 4)]


@pytest.mark.rows("M-67")
def test_a_table_file_is_one_of_arrow_in_batches_and_goes_back_into_memory_where_that_is_asked(server, tmp_path):
    (tmp_path / "few.csv").write_text("a,b\n" + "".join(f"{n},x\n" for n in range(100)))
    run = server.execute(
        [step("Input.file", "read", "rows", path=str(tmp_path / "few.csv"), stream=True),
         step("Data_Processing.filter", "keep", "kept", where="a < 3"),
         step("Data_Processing.filter", "table", "table", where="a < 2", stream=False)]
    )  # fmt: skip
    assert run["success"], run
    named = run["context"]["kept"]
    assert (named["row_count"], named["column_count"], named["columns"]) == (3, 2, ["a", "b"])
    path = Path(named["table_file"])
    assert path.is_relative_to(server.data_dir / "runs" / run["run_id"])
    with pyarrow.ipc.open_file(path) as file:
        assert file.read_all().to_pydict() == {"a": [0, 1, 2], "b": ["x"] * 3}
    shown = run["context"]["table"]
    assert (shown if isinstance(shown, list) else shown["rows"]) == [{"a": 0, "b": "x"}, {"a": 1, "b": "x"}]
