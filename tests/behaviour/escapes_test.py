"""A share of `make rogues`: attacks on the sandbox that succeed unconfined, and do not against each of its layers, nor in a worker."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from outside import BUILD, PROGRAM

rows = pytest.mark.rows
RUN = Path(__file__).resolve().parents[1] / "rogues" / "escapes" / "run.py"


@rows("O-03", "O-56", "O-57", "O-58")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("level", ["root", "user", "bare"])
def test_attacks_that_succeed_unconfined_are_blocked_by_each_layer_named_for_them_and_in_workers(level):
    if os.geteuid() != 0 and level == "root":
        pytest.skip("only root can be attacked as root")
    if os.geteuid() != 0:
        pytest.skip("an ordinary user cannot plant canaries of another one")
    share = {"root": "12", "user": "17", "bare": "17"}[level]
    done = subprocess.run([sys.executable, str(RUN), str(BUILD / "escapes"), "--host", str(PROGRAM), "--levels", level, "--share", share], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "blocked by each of" in done.stdout and "blocked in a worker of python" in done.stdout and "0 wrong" in done.stdout


@rows("O-58")
@pytest.mark.parametrize("level", ["root", "user"])
def test_a_temporary_folder_of_its_own_is_full_some_day(level):
    if os.geteuid() != 0:
        pytest.skip("only root can become the users of these levels")
    command = [sys.executable, str(RUN), str(BUILD / "escapes"), "--levels", level, "--only", "c:fill_tmp", "--exact"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "blocked by each of private-root" in done.stdout, done.stdout + done.stderr


@rows("O-57", "O-58")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("level", "bomb"), [("root", "memory"), ("user", "memory_without_a_name"), ("user", "hops"), ("bare", "threads"), ("bare", "processes")])
def test_bombs_that_reach_their_mark_alone_do_not_in_a_host(level, bomb):
    if os.geteuid() != 0:
        pytest.skip("only root can become the users of these levels")
    command = [sys.executable, str(RUN), str(BUILD / "escapes"), "--program", str(PROGRAM), "--levels", level, "--only", f"bomb:{bomb}", "--exact"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"bomb:{bomb} " in done.stdout and "stopped by" in done.stdout and "1 attacks" in done.stdout
