"""The `plugins:` part of k-bert.yaml (or [tool.k-bert.plugins] of pyproject.toml): read, merged, saved.

    plugins:
      auto_initialize: true       initialize what was loaded
      auto_start: false           ... and start it
      validate_on_load: true      ask each plugin's own _validate first
      fail_on_validation_error: false
      categories: [model, head]   only these; none: all
      enabled: []                 only these names; none: all
      disabled: []                without these names
      paths: []                   more folders or files to look into
      discover_project: true      src/plugins, src/heads, ... of the project
      discover_entry_points: true packages that offer plugins under "k_bert.plugins"
      configs: {my_plugin: {...}} what each plugin gets as its `config`
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from .base import PluginError


@dataclass
class PluginConfig:
    enabled: List[str] = field(default_factory=list)
    disabled: List[str] = field(default_factory=list)
    paths: List[str] = field(default_factory=list)
    configs: Dict[str, Dict[str, Any]] = field(default_factory=dict)
    discover_project: bool = True
    discover_entry_points: bool = True
    validate_on_load: bool = True
    fail_on_validation_error: bool = False
    auto_initialize: bool = True
    auto_start: bool = False
    categories: Optional[List[str]] = None

    @staticmethod
    def of(values: Dict[str, Any]) -> PluginConfig:
        known = {each.name for each in fields(PluginConfig)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise PluginError(f"unknown key in plugins: {unknown[0]}; known are {', '.join(sorted(known))}")
        return PluginConfig(**{key: value for key, value in values.items() if value is not None})

    def config_of(self, name: str) -> Dict[str, Any]:
        return copy.deepcopy(self.configs.get(name) or {})

    def wants(self, name: str, category: str) -> bool:
        """Whether a plugin is loaded."""
        if name in self.disabled or (self.enabled and name not in self.enabled):
            return False
        return self.categories is None or category in self.categories

    def to_dict(self) -> Dict[str, Any]:
        return asdict(self)


def merge_config(base: Dict[str, Any], more: Dict[str, Any]) -> Dict[str, Any]:
    """Maps are merged to any depth, lists united, everything else replaced."""
    merged = copy.deepcopy(base)
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge_config(merged[key], value)
        elif isinstance(value, list) and isinstance(merged.get(key), list):
            merged[key] = merged[key] + [each for each in value if each not in merged[key]]
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def load_plugin_config(project: Union[str, Path, None] = None) -> PluginConfig:
    """Of the project in that folder; all defaults where it says nothing."""
    folder = Path(project or ".")
    if (folder / "k-bert.yaml").is_file():
        read = _yaml().safe_load((folder / "k-bert.yaml").read_text("utf-8")) or {}
        if not isinstance(read, dict) or not isinstance(read.get("plugins") or {}, dict):
            raise PluginError("k-bert.yaml: `plugins` is a map")
        return PluginConfig.of(read.get("plugins") or {})
    if (folder / "pyproject.toml").is_file():
        import tomllib

        tool = tomllib.loads((folder / "pyproject.toml").read_text("utf-8")).get("tool", {})
        return PluginConfig.of(tool.get("k-bert", {}).get("plugins", {}))
    return PluginConfig()


def save_plugin_config(config: PluginConfig, project: Union[str, Path]) -> None:
    """Into k-bert.yaml; what else stands there stays."""
    path = Path(project) / "k-bert.yaml"
    yaml = _yaml()
    whole = (yaml.safe_load(path.read_text("utf-8")) if path.is_file() else None) or {}
    whole["plugins"] = {key: value for key, value in config.to_dict().items() if value not in ([], {}, None)}
    path.write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise PluginError("reading k-bert.yaml here needs PyYAML: pip install pyyaml") from None
    return yaml
