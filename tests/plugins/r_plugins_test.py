"""The plugins in R: datasets as R's documentation has them, and decompositions as the paper has them."""

import json
from pathlib import Path

import outside
import pytest
from first_party import WEATHER, run_steps, said
from loess import stl

pytestmark = pytest.mark.skipif(
    not (outside.BUILD / "r" / "mortise").exists(), reason="the R package is not built: run tools/setup, which installs R, and make"
)


def run(folder, *steps, **saved):
    """Runs the steps and reads what the context entries in `saved` hold."""
    outputs = {name: key for name, key in saved.items()}
    done = run_steps(folder, *steps, ("Output.json", {"path": "out.json", "input": outputs}, "file"))
    assert done.returncode == 0, said(done)
    return json.loads((Path(folder) / "out.json").read_text())


def dataset(folder, **config):
    return run(folder, ("Input.r_dataset", config, "data"), rows="data")["rows"]


def problem(folder, *steps):
    done = run_steps(folder, *steps)
    assert done.returncode != 0
    return said(done)


# ---- Input.r_dataset


def test_iris_is_read_with_its_species(tmp_path):
    rows = dataset(tmp_path, name="iris")
    assert len(rows) == 150
    assert rows[0] == {"Sepal.Length": 5.1, "Sepal.Width": 3.5, "Petal.Length": 1.4, "Petal.Width": 0.2, "Species": "setosa"}
    assert [sum(row["Species"] == kind for row in rows) for kind in ("setosa", "versicolor", "virginica")] == [50, 50, 50]
    assert sum(row["Petal.Length"] for row in rows) / 150 == pytest.approx(3.758)


def test_names_of_rows_become_a_column(tmp_path):
    cars = {row["car"]: row for row in dataset(tmp_path, name="mtcars", row_names="car")}
    assert len(cars) == 32 and cars["Mazda RX4"]["mpg"] == 21.0 and cars["Maserati Bora"]["hp"] == 335


def test_a_series_of_months_has_dates(tmp_path):
    rows = dataset(tmp_path, name="AirPassengers")
    assert rows[0] == {"date": "1949-01-01", "value": 112} and rows[-1] == {"date": "1960-12-01", "value": 432}
    assert len(rows) == 144


def test_missing_values_stay_missing(tmp_path):
    rows = dataset(tmp_path, name="airquality")
    assert sum(row["Ozone"] is None for row in rows) == 37 and rows[0]["Ozone"] == 41


def test_a_contingency_table_counts(tmp_path):
    rows = dataset(tmp_path, name="Titanic")
    assert sum(row["count"] for row in rows) == 2201
    assert sum(row["count"] for row in rows if row["Survived"] == "Yes") == 711


def test_a_limit_takes_the_first_rows(tmp_path):
    assert [row["height"] for row in dataset(tmp_path, name="women", limit=3)] == [58, 59, 60]


def test_a_name_that_is_nearly_right_gets_the_right_one(tmp_path):
    told = problem(tmp_path, ("Input.r_dataset", {"name": "irsi"}, "data"))
    assert "has no dataset 'irsi'" in told and "did you mean 'iris'" in told


def test_a_package_that_is_not_there_is_named(tmp_path):
    told = problem(tmp_path, ("Input.r_dataset", {"name": "iris", "package": "datasetz"}, "data"))
    assert "there is no R package 'datasetz'" in told and "did you mean 'datasets'?" in told


# ---- analysis.stl


def test_the_parts_are_those_of_the_paper(tmp_path):
    found = run(
        tmp_path,
        ("Input.r_dataset", {"name": "co2"}, "co2"),
        ("analysis.stl", {"input": "co2"}, "fixed"),
        ("analysis.stl", {"input": "co2", "s_window": 21}, "moving"),
        fixed="fixed", moving="moving", summary="fixed_summary",
    )  # fmt: skip
    for rows, window in ((found["fixed"], None), (found["moving"], 21)):
        observed = [row["observed"] for row in rows]
        seasonal, trend, remainder = stl(observed, 12, window)
        assert len(rows) == 468
        for row, season, slow, rest in zip(rows, seasonal, trend, remainder):
            assert row["seasonal"] == pytest.approx(season, abs=1e-8)
            assert row["trend"] == pytest.approx(slow, abs=1e-8)
            assert row["remainder"] == pytest.approx(rest, abs=1e-8)
    (summary,) = found["summary"]
    assert summary["frequency"] == 12 and summary["periods"] == 39 and summary["filled"] == 0
    assert 0.97 < summary["seasonal_strength"] < 1 and summary["trend_last"] == found["fixed"][-1]["trend"]


