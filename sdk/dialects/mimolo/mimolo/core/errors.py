"""What can go wrong with a monitor."""

from __future__ import annotations


class MimoloError(Exception):
    """Any of these."""


class PluginRegistrationError(MimoloError):
    """A plugin that cannot be registered."""


class PluginEmitError(MimoloError):
    """`emit_event` of a plugin failed, or returned what is no event of it."""

    def __init__(self, plugin_label: str, original: BaseException) -> None:
        super().__init__(f"Plugin '{plugin_label}' failed to emit event: {original}")
        self.plugin_label = plugin_label
        self.original = original


class AggregationError(MimoloError):
    """`filter_method` of a plugin failed, or returned what is no JSON."""

    def __init__(self, plugin_label: str, data_header: str, original: BaseException) -> None:
        super().__init__(f"Aggregation failed for plugin '{plugin_label}', data_header '{data_header}': {original}")
        self.plugin_label = plugin_label
        self.data_header = data_header
        self.original = original
