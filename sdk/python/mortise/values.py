"""Values on their way out and in (docs/worker-protocol.md, section 3).

    null, bool, string, list, map    None, bool, str, list (tuples too, going out), dict with str keys
    int64                            int; beyond 64 bits is an error, never a float
    float64                          float; NaN and the infinities cross
    bytes                            bytes (bytearray and memoryview too, going out)
    time                             Time (aware datetime too, going out); see times.py
    tensor                           Tensor (numpy arrays too, going out)
    table                            Table (pandas and pyarrow tables too, going out)

numpy's scalars go out as what they hold; a `date` goes out as its text, as the host shows dates. What cannot cross is
an Invalid that names the path to it: "outputs.result.items[3]: a 'set' cannot cross".

Small messages are the common case, so what needs no change is not touched: the header's own JSON tree is the value.
"""

from __future__ import annotations

from typing import List, NoReturn

from .errors import Invalid

MAX_DEPTH = 128
MAX_VALUES = 4_000_000
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


class Odd(Exception):
    """What is wrong with a value, and where; the path grows on the way out, innermost part first."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path: List[str] = []

    def within(self, key: object) -> Odd:
        self.path.append(f"[{key}]" if isinstance(key, int) else f".{key}")
        return self

    def error(self, root: str) -> Invalid:
        where = (root + "".join(reversed(self.path))).lstrip(".")
        if len(where) > 300:
            where = f"{where[:150]} ... {where[-100:]}"
        return Invalid(f"{where}: {self.message}" if where else self.message, self.hint, {"path": where})


def too_deep() -> Odd:
    return Odd(f"values nest at most {MAX_DEPTH} levels")


def too_many() -> Odd:
    return Odd(f"a message holds at most {MAX_VALUES} values", "hand over a Table or a Tensor")


def beyond_int64(value: int) -> NoReturn:
    shown = str(value) if abs(value) < 10**60 else "an int of more than 60 digits"
    raise Odd(f"{shown} is beyond int64 ({INT64_MIN} to {INT64_MAX})", "hand it over as text or as float")
