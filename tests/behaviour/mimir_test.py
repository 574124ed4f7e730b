"""Plugins in Go by the guide of Mimir AIP: found as source in the guide's places, built offline, run in workers."""

import json
import re
import shutil
import subprocess
from datetime import datetime

import golang
import pytest
import requests
from outside import BUILD, PATIENCE, PROGRAM, REPOSITORY, config_file, eventually, step

pytestmark = pytest.mark.timeout(600)  # the first of them compiles Go's own library

EXAMPLE = REPOSITORY / "examples" / "mimir"
DIALECT = REPOSITORY / "sdk" / "dialects" / "mimir"

SOURCE = """package {package}

import (
	"context"
	{imports}

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
)

type {type} struct {{
	name    string
	version string
}}

func New{type}() *{type} {{
	return &{type}{{name: "{type}", version: "1.0.0"}}
}}

func (p *{type}) ExecuteStep(ctx context.Context, stepConfig pipelines.StepConfig, globalContext {star}pipelines.PluginContext) ({star}pipelines.PluginContext, error) {{
	{work}
}}

func (p *{type}) GetPluginType() string {{ return "{kind}" }}
func (p *{type}) GetPluginName() string {{ return "{name}" }}

func (p *{type}) ValidateConfig(config map[string]interface{{}}) error {{
	{validate}
}}
{more}
"""


def source(name="my_plugin", kind="Data_Processing", *, type="MyPlugin", package="main", star="", imports="", validate="return nil", more="",
           work='return pipelines.PluginContext{stepConfig.Output: "result"}, nil'):  # fmt: skip
    return SOURCE.format(**locals())


def place(folder, text, path="my_plugin/my_plugin.go"):
    file = folder / "plugins" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture(autouse=True)
def warm_cache():
    golang.go_program(REPOSITORY / "sdk" / "conformance" / "go")


@pytest.fixture
def host(make_server, tmp_path):
    """Starts the server over the plugins that were placed."""
    (tmp_path / "plugins").mkdir(exist_ok=True)

    def start(**sections):
        config = config_file(tmp_path, [tmp_path / "plugins", BUILD / "specimens"], **sections)
        return make_server(config=config, folder=tmp_path)

    return start


def listed(server):
    return {f"{plugin['type']}.{plugin['name']}": plugin for plugin in server.get("/api/v1/plugins").json()}


@pytest.mark.rows("M-19", "M-20", "M-21", "M-22", "M-23", "M-25")
def test_the_guide_s_first_plugin_runs_from_its_source_and_is_listed_with_its_version(host, tmp_path):
    place(tmp_path, source())
    server = host()
    mine = listed(server)["Data_Processing.my_plugin"]
    assert (mine["version"], mine["dialect"], mine["language"]) == ("1.0.0", "mimir", "go")
    assert {"type", "name", "description"} <= set(mine)
    done = server.execute([step("Data_Processing.my_plugin", output="result")])
    assert done["success"] and done["context"]["result"] == "result", done


@pytest.mark.rows("M-86", "M-21")
def test_both_signatures_of_the_guide_run_in_one_host(host, tmp_path):
    place(tmp_path, source())
    pointer = """context := pipelines.NewPluginContext()
	before, _ := globalContext.Get("first")
	context.Set(stepConfig.Output, map[string]any{"saw": before})
	_, gone := globalContext.Get("gone")
	context.Set("gone", gone)
	return context, nil"""
    place(tmp_path, source("sap_erp", "Input", type="SAPERPPlugin", package="Input", star="*", work=pointer), "input/sap_erp/sap_erp.go")
    done = host().execute([step("Data_Processing.my_plugin", output="first"), step("Input.sap_erp", output="second")])
    assert done["success"], done
    assert done["context"]["second"] == {"saw": "result"} and done["context"]["gone"] is False


