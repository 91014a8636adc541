r"""Scoring numeric answers: is the number that a completion gives as its answer the right one?

`matches` and `extract` are plain functions of text, usable anywhere (TRL, verl, a notebook);
`match` and `steps` are the scorers around them. How a number is read is told in
`rewards.reading.quantities.numbers`, where the answer is looked for and what counts as a hedge or a
correction in `rewards.reading.answer`, what an equation is in
`rewards.reading.quantities.equations`.
"""

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from rewards.core.errors import MissingReferenceError
from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.answer import Answer, find, given
from rewards.reading.quantities.equations import Equation, Worked, equations, numbers_of, worked
from rewards.reading.quantities.numbers import Value, close, is_huge, same
from rewards.reading.quantities.units import unit_of
from rewards.reading.text import MAX_ANSWER_CHARS, Pattern, quoted

__all__ = ["Answer", "extract", "match", "matches", "steps"]

Percent = Literal["ignore", "as_fraction"]
Units = Literal["ignore", "agree"]
DecimalMark = Literal[".", ","]

# References repeat over the rollouts of a prompt; this many are kept read.
_CACHED_REFERENCES = 4096
# Longer values are shown by their first digits.
_MAX_SHOWN = 60
# Below this many characters a sentence may well repeat the prompt by chance.
_MIN_ECHO = 20
# Steps counted for each intermediate result of the reference, and at least: more is spam.
_STEPS_PER_RESULT = 4
_MIN_STEPS_COUNTED = 12

_MARK_BETWEEN_DIGITS = Pattern(r"(?<=\d)(\{?)([.,])(\}?)(?=\d)")


def extract(
    completion: str,
    *,
    markers: tuple[str, ...] | list[str] | None = None,
    decimal: DecimalMark = ".",
) -> Answer | None:
    r"""The final answer of a completion; None where it states no number at all.

    The answer has a value (`int`, `Decimal` or `Fraction`: exact), the span it was read from, the
    rule that read it and whether that place was a structured one. Where something stands in the
    place of an answer that is none (a hedge, an empty box), its value is None and `reason` says
    why.

    >>> answer = extract("48 + 24 = 72, so \\boxed{72} clips.")
    >>> answer.value, answer.span, answer.rule, answer.structured
    (72, (24, 26), 'boxed', True)
    >>> extract("The answer is 71 or 72.").reason
    'several numbers, or a range'
    """
    if decimal == ",":
        completion = _MARK_BETWEEN_DIGITS.sub(_other_mark, completion)
    return find(completion, None if markers is None else tuple(markers))


def matches(
    completion: str,
    reference: str | int | float,
    *,
    tolerance: float = 0.0,
    relative_tolerance: float = 0.0,
    markers: tuple[str, ...] | list[str] | None = None,
    require_marker: bool = False,
    percent: Percent = "ignore",
    units: Units = "ignore",
    decimal: DecimalMark = ".",
) -> bool:
    r"""Whether the completion's final answer equals the reference.

    The reference may be a number or hold one: "72", "$72", "72 clips", "1,000", a solution that
    ends in "#### 72". Values are compared exactly, but for float noise
    (`rewards.reading.quantities.numbers.same`) and the tolerance asked for: the larger of
    `tolerance` (absolute) and `relative_tolerance` times the reference. The other parameters are
    those of the scorer `match`.

    Raises:
        MissingReferenceError: the reference holds no number; no completion ever raises.

    >>> matches("So she sold 48 + 24 = 72 clips.\n#### 72", "72 clips")
    True
    >>> matches("#### 1,000.5", 1000), matches("#### 1,000.5", 1000, tolerance=0.5)
    (False, True)
    """
    wanted = _wanted(reference, decimal)
    if markers is None and decimal == ".":
        found = find(completion)
    else:
        found = extract(completion, markers=markers, decimal=decimal)
    if found is None or found.value is None or (require_marker and not found.structured):
        return False
    if percent == "ignore" and units == "ignore" and not (tolerance or relative_tolerance):
        return same(found.value, wanted.value)
    return not _wrong(
        found, wanted, completion, tolerance, relative_tolerance, percent=percent, units=units
    )


