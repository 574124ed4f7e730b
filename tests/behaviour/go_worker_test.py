"""Plugins in Go: built when they are first used, told where they do not compile, and as well behaved as any other."""

import json
import os
import shutil
import subprocess

import golang
import outside
import pytest
from golang import go_plugin
from outside import BUILD, REPOSITORY, config_file, eventually, step

COUNTER = """package main

import (
	"os"

	"mortise"
)

type Counter struct{ calls int }

func (c *Counter) Step(step *mortise.Step) (any, error) {
	c.calls++
	return map[string]any{"calls": c.calls, "pid": os.Getpid(), "word": "WORD"}, nil
}

func main() { mortise.Serve(&Counter{}) }
"""


pytestmark = pytest.mark.timeout(600)  # the first of them compiles Go's own library


@pytest.fixture(autouse=True)
def warm_cache():
    """Go's own library is compiled once, before any deadline of a test begins."""
    golang.go_program(REPOSITORY / "sdk" / "conformance" / "go")


def server_with(make_server, tmp_path, **options):
    config = config_file(tmp_path, [tmp_path / "packages", BUILD / "specimens"])
    return make_server(config=config, folder=tmp_path, **options)


def programs(folder, name):
    return sorted((folder / ".mortise" / "go" / "programs").glob(f"{name}-*"))


def test_a_plugin_comes_as_source_and_keeps_its_state_between_calls(make_server, tmp_path):
    go_plugin(tmp_path / "packages", "counter", COUNTER)
    server = server_with(make_server, tmp_path)
    first = server.execute([step("counter", "first", output="one"), step("counter", "second", output="two")])
    assert first["success"], first
    assert [first["context"][key]["calls"] for key in ("one", "two")] == [1, 2]
    assert outside.host_pid(first["context"]["one"]["pid"]) in server.worker_pids()


def test_an_unchanged_plugin_is_not_built_again_a_changed_one_is(mortise, tmp_path):
    package = go_plugin(tmp_path / "packages", "counter", COUNTER)
    config = config_file(tmp_path, [tmp_path / "packages"])
    (tmp_path / "p.yaml").write_text("name: p\nsteps: [{name: a, plugin: counter, output: out}]\n")

    def run():
        done = mortise("run", "p.yaml", "--json", "--config", config, timeout=280)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)["data"]["context"]["out"]["word"]

    assert run() == "WORD"
    (built,) = programs(tmp_path, "counter")
    before = built.stat().st_mtime_ns
    assert run() == "WORD"
    assert built.stat().st_mtime_ns == before
    (package / "main.go").write_text(COUNTER.replace("WORD", "OTHER"))
    assert run() == "OTHER"
    assert len(programs(tmp_path, "counter")) == 2
    without = {"MORTISE_GO": "/nowhere/go"}
    assert mortise("run", "p.yaml", "--config", config, env=without).returncode == 0, "what is built needs no toolchain"
    (package / "main.go").write_text(COUNTER.replace("WORD", "THIRD"))
    done = mortise("run", "p.yaml", "--config", config, env=without)
    assert done.returncode != 0
    assert "there is no Go toolchain to build it" in done.stderr and "install golang-go" in done.stderr


def test_what_does_not_compile_is_told_with_its_file_and_line(mortise, tmp_path):
    package = go_plugin(tmp_path / "packages", "broken", COUNTER.replace("c.calls++", "c.calls++\n\tnonsense()"))
    (tmp_path / "p.yaml").write_text("name: p\nsteps: [{name: a, plugin: broken, output: out}]\n")
    done = mortise("run", "p.yaml", "--config", config_file(tmp_path, [tmp_path / "packages"]), timeout=280)
    assert done.returncode != 0
    assert f"plugin 'broken' does not build: {package}/main.go:13: undefined: nonsense" in done.stderr, done.stderr


def test_a_method_with_another_signature_is_not_silently_left_out(mortise, tmp_path):
    source = COUNTER.replace("(step *mortise.Step) (any, error)", "(step *mortise.Step) any").replace(", nil\n", "\n")
    go_plugin(tmp_path / "packages", "odd", source)
    (tmp_path / "p.yaml").write_text("name: p\nsteps: [{name: a, plugin: odd, output: out}]\n")
    done = mortise("run", "p.yaml", "--config", config_file(tmp_path, [tmp_path / "packages"]), timeout=280)
    assert done.returncode != 0
    assert "method Step of *main.Counter" in done.stderr and "write Step(*mortise.Step)" in done.stderr, done.stderr


def test_a_program_that_was_built_elsewhere_runs_as_it_is(make_server, tmp_path):
    package = go_plugin(tmp_path / "packages", "conformance", "package main\n", entry_point="program")
    shutil.copy(golang.go_program(REPOSITORY / "sdk" / "conformance" / "go"), package / "program")
    server = server_with(make_server, tmp_path)
    done = server.execute([step("conformance", input="word", output="back")], context={"word": "ž"})
    assert done["success"] and done["context"]["back"] == "ž", done


