"""The normaliser on every shape of data that it takes."""

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "sdk" / "python"))

from mortise import Invalid, NotFound, Table, Tensor  # noqa: E402
from mortise.testing import run_call, run_step  # noqa: E402

_spec = importlib.util.spec_from_file_location("normaliser", Path(__file__).with_name("normaliser.py"))
normaliser = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(normaliser)
Normaliser = normaliser.Normaliser


def step(table, **config):
    return run_step(Normaliser, config=config, context={"t": table}, input="t")


def execute(data, **parameters):
    context = {"plugin_id": "p1", "plugin_name": "normaliser", "config": {}, "permissions": []}
    return run_call(Normaliser, "execute", {"data": data, "parameters": parameters, "context": context}).result


def weather():
    return Table.from_columns(
        {"day": ["a", "b", "c", "d"], "temp": [1.0, 2.0, 3.0, 6.0], "n": [10, 20, 30, 40], "wet": [True, False, True, True]}
    )


def test_a_zscore_has_mean_0_and_population_deviation_1():
    done = step(weather())
    made = done.value
    for name in ("temp", "n"):
        assert made[name].mean() == pytest.approx(0, abs=1e-15)
        assert made[name].std() == pytest.approx(1)
    assert made["temp"].tolist() == pytest.approx(((np.array([1, 2, 3, 6]) - 3) / math.sqrt(3.5)).tolist())


def test_minmax_reaches_from_0_to_1_and_robust_is_centred_on_the_median():
    assert step(weather(), method="minmax").value["temp"].tolist() == [0, 0.2, 0.4, 1]
    robust = step(weather(), method="robust").value["temp"]
    assert np.median(robust) == 0
    low, high = np.percentile(robust, [25, 75])
    assert high - low == pytest.approx(1)


def test_other_columns_and_the_order_of_columns_stay():
    made = step(weather(), columns=["temp"]).value
    assert made.names == ["day", "temp", "n", "wet"]
    assert made.to_dict()["day"] == ["a", "b", "c", "d"]
    assert made["n"].tolist() == [10, 20, 30, 40]


def test_a_suffix_keeps_the_columns_and_adds_normalised_ones():
    made = step(weather(), columns="temp", suffix="_z").value
    assert made.names == ["day", "temp", "n", "wet", "temp_z"]
    assert made["temp"].tolist() == [1, 2, 3, 6]
    with pytest.raises(Invalid, match="already"):
        step(made, columns=["temp"], suffix="_z")


def test_nulls_and_what_is_not_finite_stay_and_have_no_part_in_the_scale():
    table = Table.from_columns({"x": [1.0, None, 3.0, math.nan, math.inf], "i": [1, None, 3, 5, 7]})
    made = step(table, method="minmax").value.to_dict()
    assert made["x"][:3] == [0, None, 1]
    assert math.isnan(made["x"][3]) and made["x"][4] == math.inf
    assert made["i"][0] == 0 and made["i"][1] is None and made["i"][4] == 1


def test_a_column_without_spread_becomes_zeros_with_a_warning():
    done = step(Table.from_columns({"x": [5.0, 5.0, None], "y": [0.1 + 0.2, 0.3, 0.3]}))
    assert done.value.to_dict() == {"x": [0.0, 0.0, None], "y": [0.0, 0.0, 0.0]}
    assert [record.message for record in done.logs if record.level == "warning"] == [
        "column 'x' has no spread and becomes zeros",
        "column 'y' has no spread and becomes zeros",
    ]


def test_a_table_without_rows_or_numbers_is_handed_on():
    assert len(step(Table.from_columns({"x": np.empty(0)})).value) == 0
    assert step(Table.from_columns({"s": ["a"]})).value.to_dict() == {"s": ["a"]}


def test_every_width_of_number_is_normalised():
    columns = {kind: np.array([1, 2, 3], dtype=kind) for kind in ("int8", "uint16", "int64", "float16", "float32")}
    made = step(Table.from_columns(columns), method="minmax").value
    for kind in columns:
        assert made[kind].dtype == np.float64
        assert made[kind].tolist() == [0, 0.5, 1]


def test_mistakes_are_named():
    with pytest.raises(Invalid, match="^Invalid normalization method: x$"):
        step(weather(), method="x")
    with pytest.raises(NotFound, match="no column 'tmp'"):
        step(weather(), columns=["tmp"])
    with pytest.raises(Invalid, match="'day' does not hold numbers"):
        step(weather(), columns=["day"])
    with pytest.raises(Invalid, match="columns: expected a name"):
        step(weather(), columns=[5])


def test_rows_of_lists_are_normalised_by_column():
    result = execute([[1, 2, 3], [4, 5, 6], [7, 8, 9]], method="zscore")
    columns = np.array(result["data"])
    assert columns.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-15)
    assert columns.std(axis=0) == pytest.approx([1, 1, 1])
    assert result["metadata"]["plugin_id"] == "p1"
    assert result["metadata"]["columns"]["column_1"] == {"center": 4.0, "scale": pytest.approx(math.sqrt(6))}
    assert sorted(result) == ["data", "errors", "logs", "metadata", "warnings"]
    assert result["errors"] == [] and result["warnings"] == []


def test_an_object_of_columns_keeps_its_keys():
    result = execute({"var1": [1, 2, 3], "name": ["a", "b", "c"], "var2": [2, None, 4]}, method="minmax")
    assert result["data"] == {"var1": [0, 0.5, 1], "name": ["a", "b", "c"], "var2": [0, None, 1]}


def test_lists_rows_of_maps_and_tensors_keep_their_shape():
    assert execute([1, 2, 3], method="minmax")["data"] == [0, 0.5, 1]
    rows = [{"x": 1, "s": "a"}, {"x": 3}, {"x": None, "s": "b"}]
    assert execute(rows, method="minmax")["data"] == [{"x": 0, "s": "a"}, {"x": 1}, {"x": None, "s": "b"}]
    assert execute(rows, method="minmax", suffix="_n")["data"][1] == {"x": 3, "x_n": 1}
    made = execute(Tensor.of(np.array([[1.0, 5.0], [3.0, 5.0]])), method="minmax")
    assert made["data"].numpy().tolist() == [[0, 0], [1, 0]]
    assert made["warnings"] == ["column 'column_2' has no spread and becomes zeros"]
    assert execute([])["data"] == []


def test_execute_names_what_it_cannot_use():
    for data, words in [
        ([[1, 2], [3]], r"data\[1\]: expected a list of 2"),
        ([1, "a"], r"data\[1\]: expected a number"),
        ("text", "nothing to normalise"),
        (None, "nothing to normalise"),
    ]:
        with pytest.raises(Invalid, match=words):
            execute(data)
    with pytest.raises(Invalid, match="^Invalid normalization method: decimal$"):
        execute([1, 2], method="decimal")
