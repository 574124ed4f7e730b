"""Modules that were loaded before anybody asked for them, and are handed out when somebody does.

A zygote (zygote.py) loads what plugins often need, so that the workers forked from it need not. No plugin can tell: a module
that is laid aside is not among `sys.modules`, and an import gets it only where the same import would have loaded the same
file. A plugin's own `secrets.py` stays its own.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence


class WarmModules:
    """A finder for `sys.meta_path`, and the loader of what it finds."""

    def __init__(self) -> None:
        self._aside: Dict[str, ModuleType] = {}
        self._specs: Dict[str, Optional[ModuleSpec]] = {}  # of those on their way to whoever imports them
        self._afterwards: Mapping[str, Callable[[ModuleType], None]] = {}
        self._lazy: List[str] = []  # a module's own modules that it looks for when somebody wants them
        self._with: Dict[str, List[str]] = {}  # what is handed out together

    def lay_aside(self, names: Sequence[str], afterwards: Mapping[str, Callable[[ModuleType], None]]) -> None:
        """Loads these modules, as far as they are there, and lays aside all that came with them. `afterwards` is called with
        a module when it is handed out."""
        before = set(sys.modules)
        for name in names:
            try:
                __import__(name)
            except ImportError:
                pass
        for name in [name for name in sys.modules if name not in before]:
            self._aside[name] = sys.modules.pop(name)
        self._afterwards = afterwards
        self._lazy = [name for name in names if self._forget_in_parent(name)]
        self._with = {name: self._below(name) for name in names}  # so that nobody looks for them when they are wanted
        sys.meta_path.insert(0, self)  # type: ignore[arg-type]

    def _forget_in_parent(self, name: str) -> bool:
        """numpy.random of numpy 2, which numpy imports when it is first asked for it."""
        above, _, own = name.rpartition(".")
        parent = self._aside.get(above)
        return parent is not None and "__getattr__" in vars(parent) and vars(parent).pop(own, None) is not None

    # ---- as a finder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        module = self._aside.get(name)
        if module is None:
            return None
        made_from = getattr(module.__spec__, "origin", None)
        found = self._found_by_others(name, path)
        if found is None or made_from is None or found.origin != made_from:
            return None
        spec = ModuleSpec(name, self, origin=found.origin, is_package=found.submodule_search_locations is not None)  # type: ignore[arg-type]
        spec.submodule_search_locations = found.submodule_search_locations
        return spec

    def _found_by_others(self, name: str, path: Any) -> Optional[ModuleSpec]:
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(name, path, None)
                if spec is not None:
                    return spec
        return None

    # ---- as a loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = self._aside.pop(spec.name)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        module.__spec__ = self._specs.pop(name)
        below = self._with.get(name) or self._below(name)
        aside = self._aside
        together = {one: aside.pop(one) for one in below if one in aside}
        sys.modules.update(together)
        for one, then in self._afterwards.items():
            if one == name or one in together:
                then(sys.modules[one])

    def _below(self, name: str) -> List[str]:
        return [one for one in self._aside if one.startswith(name + ".") and not self._is_lazy(one)]

    def _is_lazy(self, name: str) -> bool:
        return any(name == lazy or name.startswith(lazy + ".") for lazy in self._lazy)
