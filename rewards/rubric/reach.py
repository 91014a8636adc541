"""How far the total of a rubric can go, and whether its range holds that.

A total beyond the range is clamped: all that lies there earns the same, and the model learns
nothing of the difference. So a rubric whose best or usual totals lie there is refused.
"""

import math
from collections.abc import Iterable, Sequence

from rewards.core.errors import SpecError
from rewards.rubric.component import RANGE_NOISE, BoundComponent
from rewards.rubric.spec import RubricSpec

Interval = tuple[float, float]


def reach(total: str, components: Iterable[BoundComponent]) -> Interval:
    """The lowest and the highest total, before it is clamped, where every component has run."""
    weighted = [component for component in components if component.weight]
    return _total(total, weighted, [_pull(component) for component in weighted])


def check_reach(spec: RubricSpec, components: Sequence[BoundComponent]) -> None:
    """Refuse a rubric whose total can leave its range.

    What only takes away (a length penalty, a negative weight) may take the total below the range:
    that is the floor. A lone component that is all or nothing stays so when it is clamped.

    Raises:
        SpecError: what the total reaches, which component takes it there, and the remedies.
    """
    weighted = [component for component in components if component.weight]
    low, high = spec.range
    lowest, highest = reach(spec.total, weighted)
    pulls = [_pull(component) for component in weighted]
    # The lowest total of which no mere penalty is the cause.
    floor, _ = _total(
        spec.total, weighted, [(best if best <= 0.0 else worst, best) for worst, best in pulls]
    )
    noise = RANGE_NOISE * max(1.0, abs(low), abs(high))
    holds = floor >= low - noise and low + noise < highest <= high + noise
    if holds or (_is_yes_or_no(weighted) and max(lowest, low) < min(highest, high)):
        return
    remedies = " or ".join(_remedies(spec, weighted, lowest, highest))
    raise SpecError(
        f"the total reaches {_span(lowest, highest)}, and the range is "
        f"{_span(low, high)}: what lies beyond earns the same; write {remedies}"
    )


def _pull(component: BoundComponent) -> Interval:
    """What a component adds to the total, without the size of its weight."""
    low, high = component.paid
    return (low, high) if component.weight > 0 else (-high, -low)


def _total(total: str, components: Sequence[BoundComponent], pulls: Sequence[Interval]) -> Interval:
    shares = [abs(component.weight) for component in components]
    scale = math.fsum(shares) if total == "mean" else 1.0
    lowest = math.fsum(share * low for share, (low, _) in zip(shares, pulls, strict=True))
    highest = math.fsum(share * high for share, (_, high) in zip(shares, pulls, strict=True))
    return lowest / scale, highest / scale


def _is_yes_or_no(weighted: Sequence[BoundComponent]) -> bool:
    return len(weighted) == 1 and weighted[0].all_or_nothing


def _remedies(
    spec: RubricSpec, weighted: Sequence[BoundComponent], lowest: float, highest: float
) -> list[str]:
    low, high = spec.range
    target = "true" if low <= 0.0 and high >= 1.0 else f"[{low:.12g}, {high:.12g}]"
    wide = [c for c in weighted if c.scale is None and not low <= c.low <= c.high <= high]
    remedies = [
        f'scale = {target} in component "{component.name}", whose scorer gives '
        f"{_span(component.low, component.high)},"
        for component in wide
        if _pull(component)[1] > 0.0 or len(weighted) == 1
    ]
    if remedies and len(weighted) == 1:
        remedies.append("a threshold there, which makes it all or nothing,")
    if spec.total == "sum":
        remedies.append("smaller weights")
    return [*remedies, f"range = [{min(lowest, low):.12g}, {max(highest, high):.12g}]"]


def _span(low: float, high: float) -> str:
    return f"{low:.12g} to {high:.12g}"
