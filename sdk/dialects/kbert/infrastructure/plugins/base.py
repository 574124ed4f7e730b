"""PluginBase and what belongs to it: state, metadata, context and error."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, List, Optional, Tuple

from infrastructure.di.container import Container
from infrastructure.protocols.plugins import category_of


class PluginState(Enum):
    DISCOVERED = 1
    VALIDATED = 2
    LOADED = 3
    INITIALIZED = 4
    RUNNING = 5
    STOPPED = 6
    FAILED = 7
    CLEANED_UP = 8


class PluginError(Exception):
    """A plugin's own error: which plugin, and what caused it."""

    def __init__(self, message: str, plugin_name: Optional[str] = None, cause: Optional[BaseException] = None) -> None:
        super().__init__(message)
        self.message = message
        self.plugin_name = plugin_name
        self.cause = cause
        if cause is not None:
            self.__cause__ = cause


@dataclass
class PluginMetadata:
    name: str
    version: str = "1.0.0"
    description: str = ""
    author: str = ""
    email: str = ""
    tags: List[str] = field(default_factory=list)
    requirements: List[str] = field(default_factory=list)
    category: str = "general"
    depends_on: List[str] = field(default_factory=list)
    conflicts_with: List[str] = field(default_factory=list)
    provides: List[str] = field(default_factory=list)
    consumes: List[str] = field(default_factory=list)

    @staticmethod
    def of(kind: type) -> PluginMetadata:
        """From a class's attributes. The name is the class's own where it says none, the description its docstring."""
        author, email = _name_and_address(str(getattr(kind, "AUTHOR", "") or ""))
        return PluginMetadata(
            name=str(getattr(kind, "NAME", None) or kind.__name__),
            version=str(getattr(kind, "VERSION", "1.0.0")),
            description=str(getattr(kind, "DESCRIPTION", None) or inspect.cleandoc(kind.__dict__.get("__doc__") or "")),
            author=author,
            email=str(getattr(kind, "EMAIL", None) or email),
            tags=_texts(kind, "TAGS"),
            requirements=_texts(kind, "REQUIREMENTS"),
            category=str(getattr(kind, "CATEGORY", None) or category_of(kind)),
            depends_on=_texts(kind, "DEPENDS_ON"),
            conflicts_with=_texts(kind, "CONFLICTS_WITH"),
            provides=_texts(kind, "PROVIDES"),
            consumes=_texts(kind, "CONSUMES"),
        )


def _texts(kind: type, attribute: str) -> List[str]:
    return [str(each) for each in getattr(kind, attribute, None) or []]


def _name_and_address(author: str) -> Tuple[str, str]:
    found = re.fullmatch(r"\s*(.*?)\s*<([^<>]+)>\s*", author)
    return (found.group(1), found.group(2)) if found else (author, "")


class PluginContext:
    """What a plugin is given at each step of its life: the container, and configuration that falls back to a parent's."""

    def __init__(
        self,
        container: Optional[Container] = None,
        config: Optional[Dict[str, Any]] = None,
        metadata: Optional[Dict[str, Any]] = None,
        state: Optional[Dict[str, Any]] = None,
        parent_context: Optional[PluginContext] = None,
    ) -> None:
        self.container = container if container is not None else Container()
        self.config = config or {}
        self.metadata = metadata or {}
        self.state = state or {}
        self.parent_context = parent_context

    def get_config(self, key: str, default: Any = None) -> Any:
        if key in self.config:
            return self.config[key]
        return self.parent_context.get_config(key, default) if self.parent_context else default

    def resolve(self, service_type: Any) -> Any:
        """KeyError when there is none."""
        return self.container.resolve(service_type)

    def create_child(self, config: Optional[Dict[str, Any]] = None) -> PluginContext:
        return PluginContext(
            self.container.create_child(), {**self.config, **(config or {})}, dict(self.metadata), {}, self
        )


class PluginBase:
    """A plugin. Override the hooks with a leading underscore; the host, or a test, calls the others in order."""

    NAME: Optional[str] = None
    VERSION: str = "1.0.0"
    DESCRIPTION: Optional[str] = None
    AUTHOR: Optional[str] = None
    EMAIL: Optional[str] = None
    TAGS: List[str] = []
    REQUIREMENTS: List[str] = []
    CATEGORY: Optional[str] = None
    DEPENDS_ON: List[str] = []
    CONFLICTS_WITH: List[str] = []
    PROVIDES: List[str] = []
    CONSUMES: List[str] = []

    def __init__(self, config: Optional[Dict[str, Any]] = None) -> None:
        self.config: Dict[str, Any] = config if config is not None else {}
        self._state = PluginState.DISCOVERED
        self._metadata = PluginMetadata.of(type(self))
        self.error: Optional[BaseException] = None

    @property
    def state(self) -> PluginState:
        return self._state

    @property
    def metadata(self) -> PluginMetadata:
        return self._metadata

    @property
    def name(self) -> str:
        return self._metadata.name

    @property
    def version(self) -> str:
        return self._metadata.version

    def get_metadata(self) -> PluginMetadata:
        return self._metadata

    # ---- life

    def validate(self, context: PluginContext) -> None:
        """What it raises is the plugin's own error, and leaves the state as it was."""
        self._validate(context)
        if self._state in (PluginState.DISCOVERED, PluginState.LOADED):
            self._state = PluginState.VALIDATED

    def initialize(self, context: PluginContext) -> None:
        """Also without validate before, as tests with a mocked service do."""
        fresh = (PluginState.DISCOVERED, PluginState.VALIDATED, PluginState.LOADED)
        self._step("initialize", fresh, self._initialize, context, PluginState.INITIALIZED)

    def start(self, context: PluginContext) -> None:
        """Also again after stop."""
        ready = (PluginState.INITIALIZED, PluginState.STOPPED)
        self._step("start", ready, self._start, context, PluginState.RUNNING)

    def stop(self, context: PluginContext) -> None:
        """Does nothing unless it runs."""
        if self._state is PluginState.RUNNING:
            self._step("stop", (PluginState.RUNNING,), self._stop, context, PluginState.STOPPED)

    def cleanup(self, context: PluginContext) -> None:
        """In any state, once; a failure is logged, and it is clean all the same."""
        if self._state is PluginState.CLEANED_UP:
            return
        try:
            self._cleanup(context)
        except Exception:
            import logging

            logging.getLogger(self.name).exception("cleanup of plugin '%s' failed", self.name)
        self._state = PluginState.CLEANED_UP

    def _step(
        self, verb: str, allowed: Tuple[PluginState, ...], hook: Any, context: PluginContext, then: PluginState
    ) -> None:
        if self._state not in allowed:
            raise PluginError(f"Cannot {verb} plugin in state {self._state.name}", plugin_name=self.name)
        try:
            hook(context)
        except Exception as error:
            self._state = PluginState.FAILED
            self.error = error
            raise PluginError(f"Failed to {verb} plugin: {error}", plugin_name=self.name, cause=error) from error
        self._state = then

    # ---- hooks

    def _validate(self, context: PluginContext) -> None:
        """Raises PluginError when the configuration or the surroundings are not what the plugin needs."""

    def _initialize(self, context: PluginContext) -> None:
        """Opens what it needs."""

    def _start(self, context: PluginContext) -> None:
        """Begins background work."""

    def _stop(self, context: PluginContext) -> None:
        """Ends background work."""

    def _cleanup(self, context: PluginContext) -> None:
        """Gives everything back."""
