"""The plugin system: base classes, discovery, registry, validation and configuration."""

from .base import PluginBase, PluginContext, PluginError, PluginMetadata, PluginState
from .config import PluginConfig, load_plugin_config
from .loader import PluginLoader
from .registry import PluginRegistry, get_registry, reset_registry
from .validators import PluginValidator, ValidationResult

__all__ = [
    "PluginBase", "PluginConfig", "PluginContext", "PluginError", "PluginLoader", "PluginMetadata", "PluginRegistry",
    "PluginState", "PluginValidator", "ValidationResult", "get_registry", "load_plugin_config", "reset_registry",
]  # fmt: skip
