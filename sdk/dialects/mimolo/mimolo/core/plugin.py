"""BaseMonitor and PluginSpec: what a monitor derives from, and how it says what it is.

    class Door(BaseMonitor):
        spec = PluginSpec(label="door", data_header="doors", poll_interval_s=2.0)

        def emit_event(self) -> Event | None:
            ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from .errors import PluginEmitError, PluginRegistrationError
from .event import Event
from .registry import PluginRegistry

__all__ = ["BaseMonitor", "PluginEmitError", "PluginRegistrationError", "PluginRegistry", "PluginSpec"]


@dataclass(frozen=True)
class PluginSpec:
    """What a monitor is. `label` is unique among all plugins and a valid Python identifier."""

    label: str
    data_header: str | None = None
    resets_cooldown: bool = True
    infrequent: bool = False
    poll_interval_s: float = 5.0

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("Plugin label cannot be empty")
        if not self.label.isidentifier():
            raise ValueError(f"Plugin label must be a valid identifier: {self.label}")
        if not self.poll_interval_s > 0:
            raise ValueError(f"poll_interval_s must be positive: {self.poll_interval_s}")


class BaseMonitor(ABC):
    """A monitor: asked every `spec.poll_interval_s` seconds whether it saw something."""

    spec: PluginSpec

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "spec"):
            raise TypeError(f"{cls.__name__} must define a 'spec' class attribute")
        if not isinstance(cls.spec, PluginSpec):
            raise TypeError(f"{cls.__name__}.spec must be a PluginSpec, not a {type(cls.spec).__name__}")

    @abstractmethod
    def emit_event(self) -> Event | None:
        """An event when there is one, None otherwise. It must be quick: aim for less than 100 ms."""

    @staticmethod
    def filter_method(items: list[Any]) -> Any:
        """Makes one value of all that was collected in a segment; what it returns must be JSON."""
        return items