@scorer
def match(
    sample: Sample,
    *,
    tolerance: float = 0.0,
    relative_tolerance: float = 0.0,
    markers: list[str] | None = None,
    require_marker: bool = False,
    unmarked: float = 1.0,
    percent: Literal["ignore", "as_fraction"] = "ignore",
    units: Literal["ignore", "agree"] = "ignore",
    decimal: Literal[".", ","] = ".",
) -> Score:
    r"""1.0 where the completion's final answer equals the reference number, else 0.0.

    An answer that only repeats a sentence of the prompt is wrong.

    Args:
        sample: the rollout to score.
        tolerance: how far off is right; 0 asks for the exact value.
        relative_tolerance: likewise, as a share of the reference (0.01 is one percent); the larger
            allowance of the two counts.
        markers: the structured places accepted, of "####", "\\boxed", "<answer>", "answer" (the
            answer is, Final answer:, in any language), "A:", or any text of your own
            ("Result ->"); without it all of the named ones are.
        require_marker: an answer that stands in no such place is wrong.
        unmarked: what a right answer in no such place is worth, 0 to 1.
        percent: "ignore" takes 50% as 50; "as_fraction" takes it as 0.5, in the reference too.
        units: "agree" refuses a unit other than the reference's (5 kg for "5 g"); no unit agrees.
        decimal: "," where the completions write 1.234,5 for 1234.5; references in text as well.
    """
    reference = sample.reference
    is_number = isinstance(reference, int | float) and not isinstance(reference, bool)
    wanted = _wanted(reference if is_number else sample.reference_text, decimal)
    found = extract(sample.completion, markers=markers, decimal=decimal)
    if found is None:
        return Score(0.0, "no number is stated as the answer")
    if found.value is None:
        return Score(0.0, f"no answer: {found.reason} ({found.rule})", span=found.span)
    answer = sample.completion[slice(*found.span)].strip()[:MAX_ANSWER_CHARS]

    def scored(value: float, reason: str) -> Score:
        return Score(value, f"{reason} ({found.rule})", answer=answer, span=found.span)

    if found.rule == "sentence" and _is_echo(sample, found):
        return scored(0.0, f"{_shown(found.value)} only repeats the prompt")
    completion = sample.completion
    if wrong := _wrong(
        found, wanted, completion, tolerance, relative_tolerance, percent=percent, units=units
    ):
        return scored(0.0, wrong)
    if found.structured:
        return scored(1.0, f"{_shown(found.value)} is right")
    if require_marker:
        return scored(0.0, f"{_shown(found.value)} is right, but in no marked place")
    return scored(unmarked, f"{_shown(found.value)} is right, in no marked place")


@match.check
def _(
    *,
    tolerance: float,
    relative_tolerance: float,
    markers: list[str] | None,
    require_marker: bool,
    unmarked: float,
    percent: str,
    units: str,
    decimal: str,
) -> None:
    del require_marker, percent, units, decimal
    for name, value in (("tolerance", tolerance), ("relative_tolerance", relative_tolerance)):
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} must be 0 or more and finite, got {value}")
    if not 0 <= unmarked <= 1:
        raise ValueError(f"unmarked is a share from 0 to 1, got {unmarked}")
    if markers is not None and (not markers or not all(marker.strip() for marker in markers)):
        raise ValueError("markers must be a list of texts, none of them empty; or leave it out")


@scorer
def steps(sample: Sample, *, equations_weight: float = 0.5, results_weight: float = 0.5) -> Score:
    """How sound the written reasoning is: a weighted mean of two shares, each from 0 to 1.

    equations: of the equations that the completion works out ("48 / 2 = 24 clips"), the share
        that is arithmetically true; a quotient may be rounded to the decimals written.
    results: of the intermediate results of the reference (of its <<48/2=24>> annotations, else of
        its equations, the last one left out), the share that a true equation of the completion
        reaches. Counted only where the reference has any.

    Each different equation counts once and needs an operator that does something ("1 = 1", "72 + 0
    = 72" do not count). Where the reference has results, a true equation counts only if the
    largest number that it works with is one of the reference's equations, of the prompt, or an
    earlier result, right or wrong: an unrelated sum that hits a result earns nothing. Beyond four
    for each result of the reference, and twelve at least, further true equations count for nothing
    and false ones still do: padding does not pay. Behind "≈" a result may be rounded to the digit
    written.

    Args:
        sample: the rollout to score.
        equations_weight: what the share of true equations counts.
        results_weight: what the share of results reached counts; nothing without such results.
    """
    written = _distinct(equations(sample.completion))
    if not written:
        return Score(0.0, "no equation is worked out")
    solution = None if sample.reference_answer is None else worked(sample.reference_text)
    wanted = solution.results if solution else ()
    limit = max(_MIN_STEPS_COUNTED, _STEPS_PER_RESULT * len(wanted))
    false = sum(not equation.is_true for equation in written)
    true = [equation for equation in written if equation.is_true]
    if solution and wanted:
        true = _related(written, solution, sample)
    true = true[:limit]
    counted = len(true) + false
    sound = len(true) / counted if counted else 0.0
    reason = f"{len(true)} of {counted} equations are true"
    if not wanted:
        return Score(sound, reason, {"equations": sound})
    reached = sum(any(same(value, step.result) for step in true) for value in wanted) / len(wanted)
    total = equations_weight + results_weight
    value = (equations_weight * sound + results_weight * reached) / total
    reason += f", {round(reached * len(wanted))} of {len(wanted)} intermediate results are reached"
    return Score(min(1.0, value), reason, {"equations": sound, "results": reached})


