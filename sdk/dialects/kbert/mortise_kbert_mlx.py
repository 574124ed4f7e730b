"""MLX, where it is installed: arrays in and out, and the guide's words for its transformer layer.

The guide calls nn.TransformerEncoderLayer(d_model=, nhead=) and calls the layer with the hidden states alone. MLX's own class says
(dims, num_heads) and wants a mask; the one put in its place takes both ways.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

_prepared = False


def prepare(source: str) -> None:
    """Before a file is imported. Loading MLX costs what files that do not speak of it need not pay."""
    global _prepared
    if _prepared or "mlx" not in source or importlib.util.find_spec("mlx") is None:
        return
    _prepared = True
    os.environ.setdefault("MLX_DISABLE_COMPILE", "1")  # it would write and build C++ files
    import mlx.nn as nn

    nn.TransformerEncoderLayer = _encoder_layer(nn.TransformerEncoderLayer)


def _encoder_layer(own: Any) -> Any:
    class TransformerEncoderLayer(own):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            for guide, mlx in (("d_model", "dims"), ("nhead", "num_heads"), ("dim_feedforward", "mlp_dims")):
                if guide in kwargs:
                    kwargs[mlx] = kwargs.pop(guide)
            super().__init__(*args, **kwargs)

        def __call__(self, x: Any, mask: Any = None) -> Any:
            return super().__call__(x, mask)

    return TransformerEncoderLayer


def is_mlx(value: Any) -> bool:
    return type(value).__module__.split(".")[0] == "mlx"


def is_array(annotation: Any) -> bool:
    """Whether an annotation, or its text, speaks of MLX arrays."""
    return "mx.array" in str(annotation) or "mlx.core.array" in str(annotation)


def array(value: Any) -> Any:
    """Of MLX where it is loaded, else of numpy."""
    if "mlx.core" in sys.modules:
        import mlx.core as mx

        return mx.array(value)
    import numpy

    return numpy.asarray(value)


def numpy(value: Any) -> Any:
    import numpy as np

    return np.array(value)
