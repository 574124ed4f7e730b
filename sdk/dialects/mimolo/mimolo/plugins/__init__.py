"""The monitors that come along, and those of the project around: every file here, and in mimolo/plugins of a folder on the
module path, is `mimolo.plugins.<file>`, and `mimolo.plugins.<label>` too."""

from __future__ import annotations

import importlib
import re
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from pkgutil import extend_path
from types import ModuleType
from typing import Any, Sequence

__path__ = extend_path(__path__, __name__)

from .example import ExampleMonitor
from .folderwatch import FolderWatchMonitor

__all__ = ["ExampleMonitor", "FolderWatchMonitor"]


class _SameModule(Loader):
    """Answers with a module that has another name, too."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.import_module(self._name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _ByLabel(MetaPathFinder):
    """Finds `mimolo.plugins.LABEL` in the file whose monitor has that label, when no file has that name."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        package, _, label = fullname.rpartition(".")
        if package != __name__ or not label.isidentifier():
            return None
        wanted = re.compile(rf"\blabel\s*=\s*[\"']{label}[\"']")
        for folder in __path__:
            for file in sorted(Path(folder).glob("*.py")):
                if file.stem != label and wanted.search(file.read_text("utf-8", "replace")):
                    return ModuleSpec(fullname, _SameModule(f"{__name__}.{file.stem}"))
        return None


if not any(type(finder).__name__ == "_ByLabel" for finder in sys.meta_path):
    sys.meta_path.append(_ByLabel())
