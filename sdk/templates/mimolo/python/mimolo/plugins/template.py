"""Copy this file, and change what is marked TODO.

    cp mimolo/plugins/template.py mimolo/plugins/myplugin.py
"""

from __future__ import annotations

from datetime import UTC, datetime  # noqa: F401  (the event below wants them)
from typing import Any

from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec


class TemplateMonitor(BaseMonitor):  # TODO: a name of your own, such as MyMonitor
    """TODO: what it watches."""

    spec = PluginSpec(
        label="template",  # TODO: unique among all plugins, a valid identifier
        data_header="items",  # TODO: the key of event.data that is aggregated; None: nothing is
        resets_cooldown=True,  # TODO: whether its events keep a segment open
        infrequent=False,  # TODO: True: its events are written at once and belong to no segment
        poll_interval_s=5.0,  # TODO: seconds between two polls
    )

    def __init__(self) -> None:
        """TODO: take settings by name: keys of [plugins.LABEL] in mimolo.toml are handed over as arguments."""

    def emit_event(self) -> Event | None:
        # TODO: find out whether something happened; be quick, and keep what you know in self
        #
        # return Event(timestamp=datetime.now(UTC), label=self.spec.label, event="seen", data={"items": ["it"]})
        return None

    @staticmethod
    def filter_method(items: list[Any]) -> Any:
        # TODO: make one value of all that the events of a segment carried; it must be JSON
        return items
