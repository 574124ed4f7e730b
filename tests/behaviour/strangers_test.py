"""Plugins as strangers write them: what is common in their languages and says nothing in a guide, run as it was written."""

import json
import shutil
import tarfile

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


SPEAKS = """
import argparse

from infrastructure.plugins import PluginBase
from infrastructure.protocols.plugins import CommandPlugin


class SpeakPlugin(PluginBase, CommandPlugin):
    NAME = "speak"
    CATEGORY = "command"

    async def later(self, word: str):
        return word + "!"

    def run(self, arguments):
        parser = argparse.ArgumentParser(prog="speak")
        parser.add_argument("--loud", type=int)
        print("loud:", parser.parse_args(arguments).loud)
"""

SPEAK_TEST = """
from infrastructure.di import Container
from infrastructure.plugins import PluginContext, PluginState
from src.plugins.speaks import SpeakPlugin


def test_it_comes_up():
    plugin = SpeakPlugin(config={})
    plugin.initialize(PluginContext(container=Container()))
    assert plugin.state == PluginState.INITIALIZED
"""

TICKS = """
from datetime import datetime, timezone

from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec


class TickMonitor(BaseMonitor):
    spec = PluginSpec(label="ticks", poll_interval_s=0.5)

    def emit_event(self):
        return Event(timestamp=datetime.now(timezone.utc), label="ticks", event="tick")
"""

TICK_TEST = """
from mimolo.plugins.ticks import TickMonitor


def test_it_ticks():
    assert TickMonitor().emit_event().event == "tick"
"""


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize(("files", "passed"), [
    ({"k-bert.yaml": "plugins:\n  auto_initialize: true\n", "src/plugins/speaks.py": SPEAKS, "tests/test_speaks.py": SPEAK_TEST}, "test_it_comes_up"),
    ({"mimolo.toml": "[plugins.ticks]\nenabled = true\n", "mimolo/plugins/ticks.py": TICKS, "tests/test_plugins_ticks.py": TICK_TEST}, "test_it_ticks"),
], ids=["kbert", "mimolo"])  # fmt: skip
def test_a_project_of_a_guide_passes_its_own_tests_as_it_is(mortise, tmp_path, files, passed):
    project = write(tmp_path / "project", files)
    done = mortise("plugin", "test", project)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (passed, "it is found", "it loads"):
        assert any(said.startswith("passed") and line in said for said in done.stdout.splitlines()), done.stdout


def test_a_command_of_kbert_says_how_it_is_used_and_a_coroutine_is_awaited(mortise, tmp_path):
    project = write(tmp_path / "project", {"k-bert.yaml": "plugins:\n  auto_initialize: true\n", "src/plugins/speaks.py": SPEAKS})
    assert mortise("kbert", "call", "speak", "later", '{"word": "so"}', cwd=project).stdout.strip() == '"so!"'
    done = mortise("kbert", "speak", "--loud", "x", cwd=project)
    assert done.returncode == 2 and "argument --loud: invalid int value" in done.stdout + done.stderr, done


def test_a_step_without_input_is_told_so(mortise, tmp_path):
    reads = "from mortise import Plugin\n\n\nclass Reads(Plugin):\n    def step(self, step):\n        return step.input\n"
    package(tmp_path, "Data_Processing.reads", "reads.py", {"reads.py": reads}, extension_points=["Data_Processing"])
    pipeline = tmp_path / "reads.yaml"
    pipeline.write_text(json.dumps({"name": "Reads", "steps": [step("Data_Processing.reads", name="First", output="said")]}))
    done = mortise("--config", config_file(tmp_path, [tmp_path / "plugins"]), "run", pipeline)
    assert "step 'First' has no input" in done.stderr and "input: KEY" in done.stderr, done.stderr


CLASSES = """
setClass("Sum", representation(total = "numeric"))
setGeneric("more", function(sum, by) standardGeneric("more"))
setMethod("more", "Sum", function(sum, by) { sum@total <- sum@total + by; sum })

step <- function(step) {
  plot(1:3)
  more(new("Sum", total = 1), 2)@total
}
"""


@pytest.mark.skipif(shutil.which("R") is None, reason="there is no R here")
def test_r_has_classes_of_its_own_and_may_plot_without_a_device(mortise, tmp_path):
    package(tmp_path, "Data_Processing.classes", "classes.R", {"classes.R": CLASSES}, language="r", extension_points=["Data_Processing"])
    pipeline = tmp_path / "classes.yaml"
    pipeline.write_text(json.dumps({"name": "Classes", "steps": [step("Data_Processing.classes", output="total")]}))
    done = mortise("--config", config_file(tmp_path, [tmp_path / "plugins"]), "run", pipeline, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["context"] == {"total": 3.0}


def test_a_package_never_holds_the_data_and_the_key_of_a_host_that_ran_in_its_folder(mortise, tmp_path):
    package(tmp_path, "key", "key.py", {"key.py": KEY})
    folder = tmp_path / "plugins" / "key"
    for data in (".mortise", "state"):
        assert mortise("--data-dir", folder / data, "plugin", "list", cwd=folder).returncode == 0
        assert (folder / data / "key").exists(), "a host was here"
    done = mortise("plugin", "pack", ".", "--output", tmp_path / "out" / "dist", cwd=folder)
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "out" / "dist" / "key-1.0.0.tar.gz") as archive:
        assert sorted(archive.getnames()) == ["key.py", "manifest.json"]
