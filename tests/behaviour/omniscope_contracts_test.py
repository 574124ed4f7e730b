"""OmniScope's extension points: what a plugin is given at each, what it must give back, and what its manifest may say."""

import json

import packing
import pytest
from outside import config_file

rows = pytest.mark.rows

ALL = {
    "data_import": ("O-09", {"input_data": {}, "parameters": {"source": "sea.csv", "format": "csv"}}, [{"source": "sea.csv", "rows": 2}], 5),
    "data_export": ("O-10", {"input_data": [[1, 2]], "parameters": {"format": "csv"}}, "1,2", None),
    "preprocessing": ("O-11", {"input_data": {"columns": ["a"], "rows": [{"a": 1}]}}, {"columns": ["a"], "rows": [{"a": 2}]}, 7),
    "feature_engineering": ("O-12", {"input_data": [{"a": 2}]}, [{"a": 2, "squared": 4}], "none"),
    "analysis": ("O-13", {"input_data": [1, 2, 3], "parameters": {"method": "mean"}}, {"mean": 2.0}, None),
    "visualization": ("O-14", {"input_data": [1, 2], "parameters": {"chart_type": "bar"}}, {"mark": "bar", "values": [1, 2]}, [1]),
    "model_training": ("O-15", {"input_data": [[0, 1], [1, 3]], "parameters": {"target": "y"}}, {"model": {"slope": 2}, "metrics": {"r2": 1.0}}, {"metrics": {}}),
    "model_evaluation": ("O-16", {"input_data": {"predictions": [1, 0], "labels": [1, 1]}}, {"accuracy": 0.5}, 0.5),
    "report_generation": ("O-17", {"input_data": {"about": "tides"}}, {"title": "About tides", "html": "<p>tides</p>"}, {"html": "<p>"}),
}  # fmt: skip

