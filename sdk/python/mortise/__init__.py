"""Mortise for Python: write plugins that run inside its pipelines, training, serving and monitors.

    from mortise import Plugin

    class Shout(Plugin):
        def step(self, step):
            return [{**row, "name": row["name"].upper()} for row in step.input]

See README.md beside this package. numpy, pyarrow and pandas are used only when a plugin asks for their views.
"""

__version__ = "0.1.0"

from .call import Call, Log, Step
from .columns import Column
from .errors import (
    Busy,
    Cancelled,
    Conflict,
    Denied,
    Internal,
    Invalid,
    MortiseError,
    NotFound,
    PluginFailure,
    Timeout,
    Unsupported,
)
from .memory import Buffer
from .plugin import Plugin
from .table import Table
from .tensor import Tensor
from .times import Time

__all__ = [
    "Buffer", "Busy", "Call", "Cancelled", "Column", "Conflict", "Denied", "Internal", "Invalid", "Log", "MortiseError",
    "NotFound", "Plugin", "PluginFailure", "Step", "Table", "Tensor", "Time", "Timeout", "Unsupported",
]  # fmt: skip
