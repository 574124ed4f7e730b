"""The adapter for k-bert plugins: makes a class derived from PluginBase into a plugin of this host.

    folder     the project; on the module path, so that `src.plugins.my_plugin` is importable
    entry      a file of it, or nothing for a plugin of an installed package
    object     the class, or `module:Class` of the package; nothing: whoever describes all of the file

The configuration is {config, validate_on_load, auto_initialize, auto_start, project, services, needs}: what the plugin gets, how
far it is brought up, k-bert.yaml as a whole, the names of the host's services, and the plugins that this one needs, providers
first, which live in this process beside it, so that it resolves their very objects.

Its methods are called by name, `forward` for __call__; {"name": value} become keyword arguments where the method has such
parameters. A plugin whose life failed stays FAILED, says why, and is asked nothing more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import io
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

import mortise_kbert_mlx
from infrastructure.di import get_container
from infrastructure.di.services import add_host_services
from infrastructure.plugins import PluginConfig, PluginContext, PluginError, PluginMetadata, PluginState
from infrastructure.plugins.loader import ENTRY_POINTS, bring_up, import_file, make_plugin, plugin_classes
from infrastructure.plugins.registry import get_registry
from infrastructure.plugins.validators import requirement_satisfied
from infrastructure.protocols.plugins import category_of

from mortise import Conflict, Invalid, MortiseError, NotFound, Plugin, PluginFailure, Table, Tensor, Time
from mortise.describing import Description, offered_by_packages
from mortise.plugin import awaited

HERE = os.path.dirname(os.path.abspath(__file__))
VERBS = ("validate", "initialize", "start", "stop", "cleanup")


def load(folder: str, entry: str, object: str) -> Callable[[Dict[str, Any]], Plugin]:
    if object:
        return lambda config: KbertPlugin(config, folder, entry, object)
    if not entry:
        return lambda config: Description(config, offered_by_packages(ENTRY_POINTS), _describe)
    kinds = [(kind.__name__, kind) for kind in _classes_in(folder, entry)]
    return lambda config: Description(config, kinds, _describe, folder, HERE)


def _classes_in(folder: str, entry: str) -> List[type]:
    path = os.path.join(folder, entry)
    with open(path, encoding="utf-8", errors="replace") as file:
        mortise_kbert_mlx.prepare(file.read())
    return list(plugin_classes(import_file(path, folder)))


def _class_named(folder: str, entry: str, object: str) -> type:
    if not entry:
        module, _, name = object.partition(":")
        return getattr(importlib.import_module(module), name)
    for kind in _classes_in(folder, entry):
        if kind.__name__ == object:
            return kind
    raise NotFound(f"{os.path.join(folder, entry)} defines no plugin {object!r}", "it was there when it was found")


# ---- describing --------------------------------------------------------------------------------------------------------


def _describe(object: str, kind: Any) -> Dict[str, Any]:
    if not isinstance(kind, type):
        return {"object": object, "error": f"{object}: {kind}"}
    about = PluginMetadata.of(kind)
    missing = [each for each in about.requirements if not requirement_satisfied(each)]
    return {
        "object": object, **dataclasses.asdict(about), "protocol": category_of(kind),
        "doc": inspect.cleandoc(kind.__doc__ or ""),
        "warnings": [f"Requirement not satisfied: {each}" for each in missing],
    }  # fmt: skip


# ---- one plugin at work --------------------------------------------------------------------------------------------------


class KbertPlugin(Plugin):
    def __init__(self, config: Dict[str, Any], folder: str, entry: str, object: str) -> None:
        super().__init__(config)
        self._folder = folder
        self._plan = PluginConfig(
            validate_on_load=config.get("validate_on_load", True),
            auto_initialize=config.get("auto_initialize", True),
            auto_start=config.get("auto_start", False),
        )
        self._own = {"entry": entry, "object": object, "config": config.get("config")}
        self._plugins: List[Any] = []  # those it needs, then it
        self._plugin: Any = None
        self._failure: Optional[BaseException] = None
        self._models: Dict[int, Any] = {}
        self._context = PluginContext(self._container(config), config.get("project") or {})

    def _container(self, config: Dict[str, Any]) -> Any:
        container = get_container()
        add_host_services(container, config.get("project") or {})
        names = set(config.get("services") or [])
        container._elsewhere = lambda kind: HostService(self, _name(kind)) if _name(kind) in names else None
        return container

    # ---- life

    def initialize(self) -> None:
        """Everything up to where the configuration says. What fails is kept: the plugin is FAILED, the process is well."""
        try:
            for each in [*(self.config.get("needs") or []), self._own]:
                self._bring_up(each)
        except (Exception, SystemExit) as error:
            self._failure = error
            self.log.error(str(error), state="FAILED")

    def _bring_up(self, what: Dict[str, Any]) -> None:
        kind = _class_named(self._folder, what.get("entry") or "", what["object"])
        plugin = make_plugin(kind, dict(what.get("config") or {}))
        self._plugins.append(plugin)
        if what is self._own:
            self._plugin = plugin
        get_registry().register(plugin, context=self._context, initialize=False)
        bring_up(plugin, self._context, self._plan)

    def stop(self) -> None:
        for plugin in reversed(self._plugins):
            with contextlib.suppress(PluginError):
                plugin.stop(self._context)

    def cleanup(self) -> None:
        for plugin in reversed(self._plugins):
            plugin.cleanup(self._context)

    def health(self) -> Any:
        return {"healthy": self._failure is None, "message": "" if self._failure is None else str(self._failure)}

    def _state(self) -> Dict[str, Any]:
        state = "FAILED" if self._plugin is None or self._failure is not None else self._plugin.state.name
        return {"state": state, "error": None if self._failure is None else str(self._failure), "pid": os.getpid()}

    def _verb(self, verb: str) -> Dict[str, Any]:
        if self._plugin is None:
            raise self._told(self._failure)
        try:
            getattr(self._plugin, verb)(self._context)
        except Exception as error:
            if self._plugin.state is PluginState.FAILED:
                self._failure = error
            raise self._told(error) from error
        return self._state()

    # ---- work

    def call(self, method: str, input: Any) -> Any:
        if method == "state":
            return self._state()
        if method in VERBS:
            return self._verb(method)
        self._require_life()
        function = self._function(method)
        if method == "run" and self._plugin.metadata.category == "command":
            return self._command(function, input)
        return self._called(function, input, keep=method == "build_model")

    def infer(self, input: Dict[str, Any]) -> Any:
        """On a model that `build_model` made; the newest when none is named."""
        self._require_life()
        if not self._models:
            self._called(self._function("build_model"), {"config": {}}, keep=True)
        handle = input.get("model") or max(self._models)
        if handle not in self._models:
            raise NotFound(f"there is no model {handle!r}", "call build_model first")
        return {"outputs": self._called(self._models[handle], input["inputs"])}

    def _require_life(self) -> None:
        if self._failure is not None or self._plugin is None:
            raise self._told(self._failure)
        if self._plugin.state not in (PluginState.INITIALIZED, PluginState.RUNNING):
            state = self._plugin.state.name
            raise Conflict(f"Plugin '{self._plugin.metadata.name}' is {state}", "initialize and start it first")

    def _function(self, method: str) -> Any:
        if method == "forward" and callable(self._plugin):
            return self._plugin
        if not method.startswith("_"):
            for owner in [self._plugin, *self._offered()]:
                found = getattr(owner, method, None)
                if callable(found):
                    return found
        raise NotFound(f"plugin '{self._plugin.metadata.name}' has no method '{method}'")

    def _offered(self) -> List[Any]:
        """What it put into the container: a plugin that provides a capability answers for it."""
        made = []
        for kind in list(self._context.container._makers):
            with contextlib.suppress(Exception):
                made.append(self._context.container.resolve(kind))
        return made if self._plugin.metadata.provides else []

    def _called(self, function: Any, input: Any, keep: bool = False) -> Any:
        args, kwargs = _arguments(function, input)
        try:
            result = awaited(function(*args, **kwargs))
        except PluginError as error:
            raise self._told(error) from error
        if keep:
            handle = len(self._models) + 1
            self._models[handle] = result
            return {"model": handle, "type": type(result).__name__}
        return _plain(result)

    def _command(self, function: Any, input: Any) -> Dict[str, Any]:
        said = io.StringIO()
        arguments = [str(each) for each in (input or {}).get("arguments", [])]
        status = 0
        result = None
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                result = awaited(function(arguments))
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
                if isinstance(end.code, str):
                    print(end.code)
        if isinstance(result, int) and not isinstance(result, bool):
            status, result = result, None
        return {"output": said.getvalue(), "result": _plain(result), "status": status}

    def _told(self, error: Optional[BaseException]) -> MortiseError:
        if isinstance(error, MortiseError):
            return error
        details = {"plugin": getattr(error, "plugin_name", None) or self._own["object"], "state": self._state()["state"]}
        told = PluginFailure(str(error) or type(error).__name__, details=details)
        told.__cause__ = getattr(error, "__cause__", None)
        return told


class HostService:
    """A service of the host, or of a plugin in another process: each method is a call."""

    def __init__(self, owner: KbertPlugin, name: str) -> None:
        self._owner = owner
        self._name = name

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        def call(*args: Any, **kwargs: Any) -> Any:
            if args and kwargs or len(args) > 1:
                raise TypeError(f"{self._name}.{method} takes one argument, or keyword arguments")
            return self._owner.current.service(self._name, method, _plain(args[0] if args else kwargs))

        return call


# ---- values ----------------------------------------------------------------------------------------------------------


def _name(kind: Any) -> str:
    return kind if isinstance(kind, str) else getattr(kind, "__name__", "")


def _parameters(function: Any) -> Dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _arguments(function: Any, input: Any) -> Tuple[List[Any], Dict[str, Any]]:
    parameters = _parameters(function)
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
    arrays = {name for name, each in parameters.items() if mortise_kbert_mlx.is_array(each.annotation)}
    if input is None:
        return [], {}
    if isinstance(input, dict) and input and (set(input) <= set(parameters) or (takes_any and set(input) & set(parameters))):
        return [], {key: _given(value, key in arrays) for key, value in input.items()}
    first = next(iter(parameters), "")
    return [_given(input, first in arrays)], {}


def _given(value: Any, as_array: bool) -> Any:
    if isinstance(value, Table):
        return value.rows()
    if isinstance(value, Tensor):
        return mortise_kbert_mlx.array(value.numpy()) if as_array else value.numpy()
    if as_array and isinstance(value, list):
        return mortise_kbert_mlx.array(value)
    if as_array and isinstance(value, dict):  # of arrays, by task
        return {key: _given(each, as_array) for key, each in value.items()}
    return value


def _plain(value: Any) -> Any:
    """What can cross to another process; what cannot is named."""
    if value is None or isinstance(value, (bool, int, float, str, bytes, Tensor, Table, Time)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if mortise_kbert_mlx.is_mlx(value):
        value = mortise_kbert_mlx.numpy(value)
    if type(value).__module__.split(".")[0] == "numpy":
        return value.item() if getattr(value, "shape", None) == () else value
    if hasattr(value, "isoformat"):
        return value
    raise Invalid(f"a {type(value).__name__} cannot leave the plugin's process", "return numbers, texts, lists, maps or arrays")
