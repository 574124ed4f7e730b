"""What can go wrong, named by what the caller should do next.

The codes are those of the host (docs/worker-protocol.md, section 4). A plugin raises one of these classes to choose the
code; any other exception that leaves a plugin is reported with the code ``plugin``. ``hint`` says what to do about it
and ``details`` carries machine-readable parts (file, line, key, expected, got ...).
"""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Type

MAX_CAUSES = 32


class MortiseError(Exception):
    """An error with a code. Raise one of the subclasses below."""

    code = "plugin"

    def __init__(
        self,
        message: str,
        hint: str = "",
        details: Optional[Mapping[str, object]] = None,
        *,
        code: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: Dict[str, str] = {str(k): str(v) for k, v in (details or {}).items()}
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return self.message


class Invalid(MortiseError, ValueError):
    """Somebody sent something wrong; sending it again will not help."""

    code = "invalid"


class NotFound(MortiseError, LookupError):
    """There is no such thing."""

    code = "not_found"


class Conflict(MortiseError):
    """It clashes with the present state."""

    code = "conflict"


class Denied(MortiseError):
    """Not allowed; a grant is needed."""

    code = "denied"


class Unsupported(MortiseError):
    """This plugin or host does not do that."""

    code = "unsupported"


class Busy(MortiseError):
    """Later, the same call may succeed."""

    code = "busy"


class Timeout(MortiseError):
    """It took longer than its deadline."""

    code = "timeout"


class Cancelled(MortiseError):
    """Somebody asked for it to stop."""

    code = "cancelled"


class PluginFailure(MortiseError):
    """A plugin's own failure."""

    code = "plugin"


class Internal(MortiseError):
    """A defect of the host."""

    code = "internal"


BY_CODE: Dict[str, Type[MortiseError]] = {
    kind.code: kind
    for kind in (
        Invalid, NotFound, Conflict, Denied, Unsupported, Busy, Timeout, Cancelled, PluginFailure, Internal,
    )
}  # fmt: skip


def from_wire(code: str, error: object) -> MortiseError:
    """The exception for an ``error`` object of the protocol, its causes chained by ``__cause__``."""
    outermost: Optional[MortiseError] = None
    last: Optional[MortiseError] = None
    for _ in range(MAX_CAUSES + 1):
        if not isinstance(error, dict):
            break
        kind = BY_CODE.get(code, Internal) if outermost is None else MortiseError
        details = error.get("details")
        one = kind(
            str(error.get("message", "")),
            str(error.get("hint") or ""),
            details if isinstance(details, dict) else None,
        )
        if last is None:
            outermost = one
        else:
            last.__cause__ = one
        last = one
        error = error.get("cause")
    return outermost if outermost is not None else BY_CODE.get(code, Internal)("no reason given")


def to_wire(error: BaseException) -> Dict[str, object]:
    """An exception and its chain (``raise ... from``, or what was being handled) as an ``error`` object."""
    result: Dict[str, object] = {}
    target = result
    seen = set()
    current: Optional[BaseException] = error
    for _ in range(MAX_CAUSES):
        if current is None or id(current) in seen:
            break
        seen.add(id(current))
        if seen != {id(error)}:
            inner: Dict[str, object] = {}
            target["cause"] = inner
            target = inner
        _describe(current, target)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return result


def _describe(error: BaseException, target: Dict[str, object]) -> None:
    if isinstance(error, MortiseError):
        target["message"] = clean(error.message)
        if error.hint:
            target["hint"] = clean(error.hint)
        if error.details:
            target["details"] = {clean(k): clean(v) for k, v in error.details.items()}
        return
    try:
        text = str(error)
    except Exception:  # a __str__ of the plugin's own that fails
        text = ""
    name = type(error).__name__
    target["message"] = clean(f"{name}: {text}" if text else name)


def clean(text: object) -> str:
    """Text that is always valid UTF-8 and not absurdly long: for messages about whatever went wrong."""
    shown = str(text).encode("utf-8", "backslashreplace").decode("utf-8")
    return shown if len(shown) <= 8192 else shown[:8192] + "..."
