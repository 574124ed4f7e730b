import pytest
from infrastructure.di import Container
from infrastructure.plugins import PluginContext, PluginError, PluginState
from src.plugins.{{word}} import {{class}}


def test_it_says_what_it_was_given():
    plugin = {{class}}(config={"loud": True})
    context = PluginContext(container=Container())
    plugin.validate(context)
    plugin.initialize(context)
    plugin.start(context)
    assert plugin.state is PluginState.RUNNING
    assert plugin.process("hello") == "HELLO"
    plugin.stop(context)
    plugin.cleanup(context)


def test_a_loud_that_is_no_truth_is_refused():
    with pytest.raises(PluginError, match="loud must be true or false"):
        {{class}}(config={"loud": "very"}).validate(PluginContext())
