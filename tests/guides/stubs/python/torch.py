"""Stands in for torch where a guide's sample needs no more than this of it. A model doubles its input."""

import array


class device:
    def __init__(self, name):
        self.name = name


class cuda:
    @staticmethod
    def is_available():
        return False

    @staticmethod
    def empty_cache():
        raise AssertionError("there is no GPU here")


class _Tensor:
    def __init__(self, values):
        self.values = list(values)

    def to(self, _device):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self

    def tobytes(self):
        return array.array("f", self.values).tobytes()


class _Model:
    def eval(self):
        return self

    def __call__(self, tensor):
        return _Tensor(2 * value for value in tensor.values)


class no_grad:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def load(path, map_location=None):
    with open(path, "rb"):
        return _Model()


def from_numpy(values):
    return _Tensor(float(value) for value in values)


tensor = from_numpy
