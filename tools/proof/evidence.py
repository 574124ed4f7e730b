"""Tests as evidence: which of them carry a row (a mark, or a case that docs/rows.md names), and how they end.

Collected by the runners themselves, so a mark on one parameter counts for that parameter alone and a test that the
runner does not see is none.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from proof.shared import REPOSITORY

RESULTS = "test-results"


@dataclass(frozen=True)
class Outcome:
    state: str  # passed, failed, skipped
    reason: str = ""


# ---- pytest


def function_of(test_id):
    """The test function of an id, without its parameters."""
    return test_id.partition("[")[0]


def _pytest(arguments, environment=None):
    path = os.pathsep.join([str(REPOSITORY / "tools"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pytest.ini", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def marked_tests():
    """Every test of pytest -> the rows it carries (often none)."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "tests.json"
        done = _pytest(
            ["--collect-only", "-q", "-p", "proof.collect", "-p", "no:cacheprovider"],
            {"MORTISE_PROOF_TESTS": str(found)},
        )
        if done.returncode != 0 or not found.exists():
            raise RuntimeError(f"pytest could not collect the tests:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return {test["id"]: test["rows"] for test in json.loads(found.read_text(encoding="utf-8"))}


def junit_key(test_id):
    """The (classname, name) under which pytest's junit file has a test."""
    path, bracket, parameters = test_id.partition("[")
    module, *names = path.split("::")
    module = module.removesuffix(".py").replace("/", ".")
    return ".".join([module, *names[:-1]]), names[-1] + bracket + parameters


def _outcome(case):
    for tag, state in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            return Outcome(state, (found.get("message") or found.text or "").strip().split("\n")[0])
    return Outcome("passed")


def read_results(path):
    """A junit file of pytest -> outcomes by junit key. A setup or teardown that failed outweighs a pass."""
    outcomes = {}
    if not path.exists():
        return outcomes
    for case in ElementTree.parse(path).iter("testcase"):
        key, outcome = (case.get("classname"), case.get("name")), _outcome(case)
        if key not in outcomes or outcome.state == "failed":
            outcomes[key] = outcome
    return outcomes


def run_pytest(test_ids, build):
    """Runs these tests now -> outcomes by test id."""
    junit = build / RESULTS / "features.xml"
    junit.parent.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    done = _pytest(["-q", f"--junitxml={junit}", *test_ids], {"MORTISE_BUILD": str(build)})
    outcomes = read_results(junit)
    said = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:] or [""]
    missing = Outcome("failed", f"pytest ended with {done.returncode} and no word of this test: {said[0]}")
    return {test_id: outcomes.get(junit_key(test_id), missing) for test_id in test_ids}


def last_pytest(test_ids, build):
    """What the last ./test or `make features` saw -> outcomes by test id; tests they did not run are left out."""
    files = [build / RESULTS / name for name in ("pytest.xml", "pytest-again.xml", "features.xml")]
    outcomes = {}
    for path in sorted((path for path in files if path.exists()), key=lambda path: path.stat().st_mtime):
        outcomes.update(read_results(path))
    return {test_id: outcomes[junit_key(test_id)] for test_id in test_ids if junit_key(test_id) in outcomes}


# ---- doctest


def doctest_cases(build):
    """Every case of the unit tests -> the program that has it."""
    cases = {}
    for program in sorted((build / "bin" / "tests").glob("*_test")):
        listed = subprocess.run([program, "--list-test-cases", "--no-colors"], capture_output=True, text=True).stdout
        cases.update(
            dict.fromkeys((line for line in listed.splitlines() if not line.startswith(("[doctest]", "==="))), program)
        )
    return cases


def run_doctest(program, case):
    """Runs one case now."""
    done = subprocess.run(
        [program, "--no-colors", "--test-case=" + case.replace(",", "\\,")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    counted = re.search(r"test cases:\s+(\d+) \|\s+(\d+) passed", done.stdout)
    if done.returncode == 0 and counted and int(counted[2]) >= 1:
        return Outcome("passed")
    errors = [line for line in done.stdout.splitlines() if "ERROR" in line]
    return Outcome("failed", (errors or [f"{program.name} ended with {done.returncode}"])[0])