SOURCE = """
class Speaks:
    def execute(self, input_data):
        data, wanted = input_data["data"], input_data["parameters"]
        if "answer" in wanted:
            return {{"data": wanted["answer"]}}
        if "source" in wanted:
            return {{"data": [{{"source": wanted["source"], "rows": 2}}]}}
        if wanted.get("format"):
            return {{"data": ",".join(str(cell) for cell in data[0])}}
        if wanted.get("method") == "mean":
            return {{"data": {{"mean": sum(data) / len(data)}}}}
        if "chart_type" in wanted:
            return {{"data": {{"mark": wanted["chart_type"], "values": data}}}}
        if "target" in wanted:
            (x0, y0), (x1, y1) = data
            return {{"data": {{"model": {{"slope": (y1 - y0) / (x1 - x0)}}, "metrics": {{"r2": 1.0}}}}}}
        if "predictions" in data:
            hits = [a == b for a, b in zip(data["predictions"], data["labels"])]
            return {{"data": {{"accuracy": sum(hits) / len(hits)}}}}
        if "about" in data:
            return {{"data": {{"title": "About " + data["about"], "html": "<p>" + data["about"] + "</p>"}}}}
        if "rows" in data:
            return {{"data": {{"columns": data["columns"], "rows": [{{key: value * 2 for key, value in row.items()}} for row in data["rows"]]}}}}
        return {{"data": [{{**row, "squared": row["a"] ** 2}} for row in data]}}
"""


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A server with one plugin that takes part everywhere."""
    import outside

    folder = tmp_path_factory.mktemp("contracts")
    packing.folder(folder / "plugins", source=SOURCE, extension_points=list(ALL))
    server = outside.Server(folder, config=config_file(folder, [folder / "plugins"]))
    yield server
    server.close()


def execute(server, point, **body):
    answer = server.post("/api/plugins/speaks/execute", {"extension_point": point, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("point", "given", "expected", "wrong"),
    [pytest.param(point, given, expected, wrong, marks=rows(row), id=point) for point, (row, given, expected, wrong) in ALL.items()],
)
def test_a_plugin_does_at_each_extension_point_what_that_is_for(everything, point, given, expected, wrong):
    done = execute(everything, point, **given)
    assert (done["status"], done["output"]["data"], done["warnings"]) == ("success", expected, [])
    parameters = {**given.get("parameters", {}), "answer": wrong}
    broken = execute(everything, point, **{**given, "parameters": parameters})
    (warning,) = broken["warnings"]
    assert warning.startswith(f"not what {point} promises: ") and "data" in warning


# ---- the manifest


@pytest.fixture
def host(make_server, tmp_path):
    server = make_server(config=config_file(tmp_path, []))

    def upload(**manifest):
        content = packing.archive_of(packing.files_of(**{"source": packing.GUIDE, "extension_points": ["analysis"], **manifest}))
        return server.http.post(server.url + "/api/plugins/install", files={"file": ("p.tar.gz", content, "application/gzip")}, timeout=60)

    server.upload = upload
    return server


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"version": "1.0"}, "Invalid version format: 1.0", marks=rows("O-35")),
        pytest.param({"author": None}, "Missing required field: author", marks=rows("O-36")),
        pytest.param({"description": None}, "Missing required field: description", marks=rows("O-37")),
        pytest.param({"language": "java"}, "Invalid language: java", marks=rows("O-38")),
        pytest.param({"entry_point": "gone.py"}, "gone.py is not in the package", marks=rows("O-39")),
        pytest.param({"extension_points": ["anlysis"]}, "Unknown extension point: anlysis", marks=rows("O-42")),
        pytest.param({"dependencies": [5]}, "dependencies", marks=rows("O-43")),
        pytest.param({"min_platform_version": "1.0.1"}, "needs platform version 1.0.1 or newer", marks=rows("O-46", "A-12")),
        pytest.param({"min_platform_version": "1.1.0"}, "needs platform version 1.1.0 or newer", marks=rows("O-46", "A-12")),
        pytest.param({"min_platform_version": "99.0.0"}, "needs platform version 99.0.0 or newer", marks=rows("O-46", "A-12")),
    ],
    ids=str,
)
def test_a_manifest_that_is_wrong_is_a_bad_request_that_names_it(host, wrong, words):
    answer = host.upload(**wrong)
    assert answer.status_code == 400 and words in answer.json()["detail"], answer.text
    assert host.get("/api/plugins/speaks").status_code == 404


@rows("O-43", "O-45", "O-46", "A-12")
def test_a_manifest_with_all_that_the_guide_knows_installs_and_its_defaults_reach_the_plugin(host):
    source = "class Speaks:\n    def __init__(self, context): self.config = context['config']\n    def execute(self, input_data): return {{'data': self.config}}\n"
    config = {"place": {"type": "string", "default": "Husum", "description": "where"}, "depth": {"type": "number", "default": 1.5}}
    answer = host.upload(source=source, config=config, min_platform_version="1.0.0", tags=["sea"], author_email="ada@example.com",
                         dependencies=["json", {"name": "numpy", "version": ">=1.0", "type": "package"}])  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["dependency_resolution"]["total_dependencies"] == 2
    assert host.post("/api/plugins/speaks/enable").status_code == 200, "its packages are there"
    ran = host.post("/api/plugins/speaks/execute", {"input_data": 1, "extension_point": "analysis"}).json()
    assert ran["status"] == "success" and ran["output"]["data"] == {"place": "Husum", "depth": 1.5}, json.dumps(ran)


@rows("O-01")
def test_a_plugin_of_each_category_is_listed_with_it(host):
    categories = ["analysis", "data_processing", "visualization", "integration"]
    for category in categories:
        assert host.upload(name=f"of_{category}", category=category).status_code == 200
    listed = {each["id"]: each["category"] for each in host.get("/api/plugins/list").json()}
    assert {f"of_{category}": category for category in categories}.items() <= listed.items()