@pytest.mark.rows("M-24", "M-31", "M-33", "M-34", "M-40", "M-41", "M-87")
@pytest.mark.parametrize(("config", "words"), [
    ({}, "configuration validation failed: api_key is required"),
    ({"api_key": "k", "timeout": -1}, "configuration validation failed: timeout must be positive"),
    ({"api_key": "k", "fail": True}, "operation failed: SAP query failed: no route"),
])  # fmt: skip
def test_the_text_of_a_plugin_s_error_arrives_as_it_was_written_once(host, tmp_path, config, words):
    validate = """if config["api_key"] == nil {
		return fmt.Errorf("api_key is required")
	}
	if config["timeout"] == nil {
		config["timeout"] = 30
	}
	if timeout, ok := config["timeout"].(float64); ok && timeout <= 0 {
		return fmt.Errorf("timeout must be positive")
	}
	return nil"""
    work = """if err := p.ValidateConfig(stepConfig.Config); err != nil {
		return nil, fmt.Errorf("configuration validation failed: %w", err)
	}
	if stepConfig.Config["fail"] != nil {
		return nil, fmt.Errorf("operation failed: %w", fmt.Errorf("SAP query failed: %w", errors.New("no route")))
	}
	return nil, nil"""
    place(tmp_path, source(imports='"errors"\n\t"fmt"', validate=validate, work=work))
    done = host().execute([{**step("Data_Processing.my_plugin", output="result"), "config": config}])
    assert not done["success"]
    cause = words.removeprefix("configuration validation failed: ")
    assert done["error"].count(cause) == 1, done["error"]


@pytest.mark.rows("M-30", "M-31", "M-27")
def test_a_default_that_validate_writes_is_there_as_it_was_written_and_numbers_of_a_file_are_float64(host, tmp_path):
    work = """return pipelines.PluginContext{stepConfig.Output: map[string]interface{}{
		"timeout": fmt.Sprintf("%T %v", stepConfig.Config["timeout"], stepConfig.Config["timeout"]),
		"limit": fmt.Sprintf("%T %v", stepConfig.Config["limit"], stepConfig.Config["limit"]),
		"step": []string{stepConfig.Name, stepConfig.Plugin, stepConfig.Output},
	}}, nil"""
    place(tmp_path, source(imports='"fmt"', work=work, validate='if config["timeout"] == nil {\n\t\tconfig["timeout"] = 30\n\t}\n\treturn nil'))
    done = host().execute([step("Data_Processing.my_plugin", "mine", output="seen", limit=7)])
    assert done["success"], done
    assert done["context"]["seen"] == {
        "timeout": "int 30", "limit": "float64 7", "step": ["mine", "Data_Processing.my_plugin", "seen"],
    }  # fmt: skip


