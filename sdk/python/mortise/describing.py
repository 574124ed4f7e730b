"""What adapters for other ways of writing plugins share: telling the host what a file, or an installed package, has in it.

An adapter that is loaded without an object answers `call describe` with {"plugins": [...], "files": [...]}: what each of the
things is, in the adapter's own words, and the files that this depends on.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points
from typing import Any, Callable, Dict, List, Tuple

from .plugin import Plugin

Named = List[Tuple[str, Any]]  # a class and what it is called by, or the error that it is instead


def offered_by_packages(group: str) -> Named:
    """What installed packages offer as entry points; one that cannot be imported is its error."""
    found: Named = []
    for point in entry_points(group=group):
        try:
            found.append((point.value, point.load()))
        except Exception as error:
            found.append((point.value, error))
    return found


class Description(Plugin):
    """Describes `named`, one by one; `folders` hold the files of which any change means that it must be asked again."""

    def __init__(self, config: Dict[str, Any], named: Named, describe: Callable[[str, Any], Dict[str, Any]], *folders: str) -> None:
        super().__init__(config)
        self._named = named
        self._describe = describe
        self._folders = folders

    def call(self, method: str, input: Any) -> Any:
        told = [self._describe(name, kind) for name, kind in self._named]
        return {"plugins": told, "files": _loaded_below(self._folders)}


def _loaded_below(folders: Tuple[str, ...]) -> List[str]:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return sorted(file for file in files if file and any(file.startswith(folder + os.sep) for folder in folders))
