"""The instruments themselves: a test that cannot see a process die proves nothing."""

import os
import signal
import subprocess

import outside
import pytest


def test_a_process_that_ended_is_not_alive_even_before_anybody_waited_for_it():
    process = subprocess.Popen(["sleep", "3600"])
    assert outside.alive(process.pid)
    assert process.pid in outside.descendants(os.getpid())
    process.send_signal(signal.SIGKILL)
    outside.eventually(lambda: not outside.alive(process.pid), what="the end of the process")
    assert process.pid not in outside.descendants(os.getpid())
    process.wait()


def test_waiting_for_what_never_comes_fails_and_says_what_was_awaited():
    with pytest.raises(AssertionError, match="Godot did not come about within 0.05 s"):
        outside.eventually(lambda: False, within=0.05 / outside.PATIENCE, what="Godot")


def test_the_keys_of_a_step_are_told_from_its_config():
    made = outside.step("Test.give", output="x", value=5, needs=["A"])
    assert made == {
        "name": "give", "plugin": "Test.give", "output": "x", "needs": ["A"], "config": {"value": 5},
    }  # fmt: skip
