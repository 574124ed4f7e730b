"""Manifests: what each key does, and each way in which one can be wrong, with a message of its own. tests/manifests has the wrong ones."""

import json

import json_schema
import outside
import packing
import pytest
from outside import REPOSITORY, config_file

rows = pytest.mark.rows

WRONG = json.loads((REPOSITORY / "tests" / "manifests" / "malformed.json").read_text())
GUIDE = {"source": packing.GUIDE, "extension_points": ["analysis"]}


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    place = tmp_path_factory.mktemp("manifests")
    server = outside.Server(place, config=config_file(place, []))
    yield server
    server.close()


def upload(host, files):
    return host.http.post(host.url + "/api/plugins/install", files={"file": packing.archive_of(files)}, timeout=60)


def wrong_text(one):
    """The text of a wrong manifest, and what it holds where that is JSON."""
    if "text" in one:
        return one["text"], None
    manifest = json.loads(packing.files_of(**GUIDE)["manifest.json"])
    for key, value in one["change"].items():
        manifest.pop(key, None)
        if value is not None:
            manifest[key] = value
    return json.dumps(manifest), manifest


@pytest.fixture(scope="module")
def schema(host):
    served = host.get("/api/v1/packages/manifest-schema").json()
    assert "2020-12" in served["$schema"]
    return served


@rows("O-28", "O-35", "O-36", "O-37", "O-38", "O-39", "O-42", "O-46")
@pytest.mark.parametrize("one", WRONG, ids=[one["what"] for one in WRONG])
def test_a_manifest_that_is_wrong_is_refused_by_its_key_in_words_of_its_own(host, schema, one):
    text, manifest = wrong_text(one)
    refused = upload(host, {**packing.files_of(**GUIDE), "manifest.json": text})
    assert refused.status_code == 400, refused.text
    body = refused.json()
    assert one["message"] in body["detail"], body["detail"]
    assert body["detail"].startswith("Invalid manifest: ") and (body["details"].get("key") or "") == one.get("key", "")
    assert host.get("/api/plugins/speaks").status_code == 404
    if manifest is not None:
        assert json_schema.fits(schema, manifest) == (one.get("schema") is False), "the schema and the parser disagree"


def test_no_two_wrong_manifests_are_told_in_the_same_words():
    assert len(WRONG) >= 60
    assert len({one["message"] for one in WRONG}) == len(WRONG)


def test_every_manifest_of_this_repository_fits_the_schema(schema):
    manifests = [path for path in (REPOSITORY / "plugins").rglob("manifest.json") if "corpus" not in path.parts]
    assert len(manifests) > 10
    for path in manifests:
        assert json_schema.fits(schema, json.loads(path.read_text())), path


FULL = {
    "name": "full_one", "version": "1.0.0", "author": "Your Name", "author_email": "you@example.com", "description": "All fourteen keys",
    "language": "python", "entry_point": "speaks.py", "category": "analysis", "tags": ["custom", "rare-tag"], "extension_points": ["analysis"],
    "dependencies": ["numpy", "pandas>=1.0"], "permissions": ["read_data", "write_data"],
    "config": {"param1": {"type": "string", "default": "value", "description": "Parameter description"}}, "min_platform_version": "1.0.0",
}  # fmt: skip

TELLS = """
class Tells:
    def __init__(self, context):
        self.context = context

    def execute(self, input_data):
        return {"data": {"config": self.context["config"], "permissions": self.context["permissions"]}, "errors": []}
"""


@rows("O-35", "O-36", "O-37", "O-38", "O-39", "O-40", "O-42", "O-43", "O-45", "O-46", "A-12")
def test_a_manifest_with_all_of_the_guides_keys_installs_and_each_key_is_there(host, schema):
    assert json_schema.fits(schema, FULL)
    done = upload(host, {"manifest.json": json.dumps(FULL), "speaks.py": TELLS})
    assert done.status_code == 200, done.text
    needs = done.json()["dependency_resolution"]["details"]
    assert [(one["name"], one["version"], one["type"]) for one in needs] == [("numpy", "", "package"), ("pandas", ">=1.0", "package")]
    page = host.get("/api/plugins/full_one").json()
    for key in ("version", "author", "author_email", "description", "language", "entry_point", "category", "tags", "extension_points", "permissions"):
        assert page[key] == FULL[key], key
    assert page["config"]["param1"]["default"] == "value"
    listed = [one for one in host.get("/api/plugins/list?language=python").json() if one["id"] == "full_one"]
    assert [one["category"] for one in listed] == ["analysis"]
    host.http.delete(host.url + "/api/plugins/full_one", timeout=30)


@rows("O-43")
def test_dependencies_are_texts_and_maps(host):
    needs = ["numpy", {"name": "bash", "type": "system"}, {"name": "numpy", "version": ">=1.0", "type": "package"}, "numpy@1.2", "numpy==1.2.3"]
    told = upload(host, packing.files_of(name="needy", dependencies=needs, **GUIDE)).json()["dependency_resolution"]
    assert [(one["name"], one["version"], one["type"]) for one in told["details"]] == [
        ("numpy", "", "package"), ("bash", "", "system"), ("numpy", ">=1.0", "package"), ("numpy", "1.2", "package"), ("numpy", "==1.2.3", "package"),
    ]  # fmt: skip
    host.http.delete(host.url + "/api/plugins/needy", timeout=30)


