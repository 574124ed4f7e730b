"""`mortise plugin test`: what it finds in plugins that are well, and in plugins that are not."""

import json
import os
import signal
import socket
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import new_test
import outside
import pytest
from outside import BUILD, PATIENCE, PROGRAM

PLUGIN = """
from mortise import Plugin

class Double(Plugin):
    def step(self, step):
        return step.input * 2
"""
EXAMPLE = {"name": "E", "steps": [outside.step("double", name="D", output="x", input=[1])]}


def project(folder, source=PLUGIN, tests=None, example=EXAMPLE, **manifest):
    made = outside.python_plugin(folder, "double", source, **manifest)
    if tests is not None:
        (made / "tests").mkdir()
        (made / "tests" / "double_test.py").write_text(tests)
    if example is not None:
        (made / "example.json").write_text(json.dumps(example))
    return made


def trial(mortise, folder, *options, **more):
    done = mortise("plugin", "test", folder, "--json", *options, timeout=300, **more)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    counted = [each["outcome"] for each in report["cases"]]
    assert [report[word] for word in ("passed", "failed", "skipped")] == [counted.count(word) for word in ("passed", "failed", "skipped")]
    assert done.returncode == (1 if report["failed"] else 0)
    return report


def case(report, name):
    (found,) = [each for each in report["cases"] if name in each["name"]]
    return found


def everything(folder):
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in Path(folder).rglob("*")}


@pytest.mark.parametrize("language", new_test.NATIVE)
def test_a_new_project_passes_its_own_tests_and_those_of_every_plugin(mortise, tmp_path, language):
    new_test.need(language)
    folder = new_test.new(mortise, "native", "Data_Processing.z-score", "--language", language)["folder"]
    before = everything(folder)
    report = trial(mortise, folder)
    assert report["failed"] == 0 and report["skipped"] == 0, report
    assert sum(each["suite"] != "plugin" for each in report["cases"]) >= 1
    assert case(report, "it loads")["outcome"] == case(report, "example.yaml runs")["outcome"] == "passed"
    assert everything(folder) == before  # all of it happened in a copy


@pytest.mark.rows("M-69")
def test_a_failing_test_fails_the_command_and_its_words_are_in_the_text_and_in_the_junit_file(mortise, tmp_path):
    folder = project(
        tmp_path / "plugins",
        tests="import pytest\n\ndef test_well():\n    pass\n\ndef test_ill():\n    print('tick & <tock>')\n    assert 1 == 2, 'so \\x07 it is'\n\n"
        "@pytest.mark.skip('no time')\ndef test_not():\n    pass\n",
    )
    done = mortise("plugin", "test", folder, "--junit", "report.xml", timeout=300)
    assert done.returncode == 1
    assert "FAILED" in done.stdout and "test_ill" in done.stdout and "so ? it is" in done.stdout and "tick & <tock>" in done.stdout
    assert "\x07" not in done.stdout and "1 failed, 1 skipped" in done.stdout
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert root.tag == "testsuites" and root.get("failures") == "1" and root.get("skipped") == "1"
    cases = {each.get("name"): each for each in root.iter("testcase")}
    assert "so " in cases["test_ill"].find("failure").text and "tick & <tock>" in cases["test_ill"].find("system-out").text
    assert cases["test_not"].find("skipped").get("message") == "no time" or "no time" in cases["test_not"].find("skipped").get("message")
    assert cases["test_well"].find("failure") is None and int(root.get("tests")) == len(cases)


def test_a_well_plugin_leaves_status_0_and_a_junit_file(mortise, tmp_path):
    folder = project(tmp_path / "plugins", tests="def test_well():\n    pass\n")
    done = mortise("plugin", "test", folder, "--junit", tmp_path / "r.xml", timeout=300)
    assert done.returncode == 0, done.stdout
    assert ElementTree.parse(tmp_path / "r.xml").getroot().get("failures") == "0"


ILL = {
    "a manifest with a mistake": (lambda folder: _manifest(folder, version="one"), "manifest is valid", "version"),
    "a manifest that is no JSON": (lambda folder: (folder / "manifest.json").write_text("{"), "manifest is valid", "manifest.json"),
    "a plugin that does not load": (lambda folder: (folder / "plugin.py").write_text("raise ValueError('not today')\n"), "it loads", "not today"),
    "an entry point that is not there": (lambda folder: (folder / "plugin.py").unlink(), "it is found", "plugin.py"),
    "an example with a wrong parameter": (
        lambda folder: (_manifest(folder, config={"factor": {"type": "integer"}}), _example(folder, factor="two")),
        "example.json is valid", "factor",
    ),
    "an example that fails": (lambda folder: _example(folder, input="nothing"), "example.json runs", "nothing"),
    "tests that do not parse": (lambda folder: (folder / "tests" / "double_test.py").write_text("def ("), "is collected", "double_test.py"),
    "tests that end the process": (
        lambda folder: (folder / "tests" / "double_test.py").write_text("import os\ndef test_a(): pass\ndef test_b(): os._exit(0)\n"),
        "come to their end", "after 1 tests",
    ),
    "tests that crash": (
        lambda folder: (folder / "tests" / "double_test.py").write_text("import os\ndef test_a(): os.abort()\n"), "come to their end", "SIGABRT",
    ),
}  # fmt: skip


