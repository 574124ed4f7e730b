"""Components from before there were plugins, as plugins.

    registry.register(wrap(OldAugmenter(), name="old_augmenter", category="augmenter"))

Whatever the component can do, the plugin can: its attributes and methods are the component's.
"""

from __future__ import annotations

from typing import Any, Dict, Optional

from .base import PluginBase, PluginContext, PluginMetadata


class LegacyPlugin(PluginBase):
    """A component with the life of a plugin. Its own setup, start, stop and close are called where it has them."""

    def __init__(self, component: Any, metadata: PluginMetadata, config: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(config)
        self.component = component
        self._metadata = metadata

    def _initialize(self, context: PluginContext) -> None:
        self._tell("setup", "initialize")

    def _start(self, context: PluginContext) -> None:
        self._tell("start")

    def _stop(self, context: PluginContext) -> None:
        self._tell("stop")

    def _cleanup(self, context: PluginContext) -> None:
        self._tell("close", "cleanup")

    def _tell(self, *names: str) -> None:
        for name in names:
            if callable(getattr(self.component, name, None)):
                getattr(self.component, name)()
                return

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.component(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "component":
            raise AttributeError(name)
        return getattr(self.component, name)


def wrap(
    component: Any, name: Optional[str] = None, category: str = "general", config: Optional[Dict[str, Any]] = None
) -> LegacyPlugin:
    """The component may be an object or a class, which is made with the config as its arguments."""
    if isinstance(component, type):
        component = component(**(config or {}))
    kind = type(component)
    about = PluginMetadata(name=name or kind.__name__, description=(kind.__doc__ or "").strip(), category=category)
    return LegacyPlugin(component, about, config)
