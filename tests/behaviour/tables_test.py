"""The plugins that read, change and write tables, as a pipeline uses them."""

import json
import subprocess
import sys

import pytest
from outside import step

rows = pytest.mark.rows
SALES = [
    {"region": "north", "customer": 1, "amount": 12.5},
    {"region": "south", "customer": 2, "amount": 10.0},
    {"region": "north", "customer": 9, "amount": 30.25},
]


def give(value, output="data"):
    return step("Test.give", "give " + output, output, value=value)


def result_of(server, *steps):
    run = server.execute([give(SALES), *steps])
    assert run["success"], run
    return table(run["context"]["result"])


def table(shown):
    """The rows of a table as the API shows it, whichever form it has."""
    if isinstance(shown, list):
        return shown
    return shown["rows"] if "rows" in shown else shown


def transform(**config):
    return step("Data_Processing.transform", output="result", input="data", **config)


@rows("M-09")
def test_rename_gives_a_column_another_key_and_keeps_its_values(shared_server):
    made = result_of(shared_server, transform(operation="rename", mapping={"amount": "revenue"}))
    assert [list(row) for row in made] == [["region", "customer", "revenue"]] * 3
    assert [row["revenue"] for row in made] == [12.5, 10.0, 30.25]


@rows("M-09")
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"operation": "select", "fields": ["amount", "region"]}, [[12.5, "north"], [10.0, "south"], [30.25, "north"]]),
        ({"operation": "map", "field": "region", "function": "uppercase"},
         [["NORTH", 1, 12.5], ["SOUTH", 2, 10.0], ["NORTH", 9, 30.25]]),
        ({"operation": "map", "columns": {"double": "amount * 2"}},
         [["north", 1, 12.5, 25.0], ["south", 2, 10.0, 20.0], ["north", 9, 30.25, 60.5]]),
        ({"operation": "sort", "keys": [{"field": "amount", "asc": False}]},
         [["north", 9, 30.25], ["north", 1, 12.5], ["south", 2, 10.0]]),
        ({"operation": "aggregate", "group_by": ["region"],
          "aggregations": [{"field": "amount", "op": "sum", "as": "total"}, {"op": "count", "as": "n"}]},
         [["north", 42.75, 2], ["south", 10.0, 1]]),
    ],
)  # fmt: skip
def test_each_operation_of_transform_does_what_its_name_says(shared_server, config, expected):
    assert [list(row.values()) for row in result_of(shared_server, transform(**config))] == expected


@rows("M-09")
def test_flatten_makes_columns_of_nested_maps(shared_server):
    nested = [{"id": 1, "address": {"city": "Ulm", "geo": {"lat": 48.4}}}, {"id": 2, "address": None}]
    run = shared_server.execute([give(nested), transform(operation="flatten")])
    assert table(run["context"]["result"]) == [
        {"id": 1, "address.city": "Ulm", "address.geo.lat": 48.4},
        {"id": 2, "address.city": None, "address.geo.lat": None},
    ]


@rows("M-09", "M-29")
def test_a_transform_that_cannot_work_is_refused_before_anything_runs(shared_server):
    run = shared_server.execute([give(SALES), transform(operation="renam")])
    assert not run["success"]
    assert "unsupported transform operation: renam" in json.dumps(run)
    assert "did you mean 'rename'?" in json.dumps(run)


@rows("M-10")
def test_a_filter_keeps_the_rows_for_which_its_expression_holds(shared_server):
    made = result_of(
        shared_server, step("Data_Processing.filter", output="result", input="data", where="amount > 10")
    )
    assert [row["customer"] for row in made] == [1, 9]
    made = result_of(
        shared_server,
        step("Data_Processing.filter", output="result", input="data", field="region", operator="==", value="south"),
    )
    assert [row["customer"] for row in made] == [2]


@rows("M-10")
def test_a_filter_that_validates_names_the_column_and_the_row(shared_server):
    gaps = [{"amount": 1.5}, {"amount": None}]
    run = shared_server.execute([give(gaps), step("Data_Processing.filter", input="data", required=["amount"])])
    assert "the first is missing in row 2" in json.dumps(run)
    run = shared_server.execute([give(SALES), step("Data_Processing.filter", input="data", schema={"region": "number"})])
    assert "schema.region: expected number, got text" in json.dumps(run)


@rows("M-11")
def test_groups_have_the_sums_counts_means_and_extremes_of_their_rows(shared_server):
    made = result_of(
        shared_server,
        step(
            "Data_Processing.aggregate", output="result", input="data", group_by="region",
            aggregates={"total": "sum(amount)", "n": "count()", "mean": "avg(amount)", "low": "min(amount)", "high": "max(amount)"},
        ),
    )  # fmt: skip
    assert made == [
        {"region": "north", "total": 42.75, "n": 2, "mean": 21.375, "low": 12.5, "high": 30.25},
        {"region": "south", "total": 10.0, "n": 1, "mean": 10.0, "low": 10.0, "high": 10.0},
    ]


