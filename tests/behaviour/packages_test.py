"""Plugins as folders on a disk: they are found there, keep apart, get what they asked for, and leave nothing behind."""

import json
import os

import outside
import pytest
import yaml_text
from outside import alive, config_file, eventually, lines_of, python_plugin, step

rows = pytest.mark.rows

SPEAKS = """
from mortise import Plugin


class Speaks(Plugin):
    def step(self, step):
        return "{words}"
"""

# Writes down what happens to it, in the file that its folder is told by.
REMEMBERS = """
import os
from mortise import Plugin

NAME = os.path.basename(os.path.dirname(os.path.abspath(__file__)))
DIARY = os.path.abspath("diary")  # in the folder of the host: a package cannot be written to


def note(what):
    with open(DIARY, "a") as diary:
        diary.write(NAME + " " + what + "\\n")


class Remembers(Plugin):
    def initialize(self):
        note("initialize")

    def cleanup(self):
        note("cleanup")

    def step(self, step):
        return "done"
"""

LEAVES = """
import subprocess
from mortise import Plugin


class Leaves(Plugin):
    def initialize(self):
        self.open = True

    def step(self, step):
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        return child.pid

    def cleanup(self):
        with open("leaves.closed", "w") as file:
            file.write("closed")
"""

LOOKS = """
import os
from mortise import Plugin


class Looks(Plugin):
    def step(self, step):
        return {name: os.environ.get(name) for name in step.config["names"]}
"""

