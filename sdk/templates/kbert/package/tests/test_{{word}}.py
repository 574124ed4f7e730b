"""Tests of the package; they need no host, and the package on the module path (src, or installed)."""

from infrastructure.plugins import PluginContext

from {{word}}.heads import {{class}}Head
from {{word}}.plugins import {{class}}


def test_both_come_up():
    for kind in ({{class}}, {{class}}Head):
        plugin, context = kind(), PluginContext()
        plugin.validate(context)
        plugin.initialize(context)
        plugin.start(context)
        assert plugin.state.name == "RUNNING"


def test_it_says_what_it_was_given():
    assert {{class}}(config={"loud": True}).process("hello") == "HELLO"
