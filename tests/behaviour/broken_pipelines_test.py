"""Every kind of broken pipeline file gets an error that names the file, the line or step, the key, what was expected and
what was found; nothing of the pipeline runs."""

import json
import os

import pytest

STEP = "      - {name: One, plugin: Input.file, config: {path: data.csv}, output: one}\n"
HEAD = "pipelines:\n  - name: P\n    steps:\n"

# name of the case, text of the file, and the words that the error must contain
BROKEN = {
    "bad indentation": (HEAD + "      - name: One\n     plugin: X\n", ["broken.yaml:5"]),
    "unclosed quote": (HEAD + '      - {name: "One, plugin: X}\n', ["broken.yaml"]),
    "a tab as indentation": ("pipelines:\n\t- name: P\n", ["broken.yaml:2"]),
    "empty file": ("", ["broken.yaml", "pipelines", "empty"]),
    "a list at the top": ("- name: P\n", ["broken.yaml:1", "map", "list"]),
    "pipelines is not a list": ("pipelines: {name: P}\n", ["broken.yaml:1", "pipelines", "list", "map"]),
    "no pipeline": ("pipelines: []\n", ["broken.yaml:1", "pipelines", "at least one"]),
    "pipeline without name": ("pipelines:\n  - steps:\n" + STEP, ["broken.yaml:2", "name", "missing"]),
    "name is not text": ("pipelines:\n  - name: [5]\n    steps:\n" + STEP, ["broken.yaml:2", "name", "list"]),
    "no steps": ("pipelines:\n  - name: P\n", ["broken.yaml:2", "steps", "missing"]),
    "steps empty": ("pipelines:\n  - name: P\n    steps: []\n", ["broken.yaml:3", "steps", "at least one"]),
    "step is text": (HEAD + "      - One\n", ["broken.yaml:4", "step 1", "map", "One"]),
    "step without plugin": (HEAD + "      - name: One\n", ["broken.yaml:4", "step 1 (One)", "plugin", "missing"]),
    "step without name": (HEAD + "      - plugin: Input.file\n", ["broken.yaml:4", "step 1", "name", "missing"]),
    "unknown key of a step": (HEAD + "      - {name: One, plugin: Input.file, outptu: x}\n",
                              ["broken.yaml:4", "outptu", "output"]),
    "unknown key of a pipeline": ("pipelines:\n  - name: P\n    step: []\n    steps:\n" + STEP,
                                  ["broken.yaml:3", "step", "steps"]),
    "duplicate key": (HEAD + "      - {name: One, name: Two, plugin: Input.file}\n", ["broken.yaml:4", "name", "duplicate"]),
    "duplicate step name": (HEAD + STEP + STEP, ["broken.yaml:5", "One", "unique"]),
    "config is a list": (HEAD + "      - {name: One, plugin: Input.file, config: [1]}\n",
                         ["broken.yaml:4", "step 1 (One)", "config", "map", "list"]),
    "timeout is text": (HEAD + "      - {name: One, plugin: Input.file, timeout: soon}\n",
                        ["broken.yaml:4", "timeout", "30s", "soon"]),
    "timeout is negative": (HEAD + "      - {name: One, plugin: Input.file, timeout: -1}\n",
                            ["broken.yaml:4", "timeout", "-1"]),
    "retry is zero": (HEAD + "      - {name: One, plugin: Input.file, retry: 0}\n", ["broken.yaml:4", "retry", "0"]),
    "retry has an unknown backoff": (HEAD + "      - {name: One, plugin: Input.file, retry: {attempts: 2, backoff: wild}}\n",
                                     ["broken.yaml:4", "backoff", "exponential", "wild"]),
    "needs an unknown step": (HEAD + "      - {name: One, plugin: Input.file, needs: [Zero]}\n",
                              ["broken.yaml:4", "needs", "Zero", "One"]),
    "needs in a circle": (HEAD + "      - {name: One, plugin: Input.file, needs: [Two]}\n"
                                 "      - {name: Two, plugin: Input.file, needs: [One]}\n",
                          ["broken.yaml", "needs", "One", "Two", "circle"]),
    "two at once write one output": (HEAD + "      - {name: One, plugin: Input.file, needs: [], output: x}\n"
                                            "      - {name: Two, plugin: Input.file, needs: [], output: x}\n",
                                     ["broken.yaml:5", "output", "x", "One", "Two"]),
    "condition that does not parse": (HEAD + "      - {name: One, plugin: Input.file, when: 'a = 1'}\n",
                                      ["broken.yaml:4", "when", "column 3"]),
    "a variable that is not set": (HEAD + "      - {name: One, plugin: Input.file, config: {path: '${MORTISE_NO_SUCH}'}}\n",
                                   ["broken.yaml:4", "MORTISE_NO_SUCH", "not set"]),
    "an alias bomb": ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)), ["broken.yaml"]),
    "a depth bomb": ("pipelines: " + "[" * 100_000 + "]" * 100_000, ["broken.yaml", "128"]),
    "not UTF-8": (HEAD.encode() + b"      - {name: \xff\xfe, plugin: Input.file}\n", ["broken.yaml", "UTF-8"]),
}


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_a_broken_file_is_refused_with_its_place_and_reason(case, mortise, tmp_path):
    text, words = BROKEN[case]
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "broken.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    result = mortise("run", "broken.yaml", cwd=tmp_path)
    assert result.returncode == 64, result.stderr
    for word in words:
        assert word in result.stderr, f"{word!r} is not in: {result.stderr}"
    assert "Traceback" not in result.stderr and "terminate" not in result.stderr


# What only shows when the plugins are asked: name of the case, the step's keys, the words of the error
REFUSED = {
    "unknown plugin": ("plugin: Input.sap_erp", ["plugin not found: Input.sap_erp - did you register it?"]),
    "missing parameter": ("plugin: Input.file", ["path", "Input.file"]),
    "parameter of the wrong kind": ("plugin: Input.file, config: {path: 5}", ["path", "5"]),
    "unknown parameter": ("plugin: Input.file, config: {path: data.csv, pathh: x}", ["pathh", "path"]),
    "expression that does not parse": ("plugin: Data_Processing.filter, config: {where: 'a >'}", ["where"]),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_bad_third_step_means_that_the_first_has_not_run(case, mortise, tmp_path):
    keys, words = REFUSED[case]
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "p.yaml").write_text(
        HEAD + STEP + "      - {name: Save, plugin: Output.json, config: {path: out.json}}\n"
        + "      - {name: Third, " + keys + "}\n")
    result = mortise("run", "p.yaml", cwd=tmp_path)
    assert result.returncode != 0
    for word in words + ["step 3 (Third)"]:
        assert word in result.stderr, f"{word!r} is not in: {result.stderr}"
    assert not os.path.exists(tmp_path / "out.json")

    dry = mortise("run", "--dry-run", "--json", "p.yaml", cwd=tmp_path)
    assert dry.returncode != 0
    findings = json.loads(dry.stdout)["findings"]
    assert [finding["step"] for finding in findings] == [3]
