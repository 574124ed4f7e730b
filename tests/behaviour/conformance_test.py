"""Every SDK passes every case of sdk/conformance."""

import os
import shutil
import subprocess
import sys

import pytest
from golang import go_program
from outside import BUILD, PATIENCE, REPOSITORY

CONFORMANCE = REPOSITORY / "sdk" / "conformance"
GROUPS = sorted(path.stem for path in (CONFORMANCE / "cases").glob("*.json")) + ["deaths"]

R_HOME = "/usr/lib/R"
R_ENVIRONMENT = {
    "R_HOME": R_HOME, "LD_LIBRARY_PATH": f"{R_HOME}/lib", "R_LIBS": str(BUILD / "r"), "R_DEFAULT_PACKAGES": "NULL",
    "LC_ALL": "C.UTF-8", "TZ": "UTC",
}  # fmt: skip

def go_worker():
    folder = CONFORMANCE / "go"
    return ["--plugin", folder, "--worker", go_program(folder)]


WORKERS = {
    "python": [
        "--plugin", CONFORMANCE / "python", "--env", f"PYTHONPATH={REPOSITORY / 'sdk' / 'python'}",
        "--", sys.executable, "-B", "-m", "mortise.worker",
    ],
    "c": ["--plugin", BUILD / "conformance" / "c", "--worker", str(BUILD / "bin" / "mortise-worker")],
    "native": ["--plugin", BUILD / "conformance" / "native", "--worker", str(BUILD / "bin" / "mortise-worker")],
    "r": [
        "--plugin", BUILD / "conformance" / "r",
        *(f"--env={name}={value}" for name, value in R_ENVIRONMENT.items()),
        "--", f"{R_HOME}/bin/exec/R", "--vanilla", "--no-echo", "-e", "mortise:::worker()",
    ],
    "go": go_worker,
}  # fmt: skip


def run_cases(*arguments):
    return subprocess.run(
        [sys.executable, CONFORMANCE / "run.py", *map(str, arguments)],
        capture_output=True, text=True, timeout=110 * PATIENCE, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("transport", "group"), [("socket", group) for group in GROUPS] + [("ring", group) for group in (*GROUPS, "rings")]
)
@pytest.mark.parametrize("sdk", WORKERS)
def test_a_worker_passes_the_cases(sdk, transport, group):
    if sdk in ("c", "native") and not (BUILD / "bin" / "mortise-worker").exists():
        pytest.skip("the native worker is not built: run make")
    if sdk == "r" and not (BUILD / "r" / "mortise").exists():
        pytest.skip("the R package is not built: run tools/setup, which installs R, and make")
    arguments = WORKERS[sdk]() if callable(WORKERS[sdk]) else WORKERS[sdk]
    done = run_cases("--only", f"{group}: ", "--transport", transport, *arguments)
    print(done.stdout[-8000:], done.stderr[-4000:])
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].endswith(" passed, 0 failed, 0 skipped")


# ---- through the real host: every language, confined and not, by socket and by ring

SHARE = "process: "
"""Of the cases; the first of these looks whether the worker is what it should be. `ctest -R conformance` plays all of them confined,
`make conformance` everything."""


@pytest.mark.parametrize("transport", ["socket", "ring"])
@pytest.mark.parametrize("sandbox", ["auto", "off"])
@pytest.mark.parametrize("language", ["c", "native", "python", "r", "go"])
def test_the_host_gets_the_same_answers(language, sandbox, transport):
    if language == "r" and not (BUILD / "r" / "mortise").exists():
        pytest.skip("the R package is not built: run tools/setup, which installs R, and make")
    if language == "go" and shutil.which("go", path=os.environ["PATH"] + ":/usr/local/go/bin") is None:
        pytest.skip("Go is not installed: run tools/setup")
    host = BUILD / "bin" / "tests" / "conformance_host"
    done = subprocess.run(
        [host, "--where", language, "--transport", transport, "--sandbox", sandbox, "--only", SHARE],
        capture_output=True, text=True, timeout=110 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert "process: it is confined and speaks as it was told to" in done.stdout


# ---- the runner itself: what it passes is worth something only when it fails what is wrong

LIES = {
    "a worker that takes floats for integers": ('int(told["text"])', 'float(told["text"])', "values: the largest int64 is what"),
    "a worker that loses nanoseconds": ('Time(int(told["ns"]))', 'Time(int(told["ns"]) // 1000 * 1000)', "values: a nanosecond"),
    "a worker that forgets a cause": ("causes[1:]", "causes[2:]", "errors: an error has a chain"),
    "a worker that takes a missing key for a null": ('{"found": False}', '{"found": True, "value": None}', "host: a key that"),
    "a worker that copies where it should look": (
        "        total = column", "        column.buffers[1].take(); total = column", "shared_memory: a long table is summed",
    ),
    "a worker that does not hear a cancel": ("self.current.stop_if_cancelled()", "pass", "stopping: a plugin that looks stops when"),
    "a worker that prints into the protocol": (
        "        sys.stdout.write", "        os.write(3, b'x'); sys.stdout.write", "process: what a plugin prints",
    ),
}  # fmt: skip
"""What is wrong: (code of the plugin, what takes its place, the cases that must not pass)."""


@pytest.mark.parametrize("lie", LIES)
def test_the_runner_catches(tmp_path, lie):
    true, false, cases = LIES[lie]
    source = (CONFORMANCE / "python" / "conformance.py").read_text()
    assert true in source
    (tmp_path / "manifest.json").write_text((CONFORMANCE / "python" / "manifest.json").read_text())
    for text, status in ((source, 0), (source.replace(true, false), 1)):
        (tmp_path / "conformance.py").write_text(text)
        done = run_cases("--only", cases, "--plugin", tmp_path, *WORKERS["python"][2:])
        assert done.returncode == status, done.stdout


def test_the_runner_writes_junit(tmp_path):
    report = tmp_path / "report.xml"
    done = run_cases("--only", "values: the largest int64", "--junit", report, *WORKERS["python"])
    assert done.returncode == 0 and done.stdout.endswith("3 passed, 0 failed, 0 skipped\n")
    assert report.read_text().count("<testcase") == 3


def test_files_of_the_present_folder_do_not_stand_in_for_pythons_own(tmp_path):
    for name in ("json.py", "mortise.py"):
        (tmp_path / name).write_text("raise SystemExit('this is not the one')\n")
    done = subprocess.run(
        [BUILD / "bin" / "tests" / "conformance_host", "--where", "python", "--only", "values: null"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_case_that_nobody_wrote_is_an_error():
    assert run_cases("--only", "no such case", *WORKERS["python"]).returncode == 2
