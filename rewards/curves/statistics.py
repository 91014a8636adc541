"""Whether a noisy series rises, falls or swings, and since when; the standard library's arithmetic.

Errors are of the series itself: the spread of its neighbours' differences and of its residuals
about a smoothed line, whichever is larger, inflated where residuals hang together. Rolling z-scores
and change-point tests are left out on purpose: on public runs they accuse 16 to 37 of 40 healthy
ones.
"""

import cmath
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from statistics import fmean, median
from typing import NamedTuple

#: A robust spread of normal noise from the median of absolute values.
_TO_SIGMA = 1.4826
#: Residuals that hang together more than this tell nothing about the noise.
_MOST_CORRELATED = 0.9


class Change(NamedTuple):
    """How far a series moved from its first to its last fifth, and the error of that figure."""

    first: float
    last: float
    error: float

    @property
    def difference(self) -> float:
        """Last minus first."""
        return self.last - self.first

    def rises(self, errors: float, least: float) -> bool:
        """Whether it moved up by more than so many errors and more than `least`."""
        return self.difference > max(errors * self.error, least)

    def falls(self, errors: float, least: float) -> bool:
        """Whether it moved down by as much."""
        return -self.difference > max(errors * self.error, least)


def smoothed(values: Sequence[float], window: int) -> list[float]:
    """The mean of each value's neighbourhood of `window` values, narrower at the ends.

    >>> smoothed([0.0, 3.0, 0.0], 3)
    [1.5, 1.0, 1.5]
    """
    half, count = max(1, window) // 2, len(values)
    sums = [0.0, *accumulate(values)]
    ends = [min(count, index + half + 1) for index in range(count)]
    starts = [max(0, index - half) for index in range(count)]
    return [(sums[b] - sums[a]) / (b - a) for a, b in zip(starts, ends, strict=True)]


