"""Tensor: a dense array, row-major, little-endian, whose bytes stay where they are until somebody copies them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Sequence, Tuple, Union

from .errors import Invalid
from .memory import Buffer, flat

if TYPE_CHECKING:
    import numpy

MAX_RANK = 32

# dtype: (struct format, bytes, numpy's name)
DTYPES = {
    "BOOL": ("?", 1, "bool"),
    "UINT8": ("B", 1, "uint8"),
    "UINT16": ("H", 2, "uint16"),
    "UINT32": ("I", 4, "uint32"),
    "UINT64": ("Q", 8, "uint64"),
    "INT8": ("b", 1, "int8"),
    "INT16": ("h", 2, "int16"),
    "INT32": ("i", 4, "int32"),
    "INT64": ("q", 8, "int64"),
    "FP16": ("e", 2, "float16"),
    "FP32": ("f", 4, "float32"),
    "FP64": ("d", 8, "float64"),
}
_FROM_NUMPY = {name: dtype for dtype, (_, _, name) in DTYPES.items()}


class Tensor:
    """A value of its own: `Tensor.of(array)` to hand one over, `.numpy()` to look at one that came, without a copy.

    A tensor that came with a call is read-only and lives as long as the call; `.numpy().copy()` keeps it.
    """

    __slots__ = ("dtype", "shape", "buffer")

    def __init__(self, dtype: str, shape: Sequence[int], data: Union[Buffer, bytes, bytearray, memoryview]) -> None:
        if dtype not in DTYPES:
            raise Invalid(f"{dtype!r} is not a type of tensors", "one of " + ", ".join(DTYPES))
        if len(shape) > MAX_RANK:
            raise Invalid(f"a tensor of rank {len(shape)}; at most {MAX_RANK}")
        size = DTYPES[dtype][1]
        for extent in shape:
            if type(extent) is not int or extent < 0:
                raise Invalid(f"a tensor of shape {list(shape)!r}; sizes are whole numbers from 0")
            size *= extent
        self.dtype = dtype
        self.shape: Tuple[int, ...] = tuple(shape)
        self.buffer = data if isinstance(data, Buffer) else Buffer(flat(data))
        if len(self.buffer) != size:
            raise Invalid(f"a tensor of {dtype} {list(shape)} has {size} bytes, not {len(self.buffer)}")

    @classmethod
    def of(cls, array: Any) -> Tensor:
        """A tensor over a numpy array (or anything numpy makes one of), without a copy where the array is
        contiguous."""
        import numpy

        made = numpy.asarray(array)
        dtype = _FROM_NUMPY.get(made.dtype.name)
        if dtype is None:
            raise Invalid(f"an array of {made.dtype} cannot cross as a tensor", "convert it: array.astype('float64')")
        if not made.dtype.isnative or not made.flags.c_contiguous:
            made = numpy.ascontiguousarray(made, dtype=made.dtype.newbyteorder("="))
        return cls(dtype, [int(extent) for extent in made.shape], flat(made.reshape(-1).view("uint8")))

    def numpy(self) -> numpy.ndarray[Any, Any]:
        """An array over the same bytes; read-only when they came with a call."""
        import numpy

        return numpy.frombuffer(self.buffer.view, dtype=DTYPES[self.dtype][2]).reshape(self.shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        array = self.numpy()
        if dtype is not None and dtype != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def tolist(self) -> Any:
        """Nested lists of numbers (one number for rank 0). Needs no numpy."""
        import struct

        code, size, _ = DTYPES[self.dtype]
        count = len(self.buffer) // size
        items: Any = list(struct.unpack(f"<{count}{code}", self.buffer.view))
        self.buffer.copied(len(self.buffer))
        for axis in range(len(self.shape) - 1, 0, -1):
            extent = self.shape[axis]
            rows = prod(self.shape[:axis])
            items = [items[row * extent : (row + 1) * extent] for row in range(rows)]
        return items if self.shape else items[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tensor):
            return NotImplemented
        return self.dtype == other.dtype and self.shape == other.shape and self.buffer.view == other.buffer.view

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Tensor({self.dtype}, {list(self.shape)})"
