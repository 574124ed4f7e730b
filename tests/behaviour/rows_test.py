"""docs/rows.md tells the truth: every promise has its test, and every marked test is among the promises."""

import re

from outside import REPOSITORY

ROW = re.compile(r"^\| ([A-Z]-\d+) \| .* \| (.+?) \|$", re.MULTILINE)
MARKED = re.compile(r"@(?:pytest\.mark\.)?rows\(([^)]*)\)((?:\n(?:@|    |\)|\]).*)*)\ndef (test_\w+)")


def promises():
    return dict(ROW.findall((REPOSITORY / "docs" / "rows.md").read_text()))


def marked_tests():
    found = {}
    for path in (REPOSITORY / "tests" / "behaviour").glob("*_test.py"):
        for rows, _, name in MARKED.findall(path.read_text()):
            found[name] = set(re.findall(r"[A-Z]-\d+", rows))
    return found


def test_every_promise_has_its_test():
    cases = set()
    for path in (REPOSITORY / "src").rglob("*_test.cc"):
        cases |= set(re.findall(r'TEST_CASE\("((?:[^"\\]|\\.)*)"\)', path.read_text()))
    tests = marked_tests()
    missing = [
        f"{row}: {name}" for row, name in promises().items() if name not in cases and row not in tests.get(name, set())
    ]
    assert len(promises()) >= 42 and missing == []


def test_every_marked_row_is_a_promise():
    unknown = {(name, row) for name, rows in marked_tests().items() for row in rows if row not in promises()}
    assert unknown == set()
