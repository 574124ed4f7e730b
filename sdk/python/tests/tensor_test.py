"""Tensors: views, not copies, and never more bytes than the shape says."""

import struct

import pytest

from mortise import Invalid, Tensor
from mortise.tensor import DTYPES
from mortise.testing import crossed

numpy = pytest.importorskip("numpy")


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_crosses_and_is_the_numpy_array_it_was(dtype):
    array = numpy.arange(6).reshape(2, 3).astype(DTYPES[dtype][2])
    back = crossed(array)
    assert isinstance(back, Tensor) and back.dtype == dtype and back.shape == (2, 3)
    assert back.numpy().dtype == array.dtype and (back.numpy() == array).all()
    assert back.tolist() == array.tolist()


def test_a_view_is_over_the_same_memory():
    data = bytearray(struct.pack("<3d", 1, 2, 3))
    array = Tensor("FP64", [3], data).numpy()
    data[0:8] = struct.pack("<d", 9)
    assert array[0] == 9
    source = numpy.zeros(4)
    assert numpy.shares_memory(Tensor.of(source).numpy(), source)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (0, 0), (1, 1, 1), (3, 1, 2)])
def test_odd_shapes_cross(shape):
    array = numpy.ones(shape, dtype="int32")
    back = crossed(array)
    assert back.numpy().shape == shape and back.tolist() == array.tolist()


def test_arrays_that_are_not_contiguous_are_copied():
    array = numpy.arange(12).reshape(3, 4)
    assert crossed(array.T).tolist() == array.T.tolist()
    assert crossed(array[:, ::2]).tolist() == array[:, ::2].tolist()
    assert crossed(numpy.arange(3, dtype=">i4")).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [
        ("FP64", [2], 15),
        ("FP64", [2], 17),
        ("INT8", [-1], 0),
        ("INT8", [2**62, 4], 8),
        ("BOOL", [1] * 33, 1),
        ("FP8", [1], 1),
    ],
)
def test_a_shape_that_does_not_fit_its_bytes_is_invalid(dtype, shape, size):
    with pytest.raises(Invalid):
        Tensor(dtype, shape, bytes(size))


@pytest.mark.parametrize(
    "array", [numpy.array(["a"]), numpy.array([1j]), numpy.array([{}]), numpy.zeros(2, "datetime64[s]")]
)
def test_arrays_of_other_things_are_refused(array):
    with pytest.raises(Invalid, match="cannot cross"):
        crossed(array)


@pytest.mark.parametrize(
    ("scalar", "plain"),
    [
        (numpy.int64(-(2**63)), -(2**63)),
        (numpy.uint8(255), 255),
        (numpy.float64(0.1), 0.1),
        (numpy.float32(0.5), 0.5),
        (numpy.bool_(True), True),
        (numpy.str_("x"), "x"),
    ],
)
def test_numpy_scalars_cross_as_what_they_hold(scalar, plain):
    back = crossed({"v": [scalar]})["v"][0]
    assert back == plain and type(back) is type(plain)


def test_numpy_scalars_beyond_int64_are_refused():
    with pytest.raises(Invalid, match="beyond int64"):
        crossed(numpy.uint64(2**63))
