"""Plugins written for k-bert: found in their project, brought up as its settings say, called from the command line and over HTTP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from outside import PLUGIN_FOLDERS, REPOSITORY, config_file, python_plugin, step

SHIM = REPOSITORY / "sdk" / "dialects" / "kbert"

HEAD = """
from infrastructure.di import ConfigService, Container, Logger
from infrastructure.plugins import PluginBase, PluginContext, PluginError
from infrastructure.protocols.plugins import AugmenterPlugin, CommandPlugin, HeadPlugin, ModelPlugin
"""

MINE = HEAD + '''
class MyPlugin(PluginBase):
    """My custom k-bert plugin.

    Configuration:
        my_setting (str): what it says
    """

    NAME = "my_plugin"
    VERSION = "1.2"
    DESCRIPTION = "My custom plugin for k-bert"
    AUTHOR = "Your Name <email@domain.com>"
    CATEGORY = "custom"
    TAGS = ["first", "mine"]

    def __init__(self, config=None):
        super().__init__(config)
        self.trail = []

    def _validate(self, context): self.trail.append("validate")
    def _initialize(self, context): self.trail.append("initialize")
    def _start(self, context): self.trail.append("start")
    def _stop(self, context): self.trail.append("stop")
    def _cleanup(self, context):
        print("my_plugin is cleaned up")

    def process(self, data): return {"said": self.config.get("my_setting", "default"), "data": data}
    def settings(self): return self.config
    def seen(self): return self.trail
'''


def plugin(name, body="", bases="PluginBase", **words):
    """The source of one more plugin."""
    attributes = "".join(f"    {key} = {value!r}\n" for key, value in words.items())
    return HEAD + f"\nclass {name}({bases}):\n{attributes}\n{body or '    pass'}\n"


def environment(folder):
    """An interpreter with packages of its own, and the folder that they are in."""
    command = [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(folder / "environment")]
    subprocess.run(command, check=True, timeout=120)
    return folder / "environment" / "bin" / "python", next((folder / "environment" / "lib").glob("python3*/site-packages"))


def project(folder, settings="", **files):
    plugins = Path(folder) / "src" / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        (plugins / f"{name}.py").write_text(source)
    (Path(folder) / "k-bert.yaml").write_text(settings)
    return Path(folder)


@pytest.fixture
def kbert(mortise):
    """Runs `mortise kbert ...` and reads what it printed as JSON, where it is."""

    def run(*arguments, status=0, **options):
        done = mortise("kbert", *arguments, **options)
        assert done.returncode == status, done.stdout + done.stderr
        try:
            done.json = json.loads(done.stdout)
        except ValueError:
            done.json = None
        return done

    return run


def states(kbert):
    return {each["name"]: each["state"] for each in kbert("list", "--json").json["plugins"]}


# ---- found


@pytest.mark.rows("K-06", "K-07", "K-14", "K-18", "K-22", "K-23", "K-24", "K-61", "K-63", "K-67", "K-82", "A-20")
def test_a_plugin_of_the_project_is_listed_with_what_its_class_says(tmp_path, kbert, mortise):
    project(tmp_path, my_plugin=MINE)
    (page,) = kbert("list", "--json").json["plugins"]
    expected = {
        "name": "my_plugin", "version": "1.2.0", "description": "My custom plugin for k-bert", "author": "Your Name",
        "email": "email@domain.com", "category": "custom", "tags": ["first", "mine"], "class": "MyPlugin",
    }  # fmt: skip
    assert {key: page[key] for key in expected} == expected
    shown = kbert("show", "my_plugin").json
    assert "my_setting (str): what it says" in shown["doc"]
    listed = {each["id"]: each for each in json.loads(mortise("plugin", "list", "--json").stdout)}
    assert (listed["my_plugin"]["dialect"], listed["my_plugin"]["category"]) == ("kbert", "custom")


@pytest.mark.rows("K-02", "K-03", "K-04", "K-82")
def test_every_folder_of_the_guide_is_looked_into_and_hidden_names_are_not(tmp_path, kbert):
    project(tmp_path, "plugins: {paths: [extra]}\n")
    for place in ("src/heads/deep", "src/augmenters", "src/features", "src/models", "src/metrics", "src/loaders",
                  "src/callbacks", "src/commands", "plugins", "components", "extra", "elsewhere"):  # fmt: skip
        name = place.replace("/", "_")
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / f"{name}.py").write_text(plugin("P", NAME=name))
        (tmp_path / place / "_hidden.py").write_text(plugin("H", NAME=f"hidden_{name}"))
    assert set(states(kbert)) == {
        "src_heads_deep", "src_augmenters", "src_features", "src_models", "src_metrics", "src_loaders", "src_callbacks",
        "src_commands", "plugins", "components", "extra",
    }  # fmt: skip


@pytest.mark.rows("K-56", "K-57", "K-59")
def test_installed_packages_offer_plugins_as_entry_points(tmp_path, kbert):
    python, site = environment(tmp_path)
    (site / "my_package").mkdir()
    (site / "my_package" / "__init__.py").write_text("")
    (site / "my_package" / "plugins.py").write_text(MINE)
    (site / "my_package" / "heads.py").write_text(plugin("CustomHead", NAME="custom_head", CATEGORY="head"))
    (site / "my_package-1.0.dist-info").mkdir()
    (site / "my_package-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (site / "my_package-1.0.dist-info" / "entry_points.txt").write_text(
        "[k_bert.plugins]\nmy_plugin = my_package.plugins:MyPlugin\ncustom_head = my_package.heads:CustomHead\n"
    )
    project(tmp_path)
    listed = kbert("list", "--json", env={"MORTISE_PYTHON": str(python)}).json["plugins"]
    assert {each["name"]: each["class"] for each in listed} == {
        "my_plugin": "my_package.plugins:MyPlugin", "custom_head": "my_package.heads:CustomHead",
    }  # fmt: skip
    project(tmp_path, "plugins: {discover_entry_points: false}\n")
    assert kbert("list", "--json", env={"MORTISE_PYTHON": str(python)}).json["plugins"] == []


@pytest.mark.rows("K-60")
def test_two_plugins_of_one_name_are_refused(tmp_path, kbert):
    project(tmp_path, one=MINE, two=MINE)
    listed = kbert("list", "--json").json
    assert len(listed["plugins"]) == 1
    assert listed["problems"][0]["error"] == "Plugin 'my_plugin' is already registered"


def test_a_file_that_cannot_be_imported_keeps_no_other_away(tmp_path, kbert):
    project(tmp_path, my_plugin=MINE, broken=HEAD + "import nothing_of_this_name\nclass X(PluginBase): pass\n")
    done = kbert("list")
    assert "my_plugin" in done.stdout
    assert "broken.py: Failed to load plugin: ModuleNotFoundError: No module named 'nothing_of_this_name'" in done.stderr


def test_a_package_with_a_manifest_is_that_whatever_its_files_look_like(tmp_path, mortise):
    native = "from mortise import Plugin\n# class Like(PluginBase), class Like(BaseMonitor) of mimolo\nclass Mine(Plugin): pass\n"
    package = python_plugin(tmp_path / "plugins", "mine", native)
    (package / "helper.py").write_text(MINE)
    listed = {each["id"]: each for each in json.loads(mortise("plugin", "list", "--json").stdout)}
    assert listed["mine"]["dialect"] == "native" and "my_plugin" not in listed


# ---- brought up


@pytest.mark.rows("K-08", "K-09", "K-10", "K-11", "K-26", "K-27", "K-29", "K-30", "K-34", "K-43")
@pytest.mark.parametrize(
    ("settings", "state", "trail"),
    [
        ("", "INITIALIZED", ["validate", "initialize"]),
        ("auto_start: true", "RUNNING", ["validate", "initialize", "start"]),
        ("auto_initialize: false", "VALIDATED", None),
        ("{auto_initialize: false, validate_on_load: false}", "LOADED", None),
        ("{validate_on_load: false}", "INITIALIZED", ["initialize"]),
    ],
)
def test_a_plugin_is_brought_up_as_far_as_the_settings_say(tmp_path, kbert, settings, state, trail):
    project(tmp_path, f"plugins: {settings if settings.startswith('{') else '{' + settings + '}'}\n", my_plugin=MINE)
    assert states(kbert) == {"my_plugin": state}
    if trail is not None:
        assert kbert("call", "my_plugin", "seen").json == trail
    else:
        done = kbert("call", "my_plugin", "seen", status=65)
        assert f"Plugin 'my_plugin' is {state}" in done.stderr


@pytest.mark.rows("K-12", "K-13", "K-34", "K-84", "K-85")
def test_a_plugin_starts_stops_and_is_cleaned_up_with_its_server(make_server, tmp_path):
    project(tmp_path, my_plugin=MINE)
    server = make_server()

    def kbert(*words):
        done = server.cli("kbert", *words)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    assert kbert("start", "my_plugin")["state"] == "RUNNING"
    assert "Cannot start plugin in state RUNNING" in kbert("start", "my_plugin")
    assert kbert("stop", "my_plugin")["state"] == "STOPPED"
    assert kbert("call", "my_plugin", "state")["state"] == "STOPPED"
    assert "my_plugin is cleaned up" not in server.log.read_text()
    assert server.stop() == 0
    assert "my_plugin is cleaned up" in server.log.read_text()


@pytest.mark.rows("K-25", "K-28", "K-31", "K-42")
def test_each_plugin_gets_its_part_of_the_settings_with_its_types(tmp_path, kbert):
    settings = """
