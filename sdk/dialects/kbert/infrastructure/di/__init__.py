"""Dependency injection: a container of services, found by type."""

from .container import Container, get_container, reset_container
from .services import ConfigService, Logger

__all__ = ["ConfigService", "Container", "Logger", "get_container", "reset_container"]
