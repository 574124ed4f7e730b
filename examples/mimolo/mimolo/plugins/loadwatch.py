"""The load of this machine, whenever it changed by more than a step."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec


class LoadMonitor(BaseMonitor):
    """How many processes want to run, on average of the last minute."""

    spec = PluginSpec(label="loadwatch", data_header="loads", poll_interval_s=5.0)

    def __init__(self, step: float = 0.1) -> None:
        self.step = step
        self._told: float | None = None

    def emit_event(self) -> Event | None:
        load = os.getloadavg()[0]
        if self._told is not None and abs(load - self._told) < self.step:
            return None
        self._told = load
        return Event(timestamp=datetime.now(UTC), label=self.spec.label, event="load", data={"loads": [round(load, 2)]})

    @staticmethod
    def filter_method(items: list[list[float]]) -> dict[str, float]:
        """The least, the most and the mean of a segment."""
        loads = [load for each in items for load in each]
        return {"least": min(loads), "most": max(loads), "mean": round(sum(loads) / len(loads), 3)}