ECHOES = """
from mortise import Plugin


class Echoes(Plugin):
    def step(self, step):
        return step.config
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "plugins"


@pytest.fixture
def host(make_server, folder, tmp_path):
    """A server that knows the plugins of this folder and the test plugins."""

    def start(**options):
        return make_server(config=config_file(tmp_path, [*outside.PLUGIN_FOLDERS, folder]), **options)

    return start


# ---- found


@rows("M-25")
def test_a_plugin_is_there_because_its_folder_is(mortise, folder, tmp_path):
    config = config_file(tmp_path, [folder])

    def listed():
        return {plugin["id"] for plugin in json.loads(mortise("plugin", "list", "--json", "--config", config).stdout)}

    folder.mkdir()
    assert "Input.words" not in listed()
    python_plugin(folder / "deeper", "Input.words", SPEAKS.format(words="hello"), extension_points=["Input"])
    assert "Input.words" in listed()
    (tmp_path / "p.json").write_text(json.dumps({"name": "P", "steps": [step("Input.words", output="x")]}))
    done = mortise("run", "p.json", "--json", "--config", config)
    assert json.loads(done.stdout)["data"]["context"]["x"] == "hello", done.stderr


@rows("M-02")
def test_of_two_plugins_with_one_name_the_second_is_refused_by_type_and_name(host, folder):
    python_plugin(folder / "a", "Input.words", SPEAKS.format(words="first"), extension_points=["Input"])
    python_plugin(folder / "b", "Input.words", SPEAKS.format(words="second"), extension_points=["Input"])
    server = host()
    listed = [plugin["id"] for plugin in server.get("/api/v1/plugins").json() if plugin["name"] == "words"]
    assert listed == ["Input.words"]
    assert server.execute([step("Input.words", output="x")])["context"]["x"] == "first"
    refused = [line for line in server.log.read_text().splitlines() if "a plugin was left out" in line]
    assert len(refused) == 1 and "plugin words of type Input already registered" in refused[0]
    assert str(folder / "b" / "Input.words") in refused[0]


# ---- needs


@rows("M-68")
def test_what_a_plugin_needs_is_initialized_before_it(host, folder):
    files = [f"file_system={folder.parent}:write"]
    python_plugin(folder, "top", REMEMBERS, requires=["middle"], permissions=files)
    python_plugin(folder, "middle", REMEMBERS, requires=[{"name": "ground", "type": "capability"}], permissions=files)
    python_plugin(folder, "base", REMEMBERS, provides=["ground"], permissions=files)
    python_plugin(folder, "other", REMEMBERS, permissions=files)
    server = host()
    assert server.execute([step("top", output="x")])["context"]["x"] == "done"
    assert lines_of(folder.parent / "diary") == ["base initialize", "middle initialize", "top initialize"]
    assert server.execute([step("middle", output="x"), step("top", "again")])["success"]
    assert len(lines_of(folder.parent / "diary")) == 3, "a provider that was there was started again"


@rows("M-68")
@pytest.mark.parametrize(
    "needs, words",
    [
        ({"consumer": ["nobody"]}, "Missing dependency: nobody"),
        ({"consumer": [{"name": "nothing", "type": "capability"}]}, "No plugin provides capability: nothing"),
        ({"consumer": ["provider ^2.0"], "provider": []}, "'consumer' needs provider ^2.0, registered is 1.0.0"),
        (
            {"consumer": ["other"], "other": ["consumer"]},
            "plugins need each other in a circle: consumer -> other -> consumer",
        ),
    ],
)
def test_a_plugin_that_lacks_what_it_needs_is_refused_by_name_before_any_step_runs(
    host, folder, tmp_path, needs, words
):
    for name, required in needs.items():
        python_plugin(folder, name, REMEMBERS, requires=required)
    server = host()
    effects = tmp_path / "effects"
    run = server.execute([step("Test.append", file=str(effects), line="x"), step("consumer", output="x")])
    assert not run["success"] and words in run["error"], run
    assert "consumer" in run["error"] and not effects.exists() and not (folder.parent / "diary").exists()
    told = [line for line in server.log.read_text().splitlines() if "a plugin cannot be used" in line and words in line]
    assert told, server.log.read_text()
    examined = server.cli("doctor", "--config", server.config)
    assert "plugin incomplete" in examined.stdout and words in examined.stdout


# ---- the end


@rows("M-47")
def test_a_plugin_is_closed_at_the_end_and_the_processes_it_leaked_are_gone(host, folder):
    python_plugin(folder, "leaves", LEAVES, permissions=[f"file_system={folder.parent}:write"])
    server = host()
    child = outside.host_pid(server.execute([step("leaves", output="child")])["context"]["child"])
    assert alive(child) and not (folder.parent / "leaves.closed").exists()
    assert server.stop() == 0
    assert (folder.parent / "leaves.closed").read_text() == "closed"
    eventually(lambda: not alive(child), within=5, what="the end of the leaked process")


# ---- the environment


@rows("A-05")
def test_a_plugin_sees_the_variables_that_its_manifest_lists_and_no_others(host, folder):
    python_plugin(folder, "looks", LOOKS, environment=["SAP_PASSWORD"])
    python_plugin(folder, "peeps", LOOKS)
    names = ["SAP_PASSWORD", "SAP_USER", "AWS_SECRET_ACCESS_KEY"]
    server = host(env=dict.fromkeys(names, "s3cret-value"))
    seen = server.execute([step("looks", output="a", names=names), step("peeps", output="b", names=names)])["context"]
    nothing = dict.fromkeys(names)
    assert [key for key, value in seen["a"].items() if value is not None] == ["SAP_PASSWORD"]
    assert seen["b"] == nothing
    assert os.environ.get("SAP_PASSWORD") is None, "this test's own environment has it"


# ---- its configuration


@rows("M-32")
def test_every_option_of_every_plugin_of_ours_is_shown_with_its_description(mortise, tmp_path):
    config = config_file(tmp_path, [])
    plugins = json.loads(mortise("plugin", "list", "--json", "--config", config).stdout)
    assert len(plugins) >= 7
    for plugin in plugins:
        shown = json.loads(mortise("plugin", "show", plugin["id"], "--json", "--config", config).stdout)
        page = mortise("plugin", "show", plugin["id"], "--config", config).stdout
        takes_steps = plugin["extension_points"]
        assert shown["config"] or not takes_steps, f"{plugin['id']} has no options"
        shown["config"].pop("additional", None)  # not an option: it takes others, too
        for name, option in shown["config"].items():
            assert len(option["description"]) > 5, f"{plugin['id']}: nothing is said about {name}"
            assert f"  {name} ({option['type']}" in page and option["description"] in page


@rows("M-32")
def test_an_option_is_shown_with_kind_default_bounds_and_description(mortise, folder, tmp_path):
    options = {
        "url": {"type": "string", "required": True, "description": "where the prices are"},
        "limit": {"type": "integer", "default": 10, "minimum": 1, "maximum": 99, "description": "rows at most"},
        "kind": {"type": "string", "default": "daily", "enum": ["daily", "hourly"], "description": "how often"},
    }
    python_plugin(folder, "prices", SPEAKS.format(words="x"), config=options)
    page = mortise("plugin", "show", "prices", "--config", config_file(tmp_path, [folder])).stdout
    lines = [line.strip() for line in page.splitlines()]
    for option, description in (
        ("url (string, required)", "where the prices are"),
        ("limit (integer, default 10, at least 1, at most 99)", "rows at most"),
        ('kind (string, default "daily", one of ["daily","hourly"])', "how often"),
    ):
        assert description == lines[lines.index(option) + 1], page


FREE_FORMS = [
    {"line": "North 4", "shift": "late"},
    {"account": "0012345", "from": "2026-02-30", "limits": {"low": -1.5, "high": 10**15}},
    {"ids": ["a", "ä", ""], "nested": [[1, 2], {"deep": [None, True, {"er": 0.1}]}], "empty": [], "none": {}},
]


@rows("A-08")
@pytest.mark.parametrize("config", FREE_FORMS)
def test_a_configuration_of_any_form_reaches_a_plugin_that_declares_none_unchanged(mortise, folder, tmp_path, config):
    python_plugin(folder, "Input.sensor", ECHOES, extension_points=["Input"])
    asked = step("Input.sensor", output="seen") | {"config": config}
    yaml_text.write(tmp_path / "p.yaml", [asked])
    (tmp_path / "p.json").write_text(json.dumps({"name": "P", "steps": [asked]}))
    for file in ("p.yaml", "p.json"):
        done = mortise("run", file, "--json", "--config", config_file(tmp_path, [folder]))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["data"]["context"]["seen"] == config
