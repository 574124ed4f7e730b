"""How whatever left a plugin is told: as one error of the protocol, and as a traceback for the log."""

from __future__ import annotations

import os
import traceback

from .errors import Busy, MortiseError, PluginFailure, to_wire


def explain(error: BaseException) -> MortiseError:
    """The error to report. What is not a MortiseError is the plugin's failure; where it came from is among its
    details."""
    if isinstance(error, MortiseError):
        return error
    told: MortiseError
    if isinstance(error, MemoryError):
        told = Busy("the plugin ran out of memory", "raise limits.memory or send less at once")
    elif isinstance(error, SystemExit):
        told = PluginFailure(f"the plugin called sys.exit({error.code!r})", "return, or raise an error, instead")
    else:
        told = PluginFailure(str(to_wire(error)["message"]))
    told.__cause__ = error.__cause__
    told.__context__ = error.__context__
    told.__suppress_context__ = error.__suppress_context__
    told.details["exception"] = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        told.details["file"] = frames[-1].filename
        told.details["line"] = str(frames[-1].lineno)
    return told


_HERE = os.path.dirname(os.path.abspath(__file__))


def traceback_of(error: BaseException) -> str:
    """Without the worker's own frames at the top."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))