def _related(written: list[Equation], solution: Worked, sample: Sample) -> list[Equation]:
    """The true equations whose largest number is known: given, or made by one of those before.

    The largest, since some small number of the problem stands in nearly every sum. A slip makes its
    wrong result known, too: what goes on from it rightly is right.
    """
    known = set(solution.operands)
    asked = False
    related: list[Equation] = []
    for equation in written:
        largest = max(numbers_of(equation.expression), key=float, default="")
        if largest not in known and not asked:
            known |= numbers_of(sample.prompt_text)
            asked = True
        if largest in known:
            if equation.is_true:
                related.append(equation)
            known |= numbers_of(str(equation.result))
    return related


@steps.check
def _(*, equations_weight: float, results_weight: float) -> None:
    for name, value in (("equations_weight", equations_weight), ("results_weight", results_weight)):
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} must be 0 or more and finite, got {value}")
    if not equations_weight + results_weight > 0:
        raise ValueError("equations_weight and results_weight must not both be 0")


class _Wanted(NamedTuple):
    """A reference, read."""

    value: Value
    percent: bool
    unit: str


def _wanted(reference: object, decimal: DecimalMark) -> _Wanted:
    """The number of a reference; a number of the data's own type is read as Python writes it."""
    if isinstance(reference, str):
        return _read_reference(reference, decimal)
    if isinstance(reference, bool) or reference is None:
        raise MissingReferenceError(_no_number(reference))
    return _read_reference(str(reference), ".")


@lru_cache(maxsize=_CACHED_REFERENCES)
def _read_reference(reference: str, decimal: DecimalMark) -> _Wanted:
    if decimal == ",":
        reference = _MARK_BETWEEN_DIGITS.sub(_other_mark, reference)
    found = given(reference)
    if found is None or found.value is None:
        raise MissingReferenceError(_no_number(reference))
    return _Wanted(found.value, found.percent, unit_of(reference, *found.span))


def _no_number(reference: object) -> str:
    shown = quoted(str(reference))
    return (
        f"the reference {shown} holds no single number: numeric.match wants 72, "
        '"72", "$72", "72 clips" or a solution that ends in "#### 72"'
    )


def _wrong(
    found: Answer,
    wanted: _Wanted,
    completion: str,
    tolerance: float,
    relative_tolerance: float,
    *,
    percent: Percent,
    units: Units,
) -> str:
    """Why the answer found is not the reference; empty where it is."""
    value, target = found.value, wanted.value
    if value is None:
        return found.reason
    if percent == "as_fraction":
        value = _as_fraction(value, found.percent)
        target = _as_fraction(target, wanted.percent)
    if not close(value, target, tolerance, relative_tolerance):
        return f"{_shown(value)} is not {_shown(target)}"
    if units == "agree" and wanted.unit:
        unit = unit_of(completion, *found.span)
        if unit and unit != wanted.unit:
            return f"{_shown(value)} is right, but in {unit}, not {wanted.unit}"
    return ""


def _as_fraction(value: Value, is_percent: bool) -> Value:
    if not is_percent or is_huge(value):
        return value
    return Fraction(value) / 100


def _other_mark(match: re.Match[str]) -> str:
    return match[1] + ("," if match[2] == "." else ".") + match[3]


def _shown(value: Value) -> str:
    """A value as people write it, shortened where it has very many digits."""
    if is_huge(value):
        return "a number of very many digits"
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _is_echo(sample: Sample, found: Answer) -> bool:
    """Whether the answer's sentence stands word for word in the prompt."""
    prompt = sample.prompt_text
    if not prompt:
        return False
    completion = sample.completion
    start = max(completion.rfind(mark, 0, found.span[0]) for mark in (". ", "? ", "! ", "\n")) + 1
    ends = [completion.find(mark, found.span[1]) for mark in (". ", "? ", "! ", "\n")]
    sentence = completion[start : min((end for end in ends if end >= 0), default=None)].strip()
    return len(sentence) >= _MIN_ECHO and sentence in prompt


def _distinct(found: list[Equation]) -> list[Equation]:
    """Each different equation once."""
    return list({(e.expression, e.result, e.is_true): e for e in found}.values())
