"""The services that every root container has: Logger, and ConfigService, which knows k-bert.yaml."""

from __future__ import annotations

import logging
from typing import Any, Dict, Optional

from .container import Container


class Logger:
    """Python's logging, which the host takes into its log."""

    def __init__(self, name: str = "k-bert") -> None:
        self._logger = logging.getLogger(name)

    def debug(self, message: object, *args: Any, **fields: Any) -> None:
        self._logger.debug(message, *args, extra=fields)

    def info(self, message: object, *args: Any, **fields: Any) -> None:
        self._logger.info(message, *args, extra=fields)

    def warning(self, message: object, *args: Any, **fields: Any) -> None:
        self._logger.warning(message, *args, extra=fields)

    def error(self, message: object, *args: Any, **fields: Any) -> None:
        self._logger.error(message, *args, extra=fields)

    def exception(self, message: object, *args: Any, **fields: Any) -> None:
        self._logger.exception(message, *args, extra=fields)


class ConfigService:
    """The project's configuration, read only. Keys with dots look into maps: `get("plugins.auto_start")`."""

    def __init__(self, values: Optional[Dict[str, Any]] = None) -> None:
        self._values = values or {}

    def get(self, key: str, default: Any = None) -> Any:
        value: Any = self._values
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value

    def all(self) -> Dict[str, Any]:
        return dict(self._values)


def add_host_services(container: Container, config: Optional[Dict[str, Any]] = None) -> None:
    container.register(Logger, Logger(), instance=True)
    container.register(ConfigService, ConfigService(config), instance=True)