@rows("A-03")
def test_enrich_adds_the_columns_of_a_table_and_of_a_file_by_key(shared_server, tmp_path):
    customers = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}]
    file = tmp_path / "customers.csv"
    file.write_text("id,name\n1,Ada\n2,Bo\n")
    for source in ({"with": "customers"}, {"path": str(file)}):
        made = result_of(
            shared_server,
            give(customers, "customers"),
            step("Data_Processing.enrich", output="result", input="data", on={"customer": "id"}, **source),
        )
        assert [row["name"] for row in made] == ["Ada", "Bo", None]
        assert [row["amount"] for row in made] == [12.5, 10.0, 30.25]
    run = shared_server.execute(
        [give(SALES), give(customers, "c"), step("Data_Processing.enrich", input="data", on={"region": "id"}, **{"with": "c"})]
    )
    assert not run["success"] and "'id' of the look-up table is int64" in json.dumps(run)


@rows("M-15")
def test_output_json_writes_a_value_that_reads_back_to_the_same(shared_server, tmp_path):
    value = {"a": [1, 2.5, None, True, "ä\n"], "b": {"c": 2**63 - 1}}
    path = tmp_path / "deep" / "value.json"
    run = shared_server.execute([give(value), step("Output.json", input="data", path=str(path))])
    assert run["success"], run
    assert json.loads(path.read_text()) == value
    # An unwritable value leaves the file that is there.
    before = path.read_bytes()
    run = shared_server.execute([give(1), step("Output.json", input="nothing", path=str(path))])
    assert not run["success"] and path.read_bytes() == before


def test_a_table_comes_back_from_csv_and_parquet_as_it_was(shared_server, tmp_path):
    tricky = [
        {"id": 2**63 - 1, "text": "", "code": "007", "x": 0.1, "day": "2024-02-29", "ok": True},
        {"id": None, "text": None, "code": "a,\"b\"\nc", "x": None, "day": None, "ok": None},
    ]
    written = tmp_path / "t.csv.gz"
    run = shared_server.execute(
        [give(tricky), step("Output.csv", output="w", input="data", path=str(written)),
         step("Input.file", "again", "result", path=str(written))]
    )  # fmt: skip
    assert run["success"], run
    assert run["context"]["w"]["rows"] == 2
    assert table(run["context"]["result"]) == tricky
    parquet = tmp_path / "t.parquet"
    run = shared_server.execute([give(tricky), step("Output.parquet", input="data", path=str(parquet))])
    assert run["success"], run
    read = "import pyarrow.parquet as p, sys, json; print(json.dumps(p.read_table(sys.argv[1]).to_pylist()))"
    seen = subprocess.run([sys.executable, "-c", read, parquet], capture_output=True, text=True, check=True)
    assert json.loads(seen.stdout) == tricky


@rows("M-16")
def test_output_html_shows_each_cell_of_a_table_escaped(shared_server, tmp_path):
    path = tmp_path / "report.html"
    texts = [{"name": "<b>Ada</b> & co", "n": 1}, {"name": "plain", "n": 2}]
    run = shared_server.execute(
        [give(texts), step("Output.html", path=str(path), sections=[{"title": "T", "table": {"input": "data"}}])]
    )
    assert run["success"], run
    page = path.read_text()
    assert "&lt;b&gt;Ada&lt;/b&gt; &amp; co" in page and "plain" in page and "<b>Ada" not in page


@rows("M-08")
def test_each_format_is_read_from_a_path_and_from_a_pattern(shared_server, tmp_path):
    five = "".join(f"{i},x{i}\n" for i in range(5))
    (tmp_path / "one.csv").write_text("n,t\n" + five)
    (tmp_path / "a.jsonl").write_text('{"n": 0, "t": "x0"}\n{"n": 1, "t": "x1"}\n')
    (tmp_path / "b.jsonl").write_text('{"n": 2, "t": "x2"}\n{"n": 3, "t": "x3"}\n{"n": 4, "t": "x4"}\n')
    (tmp_path / "rows.json").write_text(json.dumps([{"n": i, "t": f"x{i}"} for i in range(5)]))
    (tmp_path / "p1.tsv").write_text("n\tt\n0\tx0\n1\tx1\n")
    (tmp_path / "p2.tsv").write_text("t\tn\nx2\t2\nx3\t3\nx4\t4\n")
    expected = [{"n": i, "t": f"x{i}"} for i in range(5)]
    for path in ("one.csv", "rows.json", "*.jsonl", "p?.tsv"):
        run = shared_server.execute([step("Input.file", output="result", path=str(tmp_path / path))])
        assert run["success"], run
        assert table(run["context"]["result"]) == expected, path
        some = shared_server.execute([step("Input.file", output="result", path=str(tmp_path / path), limit=2, offset=1)])
        assert table(some["context"]["result"]) == expected[1:3], path
    (tmp_path / "note.txt").write_text("first\r\nsecond ä\n")
    run = shared_server.execute([step("Input.file", output="result", path=str(tmp_path / "note.txt"), format="text")])
    assert run["context"]["result"] == "first\r\nsecond ä\n"
    lines = shared_server.execute(
        [step("Input.file", output="result", path=str(tmp_path / "note.*"), format="text", lines=True)]
    )
    assert [(row["line"], row["text"]) for row in table(lines["context"]["result"])] == [(1, "first"), (2, "second ä")]
    (tmp_path / "blob.bin").write_bytes(bytes(range(256)))
    run = shared_server.execute(
        [step("Input.file", output="result", path=str(tmp_path / "blob.bin"), format="binary"),
         step("Test.look", output="seen", key="result")]
    )  # fmt: skip
    assert run["context"]["seen"]["kind"] == "bytes"
