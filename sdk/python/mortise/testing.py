"""Testing a plugin without a host.

    from mortise.testing import run_step

    def test_shouts():
        done = run_step(Shout, config={"loud": True}, context={"names": [{"name": "ada"}]}, input="names")
        assert done.value == [{"name": "ADA"}]
        assert done.logs[0].message == "shouting"

The plugin lives through its whole lifecycle. What it returns, logs and asks for goes through the same encoding as in a
worker, so a result that could not cross fails here too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Type, Union

from .call import Call, Host, Log, Step
from .decode import Incoming, decode
from .encode import encode
from .errors import NotFound
from .memory import Buffer
from .outgoing import Outgoing
from .plugin import Plugin, make_plugin, perform

Service = Callable[[str, Any], Any]


class Record(NamedTuple):
    level: str
    message: str
    fields: Dict[str, Any]


class Progress(NamedTuple):
    fraction: Optional[float]
    note: str


@dataclass
class FakeHost(Host):
    """A host of plain Python objects. `services` maps a name to a function of method and input."""

    context_values: Mapping[str, Any] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    cancel_after: Optional[int] = None  # looks at `cancelled` that answer no
    logs: List[Record] = field(default_factory=list)
    reports: List[Progress] = field(default_factory=list)

    def log(self, call: int, level: str, message: str, fields: Mapping[str, Any]) -> None:
        self.logs.append(Record(level, message, dict(fields)))

    def progress(self, call: int, fraction: Optional[float], note: str) -> None:
        self.reports.append(Progress(fraction, note))

    def context(self, call: int, key: str) -> Any:
        if key not in self.context_values:
            raise NotFound(f"the context has no {key!r}", f"it has {', '.join(self.context_values) or 'nothing'}")
        return crossed(self.context_values[key], f"context.{key}")

    def service(self, call: int, service: str, method: str, input: Any) -> Any:
        if service not in self.services:
            raise NotFound(f"no service {service!r}", f"give run_step services={{{service!r}: function}}")
        return crossed(self.services[service](method, crossed(input, "input")), service)

    def cancelled(self, call: int) -> bool:
        if self.cancel_after is None:
            return False
        self.cancel_after -= 1
        return self.cancel_after < 0

    def allocate(self, call: int, size: int) -> Buffer:
        return Buffer(memoryview(bytearray(size)))


@dataclass
class Done:
    """What a plugin did: its result, and what it told the host meanwhile."""

    result: Any
    logs: List[Record]
    progress: List[Progress]

    @property
    def outputs(self) -> Dict[str, Any]:
        """Of a step: what it puts into the context."""
        outputs: Dict[str, Any] = self.result["outputs"]
        return outputs

    @property
    def value(self) -> Any:
        """Of a step with one output: that one."""
        (value,) = self.outputs.values()
        return value


def crossed(value: Any, root: str = "") -> Any:
    """The value as the other side sees it."""
    out = Outgoing()
    tree = encode(value, out, root)
    out.finish_as_segments()
    tree = json.loads(out.header({"value": tree}))["value"]
    return decode(tree, Incoming(out.segments), root)


def run_step(
    plugin: Union[Type[Plugin], Callable[[Dict[str, Any]], Plugin]],
    config: Optional[Mapping[str, Any]] = None,
    context: Optional[Mapping[str, Any]] = None,
    *,
    input: str = "",
    output: str = "result",
    name: str = "step",
    plugin_config: Optional[Mapping[str, Any]] = None,
    services: Optional[Mapping[str, Service]] = None,
    cancel_after: Optional[int] = None,
    validate: bool = True,
) -> Done:
    """One step of a pipeline. `config` is the step's (checked by the plugin's own `validate` first), `input` the
    context key of the step before it. Raises what the plugin raises."""
    step: Dict[str, Any] = {"name": name, "plugin": "", "config": dict(config or {}), "output": output}
    if input:
        step["input"] = input
    host = FakeHost(context or {}, services or {}, cancel_after)
    return _run(
        plugin, plugin_config, host,
        lambda made: _step(made, host, step, validate),
    )  # fmt: skip


def run_call(
    plugin: Union[Type[Plugin], Callable[[Dict[str, Any]], Plugin]],
    operation: str,
    input: Any = None,
    *,
    method: str = "",
    context: Optional[Mapping[str, Any]] = None,
    plugin_config: Optional[Mapping[str, Any]] = None,
    services: Optional[Mapping[str, Service]] = None,
    cancel_after: Optional[int] = None,
) -> Done:
    """Any other operation, by its name in the protocol: `run_call(Mine, "execute", {...})`."""
    host = FakeHost(context or {}, services or {}, cancel_after)
    call = Call(host, 1, operation, method, crossed(input, "input"))
    return _run(plugin, plugin_config, host, lambda made: _perform(made, call))


def _run(plugin: Any, plugin_config: Any, host: FakeHost, work: Callable[[Plugin], Any]) -> Done:
    made = make_plugin(plugin, crossed(dict(plugin_config or {}), "config"), Log(host))
    try:
        made.initialize()
        made.start()
        result = work(made)
        made.stop()
    finally:
        made.cleanup()
    return Done(result, host.logs, host.reports)


def _step(plugin: Plugin, host: FakeHost, step: Dict[str, Any], validate: bool) -> Any:
    if validate:
        checked = _perform(plugin, Call(host, 1, "validate", "", {"config": step["config"]}))
        step["config"] = checked["config"]
    run = {"id": "run_test", "attempt": 1, "key": "run_test/" + str(step["name"])}
    return _perform(plugin, Step(host, 2, crossed({"step": step, "run": run}, "input")))


def _perform(plugin: Plugin, call: Call) -> Any:
    result = perform(plugin, call)
    if call.noticed is not None:
        raise call.noticed
    return crossed(result, "" if call.operation == "step" else "result")
