"""Analysis plugins as OmniScope's guide writes them, in Python and R, asked by its routes."""

import json
import shutil

import pytest
from outside import BUILD, REPOSITORY, config_file, eventually, step

SKETCH = '''
from typing import Any, Dict

class Sketch:
    def __init__(self, context: Dict[str, Any]):
        self.context = context
        self.plugin_id = context.get("plugin_id")
        self.threshold = context.get("config", {}).get("threshold", 0.5)

    def validate_input(self, input_data: Dict[str, Any]) -> bool:
        if input_data.get("data") == "invalid":
            raise ValueError("Missing required field: data")
        if input_data.get("data") == "false":
            return False
        return True

    def execute(self, input_data: Dict[str, Any]) -> Dict[str, Any]:
        data, parameters = input_data.get("data"), input_data.get("parameters", {})
        what = parameters.get("what", "all")
        if what == "all":
            return {"data": data, "metadata": {"plugin_id": self.plugin_id, "parameters": parameters, "context": self.context, "threshold": self.threshold},
                    "logs": ["Step 1 completed", f"Processed {len(data)} items"], "warnings": ["a warning"], "errors": []}
        if what == "few":
            return {"data": 1, "errors": []}
        if what == "caught":
            return {"data": None, "errors": ["it went wrong"]}
        if what == "raise":
            raise RuntimeError("boom")
        if what == "text":
            return "no dict"
        if what == "logs":
            return {"data": 1, "logs": "a text"}
        if what == "sleep":
            import time
            time.sleep(60)
        if what == "stubborn":
            import time
            try:
                time.sleep(60)
            except Exception:
                time.sleep(60)
        while what == "spin":
            pass
        if what == "die":
            import os
            os._exit(7)
        if what == "count":
            Sketch.calls = getattr(Sketch, "calls", 0) + 1
            return {"data": Sketch.calls}

    def cleanup(self):
        with open(MARKER, "a") as file:
            file.write("cleaned\\n")
'''

R_CLASS = """
Sums <- setRefClass("Sums",
  fields = list(plugin_id = "character", config = "list"),
  methods = list(
    validate_input = function(input_data) {
      if (is.null(input_data$data)) stop("Missing required field: data")
      TRUE
    },
    execute = function(input_data) {
      data <- input_data$data
      parameters <- input_data$parameters
      if (identical(parameters$what, "stop")) stop("boom in R")
      if (identical(parameters$what, "few")) return(list(data = 1))
      if (identical(parameters$what, "sleep")) Sys.sleep(60)
      if (identical(parameters$what, "text")) return("no list")
      if (identical(parameters$what, "told")) {
        return(list(data = 1, logs = list("one", "two"), warnings = list("mind this"), errors = list(), metadata = list(config = .self$config)))
      }
      result <- .self$total(data)
      return(list(data = result, metadata = list(plugin_id = .self$plugin_id), logs = list("Processing completed"),
                  warnings = list(), errors = list()))
    },
    total = function(data) sum(as.numeric(unlist(data))),
    cleanup = function() cat("cleaned\\n", file = MARKER, append = TRUE)
  )
)
"""