def test_parts_that_are_known_are_found(tmp_path):
    """A straight line and a season that adds up to nothing."""
    season = [3, 1, -4, 1, -5, 9, 2, -6, 5, -3, -5, 2]
    lines = [f"{2000 + i // 12}-{i % 12 + 1:02}-01,{10 + i / 4 + season[i % 12]}" for i in range(120)]
    (tmp_path / "series.csv").write_text("day,x\n" + "\n".join(reversed(lines)) + "\n")
    rows = run(
        tmp_path, ("Input.file", {"path": "series.csv"}, "series"), ("analysis.stl", {"input": "series"}, "parts"), parts="parts"
    )["parts"]
    assert rows[0]["day"] == "2000-01-01", "in the order of time"
    for i, row in enumerate(rows):
        assert row["trend"] == pytest.approx(10 + i / 4, abs=0.2)
        assert row["seasonal"] == pytest.approx(season[i % 12], abs=0.2)


def test_several_columns_stand_below_each_other(tmp_path):
    config = {"columns": ["temp_max", "wind"], "frequency": 365, "robust": True}
    found = run(
        tmp_path, ("Input.file", {"path": str(WEATHER)}, "days"), ("analysis.stl", {"input": "days", **config}, "parts"),
        parts="parts", summary="parts_summary",
    )  # fmt: skip
    rows = found["parts"]
    assert [row["series"] for row in rows] == ["temp_max"] * 1461 + ["wind"] * 1461
    assert all(row["observed"] == pytest.approx(row["trend"] + row["seasonal"] + row["remainder"]) for row in rows)
    assert all(0 <= row["weight"] <= 1 for row in rows) and min(row["weight"] for row in rows) < 0.01
    assert [row["series"] for row in found["summary"]] == ["temp_max", "wind"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"columns": "temp_max"}, ["frequency is required", "365 for a year"]),
        ({"columns": "tmp", "frequency": 7}, ["no column 'tmp'", "temp_max, temp_min, wind"]),
        ({"columns": "weather", "frequency": 7}, ["'weather' does not hold numbers"]),
        ({"columns": "wind", "frequency": 1000}, ["has 1461 values", "two periods of 1000"]),
        ({"columns": "wind", "frequency": 7, "s_window": 8}, ["s_window: expected periodic or an odd number", "got 8"]),
        ({"columns": "wind", "frequency": 7, "time": "when"}, ["no column 'when'"]),
        ({"frequency": 7}, ["columns is required"]),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(tmp_path, config, words):
    told = problem(tmp_path, ("Input.file", {"path": str(WEATHER)}, "days"), ("analysis.stl", {"input": "days", **config}, "parts"))
    assert all(word in told for word in words), told


def test_missing_days_are_refused_or_filled(tmp_path):
    lines = WEATHER.read_text().splitlines()
    (tmp_path / "gaps.csv").write_text("\n".join(lines[:5] + lines[8:]) + "\n")
    read = ("Input.file", {"path": "gaps.csv"}, "days")
    config = {"input": "days", "columns": "wind", "frequency": 7}
    told = problem(tmp_path, read, ("analysis.stl", config, "parts"))
    assert "3 of 1461 times are missing, first 2012-01-05" in told and "gaps: interpolate" in told
    rows = run(tmp_path, read, ("analysis.stl", {**config, "gaps": "interpolate"}, "parts"), parts="parts")["parts"]
    before, after = float(lines[4].split(",")[4]), float(lines[8].split(",")[4])
    assert len(rows) == 1461 and rows[5]["observed"] == pytest.approx(before + (after - before) / 2)