def test_a_panic_fails_the_step_with_its_place_and_the_worker_goes_on(make_server, tmp_path):
    source = COUNTER.replace("c.calls++", 'c.calls++\n\tif c.calls == 1 {\n\t\tpanic("enough of this")\n\t}')
    go_plugin(tmp_path / "packages", "panics", source)
    server = server_with(make_server, tmp_path)
    failed = server.execute([step("panics", output="out")])
    assert not failed["success"] and "panic: enough of this, at main.go:14" in failed["error"], failed
    assert server.execute([step("panics", output="out")])["context"]["out"]["calls"] == 2


def test_a_worker_in_go_that_is_killed_is_told_by_its_signal_and_replaced(make_server, tmp_path):
    source = COUNTER.replace('"os"', '"os"\n\t"syscall"').replace("c.calls++", "_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)")
    go_plugin(tmp_path / "packages", "dies", source)
    server = server_with(make_server, tmp_path)
    for _ in range(2):
        failed = server.execute([step("dies", output="out")])
        assert not failed["success"] and "signal 9" in json.dumps(failed), failed
    assert server.healthy()


def test_a_goroutine_that_still_asks_when_its_call_is_over_does_not_stop_the_next_call(make_server, tmp_path):
    asks = """c.calls++
	go func() {
		for {
			if _, err := step.Context("x"); mortise.CodeOf(err) == mortise.CodeConflict {
				return
			}
		}
	}()
	if _, err := step.Context("x"); err != nil {
		return nil, err
	}"""
    go_plugin(tmp_path / "packages", "asks", COUNTER.replace("c.calls++", asks))
    server = server_with(make_server, tmp_path)
    done = server.execute([step("asks", f"step{n}", output=f"out{n}") for n in range(12)], context={"x": 1})
    assert done["success"], done
    assert sorted(done["context"][f"out{n}"]["calls"] for n in range(12)) == list(range(1, 13))


def test_a_deaf_plugin_in_go_is_killed_at_its_deadline(make_server, tmp_path):
    go_plugin(tmp_path / "packages", "deaf", COUNTER.replace("c.calls++", "c.calls++\n\tselect {}"))
    server = server_with(make_server, tmp_path)
    server.execute([step("deaf", output="out", timeout="1s")])  # builds it
    failed = server.execute([step("deaf", output="out", timeout="1s")])
    assert not failed["success"] and "1" in failed["error"], failed
    eventually(lambda: not any("deaf" in line for line in map(str, server.worker_pids())), what="the end of the worker")


def test_a_go_library_with_the_c_interface_loads_in_the_native_worker(make_server, tmp_path):
    package = tmp_path / "packages" / "go_shared"
    shutil.copytree(REPOSITORY / "tests" / "go_shared", package)
    (package / "go.mod").write_text("module mortise.invalid/shared\n\ngo 1.19\n")
    built = golang.go(
        "build", "-buildmode=c-shared", "-o", "libgo_shared.so", ".", folder=package,
        CGO_ENABLED="1", CGO_CFLAGS=f"-I{REPOSITORY / 'include'}",
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    server = server_with(make_server, tmp_path)
    done = server.execute([step("Test.ask_py", service="doubling", method="twice", input=21, output="out")])
    assert done["success"] and done["context"]["out"] == 42, done


def test_doctor_names_the_toolchain_or_what_its_absence_means(mortise):
    golang.toolchain()
    report = {group["name"]: group["checks"] for group in json.loads(mortise("doctor", "--json").stdout)["groups"]}
    assert report["Go"][0]["status"] == "ok" and "go1." in report["Go"][0]["found"]
    report = json.loads(mortise("doctor", "--json", env={"MORTISE_GO": "/nowhere/go"}).stdout)
    (go,) = (group["checks"][0] for group in report["groups"] if group["name"] == "Go")
    assert go["status"] == "note" and "install golang-go" in go["hint"]


def test_the_go_sdk_is_formatted_vetted_and_passes_its_own_tests(tmp_path):
    sdk = REPOSITORY / "sdk" / "go"
    folders = [sdk, REPOSITORY / "sdk" / "conformance" / "go"]
    gofmt = os.path.join(os.path.dirname(os.path.realpath(golang.toolchain())), "gofmt")
    layout = subprocess.run([gofmt, "-l", *folders], capture_output=True, text=True, check=True)
    assert layout.stdout == ""
    for words in (("vet", "."), ("test", ".")):
        done = golang.go(*words, folder=sdk)
        assert done.returncode == 0, done.stdout + done.stderr