plugins:
  configs:
    my_plugin: {my_setting: "moored", ropes: 42, ratio: 0.5, crew: {cook: true}}
  auto_initialize: true
"""
    project(tmp_path, settings, my_plugin=MINE)
    assert kbert("call", "my_plugin", "process", '"boat"').json == {"said": "moored", "data": "boat"}
    expected = {"my_setting": "moored", "ropes": 42, "ratio": 0.5, "crew": {"cook": True}}
    assert kbert("call", "my_plugin", "settings").json == expected


@pytest.mark.rows("K-45")
def test_only_plugins_of_the_categories_asked_for_are_loaded(tmp_path, kbert):
    project(tmp_path, "plugins:\n  categories: [model, head]\n",
            a=plugin("A", NAME="a", CATEGORY="head"), b=plugin("B", NAME="b", CATEGORY="augmenter"))  # fmt: skip
    listed = kbert("list", "--json").json
    assert [each["name"] for each in listed["plugins"]] == ["a"]
    assert listed["not_loaded"] == [{"name": "b", "reason": "its category augmenter is not among plugins.categories"}]


@pytest.mark.rows("K-87")
def test_settings_for_a_plugin_that_is_not_there_are_warned_of(tmp_path, kbert):
    project(tmp_path, "plugins:\n  configs:\n    my_plugn: {a: 1}\n", my_plugin=MINE)
    assert "plugins.configs.my_plugn: there is no such plugin; did you mean my_plugin?" in kbert("list").stderr


def test_a_key_of_the_settings_that_is_none_is_refused(tmp_path, kbert):
    project(tmp_path, "plugins:\n  auto_strat: true\n", my_plugin=MINE)
    assert "auto_start" in kbert("list", status=64).stderr


@pytest.mark.rows("K-62")
def test_a_requirement_that_is_not_installed_is_warned_of(tmp_path, kbert):
    project(tmp_path, mine=plugin("P", NAME="p", REQUIREMENTS=["pytest>=3.6", "no_such_package>=4.20"]))
    page = kbert("show", "p").json
    assert (page["warnings"], page["state"]) == (["Requirement not satisfied: no_such_package>=4.20"], "INITIALIZED")


# ---- failures


@pytest.mark.rows("K-44")
def test_a_plugin_that_would_not_pass_its_own_check_is_loaded_where_nobody_asks(tmp_path, kbert):
    bad = plugin("Bad", '    def _validate(self, context):\n        raise PluginError("never")', NAME="bad")
    project(tmp_path, bad=bad)
    assert states(kbert) == {"bad": "FAILED"}
    project(tmp_path, "plugins: {validate_on_load: false}\n")
    assert states(kbert) == {"bad": "INITIALIZED"}


@pytest.mark.rows("K-36", "K-38", "K-41", "K-64", "K-65", "K-86")
@pytest.mark.parametrize(
    ("hook", "code", "text"),
    [
        ("_validate", 'raise PluginError("Missing required_setting")', "Missing required_setting"),
        ("_initialize", "self.create_resource()", "Failed to initialize plugin: 'Bad' object has no attribute 'create_resource'"),
        ("_initialize", 'open("/nowhere/model")', "Failed to initialize plugin: [Errno 2] No such file or directory: '/nowhere/model'"),
        ("_start", 'raise PluginError("no port", plugin_name=self.NAME)', "Failed to start plugin: no port"),
    ],
)  # fmt: skip
def test_a_plugin_whose_life_fails_is_failed_with_its_words_and_the_others_run(tmp_path, kbert, hook, code, text):
    bad = plugin("Bad", f"    def {hook}(self, context):\n        {code}\n    def use(self): return 1", NAME="bad")
    project(tmp_path, "plugins: {auto_start: true}\n", bad=bad, my_plugin=MINE)
    listed = {each["name"]: each for each in kbert("list", "--json").json["plugins"]}
    assert (listed["bad"]["state"], listed["bad"]["error"]) == ("FAILED", text)
    assert listed["my_plugin"]["state"] == "RUNNING"
    assert text in kbert("call", "bad", "use", status=70).stderr
    assert text in kbert("validate", status=70).stderr


@pytest.mark.rows("K-46")
def test_a_pydantic_schema_of_the_configuration_says_what_is_missing(tmp_path, kbert):
    pytest.importorskip("pydantic")
    source = plugin("Checked", """
    def _validate(self, context):
        import pydantic
        class Harbour(pydantic.BaseModel):
            berth: str = pydantic.Field(..., description="Where to lie")
            ropes: int = 4
            class Config: extra = "allow"
        Harbour(**self.config)
