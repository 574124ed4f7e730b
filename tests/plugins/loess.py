"""STL once more, from the paper (Cleveland et al., 1990), so that R's answer is held against one that is not R's.

Only what the tests need: not robust, the local polynomials of R's defaults (season constant, trend and low-pass linear), and
loess at every so many points with straight lines between, as the paper's own program has it.
"""

import math

import numpy as np


def next_odd(number):
    whole = round(number)
    return whole + 1 if whole % 2 == 0 else whole


def fit_at(y, window, degree, at, left, right):
    """Loess at `at` (from 1 on), over the points left..right; None when they have no weight."""
    n = len(y)
    reach = max(at - left, right - at)
    if window > n:
        reach += (window - n) // 2
    points = np.arange(left, right + 1)
    distance = np.abs(points - at)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.where(distance <= 0.001 * reach, 1.0, (1 - (distance / reach) ** 3) ** 3)
    weights[distance > 0.999 * reach] = 0
    if weights.sum() <= 0:
        return None
    weights /= weights.sum()
    if reach > 0 and degree > 0:
        middle = (weights * points).sum()
        spread = (weights * (points - middle) ** 2).sum()
        if math.sqrt(spread) > 0.001 * (n - 1):
            weights *= (at - middle) / spread * (points - middle) + 1
    return float((weights * y[left - 1 : right]).sum())


def loess(y, window, degree, jump):
    n = len(y)
    jump = min(jump, n - 1)
    half = (window + 1) // 2

    def bounds(i):
        if window >= n:
            return 1, n
        if i < half:
            return 1, window
        if i >= n - half + 1:
            return n - window + 1, n
        return i - half + 1, window + i - half

    places = list(range(1, n + 1, jump))
    fitted = [fit_at(y, window, degree, i, *bounds(i)) for i in places]
    if places[-1] != n:
        left, right = bounds(places[-1])
        fitted.append(fit_at(y, window, degree, n, left, right))
        places.append(n)
    fitted = [y[place - 1] if value is None else value for place, value in zip(places, fitted)]
    return np.interp(np.arange(1, n + 1), places, fitted)


def averages(y, window):
    return np.convolve(y, np.ones(window) / window, mode="valid")


def stl(y, period, s_window=None):
    """(seasonal, trend, remainder); without s_window the season is the same in every period."""
    y = np.asarray(y, dtype=float)
    n = len(y)
    periodic = s_window is None
    s_window = 10 * n + 1 if periodic else s_window
    t_window = next_odd(math.ceil(1.5 * period / (1 - 1.5 / s_window)))
    l_window = next_odd(period)
    s_jump, t_jump, l_jump = (math.ceil(window / 10) for window in (s_window, t_window, l_window))
    trend = np.zeros(n)
    for _ in range(2):
        detrended = y - trend
        cycles = np.empty(n + 2 * period)
        for phase in range(period):
            part = detrended[phase::period]
            k = len(part)
            inner = loess(part, s_window, 0, s_jump)
            first = fit_at(part, s_window, 0, 0, 1, min(s_window, k))
            last = fit_at(part, s_window, 0, k + 1, max(1, k - s_window + 1), k)
            cycles[phase::period][: k + 2] = [inner[0] if first is None else first, *inner, inner[-1] if last is None else last]
        low = loess(averages(averages(averages(cycles, period), period), 3), l_window, 1, l_jump)
        seasonal = cycles[period : period + n] - low
        trend = loess(y - seasonal, t_window, 1, t_jump)
    if periodic:
        seasonal = np.array([seasonal[i % period :: period].mean() for i in range(n)])
    return seasonal, trend, y - seasonal - trend
