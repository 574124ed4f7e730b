"""Container: services by type.

    container.register(Store, store)                         an instance: whatever is no class
    container.register(Store, FileStore)                     a class, made anew each time, its parameters wired
    container.register(Store, FileStore, singleton=True)     ... made once
    container.register(Store, make_store, factory=True)      a function, called without arguments
    container.resolve(Store)                                 KeyError when there is none

A child sees what its parents have; what is registered in a child stays there.
"""

from __future__ import annotations

import inspect
import threading
import typing
from typing import Any, Callable, Dict, List, Optional

_MISSING = object()
_making = threading.local()


class Container:
    def __init__(self, parent: Optional[Container] = None) -> None:
        self.parent = parent
        self._makers: Dict[Any, Callable[[], Any]] = {}
        self._config: Dict[str, Any] = {}
        self._lock = threading.RLock()
        self._elsewhere: Optional[Callable[[Any], Any]] = None  # asked last; a host's services

    def register(
        self,
        service_type: Any,
        implementation: Any = None,
        *,
        singleton: bool = False,
        factory: bool = False,
        instance: bool = False,
    ) -> None:
        """Registering a type again replaces what was there."""
        made = service_type if implementation is None else implementation
        if factory:
            make = made
        elif isinstance(made, type) and not instance:
            make = lambda: self.auto_wire(made)  # noqa: E731
        else:
            make, singleton = (lambda: made), False
        with self._lock:
            self._makers[service_type] = self._once(make) if singleton else make

    def resolve(self, service_type: Any) -> Any:
        container: Optional[Container] = self
        while container is not None:
            with container._lock:
                make = container._makers.get(service_type)
            if make is not None:
                return make()
            if container._elsewhere is not None:
                found = container._elsewhere(service_type)
                if found is not None:
                    return found
            container = container.parent
        raise KeyError(f"Service not registered: {_name(service_type)}")

    def has(self, service_type: Any) -> bool:
        try:
            self.resolve(service_type)
        except KeyError:
            return False
        return True

    def create_child(self) -> Container:
        return Container(parent=self)

    def auto_wire(self, kind: Any) -> Any:
        """Makes a `kind` from what its constructor's annotations name."""
        chain: List[Any] = getattr(_making, "chain", [])
        if kind in chain:
            names = " -> ".join(_name(each) for each in [*chain, kind])
            raise ValueError(f"Cannot auto-wire {_name(kind)}: it needs itself: {names}")
        _making.chain = [*chain, kind]
        try:
            return kind(**self._arguments(kind))
        finally:
            _making.chain = chain

    def _arguments(self, kind: Any) -> Dict[str, Any]:
        arguments: Dict[str, Any] = {}
        if kind.__init__ is object.__init__:
            return arguments
        hints = _hints(kind.__init__)
        for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]:
            if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
                continue
            found = self._found(hints.get(name, parameter.annotation))
            if found is not _MISSING:
                arguments[name] = found
            elif parameter.default is inspect.Parameter.empty:
                wanted = _name(hints.get(name, parameter.annotation))
                raise ValueError(f"Cannot auto-wire parameter '{name}' ({wanted}) of {_name(kind)}")
        return arguments

    def _found(self, annotation: Any) -> Any:
        if annotation is inspect.Parameter.empty:
            return _MISSING
        choices = [each for each in typing.get_args(annotation) if each is not type(None)]
        for choice in [annotation] if not choices else choices:
            try:
                return self.resolve(choice)
            except (KeyError, TypeError):  # none, or an annotation that is no key
                continue
        return _MISSING

    def inject_config(self, config: Dict[str, Any]) -> None:
        self._config.update(config)

    def get_config(self, key: Optional[str] = None, default: Any = None) -> Any:
        """All of it, or one entry: "training.epochs" looks into maps."""
        if key is None:
            return {**(self.parent.get_config() if self.parent else {}), **self._config}
        value: Any = self._config
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                return self.parent.get_config(key, default) if self.parent else default
            value = value[part]
        return value

    def clear(self) -> None:
        with self._lock:
            self._makers.clear()
            self._config.clear()

    def _once(self, make: Callable[[], Any]) -> Callable[[], Any]:
        made: List[Any] = []

        def get() -> Any:
            with self._lock:
                if not made:
                    made.append(make())
                return made[0]

        return get


def _hints(function: Any) -> Dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # a name in an annotation that is nowhere defined
        return dict(getattr(function, "__annotations__", {}))


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)


_root: Optional[Container] = None
_root_lock = threading.Lock()


def get_container() -> Container:
    """The one container of this process, with the host's services."""
    global _root
    with _root_lock:
        if _root is None:
            from .services import add_host_services

            _root = Container()
            add_host_services(_root)
        return _root


def reset_container() -> None:
    """The next get_container() makes a new one."""
    global _root
    with _root_lock:
        _root = None
