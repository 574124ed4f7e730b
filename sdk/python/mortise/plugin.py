"""Plugin: the class that a plugin author derives from.

    from mortise import Plugin

    class Shout(Plugin):
        def step(self, step):
            return [{**row, "name": row["name"].upper()} for row in step.input]

Every method is optional. The host calls `__init__`, `initialize`, `start`, then any number of operations, one at a
time, then `stop` and `cleanup`. An operation that a plugin does not define is answered with `unsupported`.

Raise one of mortise.errors to choose the error's code; any other exception is the plugin's failure, told with its
causes. `print` and Python's `logging` go to the host's log. An operation may be `async def`: it is awaited.
"""

from __future__ import annotations

import inspect
from typing import Any, Dict, List, NoReturn, Optional

from .call import Call, Log, Step
from .errors import Conflict, Invalid, Unsupported


class Plugin:
    config: Dict[str, Any]
    """The plugin's own configuration, as the manifest's schema completed it."""

    log: Log
    """The host's log; works in every method, also outside of calls."""

    _open_call: Optional[Call] = None

    def __init__(self, config: Dict[str, Any]) -> None:
        self.config = config

    @property
    def current(self) -> Call:
        """The call that the plugin works on: its `cancelled`, `progress`, `context`, `service`."""
        if self._open_call is None:
            raise Conflict("no call is open: there is nobody to ask")
        return self._open_call

    # ---- lifecycle

    def initialize(self) -> None:
        """Opens what it needs. Called once."""

    def start(self) -> None:
        """Begins background work."""

    def stop(self) -> None:
        """Ends background work; `start` may come again."""

    def cleanup(self) -> None:
        """Gives everything back. The last call."""

    # ---- operations

    def validate(self, config: Dict[str, Any]) -> Dict[str, Any]:
        """Checks the configuration of a step and returns it completed; raises mortise.Invalid."""
        return config

    def step(self, step: Step) -> Any:
        """Does one step of a pipeline. What it returns is stored under `step.output`; `step.put` stores more."""
        self._lacks("step")

    def execute(self, input: Dict[str, Any]) -> Any:
        """{data, parameters, context} -> {data, metadata, logs, warnings, errors}"""
        self._lacks("execute")

    def poll(self) -> Any:
        """None, or an event {timestamp, label, event, data}."""
        self._lacks("poll")

    def aggregate(self, items: List[Any]) -> Any:
        """Makes one value of many."""
        self._lacks("aggregate")

    def infer(self, input: Dict[str, Any]) -> Any:
        """{model, inputs} -> {outputs}"""
        self._lacks("infer")

    def call(self, method: str, input: Any) -> Any:
        """Any method by its name."""
        self._lacks("call")

    def health(self) -> Any:
        """True, False, or {healthy, message}."""
        return True

    def _lacks(self, operation: str) -> NoReturn:
        raise Unsupported(f"plugin class {type(self).__name__!r} does not define {operation!r}")


def make_plugin(kind: Any, config: Dict[str, Any], log: Log) -> Plugin:
    """An instance whose `log` works before its `__init__` runs."""
    if isinstance(kind, type) and issubclass(kind, Plugin):
        plugin = kind.__new__(kind)
        plugin.log = log
        plugin.config = config
        plugin.__init__(config)  # type: ignore[misc]
        return plugin
    made = kind(config)
    if not isinstance(made, Plugin):
        raise Conflict(f"'plugin' of the entry file made a {type(made).__name__!r}, not a mortise.Plugin")
    made.log = log
    return made


def perform(plugin: Plugin, call: Call) -> Any:
    """One operation of the protocol on a plugin: unpacks the input, calls the method, packs what it returned."""
    plugin._open_call = call
    outside, plugin.log = plugin.log, call.log  # so that what it logs belongs to the call
    try:
        return _OPERATIONS[call.operation](plugin, call)
    finally:
        plugin._open_call = None
        plugin.log = outside


def awaited(returned: Any) -> Any:
    """What a method returned; of one that is `async def`, what comes of awaiting it."""
    if not inspect.iscoroutine(returned):
        return returned
    import asyncio  # only for who uses it: 40 ms

    return asyncio.run(returned)


def _validate(plugin: Plugin, call: Call) -> Any:
    config = _part(call, "config", dict)
    checked = awaited(plugin.validate(config))
    return {"config": config if checked is None else checked}


def _step(plugin: Plugin, call: Call) -> Any:
    assert isinstance(call, Step)
    return call.result(awaited(plugin.step(call)))


def _aggregate(plugin: Plugin, call: Call) -> Any:
    return awaited(plugin.aggregate(_part(call, "items", list)))


def _health(plugin: Plugin, call: Call) -> Any:
    health = awaited(plugin.health())
    if isinstance(health, dict):
        return health
    return {"healthy": bool(health), "message": ""}


def _part(call: Call, key: str, kind: type) -> Any:
    part = call.input.get(key) if isinstance(call.input, dict) else None
    if not isinstance(part, kind):
        raise Invalid(f"the input of {call.operation!r} has a {kind.__name__} {key!r}")
    return part


_OPERATIONS = {
    "validate": _validate,
    "step": _step,
    "execute": lambda plugin, call: awaited(plugin.execute(call.input)),
    "poll": lambda plugin, call: awaited(plugin.poll()),
    "aggregate": _aggregate,
    "infer": lambda plugin, call: awaited(plugin.infer(call.input)),
    "call": lambda plugin, call: awaited(plugin.call(call.method, call.input)),
    "health": _health,
}
OPERATIONS = frozenset(_OPERATIONS)