""", NAME="checked")  # fmt: skip
    project(tmp_path, mine=source)
    assert "berth" in kbert("show", "checked").json["error"]
    project(tmp_path, "plugins: {configs: {checked: {berth: x, more: 1}}}\n")
    assert kbert("show", "checked").json["state"] == "INITIALIZED"


# ---- services


@pytest.mark.rows("K-37", "K-38")
def test_a_service_that_is_not_there_is_a_key_error_and_nothing_else(tmp_path, kbert):
    source = plugin("P", """
    def _validate(self, context):
        class RequiredService: pass
        try:
            context.resolve(RequiredService)
        except KeyError as error:
            assert type(error) is KeyError
            raise PluginError("Required service not available")
""", NAME="p")  # fmt: skip
    project(tmp_path, mine=source)
    assert kbert("show", "p").json["error"] == "Required service not available"


@pytest.mark.rows("K-39", "K-40", "K-48", "K-83")
def test_a_plugin_resolves_the_very_object_that_one_it_needs_provides(tmp_path, kbert):
    provider = plugin("Store", """
    def _initialize(self, context):
        context.container.register(Shelf, Shelf(self.config.get("first", "nothing")))
        context.container.register(service_type=str, implementation="a text", instance=True)
""", NAME="a_store", PROVIDES=["shelf"]) + """
class Shelf:
    def __init__(self, first): self.first = first
