"""Event: something that a monitor saw."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event. `timestamp` has a time zone, `label` is the monitor's own, `event` a short word for what happened."""

    timestamp: datetime
    label: str
    event: str
    data: dict[str, Any] | None = None
    id: str | None = None

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("Event label cannot be empty")
        if not self.event:
            raise ValueError("Event type cannot be empty")
        if self.timestamp.tzinfo is None or self.timestamp.utcoffset() is None:
            raise ValueError("Event timestamp must be timezone-aware (UTC)")

    def compute_id(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of what the event says."""
        said = {"timestamp": self.timestamp.isoformat(), "label": self.label, "event": self.event, "data": self.data}
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def with_id(self) -> Event:
        return self if self.id is not None else replace(self, id=self.compute_id())

    def to_dict(self) -> dict[str, Any]:
        return {
            "timestamp": self.timestamp.isoformat(), "label": self.label, "event": self.event, "data": self.data,
            "id": self.id,
        }  # fmt: skip
