"""Call and Step: what a plugin sees of the host while it works on something.

    call.input                      the value that came with the call
    call.log.info("read", rows=3)   one record, with fields
    call.progress(0.5, "halfway")
    call.cancelled                  True once somebody wants it to stop, or its time is up; cheap enough for a loop
    call.context("weather")         an entry of the run's context; NotFound when there is none, None when it is null
    call.context("weather", [])     the same with a default for a missing key
    call.service("rates", "convert", {"amount": 3})
    call.empty((1000, 8))           a numpy array in memory that the host hands on without a copy

A `Step` is a call of a pipeline's step. A plugin gets calls; it never makes one, outside of tests (mortise.testing).
"""

from __future__ import annotations

import time
from math import prod
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from .errors import Cancelled, Invalid, MortiseError, NotFound, Timeout
from .memory import Buffer
from .table import Table
from .tensor import DTYPES, Tensor

if TYPE_CHECKING:
    from numpy import ndarray

MISSING: Any = object()
"""The default of `context`: no default."""


class Host:
    """What a call asks of its surroundings: the worker's connection, or the stand-in of mortise.testing."""

    def log(self, call: int, level: str, message: str, fields: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def progress(self, call: int, fraction: Optional[float], note: str) -> None:
        raise NotImplementedError

    def context(self, call: int, key: str) -> Any:
        """Raises NotFound when there is no such key."""
        raise NotImplementedError

    def service(self, call: int, service: str, method: str, input: Any) -> Any:
        raise NotImplementedError

    def cancelled(self, call: int) -> bool:
        raise NotImplementedError

    def allocate(self, call: int, size: int) -> Buffer:
        raise NotImplementedError


class Log:
    """Writes records into the host's log. Fields that cannot cross are written as text; logging never fails."""

    __slots__ = ("_host", "_call")

    def __init__(self, host: Host, call: int = 0) -> None:
        self._host = host
        self._call = call

    def debug(self, message: object, **fields: Any) -> None:
        self._host.log(self._call, "debug", str(message), fields)

    def info(self, message: object, **fields: Any) -> None:
        self._host.log(self._call, "info", str(message), fields)

    def warning(self, message: object, **fields: Any) -> None:
        self._host.log(self._call, "warning", str(message), fields)

    def error(self, message: object, **fields: Any) -> None:
        self._host.log(self._call, "error", str(message), fields)


class Call:
    """One call. Use it until the method returns, on any thread of the plugin."""

    def __init__(
        self, host: Host, id: int, operation: str, method: str = "", input: Any = None, timeout: Optional[float] = None
    ) -> None:
        self.id = id
        self.operation = operation
        self.method = method
        self.input = input
        self.log = Log(host, id)
        self._host = host
        self._deadline = None if not timeout else time.monotonic() + timeout
        self.noticed: Optional[MortiseError] = None  # what `cancelled` saw

    @property
    def remaining(self) -> Optional[float]:
        """Seconds until the deadline, at least 0; None when there is none."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    @property
    def cancelled(self) -> bool:
        """True once the call should stop. A call that saw it is reported as cancelled, whatever it returns."""
        if self.noticed is None:
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self.noticed = Timeout("the plugin stopped because its deadline passed")
            elif self._host.cancelled(self.id):
                self.noticed = Cancelled("the plugin stopped because its call was cancelled")
        return self.noticed is not None

    def stop_if_cancelled(self) -> None:
        """Raises Cancelled (or Timeout) once the call should stop."""
        if self.cancelled and self.noticed is not None:
            raise self.noticed

    def progress(self, fraction: Optional[float], note: str = "") -> None:
        """How far the call is, from 0 to 1; None when nobody knows."""
        known = fraction is not None and fraction == fraction
        self._host.progress(self.id, min(1.0, max(0.0, float(fraction or 0.0))) if known else None, str(note))

    def context(self, key: str, default: Any = MISSING) -> Any:
        """An entry of the run's context. A missing key raises NotFound, or gives the default when there is one."""
        try:
            return self._host.context(self.id, key)
        except NotFound:
            if default is MISSING:
                raise
            return default

    def service(self, name: str, method: str, input: Any = None) -> Any:
        """Calls a service of the host or of another plugin. Its error is raised as the exception of its code."""
        return self._host.service(self.id, name, method, input)

    def allocate(self, size: int) -> Buffer:
        """Writable memory of at least `size` bytes, 64-byte aligned, for a Tensor or Column of this call's result."""
        if size < 0:
            raise Invalid(f"{size} bytes cannot be allocated")
        return self._host.allocate(self.id, max(1, size))

    def empty(self, shape: Union[int, Sequence[int]], dtype: str = "float64") -> ndarray[Any, Any]:
        """A numpy array in such memory, its content undefined; returned as a tensor or a column, it is not copied."""
        import numpy

        extents: Tuple[int, ...] = (shape,) if isinstance(shape, int) else tuple(shape)
        kind = numpy.dtype(dtype)
        if kind.name not in {name for _, _, name in DTYPES.values()}:
            raise Invalid(f"{kind} is not a type of tensors")
        count = prod(extents)
        region = self.allocate(count * kind.itemsize)
        return numpy.frombuffer(region.view, dtype=kind, count=count).reshape(extents)


class Step(Call):
    """A step of a pipeline at work."""

    def __init__(self, host: Host, id: int, input: Any, timeout: Optional[float] = None) -> None:
        super().__init__(host, id, "step", "", input, timeout)
        step = input.get("step") if isinstance(input, dict) else None
        if not isinstance(step, dict):
            raise Invalid("the input of a step is {step: {...}, run: {...}}")
        run = input.get("run")
        self.config: Dict[str, Any] = step.get("config") or {}
        self.name = str(step.get("name") or "")
        self.plugin = str(step.get("plugin") or "")
        self.output = str(step.get("output") or "")
        """The context key under which the returned value is stored; empty: nowhere."""
        self.run: Dict[str, Any] = run if isinstance(run, dict) else {}
        self._previous = step.get("input")
        self._read: List[Any] = []
        self._outputs: Dict[str, Any] = {}
        self._rows: Optional[int] = None

    @property
    def input(self) -> Any:
        """What this step works on, read once: the context's entry that `input` of the configuration names, else the
        output of the step before."""
        if not self._read:
            key = self.config.get("input")
            if key is None:
                key = self._previous
            if key is None:
                raise Invalid(f"step {self.name!r} has no input", "name a context key in its config: `input: KEY`")
            self._read.append(self._input_at(key) if isinstance(key, str) else key)
        return self._read[0]

    @input.setter
    def input(self, value: Any) -> None:
        self.raw_input = value

    def _input_at(self, key: str) -> Any:
        try:
            return self._host.context(self.id, key)
        except NotFound:
            hint = "an earlier step must have it as its `output`"
            raise NotFound(f"the context has no {key!r}", hint, {"key": key}) from None

    def put(self, key: str, value: Any) -> None:
        """One more entry for the context, beside what the step returns."""
        self._outputs[key] = value

    def rows(self, count: int) -> None:
        """How many rows the step made, for the run log, where that is not the length of what it returns."""
        self._rows = count

    def result(self, returned: Any) -> Dict[str, Any]:
        """The operation's result {outputs, rows}, from what the author returned."""
        rows = _count_rows(returned) if self._rows is None else self._rows
        if self.output:
            self._outputs[self.output] = returned
        result: Dict[str, Any] = {"outputs": self._outputs}
        if rows is not None:
            result["rows"] = rows
        return result


def _count_rows(value: Any) -> Optional[int]:
    if isinstance(value, Tensor):
        return value.shape[0] if value.shape else None
    if isinstance(value, (Table, list, tuple)):
        return len(value)
    shape = getattr(value, "shape", None)  # arrays and frames
    return int(shape[0]) if isinstance(shape, tuple) and shape else None
