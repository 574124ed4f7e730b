"""Finding the plugin in its entry file: the one class derived from Plugin, or whatever `plugin` names there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, List, Mapping

from .errors import Conflict, Invalid, NotFound
from .plugin import Plugin


def load_entry(folder: str, entry: str) -> Any:
    """Runs the entry file and returns what makes the plugin."""
    return find_plugin(load_module(folder, entry))


def load_module(folder: str, entry: str) -> ModuleType:
    """Runs the entry file. Its folder goes first on the path, so it can import its own modules, also as `from .own import it`.
    Errors of the file itself pass through."""
    path = os.path.join(folder, entry)
    if not os.path.isfile(path):
        raise NotFound(f"there is no entry file {path}", "check entry_point in the plugin's manifest")
    for place in (os.path.dirname(path), folder):
        if place not in sys.path:
            sys.path.insert(0, place)
    parts = os.path.splitext(os.path.normpath(entry))[0].split(os.sep)
    if _imports_relatively(path) and all(part.isidentifier() for part in parts):
        _make_package(folder)
        return importlib.import_module(".".join((_PACKAGE, *parts)))
    name = os.path.splitext(os.path.basename(entry))[0]
    if name in sys.modules or not name.isidentifier():
        name = "plugin_" + "".join(c if c.isalnum() else "_" for c in name)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Invalid(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_PACKAGE = "plugin_package"  # what the plugin's folder is, for `from .own import it`


def _imports_relatively(path: str) -> bool:
    with open(path, "rb") as file:
        source = file.read()
    if b"from" not in source:
        return False
    try:
        tree = ast.parse(source, path)
    except (SyntaxError, ValueError):
        return False  # running it says what is wrong
    return any(isinstance(node, ast.ImportFrom) and node.level > 0 for node in ast.walk(tree))


def _make_package(folder: str) -> None:
    """The folder as a package; its __init__.py runs when there is one."""
    if _PACKAGE in sys.modules:
        return
    package = ModuleType(_PACKAGE)
    package.__path__ = [folder]
    start = os.path.join(folder, "__init__.py")
    if os.path.isfile(start):
        spec = importlib.util.spec_from_file_location(_PACKAGE, start, submodule_search_locations=[folder])
        assert spec is not None and spec.loader is not None
        package = importlib.util.module_from_spec(spec)
        sys.modules[_PACKAGE] = package
        spec.loader.exec_module(package)
    sys.modules[_PACKAGE] = package


def load_plugin(about: Mapping[str, Any]) -> Any:
    """What makes the plugin that `hello` speaks of. An adapter, if there is one, is a module with a function
    `load(folder, entry, object)` that does what load_entry does, for files that were not written for this host."""
    folder, entry = str(about.get("path", "")), str(about.get("entry", ""))
    adapter = about.get("adapter")
    if not adapter:
        return load_entry(folder, entry)
    return importlib.import_module(str(adapter)).load(folder, entry, str(about.get("object") or ""))


def find_plugin(module: ModuleType) -> Any:
    where = getattr(module, "__file__", None) or module.__name__
    named = getattr(module, "plugin", None)
    if named is not None and not isinstance(named, ModuleType):
        if isinstance(named, Plugin) or not callable(named):
            raise Conflict(
                f"'plugin' in {where} is a {type(named).__name__!r}", "set it to the class: plugin = MyPlugin"
            )
        return named
    found = _classes_of(module)
    if not found:
        raise NotFound(f"{where} defines no plugin", "derive a class from mortise.Plugin")
    if len(found) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in found))
        raise Conflict(f"{where} defines {len(found)} plugins: {names}", "say which one: plugin = TheOne")
    return found[0]


def _classes_of(module: ModuleType) -> List[type]:
    """The classes made in this module that derive from Plugin, without private ones and without bases of others."""
    made = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Plugin)
        and kind.__module__ == module.__name__
        and not kind.__name__.startswith("_")
    ]
    unique = list(dict.fromkeys(made))
    return [kind for kind in unique if not any(other is not kind and issubclass(other, kind) for other in unique)]
