"""PluginRegistry: monitors by label, for code and tests that use them without a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import PluginRegistrationError

if TYPE_CHECKING:
    from .plugin import BaseMonitor, PluginSpec


class PluginRegistry:
    def __init__(self) -> None:
        self._plugins: dict[str, tuple[PluginSpec, BaseMonitor]] = {}

    def add(self, spec: PluginSpec, instance: BaseMonitor) -> None:
        if spec.label in self._plugins:
            raise PluginRegistrationError(f"Plugin label '{spec.label}' is already registered")
        if instance.spec.label != spec.label:
            raise PluginRegistrationError(f"Plugin instance spec does not match provided spec for '{spec.label}'")
        self._plugins[spec.label] = (spec, instance)

    def get(self, label: str) -> tuple[PluginSpec, BaseMonitor] | None:
        return self._plugins.get(label)

    def get_instance(self, label: str) -> BaseMonitor | None:
        found = self._plugins.get(label)
        return None if found is None else found[1]

    def get_spec(self, label: str) -> PluginSpec | None:
        found = self._plugins.get(label)
        return None if found is None else found[0]

    def list_all(self) -> list[tuple[PluginSpec, BaseMonitor]]:
        return list(self._plugins.values())

    def list_labels(self) -> list[str]:
        return list(self._plugins)

    def list_resetting(self) -> list[str]:
        return [label for label, (spec, _) in self._plugins.items() if spec.resets_cooldown]

    def list_infrequent(self) -> list[str]:
        return [label for label, (spec, _) in self._plugins.items() if spec.infrequent]

    def list_aggregating(self) -> list[str]:
        return [label for label, (spec, _) in self._plugins.items() if spec.data_header and not spec.infrequent]

    def remove(self, label: str) -> None:
        if label not in self._plugins:
            raise KeyError(label)
        del self._plugins[label]

    def clear(self) -> None:
        self._plugins.clear()

    def to_dict(self) -> dict[str, dict[str, Any]]:
        return {label: vars(spec).copy() for label, (spec, _) in self._plugins.items()}

    def __len__(self) -> int:
        return len(self._plugins)

    def __contains__(self, label: object) -> bool:
        return label in self._plugins