def _manifest(folder, **keys):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **keys}))


def _example(folder, **config):
    (folder / "example.json").write_text(json.dumps({"name": "E", "steps": [outside.step("double", name="D", **{"input": [1], **config})]}))


@pytest.mark.parametrize("ill", ILL)
def test_what_is_wrong_with_a_plugin_is_the_case_that_fails_with_its_reason(mortise, tmp_path, ill):
    spoil, name, reason = ILL[ill]
    folder = project(tmp_path / "plugins", tests="def test_well(): pass\n")
    spoil(folder)
    report = trial(mortise, folder)
    found = case(report, name)
    assert found["outcome"] == "failed" and reason in found["message"], report
    assert report["failed"] == 1, report


def test_tests_that_hang_are_ended_in_time_and_nothing_is_left_of_them(mortise, tmp_path):
    marker = f"600.{os.getpid()}"
    folder = project(tmp_path / "plugins", tests=f"import subprocess\ndef test_hangs(): subprocess.run(['sleep', '{marker}'])\n")
    begun = time.monotonic()
    report = trial(mortise, folder, "--timeout", "8")
    assert time.monotonic() - begun < 60 * PATIENCE
    assert "time was over" in case(report, "come to their end")["message"]
    assert not any(marker in outside.command_line(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc"))))


@pytest.mark.parametrize("unconfined", [False, True])
def test_what_its_author_wrote_sees_the_copy_and_nothing_of_the_user_unless_that_is_asked_for(mortise, tmp_path, unconfined):
    secret = tmp_path / "secret"
    secret.write_text("canary")
    tests = f"""
import os, socket

def test_a():
    assert os.path.exists({str(secret)!r}) == {unconfined}

def test_b():
    open("made-here", "w").close()

def test_c():
    try:
        socket.create_connection(("127.0.0.1", {_listening()}), timeout=5).close()
        reached = True
    except OSError:
        reached = False
    assert reached == {unconfined}
"""
    folder = project(tmp_path / "plugins", tests=tests)
    report = trial(mortise, folder, *(["--dangerously-unconfined"] if unconfined else []))
    assert report["confined"] is not unconfined and report["failed"] == 0, report
    assert not (folder / "made-here").exists()


LISTENERS = []


def _listening():
    listener = socket.create_server(("127.0.0.1", 0))
    LISTENERS.append(listener)
    return listener.getsockname()[1]


def test_it_can_be_interrupted(tmp_path):
    folder = project(tmp_path / "plugins", tests="import time\ndef test_sleeps():\n    time.sleep(600)\n")
    process = subprocess.Popen([PROGRAM, "plugin", "test", folder], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    outside.eventually(lambda: [pid for pid in outside.descendants(process.pid) if "plugin_tests" in outside.command_line(pid)], within=60, what="the tests' process")
    process.send_signal(signal.SIGINT)
    assert process.wait(30 * PATIENCE) == 130
    process.communicate()
    assert outside.descendants(process.pid) == set()


def test_a_folder_without_tests_or_examples_says_so_and_passes(mortise, tmp_path):
    report = trial(mortise, project(tmp_path / "plugins", example=None))
    assert report["failed"] == 0 and report["skipped"] == 2
    assert "none" in case(report, "its own tests")["message"] and "example.yaml" in case(report, "its example runs")["message"]


def test_a_folder_that_is_no_plugin_fails_with_a_word(mortise, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "manifest.json" in case(trial(mortise, tmp_path / "empty"), "it is found")["message"]
    lost = mortise("plugin", "test", tmp_path / "nowhere")
    assert lost.returncode == 66 and "is no folder" in lost.stderr


def test_unittest_runs_where_there_is_no_pytest(mortise, tmp_path):
    """Debian's own Python has none, as a rule."""
    bare = tmp_path / "bare"
    subprocess.run(["python3", "-m", "venv", "--without-pip", bare], check=True)
    folder = project(tmp_path / "plugins", tests="import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n    def test_b(self): self.fail('so')\n")
    report = trial(mortise, folder, env={"MORTISE_PYTHON": str(bare / "bin" / "python")})
    assert case(report, "test_a")["outcome"] == "passed" and "so" in case(report, "test_b")["message"]


def test_make_and_its_failure_are_cases(mortise, tmp_path):
    folder = Path(new_test.new(mortise, "native", "words", "--language", "c")["folder"])
    (folder / "words.c").write_text("this is no C\n")
    report = trial(mortise, folder)
    assert case(report, "is built")["outcome"] == "failed" and "words.c" in case(report, "is built")["output"]
    assert case(report, "it loads")["outcome"] == "skipped"


@pytest.mark.skipif(not (BUILD / "r" / "mortise").exists(), reason="the R package is not built: run tools/setup, which installs R, and make")
def test_a_failing_script_in_r_is_a_failed_case_with_its_words(mortise, tmp_path):
    folder = Path(new_test.new(mortise, "native", "words", "--language", "r")["folder"])
    (folder / "tests" / "other_test.R").write_text('stop("n\u00f6t \\"this\\" time \\\\")\n')
    report = trial(mortise, folder)
    (failed,) = [each for each in report["cases"] if each["outcome"] == "failed"]
    assert failed["suite"] == "tests/other_test.R" and failed["message"] == 'n\u00f6t "this" time \\'
