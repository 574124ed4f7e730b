"""Runs the tests of the plugin in the present folder and reports each to descriptor 3, a JSON object a line.

    {"suite": "tests/words_test.py", "name": "test_it_counts", "outcome": "passed", "seconds": 0.01}

`outcome` is passed, failed or skipped; a test that did not pass has a `message`, and perhaps its `output`. The last line is {"end": N}, the
number of tests. pytest runs them where it is installed, else unittest. Started by `mortise plugin test`.
"""

import importlib.util
import io
import json
import os
import sys
import time
import traceback
import unittest
from typing import Any, Dict, List, Optional

LONGEST = 64 * 1024
PATTERNS = ("test_*.py", "*_test.py")


class Report:
    """The other end of descriptor 3; what the tests start must not have it."""

    def __init__(self, descriptor: int = 3) -> None:
        self._out = os.fdopen(os.dup(descriptor), "w", encoding="utf-8")
        os.close(descriptor)
        self.count = 0

    def tell(self, suite: str, name: str, outcome: str, seconds: float, message: str = "", output: str = "") -> None:
        case: Dict[str, Any] = {"suite": suite, "name": name, "outcome": outcome, "seconds": round(seconds, 4)}
        if message:
            case["message"] = message[:LONGEST]
        if output:
            case["output"] = output[-LONGEST:]
        self.count += 1
        self._write(case)

    def end(self) -> None:
        self._write({"end": self.count})

    def _write(self, line: Dict[str, Any]) -> None:
        self._out.write(json.dumps(line, ensure_ascii=True) + "\n")
        self._out.flush()


class PytestReporter:
    """A plugin of pytest: one case a test, told when its teardown is over."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.open: Dict[str, List[Any]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        phases = self.open.setdefault(report.nodeid, [])
        phases.append(report)
        if report.when == "teardown":
            self._tell(report.nodeid, self.open.pop(report.nodeid))

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.report.tell(report.nodeid or "tests", "is collected", "failed", 0, str(report.longrepr))
        elif report.skipped:
            self.report.tell(report.nodeid or "tests", "is collected", "skipped", 0, str(report.longrepr[-1]))

    def _tell(self, node: str, phases: List[Any]) -> None:
        suite, _, name = node.partition("::")
        outcome = next((word for word in ("failed", "skipped") if any(getattr(phase, word) for phase in phases)), "passed")
        message = "\n".join(self._reason(phase) for phase in phases if phase.longrepr and not phase.passed)
        output = "".join(text for _, text in phases[-1].sections) if outcome == "failed" else ""
        self.report.tell(suite, name, outcome, sum(phase.duration for phase in phases), message, output)

    @staticmethod
    def _reason(phase: Any) -> str:
        return str(phase.longrepr[-1]) if isinstance(phase.longrepr, tuple) else phase.longreprtext


def with_pytest(report: Report) -> None:
    import pytest

    arguments = ["-q", "--no-header", "-p", "no:cacheprovider", "-o", f"python_files={' '.join(PATTERNS)}"]
    pytest.main([*arguments, "."], plugins=[PytestReporter(report)])


class UnittestReporter(unittest.TestResult):
    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report
        self.begun = 0.0
        self.trouble: Optional[str] = None
        self.skip: Optional[str] = None

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.begun, self.trouble, self.skip = time.monotonic(), None, None

    def stopTest(self, test: unittest.TestCase) -> None:
        suite, _, name = test.id().rpartition(".")
        outcome = "failed" if self.trouble else "skipped" if self.skip is not None else "passed"
        self.report.tell(suite, name, outcome, time.monotonic() - self.begun, self.trouble or self.skip or "")
        super().stopTest(test)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        self._failed(test, err)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self._failed(test, err)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        if err is not None:
            self._failed(subtest, err)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self.trouble = "it passed, and was expected to fail"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self.skip = reason

    def _failed(self, test: unittest.TestCase, err: Any) -> None:
        text = "".join(traceback.format_exception(*err))
        if isinstance(test, unittest.TestCase) and self.begun and self.trouble is None and self.testsRun:
            self.trouble = text
        else:  # of a class or a module, before any test of it began
            self.report.tell(str(test), "is set up", "failed", 0, text)


def with_unittest(report: Report) -> None:
    found = unittest.TestSuite()
    for folder in ("tests", "test", "."):
        for pattern in PATTERNS:
            if os.path.isdir(folder) and (folder != "." or not found.countTestCases()):
                loader = unittest.TestLoader()
                found.addTests(loader.discover(folder, pattern=pattern, top_level_dir=folder))
    found.run(UnittestReporter(report))


def main() -> int:
    report = Report()
    sys.path.insert(0, os.getcwd())
    sys.stdin = io.StringIO()
    if importlib.util.find_spec("pytest") is not None:
        with_pytest(report)
    else:
        with_unittest(report)
    report.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
