"""Tests of {{word}}; they need no host."""

from mimolo.plugins.{{word}} import {{class}}


def test_it_tells_the_count_once_and_then_each_change(tmp_path):
    monitor = {{class}}(folder=str(tmp_path))
    assert monitor.emit_event().data == {"counts": [0]}
    assert monitor.emit_event() is None
    (tmp_path / "new").write_text("")
    assert monitor.emit_event().data == {"counts": [1]}


def test_a_segment_has_the_least_and_the_most():
    assert {{class}}.filter_method([[3], [1], [2]]) == {"least": 1, "most": 3}
