"""A component ready to run: its scorer bound, its verdicts checked, its error policies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from rewards.core.errors import SpecError
from rewards.core.score import Fault, Metrics, Score, number_of
from rewards.core.scorer import Scorer
from rewards.rubric.spec import ComponentSpec

#: A verdict may leave its scorer's range by this much: float noise, not a scorer's bug.
RANGE_NOISE = 1e-9


class BoundComponent:
    """A component made ready to run: scorer resolved, parameters bound and checked."""

    def __init__(self, spec: ComponentSpec, scorer: Scorer[..., Any]) -> None:
        """Bind the parameters; `SpecError` where the scorer cannot stand in that place."""
        self.name = spec.name
        self.scorer = scorer
        self.params = scorer.bind(spec.params)
        self.low, self.high = scorer.reach(self.params)
        #: What its verdicts are worth at their lowest and at their highest.
        self.paid = spec.scale or (self.low, self.high)
        self.scale = spec.scale
        self.weight = spec.weight
        self.gate = spec.gate
        # A gate asks for full marks unless it says otherwise.
        full_marks = self.high if spec.gate else -math.inf
        self.threshold = full_marks if spec.threshold is None else spec.threshold
        self.all_or_nothing = spec.threshold is not None and not spec.gate
        # Without a share in the reward it is a metric: it neither costs nor stops anything, unless
        # the rubric says so.
        self.counts = bool(spec.weight) or spec.gate
        self.on_error = spec.on_error or ("fail" if scorer.is_async and self.counts else "floor")
        # An outage of a judge fails the invocation; a row without a usable reference must not end
        # a training run that has gone on for hours, unless the rubric says so.
        self.on_data_fault = spec.on_error or "floor"
        self.on_refusal = spec.on_refusal
        self.as_given = spec.scale is None and not self.all_or_nothing
        if spec.gate and scorer.is_group:
            raise SpecError("a group scorer cannot be a gate: gates look at one sample")
        if spec.threshold is not None and not self.low <= spec.threshold <= self.high:
            raise SpecError(
                f"threshold must lie between {self.low} and {self.high}, the range of "
                f"{scorer.address}, got {spec.threshold}"
            )
        self.call: Callable[..., Any] = partial(scorer.function, **self.params)

    def verdict(self, raw: Any) -> Score | Fault:
        """What the scorer returned, checked: a finite value in range, or a fault of the scorer."""
        value = raw
        if type(raw) is Score:
            if flaw := _flaw(raw):
                return no_verdict(f"returned a Score whose {flaw}")
            value = raw.value
            if type(value) is float and self.low <= value <= self.high and self.as_given:
                return raw  # nearly every verdict
        try:
            value = number_of(value)
        except (TypeError, ValueError) as error:
            return no_verdict(f"returned {error}")
        if not math.isfinite(value):
            return no_verdict(f"returned {value}, which is no finite number")
        if not self.low <= value <= self.high:
            if not self.low - RANGE_NOISE <= value <= self.high + RANGE_NOISE:
                detail = f"returned {value}, outside {self.low} to {self.high}"
                return Fault("out_of_range", detail, "scorer")
            value = min(max(value, self.low), self.high)
        if not self.as_given:
            value = self.worth(value)
        return replace(raw, value=value) if type(raw) is Score else Score(value)

    def worth(self, value: float) -> float:
        """What a value of the scorer pays: all or nothing by the threshold, else by `scale`."""
        low, high = self.paid
        if self.all_or_nothing:
            return high if value >= self.threshold else low
        share = (value - self.low) / (self.high - self.low)
        return min(max((1.0 - share) * low + share * high, low), high)

    @property
    def worst(self) -> float:
        """What a fault under "floor" counts as: the value that pays least, given the weight."""
        return self.paid[0] if self.weight >= 0 else self.paid[1]

    def policy(self, fault: Fault) -> str:
        """What becomes of a sample with this fault: floor, skip, neutral or fail."""
        if fault.blame == "sample":
            return self.on_refusal
        return self.on_data_fault if fault.blame == "data" else self.on_error


def no_verdict(detail: str) -> Fault:
    """The fault of a scorer that returned what is none."""
    return Fault("invalid_value", detail, "scorer")


def _flaw(score: Score) -> str:
    """What makes the rest of a score unfit for the response and the log; "" for nothing.

    Without it one scorer's slip would cost the whole batch, when the response is written. The
    metrics were checked when the score was made, and cannot have been changed since.
    """
    if type(score.reason) is not str:
        return f"reason is {type(score.reason).__name__}, not a string"
    if score.answer is not None and type(score.answer) is not str:
        return f"answer is {type(score.answer).__name__}, not a string"
    if type(score.metrics) is not Metrics:
        return f"metrics are {type(score.metrics).__name__}, put there after it was made"
    return ""
