"""The adapter for MiMoLo monitors: makes a class derived from BaseMonitor into a plugin that is polled.

    [plugins.LABEL] of mimolo.toml     {"arguments": {...}, "spec": {...}} of the plugin's configuration
    __init__(paths, threshold=10)      gets the arguments that it has parameters for
    emit_event()                       poll; a coroutine is awaited
    filter_method(items)               aggregate
    on_start(), on_stop()              start and stop, where a monitor has them
    on_segment_close(segment)          told of each segment that has events of it
    depends_on = ["label"]             the monitors without which it is not registered; they come before it

The file is imported as `mimolo.plugins.FILE`, and is `mimolo.plugins.LABEL` too.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import os
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any, Callable

if sys.version_info < (3, 11):
    found = ".".join(map(str, sys.version_info[:3]))
    raise ImportError(f"MiMoLo monitors need Python 3.11 or later, this is {found}; name another one in MORTISE_PYTHON")

import mimolo.plugins
from mimolo.core.errors import AggregationError, PluginEmitError
from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec

from mortise import Conflict, Invalid, NotFound, Plugin, PluginFailure
from mortise.describing import Description, offered_by_packages

ENTRY_POINTS = "mimolo.plugins"
HERE = os.path.dirname(os.path.abspath(__file__))


def load(folder: str, entry: str, object: str) -> Callable[[dict[str, Any]], Plugin]:
    """What makes the plugin: the monitor of the class `object`, or, without one, who describes all of the file."""
    named = _named(folder, entry)
    if not object:
        return lambda config: Description(config, named, _describe, *([folder, HERE] if entry else []))
    for name, kind in named:
        if name == object and isinstance(kind, type):
            return lambda config: MonitorPlugin(config, kind)
    raise NotFound(f"{os.path.join(folder, entry)} defines no monitor {object!r}", "it was there when it was found")


def _named(folder: str, entry: str) -> list[tuple[str, Any]]:
    """The monitors of a file by the names of their classes; without a file those that installed packages offer."""
    if entry:
        return [(kind.__name__, kind) for kind in _monitors_in(_module_of(folder, entry))]
    return offered_by_packages(ENTRY_POINTS)


def _module_of(folder: str, entry: str) -> ModuleType:
    stem = os.path.splitext(entry)[0]
    name = f"mimolo.plugins.{stem}"
    if folder not in mimolo.plugins.__path__:
        mimolo.plugins.__path__.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, os.path.join(folder, entry))
    if spec is None or spec.loader is None:
        raise Invalid(f"{entry} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    for kind in _monitors_in(module):
        sys.modules.setdefault(f"mimolo.plugins.{kind.spec.label}", module)
    return module


def _monitors_in(module: ModuleType) -> list[type[BaseMonitor]]:
    made = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, BaseMonitor) and kind.__module__ == module.__name__
    ]
    return list(dict.fromkeys(made))


# ---- describing --------------------------------------------------------------------------------------------------------


def _describe(name: str, kind: Any) -> dict[str, Any]:
    if not isinstance(kind, type) or not issubclass(kind, BaseMonitor):
        return {"class": name, "error": f"{name}: {kind if isinstance(kind, Exception) else 'it is no monitor'}"}
    told: dict[str, Any] = {
        "class": name, "label": kind.spec.label, "data_header": kind.spec.data_header,
        "resets_cooldown": kind.spec.resets_cooldown, "infrequent": kind.spec.infrequent,
        "poll_interval_s": float(kind.spec.poll_interval_s), "description": inspect.cleandoc(kind.__doc__ or "").split("\n")[0],
        "parameters": _parameters(kind), "hears_segments": callable(getattr(kind, "on_segment_close", None)),
    }  # fmt: skip
    told["depends_on"] = [str(label) for label in getattr(kind, "depends_on", ())]
    for word in ("version", "author"):
        if isinstance(getattr(kind, word, None), str):
            told[word] = getattr(kind, word)
    if inspect.isabstract(kind):
        told["error"] = f"{kind.__name__} does not define {', '.join(sorted(kind.__abstractmethods__))}"
    return told


def _parameters(kind: type[BaseMonitor]) -> list[dict[str, Any]]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        {"name": each.name, "required": each.default is inspect.Parameter.empty}
        for each in inspect.signature(kind).parameters.values()
        if each.kind in kinds
    ]


# ---- polling -----------------------------------------------------------------------------------------------------------


class MonitorPlugin(Plugin):
    def __init__(self, config: dict[str, Any], kind: type[BaseMonitor]) -> None:
        super().__init__(config)
        self._label = kind.spec.label
        self._monitor = _make(kind, config.get("arguments") or {})
        overrides = {key: value for key, value in (config.get("spec") or {}).items() if value is not None}
        if overrides:
            self._monitor.spec = replace(kind.spec, **overrides)

    def start(self) -> None:
        self._hook("on_start")

    def stop(self) -> None:
        self._hook("on_stop")

    def poll(self) -> dict[str, Any] | None:
        try:
            event = self._monitor.emit_event()
            if inspect.isawaitable(event):
                event = asyncio.run(_awaited(event))
            return None if event is None else self._checked(event)
        except (Exception, SystemExit) as error:
            raise PluginFailure(str(PluginEmitError(self._label, error)), details={"label": self._label}) from error

    def call(self, method: str, input: Any) -> None:
        """A segment to which it contributed was written."""
        if method != "on_segment_close":
            raise NotFound(f"monitor '{self._label}' has no method '{method}'")
        self._hook(method, input)

    def aggregate(self, items: list[Any]) -> Any:
        header = self._monitor.spec.data_header or ""
        try:
            result = self._monitor.filter_method(items)
            json.dumps(result, allow_nan=False)
            return result
        except (Exception, SystemExit) as error:
            raise PluginFailure(str(AggregationError(self._label, header, error))) from error

    def _hook(self, name: str, *given: Any) -> None:
        hook = getattr(self._monitor, name, None)
        if callable(hook):
            result = hook(*given)
            if inspect.isawaitable(result):
                asyncio.run(_awaited(result))

    def _checked(self, event: Any) -> dict[str, Any]:
        """The event as the host takes it; raises what is wrong with it."""
        if not isinstance(event, Event):
            kind = "dict" if isinstance(event, dict) else type(event).__name__
            raise TypeError(f"emit_event returned a {kind}, not an Event or None")
        spec: PluginSpec = self._monitor.spec
        if event.label != spec.label:
            raise ValueError(f"the event's label is '{event.label}', the plugin's is '{spec.label}'")
        if event.data is not None and not isinstance(event.data, dict):
            raise TypeError(f"event.data must be a dict or None, not a {type(event.data).__name__}")
        if spec.data_header and spec.data_header not in (event.data or {}):
            raise ValueError(f"event.data has no key '{spec.data_header}', the data_header of the plugin")
        data = None if event.data is None else _plain(event.data)
        return {
            "timestamp": event.timestamp, "label": event.label, "event": event.event, "data": data,
            "id": event.with_id().id,
        }  # fmt: skip


async def _awaited(something: Any) -> Any:
    return await something


def _plain(data: dict[str, Any]) -> Any:
    try:
        return json.loads(json.dumps(data, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise TypeError(f"event.data is not JSON: {error}") from None


def _make(kind: type[BaseMonitor], arguments: dict[str, Any]) -> BaseMonitor:
    """The monitor, with those of the arguments that its constructor has parameters for."""
    parameters = inspect.signature(kind).parameters.values()
    takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    wanted = {each.name for each in parameters}
    given = {key: value for key, value in arguments.items() if takes_all or key in wanted}
    missing = [each["name"] for each in _parameters(kind) if each["required"] and each["name"] not in given]
    if missing:
        label = kind.spec.label
        raise Conflict(
            f"{kind.__name__} needs {', '.join(missing)}", f"set it in [plugins.{label}] of mimolo.toml",
            {"key": f"plugins.{label}.{missing[0]}"},
        )  # fmt: skip
    return kind(**given)
