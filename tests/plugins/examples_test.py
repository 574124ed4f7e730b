"""The examples of packages by the OmniScope way: their numbers are those of scipy and of R, over a thousand random inputs each."""

import math
import os
import shutil
import subprocess

import numpy as np
import outside
import pytest
from scipy import stats

rows = pytest.mark.rows
ROUNDS = int(os.environ.get("EXAMPLE_ROUNDS", "1"))  # make examples: more of them, from other seeds


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = outside.Server(tmp_path_factory.mktemp("examples"), config=outside.config_file(tmp_path_factory.mktemp("config"), []))
    yield server
    server.close()


@pytest.fixture(scope="module")
def ask(server):
    def ask(plugin, point, data, **parameters):
        body = {"input_data": data, "parameters": parameters, "extension_point": point}
        answer = server.post(f"/api/plugins/{plugin}/execute", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture(scope="module")
def normalize(ask):
    return lambda data, **parameters: ask("data_normalizer", "preprocessing", data, **parameters)


@pytest.fixture(scope="module")
def correlate(ask):
    if shutil.which("R") is None:
        pytest.skip("there is no R here")
    return lambda data, **parameters: ask("correlation_analyzer", "analysis", data, **parameters)


def random_column(random, size):
    """Of many kinds: narrow and wide, near 0 and far from it, skewed, with ties, with two values only."""
    kind = random.integers(6)
    scale, shift = 10.0 ** random.integers(-6, 7), 10.0 ** random.integers(0, 4) * random.normal()
    made = [random.normal(size=size), random.random(size), random.exponential(size=size), random.integers(0, 5, size).astype(float),
            random.standard_t(2, size), random.integers(0, 2, size).astype(float)][kind]  # fmt: skip
    if np.ptp(made) == 0:
        made[0] += 1
    return made * scale + shift * scale


SCIPY = {
    "zscore": lambda x: stats.zscore(x, ddof=0),
    "minmax": lambda x: (x - np.min(x)) / np.ptp(x),
    "robust": lambda x: (x - np.median(x)) / stats.iqr(x),
}
R = {
    "zscore": "(x - mean(x)) / sqrt(mean((x - mean(x))^2))",
    "minmax": "(x - min(x)) / (max(x) - min(x))",
    "robust": "(x - median(x)) / IQR(x)",
}


def in_r(formula, columns, folder):
    """The columns as R computes them: one to a line, as numbers that lose nothing."""
    (folder / "columns").write_text("\n".join(" ".join(float(value).hex() for value in column) for column in columns))
    script = f"""
        for (line in readLines("columns")) {{ x <- as.numeric(strsplit(line, " ")[[1]]); y <- {formula}; cat(sprintf("%.17g", y), "\\n") }}
    """
    done = subprocess.run(["Rscript", "--vanilla", "-e", script], cwd=folder, capture_output=True, text=True, check=True)
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


# ---- data_normalizer


@rows("O-47")
@pytest.mark.parametrize("method", list(SCIPY))
def test_a_thousand_random_columns_are_normalized_as_scipy_and_r_do(normalize, method, tmp_path):
    for seed in range(ROUNDS):
        random = np.random.default_rng([seed, len(method)])
        columns = {f"c{n}": random_column(random, random.integers(5, 60)) for n in range(1000)}
        body = normalize({name: column.tolist() for name, column in columns.items()}, method=method)
        assert body["status"] == "success", body["errors"]
        made = body["output"]["data"]
        flat = {name for name, column in columns.items() if method == "robust" and stats.iqr(column) == 0}
        assert len(flat) < 500 and len(body["warnings"]) == len(flat)
        wanted = [name for name in columns if name not in flat]
        for name in wanted:
            np.testing.assert_allclose(made[name], SCIPY[method](columns[name]), rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}, {name}")
        assert all(set(made[name]) == {0.0} for name in flat)
        if shutil.which("Rscript"):
            for name, by_r in zip(wanted, in_r(R[method], [columns[name] for name in wanted], tmp_path), strict=True):
                np.testing.assert_allclose(made[name], by_r, rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}, {name} in R")


@rows("O-47", "O-49")
def test_a_list_of_rows_is_normalized_by_column_and_keeps_its_shape(normalize):
    body = normalize([[1, 2, 3], [4, 5, 6], [7, 8, 9]], method="zscore")
    made = np.array(body["output"]["data"])
    assert made.shape == (3, 3) and np.abs(made.mean(axis=0)).max() < 1e-12 and np.abs(made.std(axis=0) - 1).max() < 1e-12
    assert normalize([[1, 2, 3], [4, 5, 6], [7, 8, 9]])["output"] == body["output"], "zscore is the default"
    assert normalize([2, 4, 6], method="minmax")["output"]["data"] == [0.0, 0.5, 1.0]
    assert normalize({"a": [2, 4, 6]}, method="robust")["output"]["data"] == {"a": [-1.0, 0.0, 1.0]}


@rows("O-47")
def test_what_is_missing_stays_missing_and_a_column_without_spread_is_zero(normalize):
    body = normalize({"gaps": [1, None, 3], "flat": [5, 5, 5], "nothing": [None, None]}, method="minmax")
    assert body["output"]["data"] == {"gaps": [0.0, None, 1.0], "flat": [0.0, 0.0, 0.0], "nothing": [None, None]}
    assert [words.split("'")[1] for words in body["warnings"]] == ["flat", "nothing"]


@rows("O-47")
@pytest.mark.parametrize("data, parameters, words", [
    ([[1, 2]], {"method": "log"}, "Invalid normalization method: log"),
    (None, {}, "Missing required field: data"),
    ("text", {}, "Data must be a list of rows"),
    ([[1, 2], [3]], {}, "row 2 has not the 2 values of the first row"),
    ({"a": [1, "x"]}, {}, "column 'a' holds 'x', which is no number"),
])  # fmt: skip
def test_what_cannot_be_normalized_is_said(normalize, data, parameters, words):
    body = normalize(data, **parameters)
    assert body["status"] == "failure" and words in body["errors"][0], body


# ---- correlation_analyzer


BY_SCIPY = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
COLUMNS = 20  # 190 pairs in each call


@rows("O-48")
@pytest.mark.parametrize("method", list(BY_SCIPY))
def test_more_than_a_thousand_random_pairs_correlate_as_scipy_says(correlate, method):
    compared = 0
    for seed in range(6 * ROUNDS):
        random = np.random.default_rng([seed, len(method)])
        size = random.integers(4, 80)
        columns = [random_column(random, size) for _ in range(COLUMNS - 3)]
        columns += [columns[0] + random.normal(size=size) * np.std(columns[0]) * noise for noise in (0.05, 0.5, 2)]
        threshold = round(float(random.uniform(0.1, 0.9)), 2)
        body = correlate({f"c{n}": column.tolist() for n, column in enumerate(columns)}, method=method, threshold=threshold)
        assert body["status"] == "success", body["errors"]
        data = body["output"]["data"]
        matrix = np.array(data["correlation_matrix"], dtype=float)
        wanted = np.array([[BY_SCIPY[method](a, b).statistic if a is not b else 1.0 for b in columns] for a in columns])
        np.testing.assert_allclose(matrix, wanted, rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}")
        above = {(a, b) for a in range(COLUMNS) for b in range(a + 1, COLUMNS) if abs(wanted[a, b]) >= threshold}
        found = {(int(pair["var1"][1:]), int(pair["var2"][1:])) for pair in data["significant_correlations"]}
        assert found == above, f"seed {seed}, threshold {threshold}"
        strengths = [abs(pair["correlation"]) for pair in data["significant_correlations"]]
        assert strengths == sorted(strengths, reverse=True)
        compared += COLUMNS * (COLUMNS - 1) // 2
    assert compared >= 1000


@rows("O-48", "O-50")
def test_columns_that_are_multiples_of_each_other_correlate_wholly(correlate):
    data = {"var1": [1, 2, 3, 4, 5], "var2": [2, 4, 6, 8, 10], "var3": [1, 3, 5, 7, 9]}
    body = correlate(data, method="pearson", threshold=0.7)
    pairs = body["output"]["data"]["significant_correlations"]
    assert [(pair["var1"], pair["var2"]) for pair in pairs] == [("var1", "var2"), ("var1", "var3"), ("var2", "var3")]
    assert all(math.isclose(pair["correlation"], 1.0) for pair in pairs)
    as_rows = correlate([list(row) for row in zip(*data.values())])["output"]["data"]
    assert as_rows["variables"] == ["var1", "var2", "var3"] and as_rows["method"] == "pearson" and as_rows["threshold"] == 0.7


@rows("O-48")
def test_gaps_are_left_out_by_pair_and_a_flat_column_correlates_with_nothing(correlate):
    body = correlate({"a": [1, 2, None, 4], "b": [2, 4, 100, 8], "flat": [1, 1, 1, 1]})
    matrix = body["output"]["data"]["correlation_matrix"]
    assert math.isclose(matrix[0][1], 1.0) and matrix[0][2] is None and matrix[2][2] == 1.0
    assert body["warnings"] == ["column 'flat' has no spread and correlates with nothing"]


@rows("O-48")
@pytest.mark.parametrize("data, parameters, words", [
    ({"a": [1, 2], "b": [2, 1]}, {"method": "cosine"}, "Invalid correlation method: cosine"),
    ({"a": [1, 2], "b": [2, 1]}, {"threshold": 2}, "Invalid threshold: 2"),
    ({"a": [1, 2], "b": [2, 1, 3]}, {}, "a has 2, b has 3"),
    ({"a": [1, 2], "b": [2, "x"]}, {}, "column 'b' holds character"),
    ({"a": [1, 2]}, {}, "two columns"),
    (None, {}, "Missing required field: data"),
])  # fmt: skip
def test_what_cannot_be_correlated_is_said(correlate, data, parameters, words):
    body = correlate(data, **parameters)
    assert body["status"] == "failure" and words in body["errors"][0], body
