"""Tests of the monitor; they need no host."""

import os

import pytest
from mimolo.plugins.loadwatch import LoadMonitor


@pytest.fixture
def load(monkeypatch):
    """What the machine's load is said to be."""
    told = [0.5]
    monkeypatch.setattr(os, "getloadavg", lambda: (told[0], 0, 0))
    return told


def test_it_tells_the_load_at_first_and_then_what_is_a_step_away(load):
    monitor = LoadMonitor(step=0.2)
    assert monitor.emit_event().data == {"loads": [0.5]}
    load[0] = 0.6
    assert monitor.emit_event() is None
    load[0] = 0.8
    assert monitor.emit_event().data == {"loads": [0.8]}


def test_a_segment_has_the_least_the_most_and_the_mean():
    assert LoadMonitor.filter_method([[1.0], [3.0, 2.0]]) == {"least": 1.0, "most": 3.0, "mean": 2.0}
