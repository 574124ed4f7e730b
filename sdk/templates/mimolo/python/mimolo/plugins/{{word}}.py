"""{{description}}"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec


class {{class}}(BaseMonitor):
    """Tells when the number of files in a folder changes."""

    spec = PluginSpec(label="{{word}}", data_header="counts", poll_interval_s=1.0)

    def __init__(self, folder: str = ".") -> None:
        self.folder = Path(folder)
        self._before: int | None = None

    def emit_event(self) -> Event | None:
        now = sum(1 for each in self.folder.iterdir() if each.is_file())
        before, self._before = self._before, now
        if now == before:
            return None
        return Event(timestamp=datetime.now(UTC), label=self.spec.label, event="count", data={"counts": [now]})

    @staticmethod
    def filter_method(items: list[list[int]]) -> dict[str, int]:
        """The least and the most of a segment."""
        counts = [count for each in items for count in each]
        return {"least": min(counts), "most": max(counts)}
