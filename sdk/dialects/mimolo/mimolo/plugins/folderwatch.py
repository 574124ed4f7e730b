"""A monitor of folders: it tells when a file changed, once per poll, by its time of modification.

    [plugins.folderwatch]
    watch_dirs = ["./work"]
    extensions = ["py", ".TXT"]      # none: every file
    emit_on_discovery = false        # true: a file seen for the first time counts as changed
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Iterator

from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec


class FolderWatchMonitor(BaseMonitor):
    """Files that changed in the watched folders and all below them."""

    spec = PluginSpec(label="folderwatch", data_header="folders", poll_interval_s=5.0)

    def __init__(
        self, watch_dirs: list[str] | None = None, extensions: list[str] | None = None, emit_on_discovery: bool = False
    ) -> None:
        self.watch_dirs = [Path(folder).expanduser() for folder in watch_dirs or []]
        self.extensions = {"." + ending.lower().lstrip(".") for ending in extensions or []}
        self.emit_on_discovery = emit_on_discovery
        self._seen: dict[Path, int] = {}
        self._warned = False

    def emit_event(self) -> Event | None:
        return self._warning() or self._change()

    def _warning(self) -> Event | None:
        """Once, about folders that cannot be watched."""
        missing = [str(folder) for folder in self.watch_dirs if not folder.exists()]
        not_dirs = [str(folder) for folder in self.watch_dirs if folder.exists() and not folder.is_dir()]
        if self._warned or not (missing or not_dirs):
            return None
        self._warned = True
        return self._event(
            "watch_warning",
            [str(folder) for folder in self.watch_dirs],
            invalid={"missing": missing, "not_dirs": not_dirs},
            message="some folders cannot be watched",
            extensions=sorted(self.extensions),
        )

    def _change(self) -> Event | None:
        for path in self._files():
            try:
                changed = path.stat().st_mtime_ns
            except OSError:  # it went away meanwhile
                self._seen.pop(path, None)
                continue
            before = self._seen.get(path)
            self._seen[path] = changed
            if before != changed and (before is not None or self.emit_on_discovery):
                return self._event("file_mod", [str(path.parent.resolve())], file=str(path))
        return None

    def _files(self) -> Iterator[Path]:
        for folder in self.watch_dirs:
            for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
                if path.is_file() and (not self.extensions or path.suffix.lower() in self.extensions):
                    yield path

    def _event(self, event: str, folders: list[str], **more: Any) -> Event:
        data = {"folders": folders, **more}
        return Event(timestamp=datetime.now(UTC), label=self.spec.label, event=event, data=data)

    @staticmethod
    def filter_method(items: list[list[str]]) -> list[str]:
        """Each folder once, in order."""
        return sorted({folder for collected in items for folder in collected})