@rows("O-44", "O-45")
def test_defaults_of_the_config_reach_the_plugin_and_values_are_checked(host):
    manifest = {**FULL, "name": "teller", "dependencies": []}
    upload(host, {"manifest.json": json.dumps(manifest), "speaks.py": TELLS})
    host.post("/api/plugins/teller/enable")
    ran = host.post("/api/plugins/teller/execute", {"input_data": 1})
    assert ran.json()["output"]["data"] == {"config": {"param1": "value"}, "permissions": ["read_data", "write_data"]}
    assert host.post("/api/plugins/teller/execute", {"input_data": 1, "config": {"param1": 5}}).status_code == 400
    host.http.delete(host.url + "/api/plugins/teller", timeout=30)


# ---- the ten points


POINTS = """
class Points:
    def execute(self, input_data):
        data, parameters = input_data["data"], input_data["parameters"]
        return {"data": getattr(self, parameters["point"])(data, parameters), "errors": []}

    def data_import(self, data, parameters):
        return [dict(zip(["a", "b"], line.split(","))) for line in parameters["source"].splitlines()]

    def data_export(self, data, parameters):
        return {"format": parameters["format"], "content": "\\n".join(",".join(map(str, row.values())) for row in data)}

    def preprocessing(self, data, parameters):
        return [{**row, "a": row["a"] - 1} for row in data]

    def feature_engineering(self, data, parameters):
        return [{**row, "sum": row["a"] + row["b"]} for row in data]

    def analysis(self, data, parameters):
        return {"method": parameters["method"], "mean": sum(row["a"] for row in data) / len(data)}

    def visualization(self, data, parameters):
        return {"chart_type": parameters["chart_type"], "spec": {"points": len(data)}}

    def model_training(self, data, parameters):
        return {"model": {"slope": 2.0}, "metrics": {"r2": 1.0}}

    def model_evaluation(self, data, parameters):
        right = sum(a == b for a, b in zip(data["predictions"], data["labels"]))
        return {"accuracy": right / len(data["labels"])}

    def report_generation(self, data, parameters):
        return {"title": data["title"], "markdown": "# " + data["title"]}

    def integration(self, data, parameters):
        return {"service": parameters["service"], "reached": False}
"""
TABLE = [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
ASKED = {
    "data_import": (None, {"source": "1,2\n3,4", "format": "csv"}, [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
    "data_export": (TABLE, {"format": "csv"}, {"format": "csv", "content": "1,2\n3,4"}),
    "preprocessing": (TABLE, {}, [{"a": 0, "b": 2}, {"a": 2, "b": 4}]),
    "feature_engineering": (TABLE, {}, [{"a": 1, "b": 2, "sum": 3}, {"a": 3, "b": 4, "sum": 7}]),
    "analysis": (TABLE, {"method": "mean"}, {"method": "mean", "mean": 2.0}),
    "visualization": (TABLE, {"chart_type": "line"}, {"chart_type": "line", "spec": {"points": 2}}),
    "model_training": (TABLE, {"target": "b"}, {"model": {"slope": 2.0}, "metrics": {"r2": 1.0}}),
    "model_evaluation": ({"predictions": [1, 0], "labels": [1, 1]}, {}, {"accuracy": 0.5}),
    "report_generation": ({"title": "Sales"}, {}, {"title": "Sales", "markdown": "# Sales"}),
    "integration": ({}, {"service": "none"}, {"service": "none", "reached": False}),
}
ROWS = dict(zip(ASKED, ["O-09", "O-10", "O-11", "O-12", "O-13", "O-14", "O-15", "O-16", "O-17", "O-18"], strict=True))


@pytest.fixture(scope="module")
def points(host):
    """A plugin at each of the guide's ten points."""
    for point in ASKED:
        permissions = ["network"] if point == "integration" else []
        files = packing.files_of(f"at_{point}", source="", extension_points=[point], category=point, permissions=permissions)
        done = upload(host, {**files, "speaks.py": POINTS})
        assert done.status_code == 200, done.text
        assert host.post(f"/api/plugins/at_{point}/enable").status_code == 200
    return host


@pytest.mark.parametrize("point", [pytest.param(point, marks=rows("O-01", "O-08", row)) for point, row in ROWS.items()])
def test_a_plugin_at_each_point_of_the_guide_gets_what_the_point_is_for(points, point):
    data, parameters, expected = ASKED[point]
    body = {"input_data": data, "parameters": {**parameters, "point": point}, "extension_point": point}
    ran = points.post(f"/api/plugins/at_{point}/execute", body).json()
    assert (ran.get("status"), ran["output"]["data"]) == ("success", expected), ran
    elsewhere = "analysis" if point != "analysis" else "visualization"
    refused = points.post(f"/api/plugins/at_{point}/execute", {**body, "extension_point": elsewhere})
    assert refused.status_code == 400 and elsewhere in refused.json()["detail"]
    listed = {one["id"]: one["category"] for one in points.get("/api/plugins/list").json()}
    assert listed[f"at_{point}"] == point
    assert point in [one["name"] for one in points.get("/api/plugins/extension-points").json()["extension_points"]]
