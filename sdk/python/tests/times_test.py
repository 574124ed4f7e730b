"""Time: exact nanoseconds, and only instants."""

import datetime
import pickle

import pytest

from mortise import Invalid, Time

UTC = datetime.timezone.utc


def test_a_time_keeps_every_nanosecond():
    time = Time.parse("2026-01-31T12:34:56.123456789Z")
    assert time.ns % 1_000_000_000 == 123_456_789
    assert str(time) == "2026-01-31T12:34:56.123456789Z"
    assert time.datetime() == datetime.datetime(2026, 1, 31, 12, 34, 56, 123456, UTC)


@pytest.mark.parametrize("ns", [0, 1, -1, 999_999_999, 10**9, -(10**9), 2**63 - 1, -(2**63), 1_700_000_000_123_000_000])
def test_text_reads_back_to_the_same_instant(ns):
    assert Time.parse(str(Time(ns))).ns == ns


def test_times_compare_sort_hash_and_pickle():
    early, late = Time(1), Time(2)
    assert early < late and late > early and early <= Time(1) and late >= late and early != late
    assert sorted([late, early]) == [early, late]
    assert len({Time(5), Time(5)}) == 1
    assert pickle.loads(pickle.dumps(late)) == late
    assert Time(1) != 1


def test_a_time_does_not_change():
    with pytest.raises(AttributeError):
        Time(1).ns = 2


@pytest.mark.parametrize("ns", [2**63, -(2**63) - 1])
def test_a_time_beyond_its_range_is_invalid(ns):
    with pytest.raises(Invalid, match="1677 to 2262"):
        Time(ns)


@pytest.mark.parametrize("wrong", [1.5, True, "2026"])
def test_a_time_is_made_of_whole_nanoseconds(wrong):
    with pytest.raises(TypeError):
        Time(wrong)


def test_a_naive_datetime_is_refused_with_the_way_out():
    with pytest.raises(Invalid) as refused:
        Time.of(datetime.datetime(2026, 1, 1))
    assert "no time zone" in refused.value.message and "timezone.utc" in refused.value.hint


def test_zones_and_pandas_nanoseconds_are_kept():
    zone = datetime.timezone(datetime.timedelta(hours=-5, minutes=-30))
    assert Time.of(datetime.datetime(1970, 1, 1, tzinfo=zone)).ns == 5 * 3600 * 10**9 + 30 * 60 * 10**9
    pandas = pytest.importorskip("pandas")
    assert Time.of(pandas.Timestamp(1_700_000_000_123_456_789, tz="UTC")).ns == 1_700_000_000_123_456_789
