"""The adapter for model plugins as Python classes: a class with `initialize`, `register_model`, `load_model` and `inference`.

It answers the operations of the adapter for libraries (native/adapter.cc) by the methods of the class:

    initialize(config=None)           register_model(handle, metadata)     load_model(handle, path)
    inference(handle, input)          unload_model(handle)                 unregister_model(handle)
    cleanup()                         get_plugin_name() ...

A method returns a status (0 is success; None counts as 0). `inference` returns its output, or a tuple of output and status. Handles
are made here. Input is given as it came: bytes as bytes, lists as lists, tensors as numpy arrays. A method that the class lacks
is passed over; only a model that nobody can run is refused.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from types import ModuleType
from typing import Any, Dict, List, Optional, Tuple

from mortise import Plugin
from mortise.errors import Busy, Conflict, Invalid, MortiseError, NotFound, PluginFailure, Unsupported
from mortise.loading import load_module

STATUSES = {
    -1: ("SMI_ERROR_INVALID_PARAM", Invalid),
    -2: ("SMI_ERROR_OUT_OF_MEMORY", Busy),
    -3: ("SMI_ERROR_NOT_FOUND", NotFound),
    -4: ("SMI_ERROR_NOT_SUPPORTED", Unsupported),
    -5: ("SMI_ERROR_RUNTIME", PluginFailure),
}
ESSENTIAL = ("initialize", "inference")  # what makes a class one of these
TYPICAL = ("register_model", "load_model", "get_plugin_name")


def load(folder: str, entry: str, object: str) -> Any:
    """What makes the plugin: the one class of the file that has the methods, or the one named `object`."""
    module = load_module(folder, entry)
    kind = _choose(module, object)
    return lambda config: Adapter(kind, module, config)


def status_error(function: str, status: int) -> MortiseError:
    name, kind = STATUSES.get(status, ("", PluginFailure))
    said = f"{name} ({status})" if name else f"status {status}, which the interface does not know"
    details = {"smi_status": status, "function": function}
    return kind(f"{function} returned {said}", "the plugin's own log may say why", details)


class Adapter(Plugin):
    def __init__(self, kind: type, module: ModuleType, config: Dict[str, Any]) -> None:
        super().__init__(config)
        self._kind = kind
        self._module = module
        self._author = kind()
        self._initialized = False
        self._models: Dict[str, Tuple[Dict[str, Any], int]] = {}  # id -> what was registered, its handle
        self._last_handle = 0

    # ---- operations

    def infer(self, input: Dict[str, Any]) -> Dict[str, Any]:
        handle = self._handle(input["model"])
        began = time.perf_counter_ns()
        output = self._inference(handle, _only(input["inputs"]))
        elapsed = time.perf_counter_ns() - began
        size = len(output) if isinstance(output, (bytes, bytearray)) else None
        return {"outputs": output, "output_size": size, "inference_ns": elapsed}

    def call(self, method: str, input: Any) -> Any:
        if method == "describe":
            return {"plugins": [self._description()], "files": [os.path.abspath(self._module.__file__ or "")]}
        if method == "initialize":
            self._begin()
            return {}
        if method == "load_model":
            self._handle(input["model"])
            return {"id": input["model"]["id"]}
        if method == "unload_model":
            return {"was_there": self._forget(input["model"]["id"])}
        if method == "infer_batch":
            handle = self._handle(input["model"])
            began = time.perf_counter_ns()
            outputs = [self._inference(handle, _only(each)) for each in input["inputs"]]
            return {"outputs": outputs, "inference_ns": time.perf_counter_ns() - began}
        if method == "model_info":
            handle = self._handle(input["model"])
            return {"info": self._author.get_model_info(handle) if self._has("get_model_info") else None}
        raise Unsupported(f"there is no method {method!r}")

    def cleanup(self) -> None:
        for model in list(self._models):
            self._forget(model)
        if self._initialized and self._has("cleanup"):
            self._author.cleanup()

    # ---- the author's object

    def _has(self, name: str) -> bool:
        return callable(getattr(self._author, name, None))

    def _must(self, name: str, *arguments: Any) -> None:
        returned = getattr(self._author, name)(*arguments)
        status = returned[-1] if isinstance(returned, tuple) and returned else returned
        if status is None or status is True or status == 0:
            return
        if not isinstance(status, int):
            raise PluginFailure(f"{name} returned a {type(status).__name__}, not a status", "return 0 for success")
        raise status_error(name, status)

    def _begin(self) -> None:
        if self._initialized:
            return
        if self._has("initialize"):
            self._must("initialize", self.config.get("config"))
        self._initialized = True

    def _handle(self, model: Any) -> int:
        """The model's handle; it is registered and loaded now if it was not, or was another one. `model` is a record of the
        host's registry, or the id of one, as steps of pipelines name it."""
        self._begin()
        if isinstance(model, str):
            model = self.current.service("Models", "get", {"model": model})
        known = self._models.get(model["id"])
        if known is not None:
            if known[0] == model:
                return known[1]
            self._forget(model["id"])
        self._last_handle += 1
        handle = self._last_handle
        if self._has("register_model"):
            self._must("register_model", handle, _metadata(model))
        self._models[model["id"]] = (model, handle)
        try:
            if model.get("path") and self._has("load_model"):
                self._must("load_model", handle, model["path"])
        except BaseException:
            self._forget(model["id"])
            raise
        return handle

    def _forget(self, id: str) -> bool:
        known = self._models.pop(id, None)
        if known is None:
            return False
        for name in ("unload_model", "unregister_model"):
            if self._has(name):
                try:
                    self._must(name, known[1])
                except Exception as error:  # the model goes in any case
                    print(f"{name}: {error}", file=sys.stderr)
        return True

    def _inference(self, handle: int, input: Any) -> Any:
        returned = self._author.inference(handle, input)
        output, status = _output_and_status(returned)
        if status != 0:
            raise status_error("inference", status)
        if output is None:
            raise PluginFailure("inference returned nothing", "return the output, or (output, 0)")
        if isinstance(output, (bytearray, memoryview)):
            return bytes(output)
        return output

    def _description(self) -> Dict[str, Any]:
        def said(name: str) -> Optional[str]:
            value = getattr(self._author, name)() if self._has(name) else None
            return None if value is None else str(value)

        return {
            "id": None,
            "name": said("get_plugin_name") or self._kind.__name__,
            "version": said("get_plugin_version"),
            "frameworks": said("get_supported_frameworks"),
            "smi_version": None,
            "form": "class",
            "class": self._kind.__name__,
            "functions": {name: self._has(name) for name in ("inference", "batch_inference", "load_model", "get_model_info")},
        }


