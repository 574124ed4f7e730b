"""What `make install` leaves behind: a tree that works wherever it lies, a unit, completion and a manual page."""

import json
import os
import re
import shutil
import socket
import subprocess

import outside
import pytest
from outside import PROGRAM, config_file

FISH_AND_ZSH = ["share/fish/vendor_completions.d/mortise.fish", "share/zsh/vendor-completions/_mortise"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The installed tree, moved after its installation."""
    if any(word in str(outside.BUILD) for word in ("asan", "tsan")):
        pytest.skip("an instrumented program is not installed")
    place = tmp_path_factory.mktemp("install")
    done = subprocess.run(["cmake", "--install", outside.BUILD, "--prefix", place / "first"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (place / "first").rename(place / "moved")
    yield place / "moved"
    shutil.rmtree(place, ignore_errors=True)


def run(installed, *arguments, cwd, **env):
    environment = {"PATH": f"{installed}/bin:/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8", **env}
    return subprocess.run(["mortise", *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True,
                          check=False, timeout=60 * outside.PATIENCE, stdin=subprocess.DEVNULL)  # fmt: skip


def test_a_moved_installation_finds_its_workers_its_sdk_and_its_plugins(installed, tmp_path):
    report = run(installed, "doctor", "--json", cwd=tmp_path)
    found = {check["name"]: check for group in json.loads(report.stdout)["groups"] if group["name"] != "R"
             for check in group["checks"]}  # fmt: skip
    for name in ("launcher", "worker", "SDK"):
        assert found[name]["status"] == "ok" and str(installed) in found[name]["found"], found[name]
    listed = {each["id"] for each in json.loads(run(installed, "plugin", "list", "--json", cwd=tmp_path).stdout)}
    assert {"Input.file", "Output.json", "Data_Processing.filter"} <= listed


def test_an_installation_runs_native_and_python_plugins(installed, tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,x\n2,y\n")
    place = tmp_path / "plugins" / "count"
    place.mkdir(parents=True)
    (place / "count.py").write_text("from mortise import Plugin\n\n\nclass Count(Plugin):\n    def step(self, step):\n        return len(step.input)\n")
    (place / "manifest.json").write_text(json.dumps({
        "name": "Test.count", "version": "1.0.0", "author": "a", "description": "d", "language": "python",
        "entry_point": "count.py", "extension_points": ["Data_Processing"]}))
    (tmp_path / "p.json").write_text(json.dumps({"name": "P", "steps": [
        {"name": "Read", "plugin": "Input.file", "config": {"path": "table.csv"}, "output": "table"},
        {"name": "Count", "plugin": "Test.count", "config": {"input": "table"}, "output": "count"}]}))
    result = run(installed, "run", "p.json", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["data"]["context"]["count"] == 2


def test_nothing_of_the_installation_looks_into_the_repository(installed):
    for library in [*installed.rglob("*.so"), *(installed / "libexec").rglob("*"), installed / "bin" / "mortise"]:
        if library.is_file() and library.read_bytes()[:4] == b"\x7fELF":
            dynamic = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
            assert str(outside.REPOSITORY) not in dynamic, f"{library} has a path of the repository"


def test_headers_of_the_installation_build_a_plugin(installed, tmp_path):
    (tmp_path / "p.cc").write_text("#include <mortise/plugin.hpp>\nstruct P : mortise::Plugin {};\nMORTISE_PLUGIN(P)\n")
    done = subprocess.run(["g++", "-std=c++20", "-shared", "-fPIC", f"-I{installed}/include", "p.cc", "-o", "p.so"],
                          cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_unit_tells_systemd_the_truth(installed):
    unit = (installed / "lib/systemd/system/mortise.service").read_text()
    assert re.search(r"^ExecStart=/\S+/bin/mortise serve ", unit, re.MULTILINE)
    for line in ("Type=notify", "NoNewPrivileges=yes", "ProtectSystem=strict", "KillMode=mixed", "User=mortise"):
        assert line in unit.splitlines()
    if shutil.which("systemd-analyze"):
        checked = subprocess.run(["systemd-analyze", "verify", installed / "lib/systemd/system/mortise.service"],
                                 capture_output=True, text=True, check=False)  # fmt: skip
        assert "Unknown" not in checked.stderr, checked.stderr


# ---- the service manager's protocol


def test_the_server_tells_its_manager_when_it_is_ready_reloads_lives_and_stops(make_server, tmp_path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.settimeout(20)
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
    server = make_server(config=config_file(tmp_path), env=env)
    said = []

    def hears(word):
        while not any(word in each for each in said):
            said.append(listener.recv(4096).decode())
        said.clear()
        return True

    assert hears("READY=1")
    assert hears("WATCHDOG=1") and hears("WATCHDOG=1")
    os.kill(server.pid, 1)
    assert hears("RELOADING=1") and hears("READY=1")
    os.kill(server.pid, 15)
    assert hears("STOPPING=1")
    assert server.process.wait(20) == 0
    listener.close()


# ---- words


def words_of(*typed, cwd):
    """What bash would offer after these words; the last one is being typed."""
    script = """
source <("$PROGRAM" completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_mortise
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "-c", script, "bash", *typed], cwd=cwd, env={**os.environ, "PROGRAM": str(PROGRAM)},
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
    return set(done.stdout.split())


def test_bash_completes_verbs_options_values_and_files(tmp_path):
    (tmp_path / "pipeline.yaml").write_text("")
    top = words_of("mortise", "", cwd=tmp_path)
    assert {"serve", "run", "runs", "plugin", "config", "token", "backup", "restore", "doctor", "files"} <= top
    assert words_of("mortise", "se", cwd=tmp_path) == {"serve"}
    assert {"list", "show", "health"} <= words_of("mortise", "plugin", "", cwd=tmp_path)
    assert {"--port", "--host", "--json", "--data-dir"} <= words_of("mortise", "serve", "--", cwd=tmp_path)
    assert words_of("mortise", "token", "create", "x", "--scope", "", cwd=tmp_path) == {"read", "run", "operate", "admin"}
    assert words_of("mortise", "--data-dir", "plugin", "config", "ch", cwd=tmp_path) == {"check"}
    assert words_of("mortise", "run", "pipe", cwd=tmp_path) == {"pipeline.yaml"}


def test_the_manual_page_has_every_verb_and_renders_without_a_warning(mortise):
    page = mortise("completion", "man").stdout
    verbs = set(re.findall(r"^  (\w[\w-]*) ", mortise("--help").stdout.split("ubcommands:")[1].split("Examples:")[0], re.MULTILINE))
    assert len(verbs) > 10
    for verb in verbs:
        assert f"mortise {verb}".replace("-", "\\-") in page, verb
    assert ".SH EXIT STATUS" in page
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, text=True, check=False)
        assert done.stderr == "", done.stderr