"""  # fmt: skip
    consumer = plugin("Reader", """
    def _initialize(self, context):
        from src.plugins.z_store import Shelf
        self.shelf = context.resolve(Shelf)
        self.text = context.resolve(str)
    def first(self): return [self.shelf.first, self.text]
""", NAME="reader", DEPENDS_ON=["a_store"])  # fmt: skip
    project(tmp_path, "plugins: {configs: {a_store: {first: book}}}\n", a_reader=consumer, z_store=provider)
    assert [each["name"] for each in kbert("list", "--json").json["plugins"]] == ["a_store", "reader"]
    assert kbert("call", "reader", "first").json == ["book", "a text"]


@pytest.mark.rows("K-83")
def test_a_dependency_that_is_missing_is_refused_by_name(tmp_path, kbert):
    project(tmp_path, mine=plugin("P", NAME="p", DEPENDS_ON=["nobody"]), other=plugin("Q", NAME="q", CONSUMES=["nothing"]))
    errors = {each["name"]: each["error"] for each in kbert("list", "--json").json["plugins"]}
    assert errors == {"p": "Missing dependency: nobody", "q": "No plugin provides capability: nothing"}


@pytest.mark.rows("K-47", "K-49", "K-50", "K-55")
def test_the_root_container_has_a_logger_and_the_configuration_and_wires_by_annotation(tmp_path, kbert):
    source = HEAD + '''
from infrastructure.di import get_container

class MyService:
    def __init__(self, logger: Logger, config: ConfigService, size: int = 3):
        self.logger, self.config, self.size = logger, config, size

class Impossible:
    def __init__(self, nothing: dict): pass

class Wired(PluginBase):
    NAME = "wired"

    def _initialize(self, context):
        context.resolve(Logger).info(f"Initializing {self.NAME}")
        assert get_container() is context.container
        self.service = get_container().auto_wire(MyService)

    def told(self):
        try:
            get_container().auto_wire(Impossible)
        except ValueError as error:
            text = str(error)
        return [self.service.config.get("model.size"), self.service.size, text]
'''
    project(tmp_path, "model: {size: base}\n", wired=source)
    assert kbert("call", "wired", "told").json == ["base", 3, "Cannot auto-wire parameter 'nothing' (dict) of Impossible"]
    assert "Initializing wired" in (tmp_path / ".mortise" / "mortise.log").read_text()


def test_a_plugin_calls_a_service_of_the_host_by_its_name(make_server, tmp_path):
    source = plugin("P", """
    def limit(self): return self.config_service().get({"key": "plugins.max_concurrency"})
    def config_service(self):
        from infrastructure.di import get_container
        return get_container().resolve("ConfigService")
