"""A monitor that makes up what it sees: something happens every time it is asked, with five items in turn."""

from __future__ import annotations

import datetime

from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec


class ExampleMonitor(BaseMonitor):
    """Synthetic events, for trying things out."""

    spec = PluginSpec(label="example", data_header="examples", poll_interval_s=3.0)

    def __init__(self) -> None:
        self._count = 0

    def emit_event(self) -> Event | None:
        item = f"fake_item_{self._count % 5 + 1}"
        self._count += 1
        return Event(timestamp=datetime.datetime.now(datetime.timezone.utc), label=self.spec.label, event="demo", data={"examples": [item]})

    @staticmethod
    def filter_method(items: list[list[str]]) -> list[str]:
        """Each item once, in order."""
        return sorted({item for collected in items for item in collected})
