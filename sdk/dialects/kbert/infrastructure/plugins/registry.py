"""PluginRegistry: plugins by name and category, with their contexts."""

from __future__ import annotations

import threading
from typing import Any, Dict, List, Optional, Type, TypeVar

from infrastructure.protocols.plugins import category_of

from .base import PluginContext, PluginError, PluginState

T = TypeVar("T")


class PluginRegistry:
    def __init__(self) -> None:
        self._plugins: Dict[str, Any] = {}
        self._contexts: Dict[str, PluginContext] = {}
        self._categories: Dict[str, str] = {}
        self._lock = threading.RLock()

    def register(
        self,
        plugin: Any,
        name: Optional[str] = None,
        category: Optional[str] = None,
        context: Optional[PluginContext] = None,
        initialize: bool = True,
    ) -> None:
        """A plugin that was LOADED is initialized, unless `initialize` says no; one made by hand is left as it is."""
        about = plugin.metadata
        name = name or about.name
        with self._lock:
            if name in self._plugins:
                raise PluginError(f"Plugin '{name}' is already registered", plugin_name=name)
            self._plugins[name] = plugin
            self._categories[name] = category or about.category or category_of(type(plugin))
            self._contexts[name] = context if context is not None else PluginContext()
        if initialize and plugin.state is PluginState.LOADED:
            plugin.initialize(self._contexts[name])

    def unregister(self, name: str) -> Any:
        plugin = self._known(name)
        plugin.stop(self._contexts[name])
        plugin.cleanup(self._contexts[name])
        with self._lock:
            del self._plugins[name], self._contexts[name], self._categories[name]
        return plugin

    def get(self, name: str, default: Any = None) -> Any:
        return self._plugins.get(name, default)

    def get_typed(self, name: str, kind: Type[T]) -> T:
        plugin = self._known(name)
        if not isinstance(plugin, kind):
            raise PluginError(f"Plugin '{name}' is no {kind.__name__}", plugin_name=name)
        return plugin

    def get_by_category(self, category: str) -> Dict[str, Any]:
        return {name: plugin for name, plugin in self._plugins.items() if self._categories[name] == category}

    def get_context(self, name: str) -> PluginContext:
        self._known(name)
        return self._contexts[name]

    def get_providers(self, capability: str) -> List[Any]:
        return [plugin for plugin in self._plugins.values() if capability in plugin.metadata.provides]

    def list_plugins(self, category: Optional[str] = None) -> List[str]:
        return [name for name in self._plugins if category is None or self._categories[name] == category]

    def list_categories(self) -> List[str]:
        return sorted(set(self._categories.values()))

    def start_plugin(self, name: str) -> None:
        self._known(name).start(self._contexts[name])

    def stop_plugin(self, name: str) -> None:
        self._known(name).stop(self._contexts[name])

    def start_all(self) -> Dict[str, PluginError]:
        """Those that are initialized. A failure keeps the others from nothing; it is in what is returned."""
        return self._each(PluginState.INITIALIZED, self.start_plugin, list(self._plugins))

    def stop_all(self) -> Dict[str, PluginError]:
        return self._each(PluginState.RUNNING, self.stop_plugin, list(reversed(self._plugins)))

    def cleanup_all(self) -> None:
        for name in reversed(list(self._plugins)):
            self._plugins[name].cleanup(self._contexts[name])

    def _each(self, state: PluginState, verb: Any, names: List[str]) -> Dict[str, PluginError]:
        failed: Dict[str, PluginError] = {}
        for name in names:
            if self._plugins[name].state is state:
                try:
                    verb(name)
                except PluginError as error:
                    failed[name] = error
        return failed

    def _known(self, name: str) -> Any:
        if name not in self._plugins:
            raise PluginError(f"Plugin '{name}' not found", plugin_name=name)
        return self._plugins[name]

    def __contains__(self, name: object) -> bool:
        return name in self._plugins

    def __len__(self) -> int:
        return len(self._plugins)


_registry: Optional[PluginRegistry] = None


def get_registry() -> PluginRegistry:
    """The one registry of this process."""
    global _registry
    if _registry is None:
        _registry = PluginRegistry()
    return _registry


def reset_registry() -> None:
    global _registry
    _registry = None
