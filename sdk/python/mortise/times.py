"""Time: an instant in whole nanoseconds since 1970-01-01T00:00:00Z.

Python's `datetime` keeps microseconds and may lack a zone, so a time that crosses arrives as a `Time`, which loses
nothing. A plugin may hand over a `Time` or any aware `datetime`; a naive one is refused, because it names no instant.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = 1_000_000_000
_MIN, _MAX = -(2**63), 2**63 - 1
_TEXT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


class Time:
    """An instant. Compares, sorts and hashes by `ns`, nanoseconds since the epoch."""

    __slots__ = ("ns",)
    ns: int

    def __init__(self, ns: int) -> None:
        if not isinstance(ns, int) or isinstance(ns, bool):
            raise TypeError(f"Time takes whole nanoseconds, not {type(ns).__name__}; see Time.of(datetime)")
        if not _MIN <= ns <= _MAX:
            raise Invalid(f"{ns} ns is beyond a time (years 1677 to 2262)")
        object.__setattr__(self, "ns", ns)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a Time does not change")

    def __reduce__(self) -> Any:
        return (Time, (self.ns,))

    @classmethod
    def now(cls) -> Time:
        import time

        return cls(time.time_ns())

    @classmethod
    def of(cls, moment: datetime) -> Time:
        """The instant of an aware datetime (of a pandas Timestamp too, with its nanoseconds)."""
        if moment.tzinfo is None or moment.utcoffset() is None:
            raise Invalid(
                f"the datetime {moment.isoformat()} has no time zone, so it names no instant",
                "make it aware: datetime(..., tzinfo=timezone.utc) or moment.astimezone()",
            )
        past = moment - _EPOCH
        micros = (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
        return cls(micros * 1000 + int(getattr(moment, "nanosecond", 0)))

    @classmethod
    def parse(cls, text: str) -> Time:
        """Reads RFC 3339 in UTC, "2026-01-31T12:34:56.123456789Z", with 0 to 9 decimals."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise Invalid(f"{text!r} is not a time", 'write RFC 3339 in UTC, like "2026-01-31T12:34:56.5Z"')
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        try:
            past = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc) - _EPOCH
        except ValueError as error:
            raise Invalid(f"{text!r} is not a time: {error}") from None
        decimals = int((found.group(7) or "").ljust(9, "0"))
        return cls((past.days * 86_400 + past.seconds) * _SECOND + decimals)

    def datetime(self) -> datetime:
        """An aware datetime in UTC; what is below a microsecond is cut off."""
        return _EPOCH + timedelta(microseconds=self.ns // 1000)

    def __str__(self) -> str:
        seconds, rest = divmod(self.ns, _SECOND)
        text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else text + "Z"

    def __repr__(self) -> str:
        return f"Time({self.ns})  # {self}"

    def __hash__(self) -> int:
        return hash((Time, self.ns))

    def __eq__(self, other: object) -> bool:
        return self.ns == other.ns if isinstance(other, Time) else NotImplemented

    def __lt__(self, other: Time) -> bool:
        return self.ns < other.ns if isinstance(other, Time) else NotImplemented

    def __le__(self, other: Time) -> bool:
        return self.ns <= other.ns if isinstance(other, Time) else NotImplemented

    def __gt__(self, other: Time) -> bool:
        return self.ns > other.ns if isinstance(other, Time) else NotImplemented

    def __ge__(self, other: Time) -> bool:
        return self.ns >= other.ns if isinstance(other, Time) else NotImplemented