""", NAME="p")  # fmt: skip
    project(tmp_path, p=source)
    server = make_server()
    done = server.cli("kbert", "call", "p", "limit")
    assert done.returncode == 0 and json.loads(done.stdout) == 10, done.stderr


# ---- work


@pytest.mark.rows("K-05")
def test_a_plugin_brings_a_command_of_its_own(tmp_path, kbert):
    source = plugin("Hello", """
    def run(self, arguments):
        print("hello", *arguments)
        return 3 if "--fail" in arguments else None
""", "PluginBase, CommandPlugin", NAME="hello", CATEGORY="command")  # fmt: skip
    project(tmp_path, mine=source, my_plugin=MINE)
    assert kbert("hello", "world", "--loud").stdout == "hello world --loud\n"
    assert kbert("hello", "--fail", status=3).stdout == "hello --fail\n"
    assert "is no command" in kbert("my_plugin", status=64).stderr


@pytest.mark.rows("K-01", "K-15", "K-19")
def test_a_model_plugin_builds_a_model_that_answers(make_server, tmp_path):
    source = HEAD + """
class Doubler:
    def __init__(self, factor=2, bias=0): self.factor, self.bias = factor, bias
    def __call__(self, values): return {"out": [value * self.factor + self.bias for value in values]}

class Doubling(PluginBase, ModelPlugin):
    CATEGORY, NAME = "model", "custom_model"

    def get_default_config(self):
        return {"factor": 2, "bias": 1}

    def build_model(self, config):
        return Doubler(**{**self.get_default_config(), **config})
"""
    project(tmp_path, mine=source)
    server = make_server()

    def kbert(*words):
        done = server.cli("kbert", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert kbert("call", "custom_model", "get_default_config") == {"factor": 2, "bias": 1}
    assert kbert("build", "custom_model", '{"factor": 10}') == {"model": 1, "type": "Doubler"}


@pytest.mark.rows("K-16", "K-17", "K-20", "K-21")
def test_heads_and_augmenters_are_called_by_their_words(tmp_path, kbert):
    head = plugin("Head", """
    def __call__(self, hidden_states, attention_mask=None, **kwargs):
        return {"logits": [[sum(row)] for row in hidden_states], "masked": attention_mask is not None}
    def compute_loss(self, logits, labels, **kwargs):
        return sum(abs(a[0] - b) for a, b in zip(logits, labels)) * kwargs.get("weight", 1)
