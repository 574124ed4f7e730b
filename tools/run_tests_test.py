"""The closing line of ./test can be trusted: see tools/run-tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent / "run-tests"


@pytest.fixture
def build(tmp_path):
    """Makes a build folder whose ctest runs the given commands, one test each."""

    def make(**tests):
        lines = [f'add_test({name} sh -c "{command}")' for name, command in tests.items()]
        (tmp_path / "CTestTestfile.cmake").write_text("\n".join(lines))
        return tmp_path

    return make


def run_tests(build_folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    return subprocess.run(
        [sys.executable, TOOL, "--build", build_folder, *arguments],
        capture_output=True,
        text=True,
        env=environment,
    )


def write_pytest(folder, text):
    path = folder / "sample_test.py"
    path.write_text(text)
    return str(path)


def test_both_runners_are_added_up_in_the_last_line(build):
    folder = build(one="true", two="true")
    sample = write_pytest(
        folder,
        "import pytest\n"
        "def test_good(): pass\n"
        "@pytest.mark.skip(reason='no R here')\n"
        "def test_later(): pass\n",
    )
    result = run_tests(folder, "--", "-p", "no:cacheprovider", sample)
    assert result.stdout.splitlines()[-1] == "3 passed, 0 failed, 1 skipped"
    assert "no R here" in result.stdout
    assert result.returncode == 0


def test_a_failed_unit_test_fails_the_whole_run(build):
    result = run_tests(build(good="true", bad="false"), "--only", "ctest")
    assert result.stdout.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"
    assert result.returncode == 1


def test_a_run_without_any_test_fails(build):
    result = run_tests(build(), "--only", "ctest")
    assert result.stdout.splitlines()[-1] == "0 passed, 0 failed, 0 skipped"
    assert result.returncode == 1
    assert "no test ran" in result.stderr


def test_a_runner_that_dies_early_counts_as_a_failure(build):
    sample = write_pytest(build(), "import os\ndef test_dies(): os._exit(9)\n")
    result = run_tests(build(), "--only", "pytest", "--", "-p", "no:cacheprovider", sample)
    assert result.stdout.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"
    assert result.returncode == 1


def test_a_test_file_that_cannot_be_imported_counts_as_a_failure(build):
    sample = write_pytest(build(), "import no_such_module\n")
    result = run_tests(build(), "--only", "pytest", "--", "-p", "no:cacheprovider", sample)
    assert result.stdout.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"
    assert result.returncode == 1