def package(folder, name, language, file, source, **more):
    place = folder / name
    place.mkdir(parents=True)
    (place / file).write_text(source)
    manifest = {
        "name": name, "version": "1.0.0", "author": "A", "author_email": "a@b.c", "description": "d", "language": language,
        "entry_point": file, "category": "analysis", "tags": ["custom"], "extension_points": ["analysis", "preprocessing"],
        "permissions": ["read_data", "write_data", f"file_system={folder.parent}:write"], "min_platform_version": "1.0.0",
        "config": {"threshold": {"type": "number", "default": 0.25, "description": "d"}}, **more,
    }  # fmt: skip
    (place / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def host(make_server, tmp_path):
    marker = tmp_path / "marker"
    package(tmp_path / "plugins", "sketch", "python", "sketch.py", SKETCH.replace("MARKER", repr(str(marker))))
    server = make_server(config=config_file(tmp_path, [BUILD / "specimens", tmp_path / "plugins"]))

    def run(data=(1, 2, 3), plugin="sketch", **body):
        parameters = body.pop("parameters", {})
        given = list(data) if isinstance(data, tuple) else data
        return server.post(f"/api/plugins/{plugin}/execute", {"input_data": given, "parameters": parameters, "extension_point": "analysis", **body})

    server.run_plugin, server.marker = run, marker
    return server


@pytest.fixture
def r_host(make_server, tmp_path):
    if shutil.which("R") is None:
        pytest.skip("there is no R here")
    package(tmp_path / "plugins", "sums", "r", "sums.R", R_CLASS.replace("MARKER", json.dumps(str(tmp_path / "marker"))))
    server = make_server(config=config_file(tmp_path, [tmp_path / "plugins"]))
    if not server.get("/api/plugins/list").json():
        pytest.skip("this build has no R")
    server.marker = tmp_path / "marker"
    return server


# ---- execute


@pytest.mark.rows("O-23", "O-33", "O-66", "O-76")
def test_a_class_is_executed_with_data_and_parameters_and_its_five_keys_come_back(host):
    answer = host.run_plugin([[1, 2], [3, 4]], parameters={"method": "zscore"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "success" and body["execution_time"] > 0
    assert body["output"]["metadata"]["parameters"] == {"method": "zscore"}
    assert body["output"]["data"] == [[1, 2], [3, 4]] and body["output"]["metadata"]["plugin_id"] == "sketch"
    assert set(body["output"]) == {"data", "metadata", "logs", "warnings", "errors"}
    assert body["logs"] == ["Step 1 completed", "Processed 2 items"] and body["warnings"] == ["a warning"] and body["errors"] == []
    for any_json in ({"values": [1, 2]}, "text", [1], [[1, 2, 3]]):
        assert host.run_plugin(any_json).json()["output"]["data"] == any_json


@pytest.mark.rows("O-77")
def test_the_context_has_the_plugins_name_permissions_and_config(host):
    metadata = host.run_plugin().json()["output"]["metadata"]
    assert metadata["threshold"] == 0.25, "the default of the manifest"
    context = metadata["context"]
    assert (context["plugin_id"], context["plugin_name"]) == ("sketch", "sketch")
    assert (context["user_id"], context["workspace_id"]) == ("anonymous", "default")
    assert context["permissions"][:2] == ["read_data", "write_data"] and context["execution_id"].startswith("run_")
    assert host.run_plugin(config={"threshold": 0.75}).json()["output"]["metadata"]["threshold"] == 0.75
    assert host.run_plugin(config={"threshold": "x"}).status_code == 400


@pytest.mark.rows("A-10")
def test_keys_that_a_result_lacks_are_empty(host):
    body = host.run_plugin(parameters={"what": "few"}).json()
    assert body["status"] == "success"
    assert body["output"] == {"data": 1, "metadata": {}, "logs": [], "warnings": [], "errors": []}


@pytest.mark.rows("O-74")
def test_errors_that_a_plugin_returns_make_the_execution_a_failure(host):
    body = host.run_plugin(parameters={"what": "caught"}).json()
    assert body["status"] == "failure" and body["errors"] == ["it went wrong"] and body["output"]["data"] is None
    assert host.run_plugin(parameters={"what": "raise"}).json()["errors"] == ["Plugin execution failed: boom"]


@pytest.mark.rows("O-23")
@pytest.mark.parametrize(("what", "word"), [("text", "str"), ("logs", "'logs'"), ("nothing", "NoneType")])
def test_a_result_of_another_form_is_named(host, what, word):
    body = host.run_plugin(parameters={"what": what}).json()
    assert body["status"] == "failure" and body["errors"][0].startswith("Output validation failed: ") and word in body["errors"][0]


@pytest.mark.rows("O-73")
def test_input_is_validated_before_and_a_refusal_is_no_crash(host):
    body = host.run_plugin("invalid").json()
    assert body["status"] == "failure" and "Missing required field: data" in body["errors"][0]
    assert "returned False" in host.run_plugin("false").json()["errors"][0]


@pytest.mark.rows("O-75")
@pytest.mark.parametrize("what", ["all", "raise", "caught", "text"])
def test_cleanup_comes_always(host, what):
    host.run_plugin(parameters={"what": what})
    assert host.marker.read_text() == "cleaned\n"
    host.run_plugin("invalid")
    assert host.marker.read_text() == "cleaned\n" * 2


@pytest.mark.rows("O-75")
@pytest.mark.parametrize("what", ["sleep", "stubborn", "spin"])
def test_cleanup_comes_when_the_time_is_up_too(host, what):
    body = host.run_plugin(parameters={"what": what}, timeout=0.5).json()
    assert body["status"] == "error" and "timed out after 0.5 seconds" in body["errors"][0], body
    eventually(host.marker.exists, what="the mark of the cleanup")
    assert host.marker.read_text() == "cleaned\n"


@pytest.mark.rows("O-33")
def test_the_timeout_of_a_request_is_kept(host):
    body = host.run_plugin(parameters={"what": "sleep"}, timeout=0.5).json()
    assert body["status"] == "error" and "timed out after 0.5 seconds" in body["errors"][0]
    assert body["execution_time"] < 20_000
    assert host.run_plugin().json()["status"] == "success"


def test_a_plugin_that_dies_is_an_error_and_the_next_execution_works(host):
    body = host.run_plugin(parameters={"what": "die"}).json()
    assert body["status"] == "error" and body["errors"]
    assert host.run_plugin().json()["status"] == "success"


def test_each_execution_is_a_fresh_process(host):
    assert [host.run_plugin(parameters={"what": "count"}).json()["output"]["data"] for _ in range(3)] == [1, 1, 1]


@pytest.mark.rows("O-33")
def test_what_is_wrong_with_a_request_is_said_as_detail(host):
    assert "declare the extension point 'visualization'" in host.run_plugin(extension_point="visualization").json()["detail"]
    assert host.run_plugin(plugin="nobody").status_code == 404
    assert host.run_plugin(plugin="nobody").json()["detail"].startswith("Plugin with ID 'nobody' not found")
    lacking = host.post("/api/plugins/sketch/execute", {})
    assert lacking.status_code == 422 and lacking.json()["detail"][0]["loc"] == ["body", "input_data"]
    assert host.run_plugin(timeout=-1).status_code == 400


def test_a_plugin_of_the_guide_is_a_step_of_a_pipeline_too(host):
    given = step("Test.give", "Give", "given", value=[1, 2])
    run = host.execute([given, step("sketch", "Sketch", "found", input="given")])
    assert run["success"] and run["context"]["found"] == [1, 2], run
    failed = host.execute([given, step("sketch", "Sketch", "found", input="given", what="caught", on_failure="stop")])
    assert not failed["success"] and "it went wrong" in failed["error"]


# ---- lists


@pytest.mark.rows("O-65")
def test_lists_and_pages_have_the_fields_of_the_guide(host):
    (listed,) = [each for each in host.get("/api/plugins/list").json() if each["id"] == "sketch"]
    wanted = {"id", "name", "version", "author", "description", "language", "enabled", "verified", "usage_count", "last_used", "installed_at"}
    assert wanted <= set(listed)
    assert (listed["id"], listed["version"], listed["enabled"], listed["usage_count"], listed["last_used"]) == ("sketch", "1.0.0", True, 0, None)
    host.run_plugin()
    page = host.get("/api/plugins/sketch").json()
    assert page["usage_count"] == 1 and page["last_used"] and page["entry_point"] == "sketch.py"
    assert page["permissions"][:2] == ["read_data", "write_data"] and page["config"]["threshold"]["default"] == 0.25 and page["dependencies"] == []
    assert {each["language"] for each in host.get("/api/plugins/list?language=python").json()} == {"python"}
    shown = json.loads(host.cli("plugin", "show", "sketch", "--json").stdout)
    assert shown["dialect"] == "omniscope" and shown["lifetime"] == "per_call"


@pytest.mark.rows("O-66", "O-76")
def test_executions_are_kept_newest_first(host):
    ids = [host.run_plugin(parameters={"what": what}).json()["execution_id"] for what in ("all", "caught", "die")]
    history = host.get("/api/plugins/sketch/executions").json()
    assert [each["id"] for each in history] == ids[::-1]
    assert [each["status"] for each in history] == ["error", "failure", "success"]
    assert history[1]["error_message"] == "it went wrong" and history[2]["error_message"] is None
    assert history[2]["logs"] == ["Step 1 completed", "Processed 3 items"]
    assert all(each["started_at"] <= each["completed_at"] and each["execution_time"] > 0 for each in history)
    assert len(host.get("/api/plugins/sketch/executions?limit=1").json()) == 1
    host.stop()
    host.start()
    assert len(host.get("/api/plugins/sketch/executions").json()) == 3


@pytest.mark.rows("O-08", "O-69")
def test_extension_points_are_no_plugin(host):
    points = [point["name"] for point in host.get("/api/plugins/extension-points").json()["extension_points"]]
    assert points == ["data_import", "data_export", "preprocessing", "feature_engineering", "analysis", "visualization", "model_training",
                      "model_evaluation", "report_generation", "integration"]  # fmt: skip


# ---- R


@pytest.mark.rows("O-24", "O-75", "O-73", "A-10")
def test_a_reference_class_in_r_is_executed(r_host):
    def run(data, **parameters):
        return r_host.post("/api/plugins/sums/execute", {"input_data": data, "parameters": parameters, "extension_point": "analysis"}).json()

    body = run({"a": [1, 2], "b": [3]})
    assert body["status"] == "success", body
    assert body["output"] == {"data": 6.0, "metadata": {"plugin_id": "sums"}, "logs": ["Processing completed"], "warnings": [], "errors": []}
    told = run([1], what="told")
    assert (told["logs"], told["warnings"], told["errors"]) == (["one", "two"], ["mind this"], [])
    assert told["output"]["metadata"] == {"config": {"threshold": 0.25}}
    assert run([1], what="stop")["errors"] == ["Plugin execution failed: boom in R"]
    assert run([1], what="few")["output"] == {"data": 1.0, "metadata": {}, "logs": [], "warnings": [], "errors": []}
    assert "Output validation failed" in run([1], what="text")["errors"][0]
    assert "Missing required field: data" in run(None)["errors"][0]
    assert r_host.marker.read_text().count("cleaned") == 6
    asked = {"input_data": [1], "parameters": {"what": "sleep"}, "extension_point": "analysis", "timeout": 2}
    assert "timed out after 2.0 seconds" in r_host.post("/api/plugins/sums/execute", asked).json()["errors"][0]
    eventually(lambda: r_host.marker.read_text().count("cleaned") == 7, what="the cleanup after the time was up")


# ---- new projects


@pytest.mark.rows("O-02", "O-19", "O-20", "O-21", "O-22", "A-25")
@pytest.mark.parametrize(("language", "ending"), [("python", "py"), ("r", "R")])
def test_the_sdk_makes_a_project_that_runs_as_it_stands(make_server, tmp_path, language, ending):
    if language == "r" and shutil.which("R") is None:
        pytest.skip("there is no R here")
    server = make_server(config=config_file(tmp_path, [tmp_path]))
    body = {"name": "my_plugin", "language": language, "author": "Your Name", "description": "My custom plugin", "category": "analysis",
            "tags": ["custom", "analysis"], "extension_points": ["analysis"]}  # fmt: skip
    other = {**body, "name": "other_plugin", "category": "visualization", "extension_points": ["visualization", "report_generation"]}
    assert server.post("/api/plugins/sdk/create", other).status_code == 200
    written = json.loads((tmp_path / "other_plugin" / "manifest.json").read_text())
    assert (written["category"], written["extension_points"], written["language"]) == ("visualization", other["extension_points"], language)
    answer = server.post("/api/plugins/sdk/create", body)
    assert answer.status_code == 200, answer.text
    folder = tmp_path / "my_plugin"
    assert answer.json()["plugin_path"] == str(folder)
    for name in (f"my_plugin.{ending}", "manifest.json", "README.md", ".gitignore"):
        assert (folder / name).stat().st_size > 0, name
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["author"], manifest["description"], manifest["tags"]) == ("Your Name", "My custom plugin", ["custom", "analysis"])
    assert server.post("/api/plugins/sdk/create", body).status_code == 409, "what is there is left as it was"
    assert "detail" in server.post("/api/plugins/sdk/create", {"language": language}).json()
    server.stop()
    server.start()
    answer = server.post("/api/plugins/my_plugin/execute", {"input_data": [1, 2, 3], "parameters": {"factor": 10}, "extension_point": "analysis"}).json()
    assert answer["status"] == "success" and answer["output"]["data"] == [10, 20, 30], answer


def test_mortise_new_makes_the_same_projects(mortise, tmp_path):
    assert mortise("new", "omniscope", "my_plugin", "--language", "python").returncode == 0
    assert json.loads((tmp_path / "my_plugin" / "manifest.json").read_text())["entry_point"] == "my_plugin.py"


# ---- our own examples


def test_the_examples_run(make_server, tmp_path):
    shutil.copytree(REPOSITORY / "examples" / "omniscope", tmp_path / "plugins")
    server = make_server(config=config_file(tmp_path, [tmp_path / "plugins"]))
    values = [1, 2, 1, 2, 1, 2, 1, 2, 1, 30]
    body = {"input_data": values, "parameters": {}, "extension_point": "analysis"}
    answer = server.post("/api/plugins/outliers/execute", body).json()
    assert answer["output"]["data"]["outliers"] == [30] and answer["output"]["metadata"]["threshold"] == 2.0
    eventually(lambda: server.healthy())
    if shutil.which("R"):
        answer = server.post("/api/plugins/seasons/execute", {**body, "input_data": [1, 2, 3, 4, 3, 4, 5, 6]}).json()
        assert answer["output"]["data"]["means"] == [2, 3, 4, 5], answer