""", "PluginBase, HeadPlugin", NAME="custom_head", CATEGORY="head")  # fmt: skip
    augmenter = plugin("Augmenter", """
    def augment(self, data, training=True, **kwargs):
        return [each.upper() for each in data] if training else data
""", "PluginBase, AugmenterPlugin", NAME="custom_augmenter", CATEGORY="augmenter")  # fmt: skip
    project(tmp_path, head=head, augmenter=augmenter)
    forward = {"hidden_states": [[1, 2], [3, 4]], "attention_mask": [1, 1]}
    assert kbert("call", "custom_head", "forward", json.dumps(forward)).json == {"logits": [[3], [7]], "masked": True}
    loss = {"logits": [[3], [7]], "labels": [1, 7], "weight": 0.5}
    assert kbert("call", "custom_head", "compute_loss", json.dumps(loss)).json == 1.0
    for training, expected in ((True, ["AB"]), (False, ["ab"])):
        asked = json.dumps({"data": ["ab"], "training": training})
        assert kbert("call", "custom_augmenter", "augment", asked).json == expected
    assert kbert("call", "custom_augmenter", "augment_batch", '[["a"], ["b"]]').json == [["A"], ["B"]]


def test_a_method_of_a_plugin_is_a_step_of_a_pipeline(make_server, tmp_path):
    source = plugin("Augmenter", """
    def augment(self, data, training=True):
        return [{**row, "name": row["name"].upper()} for row in data] if training else data
""", "PluginBase, AugmenterPlugin", NAME="louder", CATEGORY="augmenter")  # fmt: skip
    project(tmp_path, mine=source)
    (tmp_path / "names.csv").write_text("name\nada\n")
    server = make_server(config=config_file(tmp_path, PLUGIN_FOLDERS))
    run = server.execute([step("Input.file", "read", "rows", path="names.csv"), step("louder", "louder", "loud", method="augment", training=True)])
    assert run["success"], run
    assert run["context"]["loud"] == [{"name": "ADA"}]


# ---- MLX

MLX_MODEL = HEAD + """
import mlx.core as mx
import mlx.nn as nn

class Encoder(nn.Module):
    def __init__(self, hidden_size=768, num_layers=12, num_heads=12, dropout=0.1):
        super().__init__()
        self.layers = [nn.TransformerEncoderLayer(d_model=hidden_size, nhead=num_heads) for _ in range(num_layers)]

    def __call__(self, input_ids: mx.array):
        x = input_ids
        for layer in self.layers:
            x = layer(x)
        return {"last_hidden_state": x, "pooled_output": x[:, 0]}

class EncoderPlugin(PluginBase, ModelPlugin):
    NAME = "encoder"
    CATEGORY = "model"
    PROVIDES = ["encoder_v1"]

    def build_model(self, config):
        self.merged = {**self.get_default_config(), **config}
        return Encoder(**self.merged)

    def get_default_config(self):
        return {"hidden_size": 768, "num_layers": 12, "num_heads": 12, "dropout": 0.1}

    def try_it(self, hidden: int):
        out = self.build_model({"hidden_size": hidden, "num_layers": 2})(mx.zeros((3, 5, hidden)))
        return {"merged": self.merged, "shapes": {key: list(value.shape) for key, value in out.items()}}
"""

MLX_HEAD = HEAD + """
from typing import Dict
import mlx.core as mx
import mlx.nn as nn

