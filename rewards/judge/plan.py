"""The parameters of a judge's component, checked, and made ready to ask with."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rewards.judge.client import JudgeRequest
from rewards.judge.criteria import Criterion, load_criteria, parse_criteria, verdict_schema
from rewards.judge.shown.prompt import (
    PAIR_FIELDS,
    SAMPLE_FIELDS,
    JudgePrompt,
    fixed_part,
    load_prompt,
    prompt_file,
)
from rewards.judge.terms import Asking, check_asking, check_model, within

P = TypeVar("P")

#: What `first` is worth against `second` in a comparison.
PREFERENCE = Criterion(
    name="preference",
    description="Which of the two is better.",
    weight=1.0,
    levels={"second": 0.0, "tie": 0.5, "first": 1.0},
    meanings={},
)

#: Sixty words of reasons in any language and their JSON; and as much again to begin with.
_TOKENS_A_CRITERION = 300
_TOKENS_AT_LEAST = 500

#: A temperature of 0 repeats itself: more copies than this tell nothing new, and all are paid for.
MAX_SAMPLES = 15

#: Plans that are kept: more components with a judge than any process has at once.
MAX_PLANS = 64

# Models that take a cache point; others answer it with an error (Amazon Bedrock User Guide,
# "Prompt caching for faster model inference").
_CACHING = re.compile(
    r"anthropic\.claude-(?:3-7|3-5-haiku|(?:opus|sonnet|haiku)-\d)|amazon\.nova-", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Part:
    """What one call is about: all criteria, or one of them."""

    criteria: tuple[Criterion, ...]
    request: JudgeRequest

    @property
    def task(self) -> str:
        """The instructions that stand after the data."""
        names = ", ".join(criterion.name for criterion in self.criteria)
        return (
            "Grade the completion now. For each of these give first the reason, in at most 60 "
            f"words, then the score: {names}."
        )


@dataclass(frozen=True, slots=True)
class GradePlan:
    """How `judge.grade` asks: the same for every sample of a component."""

    prompt: JudgePrompt
    parts: tuple[Part, ...]
    criteria: tuple[Criterion, ...]
    samples: int
    reference: str
    asking: Asking


@dataclass(frozen=True, slots=True)
class ComparePlan:
    """How `judge.compare` asks: the same for every group of a component."""

    prompt: JudgePrompt
    request: JudgeRequest
    opponents: int
    asking: Asking


def grade_plan(
    *,
    model: str,
    prompt: str,
    criteria: Sequence[Mapping[str, Any]] | None,
    criteria_file: str,
    per_criterion: bool,
    samples: int,
    reference: str,
    asking: Asking,
) -> GradePlan:
    """The plan of a `judge.grade` component; `ValueError` says which parameter is wrong."""
    check_model(model)
    check_asking(asking)
    within("samples", samples, 1, MAX_SAMPLES)
    shown = load_prompt(prompt, SAMPLE_FIELDS, needs=("completion",))
    if reference == "require" and "reference" not in shown.fields:
        raise ValueError(f"prompt {prompt!r} shows no {{reference}} to require")
    judged = _criteria(criteria, criteria_file, prompt)
    groups = [(one,) for one in judged] if per_criterion else [judged]
    return GradePlan(
        prompt=shown,
        parts=tuple(
            Part(group, _request(model, fixed_part(shown, group), group, asking))
            for group in groups
        ),
        criteria=judged,
        samples=samples,
        reference=reference,
        asking=asking,
    )


def compare_plan(*, model: str, prompt: str, opponents: int, asking: Asking) -> ComparePlan:
    """The plan of a `judge.compare` component; `ValueError` says which parameter is wrong."""
    check_model(model)
    check_asking(asking)
    if opponents < 0:
        raise ValueError(f"opponents must be 0 (all) or more, got {opponents}")
    shown = load_prompt(prompt, PAIR_FIELDS, needs=("first", "second"))
    request = _request(model, shown.fixed, (PREFERENCE,), asking)
    return ComparePlan(shown, request, opponents, asking)


_plans: dict[tuple[object, str], Any] = {}


def planned(make: Callable[..., P], **params: Any) -> P:
    """The plan that `make` gave for these parameters: every sample comes with the same ones."""
    key = _key(make, params)
    return _plans[key] if key in _plans else replanned(make, **params)


def replanned(make: Callable[..., P], **params: Any) -> P:
    """A plan made now, and kept: a rubric that loads reads its prompt files anew."""
    plan = make(**params)
    if len(_plans) >= MAX_PLANS:
        _plans.clear()
    _plans[_key(make, params)] = plan
    return plan


def _key(make: Callable[..., P], params: Mapping[str, Any]) -> tuple[object, str]:
    """What finds a plan: parameters as text, their tables in the order in which they stand."""
    return make, repr(params)


def files(params: Mapping[str, Any]) -> list[Path]:
    """The files that a component reads: part of its rule, and of what must be deployed."""
    found = [prompt_file(params["prompt"])]
    if params.get("criteria_file"):
        found.append(Path(params["criteria_file"]))
    elif "criteria" in params and params["criteria"] is None:
        found.append(prompt_file(params["prompt"]).with_suffix(".toml"))
    return found


def _criteria(
    given: Sequence[Mapping[str, Any]] | None, file: str, prompt: str
) -> tuple[Criterion, ...]:
    """From the rubric, from a file of the user's, or the ones that belong to a bundled prompt."""
    if given is not None and file:
        raise ValueError("give criteria or criteria_file, not both")
    if given is not None:
        return parse_criteria(given)
    if file:
        return parse_criteria(load_criteria(Path(file)))
    beside = prompt_file(prompt).with_suffix(".toml")
    if not beside.is_file():
        raise ValueError(
            f"prompt {prompt!r} brings no criteria of its own: give criteria, a list of "
            "tables with name, description, weight and scale or levels"
        )
    return parse_criteria(load_criteria(beside))


def _request(
    model: str, system: str, criteria: Sequence[Criterion], asking: Asking
) -> JudgeRequest:
    """The request of a part, without the data of a sample."""
    cache = asking.prompt_cache
    sized = _TOKENS_AT_LEAST + _TOKENS_A_CRITERION * len(criteria)
    return JudgeRequest(
        model=model,
        system=system,
        user="",
        schema=verdict_schema(criteria),
        max_tokens=asking.max_tokens or sized,
        temperature=asking.temperature,
        structured=asking.structured,
        strict=asking.strict,
        tool_choice=asking.tool_choice,
        prompt_cache=cache == "on" or (cache == "auto" and bool(_CACHING.search(model))),
        service_tier=asking.service_tier,
        region=asking.region,
        model_fields=asking.model_fields,
        metadata=asking.metadata,
    )