@pytest.mark.rows("M-36", "M-28", "M-35")
def test_nested_maps_and_times_survive_to_the_next_step_and_to_the_api(host, tmp_path):
    first = """return pipelines.PluginContext{stepConfig.Output: map[string]interface{}{
		"data": "processed_data", "timestamp": time.Now(), "plugin_version": p.version, "deep": map[string]interface{}{"n": 3, "none": nil},
	}}, nil"""
    second = """before := globalContext["made"].(map[string]interface{})
	deep := before["deep"].(map[string]interface{})
	_, none := deep["none"]
	_, gone := deep["gone"]
	_, elsewhere := globalContext["elsewhere"]
	moment, isTime := before["timestamp"].(time.Time)
	return pipelines.PluginContext{stepConfig.Output: map[string]interface{}{
		"n": deep["n"].(float64), "none": none, "gone": gone, "elsewhere": elsewhere, "time": isTime, "year": moment.Year(),
	}}, nil"""
    place(tmp_path, source("maker", imports='"time"', work=first), "maker/maker.go")
    place(tmp_path, source("reader", imports='"time"', work=second), "reader/reader.go")
    done = host().execute([step("Data_Processing.maker", output="made"), step("Data_Processing.reader", output="read")])
    assert done["success"], done
    made, read = done["context"]["made"], done["context"]["read"]
    assert made["plugin_version"] == "1.0.0" and made["data"] == "processed_data"
    moment = datetime.fromisoformat(made["timestamp"].replace("Z", "+00:00")[:26].rstrip("+") + "+00:00" if "." in made["timestamp"] else made["timestamp"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", made["timestamp"]) and moment.year >= 2024
    assert read == {"n": 3.0, "none": True, "gone": False, "elsewhere": False, "time": True, "year": moment.year}


@pytest.mark.rows("M-42", "M-74")
def test_what_a_plugin_logs_by_the_guide_s_package_is_a_record_with_its_fields(host, tmp_path):
    work = """utils.GetLogger().Error("Operation failed", fmt.Errorf("operation failed: %w", context.Canceled),
		utils.String("plugin", p.GetPluginName()), utils.String("step", stepConfig.Name), utils.Int("data_size", 12))
	utils.GetLogger().SetLevel(utils.WARN)
	utils.GetLogger().Info("not wanted any more")
	return nil, nil"""
    place(tmp_path, source(imports='"fmt"\n\n\t"github.com/Mimir-AIP/Mimir-AIP-Go/utils"', work=work))
    server = host()
    run = server.execute([step("Data_Processing.my_plugin", "mine", output="x")])
    assert run["success"], run
    text = json.dumps(server.logs(run["run_id"]))
    assert "Operation failed" in text and "operation failed: context canceled" in text and "not wanted" not in text
    assert '"data_size": 12' in text and '"step": "mine"' in text, text


@pytest.mark.rows("M-60")
def test_the_guide_s_tree_of_folders_is_found_whatever_lies_beside_the_sources(mortise, tmp_path):
    tree = {
        "input/api/api.go": ("api", "Input"), "input/rss/rss.go": ("rss", "Input"),
        "data_processing/transform/transform.go": ("transform", "Data_Processing"), "output/json/json.go": ("json", "Output"),
    }  # fmt: skip
    for path, (name, kind) in tree.items():
        place(tmp_path, source(name, kind, type=name.title() + "Plugin", package="plugins"), path)
        (tmp_path / "plugins" / path).with_name("README.md").write_text("# It\n")
    config = config_file(tmp_path, [tmp_path / "plugins"], plugins={"first_party": False})
    done = mortise("plugin", "list", "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    assert sorted(f"{plugin['type']}.{plugin['name']}" for plugin in json.loads(done.stdout)) == [
        "Data_Processing.transform", "Input.api", "Input.rss", "Output.json",
    ]  # fmt: skip


@pytest.mark.rows("M-01")
@pytest.mark.parametrize("method", ["ExecuteStep", "GetPluginType", "GetPluginName", "ValidateConfig"])
def test_a_type_that_lacks_a_method_of_the_interface_is_told_by_its_name(host, tmp_path, method):
    place(tmp_path, source().replace(method, "Other"))
    said = host().log.read_text()
    assert f"MyPlugin does not implement the BasePlugin interface: it lacks the method {method}" in said, said[-2000:]


@pytest.mark.rows("M-22")
def test_a_type_of_plugin_that_the_guide_does_not_have_is_refused_with_the_one_that_was_meant(host, tmp_path):
    place(tmp_path, source(kind="Data_Procesing"))
    said = host().log.read_text()
    assert "returns 'Data_Procesing', expected Input, Data_Processing, AIModels or Output" in said, said[-2000:]


@pytest.mark.rows("M-18", "M-75")
def test_the_guide_s_two_commands_make_a_plugin_of_the_template_that_runs(mortise, tmp_path):
    shutil.copy(EXAMPLE / "plugin_template.go", tmp_path)
    subprocess.run("mkdir -p plugins/my_plugin\ncp plugin_template.go plugins/my_plugin/my_plugin.go", shell=True, cwd=tmp_path, check=True)
    (tmp_path / "test.yaml").write_text(
        "pipelines: [{name: T, steps: [{name: S, plugin: Data_Processing.my_plugin, config: {param1: value1}, output: result}]}]\n"
    )
    done = mortise("run", "test.yaml", "--json", timeout=280)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["context"]["result"] == "result"


def go_library(folder, library, text, *flags):
    """What the guide's command makes of a plugin, with this machine's Go and our packages."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc here, which Go's plugin mode needs")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin.go").write_text(text)
    go_module(folder)
    assert golang.go("mod", "tidy", folder=folder).returncode == 0
    library.parent.mkdir(parents=True, exist_ok=True)
    built = golang.go("build", *flags, "-o", library, "-buildmode=plugin", ".", folder=folder, CGO_ENABLED="1")
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.mark.rows("M-59", "M-89")
def test_a_library_of_go_s_plugin_mode_is_listed_and_runs(host, tmp_path):
    greets = source(name="greeter", work='return pipelines.PluginContext{stepConfig.Output: stepConfig.Config["word"]}, nil', type="Greeter")
    go_library(tmp_path / "work" / "greeter", tmp_path / "plugins" / "greeter.so", greets)
    server = host()
    page = server.get("/api/v1/plugins/greeter").json()
    assert (page["dialect"], page["type"], page["language"]) == ("mimir", "Data_Processing", "go"), server.log.read_text()[-2000:]
    run = server.execute([step("Data_Processing.greeter", output="said", word="good morning")])
    assert run["success"] and run["context"]["said"] == "good morning", run


@pytest.mark.rows("M-59")
def test_a_library_of_another_build_is_told_in_go_s_words_and_what_to_do(host, tmp_path):
    go_library(tmp_path / "work" / "other", tmp_path / "plugins" / "other.so", source(name="other"), "-trimpath")
    (tmp_path / "plugins" / "broken.so").write_bytes(b"\x7fELF\2\1\1" + bytes(64) + b"go:link.pkghash.fmt\0")
    (tmp_path / "plugins" / "stranger.so").write_bytes(b"\x7fELF\2\1\1" + bytes(64))
    server = host()
    said = server.log.read_text()
    assert "other.so was built with -buildmode=plugin" in said and "plugin was built with a different version of package" in said, said
    assert "broken.so was built with -buildmode=plugin" in said and "put its source here instead" in said
    assert "stranger.so was built" not in said and server.get("/api/v1/plugins/other").status_code == 404


@pytest.mark.rows("M-02", "M-37")
def test_a_name_may_be_used_once_in_each_type(host, tmp_path):
    for kind in ("Input", "Output"):
        work = f'return pipelines.PluginContext{{stepConfig.Output: "{kind}"}}, nil'
        place(tmp_path, source("twin", kind, work=work), f"{kind.lower()}/twin/twin.go")
    done = host().execute([step("Input.twin", "a", output="a"), step("Output.twin", "b", output="b")])
    assert done["success"] and (done["context"]["a"], done["context"]["b"]) == ("Input", "Output"), done


def test_imports_that_are_not_used_are_forgiven_and_every_other_mistake_is_told_with_its_place(host, tmp_path):
    file = place(tmp_path, source(imports='"fmt"\n\tsomething "os"'))
    server = host()
    assert server.execute([step("Data_Processing.my_plugin", output="result")])["success"]
    file.write_text(source(imports='"fmt"', work="return nonsense, nil"))
    server.close()
    done = host().execute([step("Data_Processing.my_plugin", output="result")])
    assert not done["success"] and f"{file}:20: undefined: nonsense" in done["error"], done["error"]


def test_a_line_directive_does_not_lead_the_forgiving_of_imports_out_of_the_package(host, tmp_path):
    victim = tmp_path / "victim.go"
    victim.write_text('package victim\n\nimport "fmt"\n\nvar _ = fmt.Sprint\n')
    before = victim.read_text()
    text = source().replace('import (\n', f'//line {victim}:2\nimport (\n\t"fmt"\n', 1)
    place(tmp_path, text)
    done = host().execute([step("Data_Processing.my_plugin", output="result")])
    assert not done["success"] and "imported" in done["error"], done
    assert victim.read_text() == before


def test_an_output_writes_the_file_that_its_step_names_and_an_input_reads_it(host, tmp_path):
    writes = """path := stepConfig.Config["file_path"].(string)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return pipelines.PluginContext{stepConfig.Output: path}, os.WriteFile(path, []byte("written"), 0o644)"""
    reads = """content, err := os.ReadFile(stepConfig.Config["file_path"].(string))
	return pipelines.PluginContext{stepConfig.Output: string(content)}, err"""
    place(tmp_path, source("note", "Output", type="Note", imports='"os"\n\t"path/filepath"', work=writes), "output/note/note.go")
    place(tmp_path, source("letter", "Input", type="Letter", imports='"os"', work=reads), "input/letter/letter.go")
    server = host()
    for path in ("notes/today.txt", str(tmp_path / "elsewhere" / "today.txt")):
        done = server.execute([step("Output.note", output="wrote", file_path=path), step("Input.letter", output="read", file_path=path)])
        assert done["success"] and done["context"]["read"] == "written", done
        assert (tmp_path / path).read_text() == "written"


def test_a_panic_is_told_with_its_place_in_the_plugin_s_own_file(host, tmp_path):
    place(tmp_path, source(work='panic("enough of this")'))
    done = host().execute([step("Data_Processing.my_plugin", output="result")])
    assert not done["success"] and "panic: enough of this, at my_plugin.go:" in done["error"], done


@pytest.mark.rows("M-19")
def test_a_plugin_needs_no_constructor_and_may_have_methods_of_a_type_in_it(host, tmp_path):
    bare = source("bare", type="Bare").replace("func NewBare() *Bare", "func makeBare(prefix string) *Bare")
    place(tmp_path, bare.replace('version: "1.0.0"', "version: prefix"), "bare/bare.go")
    base = """type Base struct{ name string }

func (b *Base) GetPluginType() string { return "Input" }
func (b *Base) GetPluginName() string { return b.name }
"""
    made = source("given", type="Given", more=base).replace("name    string", "Base").replace('{name: "Given", ', '{Base: Base{"given"}, ')
    for method in ("GetPluginType", "GetPluginName"):
        made = "\n".join(line for line in made.splitlines() if not line.startswith(f"func (p *Given) {method}"))
    place(tmp_path, made, "given/given.go")
    server = host()
    assert {"Data_Processing.bare", "Input.given"} <= set(listed(server))
    done = server.execute([step("Data_Processing.bare", output="one"), step("Input.given", output="two")])
    assert done["success"], done


def test_what_is_no_plain_text_in_the_source_is_asked_of_the_plugin_itself(host, tmp_path):
    text = source().replace('return "my_plugin"', 'return strings.ToLower("MINE")').replace('"context"', '"context"\n\t"strings"', 1)
    place(tmp_path, text)
    server = host()
    assert server.execute([step("Data_Processing.mine", output="x")])["success"]


@pytest.mark.rows("M-65", "M-68")
def test_health_and_dependencies_of_the_guide_are_asked(host, tmp_path):
    more = """
func (p *MyPlugin) HealthCheck() error { return context.DeadlineExceeded }
"""
    place(tmp_path, source(more=more))
    place(tmp_path, source("needy", type="Needy", more='\nfunc (p *Needy) GetDependencies() []string { return []string{"Input.nowhere"} }\n'), "needy/needy.go")
    server = host()
    health = server.post("/api/v1/plugins/my_plugin/health").json()
    assert (health["status"], health["message"]) == ("unhealthy", "context deadline exceeded")
    done = server.execute([step("Data_Processing.needy", output="x")])
    assert not done["success"] and "Input.nowhere" in done["error"], done


@pytest.mark.rows("M-66")
def test_a_cancelled_run_cancels_the_plugin_s_context(host, tmp_path):
    work = """utils.GetLogger().Info("begun")
	result := make(chan string, 1)
	select {
	case <-result:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}"""
    place(tmp_path, source(imports='"github.com/Mimir-AIP/Mimir-AIP-Go/utils"', work=work))
    server = host()
    run_id = server.start_run([step("Data_Processing.my_plugin", output="x")])
    eventually(lambda: "begun" in json.dumps(server.logs(run_id)), within=120, what="the beginning of the step")
    assert server.post(f"/api/v1/runs/{run_id}/cancel").status_code in (200, 202)
    record = server.finished(run_id, within=30)
    assert record["state"] == "cancelled"
    assert "context canceled" in json.dumps(record) or "cancel" in json.dumps(record["steps"])


def go_module(folder, name="github.com/your-org/mimir-plugin-myplugin"):
    """As the guide says, and where the packages are."""
    assert golang.go("mod", "init", name, folder=folder).returncode == 0
    for module, path in {
        "mortise": REPOSITORY / "sdk" / "go", "github.com/Mimir-AIP/Mimir-AIP-Go": DIALECT, "github.com/stretchr/testify": DIALECT / "testify",
    }.items():  # fmt: skip
        done = golang.go("mod", "edit", "-require", f"{module}@v0.0.0", "-replace", f"{module}={path}", folder=folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.rows("M-58", "M-20")
def test_a_module_outside_of_the_repository_builds_against_the_guide_s_packages_without_network(host, tmp_path):
    file = place(tmp_path, source())
    go_module(file.parent)
    tidy = golang.go("mod", "tidy", folder=file.parent)
    assert tidy.returncode == 0, tidy.stderr
    built = golang.go("build", "./...", folder=file.parent)
    assert "function main is undeclared" in built.stderr or built.returncode == 0, built.stderr
    assert host().execute([step("Data_Processing.my_plugin", output="result")])["success"], "with its own go.mod"


@pytest.mark.rows("M-43", "M-44", "M-88")
def test_the_guide_s_tests_of_a_plugin_pass_and_fail_as_they_should(tmp_path):
    file = place(tmp_path, source())
    test = """package main

import (
	"context"
	"testing"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
	. "github.com/Mimir-AIP/Mimir-AIP-Go/utils"
	"github.com/stretchr/testify/assert"
)

func TestUnit(t *testing.T) {
	step := pipelines.StepConfig{Name: "s", Plugin: "Data_Processing.my_plugin", Output: "result"}
	context := pipelines.PluginContext{}
	result, err := NewMyPlugin().ExecuteStep(context.Background(), step, context)
	assert.NoError(t, err)
	assert.Contains(t, result, "result")
}

func TestEndToEnd(t *testing.T) {
	registry := pipelines.Default
	assert.NoError(t, registry.RegisterPlugin(NewMyPlugin()))
	assert.EqualError(t, registry.RegisterPlugin(NewMyPlugin()), "plugin my_plugin of type Data_Processing already registered")
	assert.ErrorContains(t, registry.RegisterPlugin(5), "it lacks the method ExecuteStep")
	pipeline := &PipelineConfig{Name: "p", Steps: []pipelines.StepConfig{{Name: "s", Plugin: "Data_Processing.my_plugin", Output: "result"}}}
	result, err := ExecutePipeline(context.Background(), pipeline)
	assert.NoError(t, err)
	assert.True(t, result.Success)
	assert.Equal(t, "result", result.Context["result"])
	pipeline.Steps[0].Plugin = "Input.gone"
	result, _ = ExecutePipeline(context.Background(), pipeline)
	assert.Equal(t, "step 1 (s) failed: plugin not found: Input.gone - did you register it?", result.Error)
}
"""
    (file.parent / "my_plugin_test.go").write_text(test)
    go_module(file.parent)
    done = golang.go("test", "-count=1", ".", folder=file.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    (file.parent / "my_plugin_test.go").write_text(test.replace('assert.Equal(t, "result"', 'assert.Equal(t, "other"'))
    done = golang.go("test", "-count=1", ".", folder=file.parent)
    assert done.returncode != 0 and 'expected "other", got "result"' in done.stdout


@pytest.mark.rows("A-01")
def test_the_guide_s_server_is_a_name_of_this_program(tmp_path):
    command = [PROGRAM.parent / "mimir-aip-server", "--host", "127.0.0.1", "--port", "0", "--data-dir", tmp_path / "data"]
    with (tmp_path / "out").open("wb") as out:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        eventually(lambda: "http://127.0.0.1:" in (tmp_path / "out").read_text(), within=30, what="the ready line")
    finally:
        server.terminate()
        assert server.wait(30 * PATIENCE) == 0


def test_the_guide_s_server_takes_its_flags(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "example")
    folder, program = tmp_path / "example", PROGRAM.parent / "mimir-aip-server"
    done = subprocess.run([program, "--pipeline", "pipeline.yaml"], cwd=folder, capture_output=True, text=True, timeout=280 * PATIENCE)
    assert done.returncode == 0 and "2" in done.stdout + done.stderr, done.stderr
    assert "mortise" in subprocess.run([program, "--version"], cwd=folder, capture_output=True, text=True, timeout=60).stdout
    with (tmp_path / "out").open("wb") as out:
        server = subprocess.Popen([program, "--server", "0"], cwd=folder, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        url = eventually(lambda: re.search(r"http://[\d.]+:\d+", (tmp_path / "out").read_text()), within=60, what="the ready line").group(0)
        assert {"tides", "slack_water"} <= {each["id"] for each in requests.get(f"{url}/api/v1/plugins", timeout=30).json()}
    finally:
        server.terminate()
        assert server.wait(30 * PATIENCE) == 0


@pytest.mark.rows("M-61", "M-62", "M-63", "M-64")
def test_the_example_runs_by_the_guide_s_config_and_its_tests_pass(mortise, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "example")
    folder = tmp_path / "example"
    done = mortise("--config", "config.yaml", "run", "pipeline.yaml", "--json", cwd=folder, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    context = json.loads(done.stdout)["data"]["context"]
    assert context["tides"]["row_count"] == 26 and context["tides"]["rows"][0] == {"at": "2026-01-31T00:00:00Z", "height": 2.6}
    turns = [row["height"] for row in context["turns"]]
    assert len(turns) == 3 and all(one * other < 0 for one, other in zip(turns, turns[1:])), turns
    plugin = folder / "plugins" / "data_processing" / "slack_water"
    go_module(plugin)
    tested = golang.go("test", "-count=1", ".", folder=plugin)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_the_guide_s_packages_are_formatted_and_vetted(tmp_path):
    gofmt = shutil.which("gofmt", path=f"{golang.toolchain().rsplit('/', 1)[0]}:/usr/bin:/usr/local/go/bin")
    layout = subprocess.run([gofmt, "-l", DIALECT, EXAMPLE], capture_output=True, text=True, check=True)
    assert layout.stdout == ""
    for folder in (DIALECT, DIALECT / "testify"):
        done = golang.go("vet", "./...", folder=folder)
        assert done.returncode == 0, done.stderr
