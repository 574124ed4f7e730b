"""`make features` can be believed: what it reads, what it makes of it, what it says without the rows."""

import os
import subprocess
import sys

import pytest
from proof import evidence, features, ledger, promises, shared
from proof.evidence import Outcome

TEXT = """
# 1. Every capability
## 1.1 One (seed 000) — Q-01 … Q-03

| id | what the guide says | what a real implementation must do | how to check |
|---|---|---|---|
| Q-01 | first | do it | look |
| Q-02 | `a \\| b` | do | look |
| Q-03 | third | do | — |

A sentence with | Q-09 | in it.

## 1.2 Two — R-01 … R-01
| R-01 | other | do | look |
# 2. Facts
| Q-04 | no row of section 1 | a | b |
"""

BOOK = ledger.Ledger(held={"Q-01": ["a case"]}, guidance={"Q-02": "advice"}, later={"Q-03": "a thing"})


def test_rows_are_read_with_their_ids_and_escaped_bars():
    rows = promises.read_promises(TEXT)
    assert [row.id for row in rows] == ["Q-01", "Q-02", "Q-03", "R-01"]
    assert rows[1].says == "`a | b`"


@pytest.mark.parametrize(
    "broken",
    [
        TEXT.replace("| Q-02", "| Q-12"),
        TEXT.replace("| Q-03 | third | do | — |\n", ""),
        TEXT.replace("| first | do it |", "| first do it |"),
        TEXT.replace("## 1.", "### 1."),
    ],
    ids=["an id out of order", "a row missing", "a cell missing", "no sections"],
)
def test_a_list_that_is_not_whole_is_refused_rather_than_shortened(broken):
    with pytest.raises(promises.Malformed):
        promises.read_promises(broken)


@pytest.mark.parametrize(
    "words, rows",
    [
        ("", ["Q-01", "Q-02", "Q-03", "R-01"]),
        ("Q-", ["Q-01", "Q-02", "Q-03"]),
        ("q-02..q-03, R", ["Q-02", "Q-03", "R-01"]),
        ("R-01 Q-01", ["Q-01", "R-01"]),
    ],
)
def test_rows_can_be_asked_for_by_letter_range_and_id(words, rows):
    assert [row.id for row in promises.choose(promises.read_promises(TEXT), words)] == rows


@pytest.mark.parametrize("words", ["X-", "Q-04", "Q-02..Q-09", "Q-03..Q-01", "what"])
def test_asking_for_a_row_that_is_not_there_is_an_error(words):
    with pytest.raises(promises.Malformed):
        promises.choose(promises.read_promises(TEXT), words)


@pytest.mark.parametrize(
    "tests, state, reason",
    [
        ({"a": Outcome("passed")}, "held", ""),
        ({"a": Outcome("passed"), "b": Outcome("failed", "no")}, "failing", "b: no"),
        ({"a": Outcome("passed"), "b": Outcome("skipped", "no R")}, "held", ""),
        ({"a": Outcome("skipped", "no R")}, "not held", "skipped here: a: no R"),
        ({}, "not held", "its test has no result: a case"),
    ],
)
def test_a_row_is_held_only_by_a_test_that_passed_and_none_that_failed(tests, state, reason):
    verdict = features.judge("Q-01", tests, BOOK)
    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_row_without_a_test_has_its_reason():
    assert features.judge("Q-02", {}, BOOK).state == "guidance"
    assert features.judge("Q-03", {}, BOOK).reason == "a thing"
    assert features.judge("R-01", {}, BOOK).reason == "no test carries this row"


def test_the_ledger_has_the_tests_and_the_reasons_of_rows():
    text = "## Held\n| row | promise | test |\n| --- | --- | --- |\n| Q-01 | does | test_it |\n"
    text += "## Not yet\n| Q-02..Q-04, R-01 | it |\n"
    book = ledger.read_ledger(text)
    assert book.held == {"Q-01": ["test_it"]} and list(book.later) == ["Q-02", "Q-03", "Q-04", "R-01"]
    assert ledger.read_ledger(text + "| Q-03 | again |\n").later["Q-03"] == "it"
    held_again = ledger.read_ledger(text.replace("## Not yet", "| Q-01 | does | test_that |\n## Not yet"))
    assert held_again.held == {"Q-01": ["test_it", "test_that"]}
    with pytest.raises(promises.Malformed):
        ledger.read_ledger(text + "| Q-05 | in | held |\n")


def test_results_of_parametrized_tests_are_found_again(tmp_path):
    (tmp_path / "a_test.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('x', ['a::b', 'c/d.py', '[e]'])\n"
        "def test_x(x): assert x != 'c/d.py'\n"
        "class TestY:\n"
        "    def test_z(self): pytest.skip('no R')\n"
    )
    junit = tmp_path / "junit.xml"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--rootdir",
            tmp_path,
            "-p",
            "no:cacheprovider",
            f"--junitxml={junit}",
            "a_test.py",
        ],
        cwd=tmp_path,
        capture_output=True,
    )
    outcomes = evidence.read_results(junit)
    states = {
        test: outcomes[evidence.junit_key(f"a_test.py::{test}")].state
        for test in ("test_x[a::b]", "test_x[c/d.py]", "test_x[[e]]", "TestY::test_z")
    }
    assert list(states.values()) == ["passed", "failed", "passed", "skipped"]


def features_tool(*arguments, **environment):
    return subprocess.run(
        [sys.executable, shared.REPOSITORY / "tools" / "features", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_where_the_rows_are_not_it_says_skipped(tmp_path):
    done = features_tool(MORTISE_SHARED=str(tmp_path))
    assert done.returncode == 0 and done.stdout.startswith("skipped: ")


def test_all_442_rows_are_found_and_one_of_them_is_held_today():
    if shared.shared_folder() is None:
        pytest.skip(shared.why_not())
    assert len(promises.read_promises((shared.shared_folder() / "features.md").read_text())) == 442
    done = features_tool("--rows", "M-26")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("M-26  held      tests/behaviour/pipelines_test.py::")
    assert done.stdout.splitlines()[-1] == "1 of 442 rows held"


def test_the_last_results_are_those_of_the_run_that_was_last(tmp_path):
    results = tmp_path / "test-results"
    results.mkdir()
    case = (
        '<testsuites><testsuite><testcase classname="tests.a_test" name="test_x">{}</testcase></testsuite></testsuites>'
    )
    (results / "features.xml").write_text(case.format('<failure message="no"/>'))
    (results / "pytest.xml").write_text(case.format(""))
    asked = ["tests/a_test.py::test_x", "tests/a_test.py::test_y"]
    for newest, state in (("features.xml", "failed"), ("pytest.xml", "passed")):
        for path in results.iterdir():
            os.utime(path, (2, 2) if path.name == newest else (1, 1))
        assert {test: how.state for test, how in evidence.last_pytest(asked, tmp_path).items()} == {asked[0]: state}