def _output_and_status(returned: Any) -> Tuple[Any, int]:
    if isinstance(returned, tuple) and len(returned) == 2 and type(returned[1]) is int:
        return returned[0], returned[1]
    if type(returned) is int and returned < 0:  # a status alone
        return None, returned
    return returned, 0


def _only(inputs: Any) -> Any:
    """A map of one named input is that input."""
    if isinstance(inputs, dict) and len(inputs) == 1:
        return next(iter(inputs.values()))
    return inputs


def _metadata(model: Dict[str, Any]) -> Dict[str, Any]:
    metadata = dict(model)
    metadata.setdefault("name", model["id"])
    metadata["model_id"] = model["id"]
    return metadata


def _choose(module: ModuleType, named: str) -> type:
    found: List[type] = [
        kind
        for kind in vars(module).values()
        if inspect.isclass(kind)
        and kind.__module__ == module.__name__
        and not kind.__name__.startswith("_")
        and all(callable(getattr(kind, name, None)) for name in ESSENTIAL)
        and any(callable(getattr(kind, name, None)) for name in TYPICAL)
    ]
    if named:
        found = [kind for kind in found if kind.__name__ == named]
    where = getattr(module, "__file__", None) or module.__name__
    if not found:
        raise NotFound(
            f"{where} defines no model plugin" + (f" {named}" if named else ""),
            "define a class with initialize, register_model, load_model and inference",
        )
    if len(found) > 1:
        names = ", ".join(sorted(kind.__name__ for kind in found))
        raise Conflict(f"{where} defines {len(found)} model plugins: {names}", "keep one class of these to a file")
    return found[0]