def test_help_is_there_for_every_verb_in_both_ways(mortise):
    def pages(path):
        shown = mortise(*path, "--help")
        assert shown.returncode == 0 and "Usage: " + " ".join(["mortise", *path]) in shown.stdout, shown.stdout
        assert mortise("help", *path).stdout == shown.stdout
        below = shown.stdout.split("ubcommands:")
        if len(below) == 1:
            assert "Examples:" in shown.stdout, path
            return 1
        return sum(pages([*path, verb]) for verb in re.findall(r"^  (\w[\w-]*) ", below[1].split("Examples:")[0], re.MULTILINE))

    verbs = re.findall(r"^  (\w[\w-]*) ", mortise("help").stdout.split("ubcommands:")[1].split("Examples:")[0], re.MULTILINE)
    assert sum(pages([verb]) for verb in verbs) > 20


def test_the_other_shells_get_something_that_they_can_read(mortise, installed):
    for path in FISH_AND_ZSH:
        assert "mortise" in (installed / path).read_text()
    assert (installed / "share/bash-completion/completions/mortise").read_text() == mortise("completion", "bash").stdout
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            assert subprocess.run([shell, "-n"], input=mortise("completion", shell).stdout, text=True, check=False).returncode == 0
    assert mortise("completion", "tcsh").returncode == 64
