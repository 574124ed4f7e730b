"""PluginLoader: finds plugin classes and makes plugins of them, providers before those who need them.

A class is a plugin when it derives from PluginBase, or has all that a plugin has (metadata, state, and the five verbs), and is
not abstract. Files are imported by their path below the project, `src.plugins.my_plugin`, with the project on the module path.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from .base import PluginBase, PluginContext, PluginError, PluginMetadata, PluginState
from .config import PluginConfig, load_plugin_config
from .validators import METHODS, PluginValidator

FOLDERS = (
    "src/plugins", "src/heads", "src/augmenters", "src/features", "src/models", "src/metrics", "src/loaders",
    "src/callbacks", "src/commands", "plugins", "components",
)  # fmt: skip
ENTRY_POINTS = "k_bert.plugins"


@dataclass
class Loaded:
    """What came of it: plugins in the order in which they were made, and why others were not."""

    plugins: List[Any] = field(default_factory=list)
    errors: Dict[str, Exception] = field(default_factory=dict)
    warnings: List[str] = field(default_factory=list)


class PluginLoader:
    def __init__(self, project: Union[str, Path, None] = None, config: Optional[PluginConfig] = None) -> None:
        self.project = Path(project or ".").resolve()
        self.config = config or load_plugin_config(self.project)

    # ---- discovering

    def files(self) -> List[Path]:
        folders = [self.project / each for each in FOLDERS] if self.config.discover_project else []
        found: List[Path] = []
        for folder in [*folders, *(self.project / each for each in self.config.paths)]:
            if folder.is_file():
                found.append(folder)
            elif folder.is_dir():
                found += sorted(each for each in folder.rglob("*.py") if not each.name.startswith("_"))
        return list(dict.fromkeys(found))

    def discover(self) -> Tuple[List[type], Dict[str, Exception]]:
        """The classes, each once, and for each file or entry point that cannot be imported its error."""
        kinds: Dict[str, type] = {}
        errors: Dict[str, Exception] = {}
        for path in self.files():
            try:
                for kind in plugin_classes(import_file(path, self.project)):
                    kinds.setdefault(f"{kind.__module__}.{kind.__qualname__}", kind)
            except Exception as error:
                errors[str(path)] = error
        for point in self._entry_points():
            try:
                kind = point.load()
                kinds.setdefault(f"{kind.__module__}.{kind.__qualname__}", kind)
            except Exception as error:
                errors[f"{point.name} = {point.value}"] = error
        return list(kinds.values()), errors

    def _entry_points(self) -> Iterable[Any]:
        return entry_points(group=ENTRY_POINTS) if self.config.discover_entry_points else []

    # ---- loading

    def load(self, context: Optional[PluginContext] = None) -> Loaded:
        """Discovers, makes, validates and, as the configuration says, initializes and starts."""
        context = context or PluginContext()
        kinds, errors = self.discover()
        loaded = Loaded(errors=errors)
        named = {PluginMetadata.of(kind).name: kind for kind in kinds}
        for unknown in sorted(set(self.config.configs) - set(named)):
            loaded.warnings.append(f"plugins.configs.{unknown}: there is no such plugin")
        for kind in in_order(kinds):
            about = PluginMetadata.of(kind)
            if not self.config.wants(about.name, about.category):
                continue
            try:
                loaded.plugins.append(self._make(kind, about.name, loaded, context))
            except Exception as error:
                loaded.errors[about.name] = error
                if self.config.fail_on_validation_error:
                    raise
        return loaded

    def _make(self, kind: type, name: str, loaded: Loaded, context: PluginContext) -> Any:
        plugin = make_plugin(kind, self.config.config_of(name))
        if self.config.validate_on_load:
            checked = PluginValidator(loaded.plugins).validate(plugin)
            loaded.warnings += [f"{name}: {warning}" for warning in checked.warnings]
            if checked.errors:
                raise PluginError("; ".join(checked.errors), plugin_name=name)
        bring_up(plugin, context, self.config)
        return plugin


def bring_up(plugin: Any, context: PluginContext, config: PluginConfig) -> None:
    """As far as the configuration says."""
    if config.validate_on_load:
        plugin.validate(context)
    if config.auto_initialize:
        plugin.initialize(context)
        if config.auto_start:
            plugin.start(context)


def make_plugin(kind: type, config: Dict[str, Any]) -> Any:
    plugin = kind(config=config) if _takes_config(kind) else kind()
    if isinstance(plugin, PluginBase) and plugin._state is PluginState.DISCOVERED:
        plugin._state = PluginState.LOADED
    return plugin


def _takes_config(kind: type) -> bool:
    parameters = inspect.signature(kind).parameters.values()
    return any(each.name == "config" or each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)


def is_plugin_class(kind: Any) -> bool:
    if not isinstance(kind, type) or inspect.isabstract(kind) or kind is PluginBase:
        return False
    if getattr(kind, "_is_protocol", False):
        return False
    return issubclass(kind, PluginBase) or all(hasattr(kind, each) for each in (*METHODS, "metadata", "state"))


def plugin_classes(module: ModuleType) -> Iterator[type]:
    """Those that the module itself defines."""
    for kind in dict.fromkeys(each for each in vars(module).values() if isinstance(each, type)):
        if is_plugin_class(kind) and kind.__module__ == module.__name__:
            yield kind


def import_file(path: Path, project: Path) -> ModuleType:
    """As the module that its path below the project names."""
    path, project = Path(path).resolve(), Path(project).resolve()
    try:
        parts = path.relative_to(project).with_suffix("").parts
    except ValueError:
        parts = (path.stem,)
    if str(project) not in sys.path:
        sys.path.insert(0, str(project))
    if all(part.isidentifier() for part in parts):
        name = ".".join(parts)
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.find_spec(name) if len(parts) > 1 else None
        if spec is not None and spec.origin and Path(spec.origin).resolve() == path:
            return importlib.import_module(name)
    else:
        name = "_".join("".join(c if c.isalnum() else "_" for c in part) for part in parts)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def in_order(kinds: Iterable[type]) -> List[type]:
    """Those that provide before those that need, else as they come. A circle is broken where it was met."""
    abouts = {PluginMetadata.of(kind).name: (PluginMetadata.of(kind), kind) for kind in kinds}
    providers: Dict[str, List[str]] = {}
    for name, (about, _) in abouts.items():
        for capability in about.provides:
            providers.setdefault(capability, []).append(name)
    ordered: Dict[str, type] = {}
    visited = set()

    def visit(name: str) -> None:
        if name in visited or name not in abouts:
            return
        visited.add(name)
        about, kind = abouts[name]
        needed = [*about.depends_on, *(each for one in about.consumes for each in providers.get(one, []))]
        for each in needed:
            visit(each)
        ordered[name] = kind

    for name in abouts:
        visit(name)
    return list(ordered.values())
