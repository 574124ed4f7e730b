"""Python's `logging`, forwarded to the host: level, message, the logger's name, and the traceback if there is one."""

from __future__ import annotations

import logging
from typing import Any, Dict

from .call import Host

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def level_of(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"


class HostHandler(logging.Handler):
    """Sends each record to the host, with what the caller passed as `extra` among its fields."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self.call = 0  # the id of the open call

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields: Dict[str, Any] = {"logger": record.name}
            fields.update((key, value) for key, value in vars(record).items() if key not in _STANDARD)
            if record.exc_info:
                fields["traceback"] = logging.Formatter().formatException(record.exc_info)
            self._host.log(self.call, level_of(record.levelno), record.getMessage(), fields)
        except Exception:
            self.handleError(record)
