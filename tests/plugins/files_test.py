"""Files in and out through the real program: what a user who makes a mistake is told."""

import json

import pytest
from first_party import run_steps, said


def read_and_write(folder, text, name="data.csv", **config):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return run_steps(
        folder,
        ("Input.file", {"path": name, **config}, "data"),
        ("Output.json", {"path": "out/data.json", "indent": 0}, "written"),
    )


def written(folder):
    return json.loads((folder / "out" / "data.json").read_text())


def test_a_csv_file_becomes_json_with_every_value_as_it_was(tmp_path):
    text = 'id,zip,day,x,ok,name\n9007199254740993,007,2015-01-31,0.1,true,"say ""hi"", ok"\n2,10115,2015-02-01,,false,\n'
    done = read_and_write(tmp_path, text)
    assert done.returncode == 0, said(done)
    assert written(tmp_path) == [
        {"id": 9007199254740993, "zip": "007", "day": "2015-01-31", "x": 0.1, "ok": True, "name": 'say "hi", ok'},
        {"id": 2, "zip": "10115", "day": "2015-02-01", "x": None, "ok": False, "name": None},
    ]


def test_a_json_file_becomes_the_same_json(tmp_path):
    rows = [{"a": 1, "b": {"c": [1, 2]}, "t": "2015-01-31"}, {"a": 2, "b": {"c": []}, "t": "2015-02-01"}]
    done = read_and_write(tmp_path, json.dumps(rows), "data.json")
    assert done.returncode == 0, said(done)
    assert written(tmp_path) == rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3\n", ["data.csv line 3", "expected 2 fields", "got 1"]),
        (b"a\nb\ncaf\xe9\n", ["data.csv line 3", "not UTF-8"]),
        ('a\n"open\n', ["data.csv line 2", "never closed"]),
        ("", ["data.csv line 1", "empty"]),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_step(tmp_path, text, words):
    done = read_and_write(tmp_path, text)
    assert done.returncode != 0
    for word in ["step 1", *words]:
        assert word in said(done)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named_by_its_absolute_path(tmp_path):
    done = run_steps(tmp_path, ("Input.file", {"path": "no/such.csv"}, "data"))
    assert done.returncode != 0
    assert str(tmp_path / "no" / "such.csv") in said(done)


def test_a_wrong_expression_in_a_late_step_stops_the_run_before_anything_is_read(tmp_path):
    (tmp_path / "data.csv").write_text("a\n1\n")
    done = run_steps(
        tmp_path,
        ("Input.file", {"path": "data.csv"}, "data"),
        ("Output.json", {"path": "first.json"}, "w"),
        ("Data_Processing.filter", {"input": "data", "where": "a > > 1"}, "some"),
    )
    assert done.returncode != 0
    assert "position 5" in said(done)
    assert not (tmp_path / "first.json").exists()