@lru_cache(maxsize=128)
def noise(values: tuple[float, ...]) -> float:
    """The spread of a series about its own trend, inflated for what hangs together."""
    if len(values) < 4:
        return math.inf
    differences = [after - before for before, after in pairwise(values)]
    quick = _TO_SIGMA * median([abs(d) for d in differences]) / math.sqrt(2)
    line = smoothed(values, max(3, len(values) // 5))
    residuals = [value - on_line for value, on_line in zip(values, line, strict=True)]
    squares = sum([r * r for r in residuals])
    spread = math.sqrt(squares / len(values))
    lagged = sum([a * b for a, b in pairwise(residuals)])
    rho = min(_MOST_CORRELATED, max(0.0, lagged / squares)) if squares else 0.0
    return max(quick, spread) * math.sqrt((1 + rho) / (1 - rho))


@lru_cache(maxsize=128)
def change(values: tuple[float, ...]) -> Change:
    """From the mean of the first fifth to the mean of the last fifth."""
    part = max(1, len(values) // 5)
    first, last = fmean(values[:part]), fmean(values[-part:])
    return Change(first, last, noise(values) * math.sqrt(2 / part))


class Fall(NamedTuple):
    """A smoothed series' peak, where it is, and the trough behind it."""

    peak: float
    trough: float
    peak_at: int
    start: float

    @property
    def depth(self) -> float:
        """Peak minus trough."""
        return self.peak - self.trough


def fall(values: Sequence[float]) -> Fall:
    """The deepest fall that has not been made good at the end, of the series over a tenth.

    The trough is the end of the run: what fell and recovered is an episode, not a fall.
    """
    line = smoothed(values, max(3, len(values) // 10))
    peak_at = max(range(len(line)), key=line.__getitem__)
    part = max(1, len(line) // 10)
    trough = fmean(values[-part:])
    return Fall(line[peak_at], trough, peak_at, line[0])


class Swing(NamedTuple):
    """The strongest wave of a series: amplitude, period in points, share of what moves, chance.

    `start` is the point at which it begins, 0 where the whole series swings.
    """

    amplitude: float
    period: float
    share: float
    chance: float
    start: int


#: No more frequencies than tell apart what a plot tells apart: a thousand steps stay quick.
_MOST_ROUNDS = 80
#: Beginnings that are tried for each of them.
_MOST_STARTS = 250
#: Points, and rounds, that a wave lasts at least.
_LEAST_POINTS, _LEAST_ROUNDS = 12, 2
#: For how many independent places one frequency is counted, as waves may begin anywhere: with this
#: many noise that hangs together is called a wave less often than by whole series alone.
_PLACES = 60
#: A wave that begins within its first round is one of the whole series, if that loses no more.
_FIRST_ROUNDS, _KEPT = 1.2, 0.8


def swing(values: Sequence[float]) -> Swing:
    """The strongest wave about the slow bend of a series, from some point on, by a periodogram.

    Waves of four points at least are looked at, with three rounds to the series and two of their
    own. Beginning and period are those that explain most of the squares. `chance` is how often
    noise without a wave shows one as strong (R. A. Fisher, Tests of significance in harmonic
    analysis, 1929), over all frequencies and beginnings.
    """
    count = len(values)
    residuals = _about_its_bend(values)
    total = sum(r * r for r in residuals)
    best = Swing(0.0, 0.0, 0.0, 1.0, 0)
    if not total:
        return best
    explained, parts = 0.0, 2 if count <= 2 * _MOST_ROUNDS else 1
    turns = [cmath.rect(1, 2 * math.pi * k / (count * parts)) for k in range(count * parts)]
    for rounds in range(3 * parts, min(count // 4, _MOST_ROUNDS) * parts + 1):
        period = count * parts / rounds
        tails = _tails(residuals, turns, rounds)
        last = count - max(_LEAST_POINTS, math.ceil(_LEAST_ROUNDS * period))
        for start in range(0, last + 1, 1 + count // _MOST_STARTS):
            gain = 2 * abs(tails[start]) ** 2 / (count - start)
            if gain > explained * (1 + 1e-9):
                explained = gain
                best = Swing(2 * abs(tails[start]) / (count - start), period, 0.0, 1.0, start)
    if 0 < best.start <= _FIRST_ROUNDS * best.period:
        rounds = round(count * parts / best.period)
        whole = abs(_tails(residuals, turns, rounds)[0])
        if 2 * whole**2 / count >= _KEPT * explained:
            explained = 2 * whole**2 / count
            best = best._replace(amplitude=2 * whole / count, start=0)
    own = sum(r * r for r in residuals[best.start :])
    chance = min(
        _chance(explained / all_, length, count)
        for all_, length in ((total, count), (own, count - best.start))
        if all_
    )
    return best._replace(share=explained / own if own else 0.0, chance=chance)


def _chance(share: float, length: int, count: int) -> float:
    """How often noise of so many points has a wave that explains that share of its squares."""
    left: float = (1 - min(share, 1.0)) ** (length / 2 - 1)
    return min(1.0, _PLACES * count / 2 * left)


def _tails(values: Sequence[float], turns: Sequence[complex], rounds: int) -> list[complex]:
    """The part of a series that swings so often, from each point to the end."""
    size = len(turns)
    turned = [value * turns[index * rounds % size] for index, value in enumerate(values)]
    return list(accumulate(reversed(turned)))[::-1]


def _about_its_bend(values: Sequence[float]) -> list[float]:
    line = smoothed(values, max(5, len(values) // 3))
    return [value - on_line for value, on_line in zip(values, line, strict=True)]


def onset(values: Sequence[float]) -> int:
    """Where a series leaves its level, by a slope or by a step: the corner that fits it best.

    >>> onset([0, 0, 0, 0, 1, 2, 3])
    3
    """
    count = len(values)
    sums = [0.0, *accumulate(values)]
    squares = [0.0, *accumulate(value * value for value in values)]
    weighted = [0.0, *accumulate(index * value for index, value in enumerate(values))]
    best, best_error = 0, math.inf
    for corner in range(1, count - 2):
        for error in (
            _hinge_error(sums, squares, weighted, corner),
            squares[count]
            - sums[corner] ** 2 / corner
            - (sums[count] - sums[corner]) ** 2 / (count - corner),
        ):
            if error < best_error:
                best, best_error = corner, error
    return best


def _hinge_error(
    sums: Sequence[float], squares: Sequence[float], weighted: Sequence[float], corner: int
) -> float:
    """The squared error of the best level up to `corner` with a slope behind it."""
    count = len(sums) - 1
    rest = count - 1 - corner
    # The basis: 1, and max(0, index - corner), whose sums have closed forms.
    s1, s2 = rest * (rest + 1) / 2, rest * (rest + 1) * (2 * rest + 1) / 6
    tail = (weighted[count] - weighted[corner]) - corner * (sums[count] - sums[corner])
    determinant = count * s2 - s1 * s1
    if determinant <= 0:
        return math.inf
    level = (sums[count] * s2 - tail * s1) / determinant
    slope = (count * tail - s1 * sums[count]) / determinant
    return squares[count] - level * sums[count] - slope * tail