class TasksHead(PluginBase, HeadPlugin):
    NAME = "tasks_head"
    CATEGORY = "head"

    def _initialize(self, context):
        self.heads = {name: self.one(task) for name, task in self.config["tasks"].items()}

    def one(self, task):
        size, out = task.get("input_size", 768), task.get("output_size", 2)
        return nn.Sequential(nn.Linear(size, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, out))

    def __call__(self, hidden_states: mx.array, attention_mask: mx.array = None, **kwargs):
        return {f"{name}_logits": head(hidden_states[:, 0]) for name, head in self.heads.items()}

    def compute_loss(self, logits: Dict[str, mx.array], labels: Dict[str, mx.array], **kwargs):
        total, weights = 0, kwargs.get("task_weights", {})
        for name in self.config["tasks"]:
            if f"{name}_logits" in logits and f"{name}_labels" in labels:
                loss = nn.losses.cross_entropy(logits[f"{name}_logits"], labels[f"{name}_labels"])
                total += weights.get(name, 1.0) * loss
        return total

    def get_output_size(self):
        return {name: task.get("output_size", 2) for name, task in self.config["tasks"].items()}

    def get_metrics(self):
        return [f"{name}_{metric}" for name in self.config["tasks"] for metric in ("accuracy", "f1")]
"""


@pytest.mark.rows("K-66", "K-68", "K-69", "K-70", "K-71")
def test_a_model_of_mlx_is_built_with_the_guides_words_for_its_layers(tmp_path, kbert, mortise):
    pytest.importorskip("mlx.nn", reason="MLX is not installed here")
    project(tmp_path, encoder=MLX_MODEL)
    done = kbert("call", "encoder", "try_it", '{"hidden": 24}').json
    assert done["merged"] == {"hidden_size": 24, "num_layers": 2, "num_heads": 12, "dropout": 0.1}
    assert done["shapes"] == {"last_hidden_state": [3, 5, 24], "pooled_output": [3, 24]}
    assert kbert("show", "encoder").json["provides"] == ["encoder_v1"]


@pytest.mark.rows("K-72", "K-73", "K-74", "K-75", "K-76", "K-77")
def test_a_head_of_mlx_answers_for_each_of_its_tasks(tmp_path, kbert):
    pytest.importorskip("mlx.nn", reason="MLX is not installed here")
    settings = "plugins: {configs: {tasks_head: {tasks: {mood: {input_size: 4}, topic: {input_size: 4, output_size: 3}}}}}\n"
    project(tmp_path, settings, head=MLX_HEAD)
    states = [[[1, 2, 3, 4], [0, 0, 0, 0]], [[4, 3, 2, 1], [0, 0, 0, 0]]]
    logits = kbert("call", "tasks_head", "forward", json.dumps({"hidden_states": states})).json
    shapes = {name: [len(rows), len(rows[0])] for name, rows in logits.items()}
    assert shapes == {"mood_logits": [2, 2], "topic_logits": [2, 3]}
    asked = {"logits": {"mood_logits": [[0.0, 0.0]], "topic_logits": [[0.0, 0.0, 0.0]]},
             "labels": {"mood_labels": [1], "topic_labels": [0], "other_labels": [0]}, "task_weights": {"mood": 2.0}}  # fmt: skip
    (loss,) = kbert("call", "tasks_head", "compute_loss", json.dumps(asked)).json
    assert loss == pytest.approx(2 * 0.6931472 + 1.0986123, rel=1e-4)  # 2 ln 2 + ln 3
    del asked["labels"]["topic_labels"]
    (loss,) = kbert("call", "tasks_head", "compute_loss", json.dumps(asked)).json
    assert loss == pytest.approx(2 * 0.6931472, rel=1e-4)
    assert kbert("call", "tasks_head", "get_output_size").json == {"mood": 2, "topic": 3}
    assert kbert("call", "tasks_head", "get_metrics").json == ["mood_accuracy", "mood_f1", "topic_accuracy", "topic_f1"]


# ---- without a host


@pytest.mark.rows("K-32", "K-33", "K-35", "K-51", "K-52", "K-53", "K-54", "K-78", "K-79", "K-80", "K-81", "K-88")
def test_the_guides_own_tests_of_plugins_pass_without_a_host(tmp_path):
    project(tmp_path, "plugins: {configs: {my_plugin: {my_setting: x}}}\n", my_plugin=MINE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_my_plugin.py").write_text(
        """
from unittest.mock import Mock

