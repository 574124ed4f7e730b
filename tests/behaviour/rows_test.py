"""docs/rows.md tells the truth: every promise has its test, every marked row is a promise, none is forgotten."""

import re

import pytest
from outside import REPOSITORY
from proof import evidence
from proof.ledger import the_ledger
from proof.promises import ids_between

CASE = re.compile(r'TEST_CASE\("((?:[^"\\]|\\.)*)"\)')


@pytest.fixture(scope="module")
def marked():
    """Every test of the repository -> the rows it carries."""
    return evidence.marked_tests()


def unit_test_cases():
    paths = [path for folder in ("src", "plugins", "sdk") for path in (REPOSITORY / folder).rglob("*_test.cc")]
    return {case for path in paths for case in CASE.findall(path.read_text())}


def test_every_promise_has_its_test(marked):
    carried = {(evidence.function_of(test).split("::")[-1], row) for test, rows in marked.items() for row in rows}
    cases = unit_test_cases()
    held = the_ledger().held
    named = [(name, row) for row, names in held.items() for name in names]
    assert [pair for pair in named if pair[0] not in cases and pair not in carried] == []
    assert len(held) >= 42


def test_every_marked_row_is_a_promise(marked):
    held = the_ledger().held
    assert {(test, row) for test, rows in marked.items() for row in rows if row not in held} == set()


def test_every_row_is_held_or_has_its_reason():
    book = the_ledger()
    every = [
        row for last in ("M-96", "O-78", "L-86", "S-66", "K-88", "A-28") for row in ids_between(f"{last[0]}-01", last)
    ]
    assert len(every) == 442
    assert [row for row in every if row not in {**book.held, **book.guidance, **book.later}] == []
    assert {*book.held, *book.guidance, *book.later} <= set(every)
    assert book.guidance.keys().isdisjoint(book.held)
