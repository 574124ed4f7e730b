"""The adapter for analysis plugins as Python classes with `execute(self, input_data)`.

    execute   {data, parameters, context, metadata?} -> {data, metadata, logs, warnings, errors}

For each call the class is made anew with its context {plugin_id, plugin_name, config, permissions, user_id, workspace_id,
execution_id}; `validate_input(input_data)` comes first where there is one, then `execute`, and `cleanup()` in any case, also when
the deadline interrupts `execute`. A class whose constructor takes nothing is as good. Keys that the result lacks are empty. What
the plugin raises becomes `errors`, and its traceback goes to the log.
"""

from __future__ import annotations

import inspect
import json
import numbers
import os
import signal
import threading
import traceback
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Dict, Iterator, List, Optional, Tuple

from mortise import Plugin
from mortise.errors import Conflict, NotFound, Timeout, Unsupported
from mortise.loading import load_module
from mortise.plugin import awaited
from mortise.values import MAX_DEPTH

EMPTY: Dict[str, Any] = {"data": None, "metadata": {}, "logs": [], "warnings": [], "errors": []}
CONTEXT = ("plugin_id", "plugin_name", "config", "permissions", "user_id", "workspace_id", "execution_id")


def load(folder: str, entry: str, object: str) -> Any:
    """What makes the plugin: the one class of the file with a method `execute`."""
    kind = _choose(load_module(folder, entry), object)
    return lambda config: Adapter(kind, config)


class _TimeIsUp(BaseException):
    """No Exception: what a plugin catches by the way must not keep it working."""


@contextmanager
def _until(remaining: Optional[float]) -> Iterator[None]:
    """Interrupts what runs inside when so many seconds are over, so that there is time left to clean up before the process ends."""
    if remaining is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(remaining, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Adapter(Plugin):
    def __init__(self, kind: type, config: Dict[str, Any]) -> None:
        super().__init__(config)
        self._kind = kind

    def execute(self, input: Dict[str, Any]) -> Dict[str, Any]:
        asked = input if isinstance(input, dict) else {"data": input}
        given = asked.get("context") or {}
        context = {key: given.get(key) for key in CONTEXT}
        # A step of a pipeline has one config for both; the guide's requests say them apart.
        context["config"] = {**self.config, **(given["config"] if "config" in given else asked.get("parameters") or {})}
        context["permissions"] = given.get("permissions") or []
        input_data = {
            "data": asked.get("data"),
            "parameters": asked.get("parameters") or {},
            "metadata": asked.get("metadata") or {},
            "context": context,
        }
        try:
            author = self._make(context)
        except Exception as error:
            return self._failed(f"the plugin could not be made: {_said(error)}", error)
        try:
            with _until(self.current.remaining):
                return self._work(author, input_data)
        except _TimeIsUp:
            raise Timeout("the plugin was interrupted because its deadline passed") from None
        finally:
            self._clean_up(author)

    def call(self, method: str, input: Any) -> Any:
        if method == "describe":
            file = os.path.abspath(inspect.getfile(self._kind))
            return {"plugins": [{"class": self._kind.__name__}], "files": [file]}
        raise Unsupported(f"there is no method {method!r}")

    # ---- the author's object

    def _make(self, context: Dict[str, Any]) -> Any:
        parameters = [
            each
            for each in inspect.signature(self._kind).parameters.values()
            if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        ]
        author = self._kind(context) if parameters else self._kind()
        for key in ("plugin_id", "plugin_name"):
            if not hasattr(author, key):
                try:
                    setattr(author, key, context[key])
                except AttributeError:  # it has slots, and none for this
                    pass
        return author

    def _work(self, author: Any, input_data: Dict[str, Any]) -> Dict[str, Any]:
        validate = getattr(author, "validate_input", None)
        if callable(validate):
            try:
                sound = awaited(validate(input_data))
            except Exception as error:
                return self._failed(f"Plugin input validation failed: {_said(error)}", error)
            if sound is False:
                return self._failed("Plugin input validation failed: validate_input returned False")
        try:
            returned = awaited(author.execute(input_data))
        except Exception as error:
            return self._failed(f"Plugin execution failed: {_said(error)}", error)
        return self._checked(returned)

    def _checked(self, returned: Any) -> Dict[str, Any]:
        if not isinstance(returned, dict):
            kind = type(returned).__name__
            return self._failed(
                f"Output validation failed: execute returned {kind}, not a dict with data, metadata, logs, warnings and errors"
            )
        result = {**EMPTY, **returned}
        for key in ("logs", "warnings", "errors"):
            if result[key] is None:
                result[key] = []
            elif isinstance(result[key], str) or not isinstance(result[key], (list, tuple)):
                kind = type(result[key]).__name__
                return self._failed(f"Output validation failed: '{key}' is {kind}, not a list")
        if not isinstance(result["metadata"], dict):
            kind = type(result["metadata"]).__name__
            return self._failed(f"Output validation failed: 'metadata' is {kind}, not a dict")
        return {key: _with_texts_for_keys(value) for key, value in result.items()}

    def _failed(self, message: str, error: BaseException | None = None) -> Dict[str, Any]:
        if error is not None:
            self.log.debug("".join(traceback.format_exception(error)))
        return {**EMPTY, "metadata": {}, "logs": [], "warnings": [], "errors": [message]}

    def _clean_up(self, author: Any) -> None:
        cleanup = getattr(author, "cleanup", None)
        if not callable(cleanup):
            return
        try:
            cleanup()
        except Exception as error:
            self.log.warning(f"cleanup failed: {_said(error)}")


def _said(error: BaseException) -> str:
    if isinstance(error, KeyError):  # it says no more than the key
        return f"KeyError: {error}"
    return str(error) or type(error).__name__


def _with_texts_for_keys(value: Any, depth: int = 0) -> Any:
    """Keys as json.dumps has them, which is how such results leave their own host: 1 is "1", True is "true"."""
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, dict):
        return {_key_text(key): _with_texts_for_keys(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple)) for item in value):
        return [_with_texts_for_keys(item, depth + 1) for item in value]
    return value


def _key_text(key: Any) -> Any:
    if key is None or isinstance(key, (bool, numbers.Number)):
        return json.dumps(key.item() if hasattr(key, "item") else key)
    return key


def _choose(module: ModuleType, named: str) -> type:
    found: List[type] = [
        kind
        for kind in dict.fromkeys(each for each in vars(module).values() if isinstance(each, type))
        if kind.__module__ == module.__name__
        and not kind.__name__.startswith("_")
        and callable(getattr(kind, "execute", None))
    ]
    found = [kind for kind in found if not any(other is not kind and issubclass(other, kind) for other in found)]
    if named:
        found = [kind for kind in found if kind.__name__ == named]
    where = getattr(module, "__file__", None) or module.__name__
    if not found:
        raise NotFound(f"{where} defines no class with execute(self, input_data)", "define one; the SDK's template shows it")
    if len(found) > 1:
        names: Tuple[str, ...] = tuple(sorted(kind.__name__ for kind in found))
        raise Conflict(f"{where} defines {len(found)} plugins: {', '.join(names)}", "keep one class with execute to a file")
    return found[0]