import pytest
from infrastructure.di import Container
from infrastructure.plugins import (
    PluginBase, PluginContext, PluginError, PluginLoader, PluginRegistry, PluginState, PluginValidator, load_plugin_config,
)
from infrastructure.plugins.integration import wrap
from src.plugins.my_plugin import MyPlugin


def test_life():
    plugin, context = MyPlugin({"my_setting": "moored"}), PluginContext(container=Container())
    for verb, state in [("validate", "VALIDATED"), ("initialize", "INITIALIZED"), ("start", "RUNNING")]:
        getattr(plugin, verb)(context)
        assert plugin.state == PluginState[state]
    assert plugin.process("boat")["said"] == "moored"
    with pytest.raises(PluginError, match="Cannot initialize plugin in state RUNNING"):
        plugin.initialize(context)
    plugin.stop(context)
    plugin.cleanup(context)
    assert plugin.state == PluginState.CLEANED_UP


def test_registry():
    registry = PluginRegistry()
    plugin = MyPlugin()
    registry.register(plugin)
    assert registry.get("my_plugin") is plugin
    with pytest.raises(PluginError, match="Plugin 'my_plugin' is already registered"):
        registry.register(MyPlugin())
    with pytest.raises(PluginError, match="Plugin 'gone' not found"):
        registry.start_plugin("gone")
    assert registry.get_by_category("custom") == {"my_plugin": plugin}


class RequiredService: pass


class Asks(PluginBase):
    resource = None
    def _initialize(self, context):
        self.resource = context.resolve(RequiredService)
        self.resource.some_method()


def test_mocked_service_without_validate_before():
    stand_in, services = Mock(), Container()
    services.register(service_type=RequiredService, implementation=stand_in, instance=True)
    asking = Asks()
    asking.initialize(PluginContext(container=services))
    assert stand_in.some_method.call_count == 1
    assert asking.resource is stand_in


def test_an_instance_is_itself():
    container = Container()
    thing = RequiredService()
    container.register(RequiredService, thing)
    assert container.resolve(RequiredService) is thing
    assert container.create_child().resolve(RequiredService) is thing


def test_validation_names_everything():
    class Bad(PluginBase):
        NAME = "bad"
        VERSION = "one"
        DEPENDS_ON = ["nobody"]
        REQUIREMENTS = ["no_such_package"]
    result = PluginValidator([MyPlugin()]).validate(Bad())
    assert not result.is_valid and result.errors == ["Missing dependency: nobody"]
    assert len(result.warnings) == 2
    assert "Missing method: start" in PluginValidator().validate(object()).errors


def test_loader_and_configuration():
    pytest.importorskip("yaml")
    assert load_plugin_config(".").config_of("my_plugin") == {"my_setting": "x"}
    loaded = PluginLoader(".").load()
    assert [plugin.name for plugin in loaded.plugins] == ["my_plugin"]
    assert loaded.plugins[0].config == {"my_setting": "x"}


def test_an_old_component_becomes_a_plugin():
    class Old:
        closed = False
        def shout(self, text): return text.upper()
        def close(self): self.closed = True
    plugin = wrap(Old(), name="old", category="augmenter")
    registry = PluginRegistry()
    registry.register(plugin)
    assert plugin.shout("a") == "A" and registry.list_plugins("augmenter") == ["old"]
    plugin.cleanup(PluginContext())
    assert plugin.component.closed


@pytest.mark.parametrize("name", ["basic", "head", "model"])
def test_templates(name):
    import importlib
    pytest.importorskip("numpy")
    from infrastructure.plugins.loader import plugin_classes
    (kind,) = plugin_classes(importlib.import_module(f"infrastructure.plugins.templates.{name}"))
    plugin = kind()
    context = PluginContext()
    plugin.validate(context)
    plugin.initialize(context)
    assert plugin.state == PluginState.INITIALIZED
"""
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{SHIM}:{tmp_path}"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_projects_of_strangers_are_for_the_operator_alone(server, tmp_path):
    for what in ("plugins", "call"):
        assert server.post(f"/api/v1/kbert/{what}", {"folder": str(tmp_path)}).status_code == 403
