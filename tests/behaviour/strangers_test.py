"""Plugins as strangers write them: what is common in their languages and says nothing in a guide, run as it was written."""

import json
import shutil

import pytest
from outside import config_file, step

SPREAD = """
Spread <- setRefClass("Spread",
  fields = list(context = "list", config = "list", plugin_id = "character"),
  methods = list(
    initialize = function(context) {
      .self$context <- context
      .self$config <- context$config
      .self$plugin_id <- context$plugin_id
    },
    execute = function(input_data) {
      frame <- as.data.frame(input_data$data)
      kept <- input_data$parameters$columns
      if (!is.null(kept)) frame <- frame[, kept, drop = FALSE]
      list(data = list(rows = nrow(frame), means = sapply(frame, mean, na.rm = TRUE)))
    }
  )
)

main <- function() {
  asked <- readLines("/plugin/asked.json")
  cat(Spread$new(list())$execute(asked), file = "/plugin/answer.json")
}

tryCatch({
  main()
  quit(status = 0)
}, error = function(e) {
  cat(conditionMessage(e), file = "/plugin/answer.json")
  quit(status = 1)
})
"""

PACKAGED = """
import asyncio

from .scale import FACTOR, Helper


class Packaged:
    def __init__(self, context):
        self.helper = Helper()

    async def execute(self, input_data):
        await asyncio.sleep(0)
        return {"data": {1: self.helper.run(input_data["data"]), False: None, "half": {0.5: [{2: 3}]}}, "metadata": {"factor": FACTOR}}


Plugin = Packaged
"""

KEY = """
class Key:
    def execute(self, input_data):
        if input_data["parameters"].get("path"):
            return {"data": open(input_data["parameters"]["path"]).read()}
        return {"data": input_data["parameters"]["column"]}
"""

SETTINGS = {
    "threshold": 0.5, "names": ["a", "b"], "nested": {"depth": 2},
    "level": {"type": "float", "default": 0.25, "min": 0, "max": 1, "unit": "dB"},
    "kind": {"type": "select", "options": ["fast", "exact"], "default": "fast"},
}  # fmt: skip

KNOWS = """
class Knows:
    def __init__(self, context):
        self.config = context["config"]

    def execute(self, input_data):
        return {"data": self.config}
"""


def package(folder, name, file, files, language="python", **more):
    place = folder / "plugins" / name
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    manifest = {
        "name": name, "version": "1.0.0", "author": "A", "description": "d", "language": language, "entry_point": file,
        "extension_points": ["analysis"], **more,
    }  # fmt: skip
    (place / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def ask(make_server, tmp_path):
    """Starts a server for the plugins that were written; `ask(plugin, data, parameters...)` executes one."""
    servers = []

    def asked(plugin, data=None, parameters=None, **more):
        if not servers:
            servers.append(make_server(config=config_file(tmp_path, [tmp_path / "plugins"])))
        body = {"input_data": data, "parameters": parameters or {}, "extension_point": "analysis", **more}
        return servers[0].post(f"/api/plugins/{plugin}/execute", body).json()

    return asked


@pytest.mark.skipif(shutil.which("R") is None, reason="there is no R here")
@pytest.mark.parametrize(("data", "parameters", "rows", "means"), [
    ({"a": [1, 2, 3], "b": [2, 4, 9], "word": ["x", "y", "z"]}, {"columns": ["a", "b"]}, 3, {"a": 2.0, "b": 5.0}),
    ([{"a": 1, "b": 2}, {"a": 3, "b": None}], {}, 2, {"a": 2.0, "b": 2.0}),
    ([[1, 2], [3, 4], [5, 9]], {}, 3, {"V1": 3.0, "V2": 5.0}),
])  # fmt: skip
def test_r_sees_columns_records_and_rows_as_vectors_frames_and_matrices(ask, tmp_path, data, parameters, rows, means):
    package(tmp_path, "spread", "spread.R", {"spread.R": SPREAD}, language="r")
    answer = ask("spread", data, parameters)
    assert answer["status"] == "success", answer
    assert answer["output"]["data"] == {"rows": rows, "means": means}


def test_a_package_of_several_modules_imports_them_relatively_and_may_be_async(ask, tmp_path):
    scale = "FACTOR = 3\n\n\nclass Helper:\n    def run(self, x):\n        return x * FACTOR\n"
    for name, entry, at in (("inner", "source/packaged.py", "source/scale.py"), ("flat", "packaged.py", "scale.py")):
        package(tmp_path, name, entry, {entry: PACKAGED, at: scale, "__init__.py": ""})
    for name in ("inner", "flat"):
        answer = ask(name, 4)
        assert answer["status"] == "success", answer
        assert answer["output"]["data"] == {"1": 12, "false": None, "half": {"0.5": [{"2": 3}]}}, "keys as in JSON"


def test_a_missing_key_is_told_as_one_and_a_missing_permission_with_the_way_to_it(ask, tmp_path):
    package(tmp_path, "key", "key.py", {"key.py": KEY})
    assert ask("key")["errors"] == ["Plugin execution failed: KeyError: 'column'"]
    secret = tmp_path / "numbers.txt"
    secret.write_text("1 2 3")
    answer = ask("key", None, {"path": str(secret)})
    assert answer["status"] == "failure"
    assert any(f"mortise plugin grant key file_system={secret}" in line for line in answer["warnings"]), answer


def test_a_plugin_that_may_have_files_reads_the_one_that_its_parameters_name(ask, tmp_path):
    package(tmp_path, "key", "key.py", {"key.py": KEY}, permissions=["file_system"])
    (tmp_path / "numbers.txt").write_text("1 2 3")
    assert ask("key", None, {"path": str(tmp_path / "numbers.txt")})["output"]["data"] == "1 2 3"


def test_a_setting_may_be_a_bare_default_and_its_declaration_may_have_words_of_others(ask, tmp_path):
    package(tmp_path, "knows", "knows.py", {"knows.py": KNOWS}, config=SETTINGS)
    answer = ask("knows")
    assert answer["output"]["data"] == {"threshold": 0.5, "names": ["a", "b"], "nested": {"depth": 2}, "level": 0.25, "kind": "fast"}, answer
    refused = ask("knows", config={"level": 7})
    assert "level" in json.dumps(refused) and "1" in json.dumps(refused), refused


NATIVE = """
from mortise import Plugin

from .words import shout


class Late(Plugin):
    async def step(self, step):
        return shout(step.input)
"""


def test_a_step_may_be_a_coroutine_and_its_file_import_its_neighbours_relatively(mortise, tmp_path):
    words = "def shout(text):\n    return text.upper()\n"
    package(tmp_path, "Data_Processing.late", "late.py", {"late.py": NATIVE, "words.py": words}, extension_points=["Data_Processing"])
    config = config_file(tmp_path, [tmp_path / "plugins"])
    pipeline = tmp_path / "late.yaml"
    pipeline.write_text(json.dumps({"name": "Late", "steps": [step("Data_Processing.late", output="said", input="text")]}))
    done = mortise("--config", config, "run", pipeline, "--set", "text=hello", "--json")
    assert done.returncode == 0, done.stderr
    assert '"HELLO"' in done.stdout
