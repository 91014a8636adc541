"""How far a judge agrees with people: the statistics of `rewards judge calibrate`.

The measures come from scikit-learn (kappa, confusion), SciPy (rank correlation) and krippendorff.
What cannot be measured (nobody varies, say) is None, never a number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rewards.core.errors import SpecError


class Statistic(StrEnum):
    """What `--at-least` may be about: the fields of `Agreement` of these names."""

    kappa = "kappa"
    weighted_kappa = "weighted_kappa"
    spearman = "spearman"
    alpha = "alpha"


@dataclass(frozen=True)
class Agreement:
    """Judge and people on one question, by levels from worst to best.

    `kappa` is Cohen's, `weighted_kappa` the same with quadratic weights, `spearman` the rank
    correlation, `alpha` Krippendorff's for ordinal data; 1 is perfect, 0 is chance. `leniency` is
    the judge's mean worth minus people's, -1 to 1. `confusion[i][j]` counts samples that people
    put at level i and the judge at level j.
    """

    levels: list[str]
    count: int
    equal: float
    kappa: float | None
    weighted_kappa: float | None
    spearman: float | None
    alpha: float | None
    leniency: float
    confusion: list[list[int]]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))


def agreement(people: Sequence[int], judge: Sequence[int], levels: Sequence[str]) -> Agreement:
    """Compare two lists of positions on one scale; `levels` names the scale, worst first."""
    kappa_score, confusion_matrix = _sklearn()
    order = list(range(len(levels)))
    varied = len({*people, *judge}) > 1
    top = len(levels) - 1
    return Agreement(
        levels=list(levels),
        count=len(people),
        equal=sum(a == b for a, b in zip(people, judge, strict=True)) / len(people),
        # All levels are named: quadratic weights count the steps between them, used or not.
        kappa=_finite(kappa_score(people, judge, labels=order)) if varied else None,
        weighted_kappa=(
            _finite(kappa_score(people, judge, labels=order, weights="quadratic"))
            if varied
            else None
        ),
        spearman=rank_correlation(people, judge),
        alpha=alpha([people, judge]) if varied else None,
        leniency=math.fsum(b - a for a, b in zip(people, judge, strict=True)) / len(people) / top,
        confusion=confusion_matrix(people, judge, labels=order).tolist(),
    )


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rho; None where one side does not vary."""
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    try:
        from scipy.stats import spearmanr
    except ImportError:
        raise _missing() from None
    measured: Any = spearmanr(first, second)
    return _finite(measured.statistic)


def alpha(raters: Sequence[Sequence[float | None]]) -> float | None:
    """Krippendorff's alpha for ordinal data; None stands for what a rater did not rate."""
    try:
        import krippendorff
    except ImportError:
        raise _missing() from None
    rated = [value for rater in raters for value in rater if value is not None]
    if len(set(rated)) < 2:
        return None
    table = [[math.nan if value is None else value for value in rater] for rater in raters]
    try:
        return _finite(krippendorff.alpha(table, level_of_measurement="ordinal"))
    except ValueError:  # no sample was rated twice
        return None


def _sklearn() -> tuple[Any, Any]:
    try:
        from sklearn.metrics import cohen_kappa_score, confusion_matrix
    except ImportError:
        raise _missing() from None
    return cohen_kappa_score, confusion_matrix


def _missing() -> SpecError:
    return SpecError(
        "calibration needs scikit-learn, scipy and krippendorff: "
        "pip install 'bedrock-rft-rewards[calibrate]'"
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
