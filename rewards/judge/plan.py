"""The parameters of a judge's component, checked, and made ready to ask with."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rewards.errors import did_you_mean
from rewards.judge.asking import Price, Terms
from rewards.judge.client import JudgeRequest
from rewards.judge.criteria import Criterion, load_criteria, parse_criteria, verdict_schema
from rewards.judge.installed import TABLE_VARIABLE
from rewards.judge.prompt import (
    PAIR_FIELDS,
    SAMPLE_FIELDS,
    Prompt,
    fixed_part,
    load_prompt,
    prompt_file,
)

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

#: A completion longer than this is a book, and no judge of one call reads it.
MAX_CHARS = 400_000

#: A Lambda lives no longer than this.
MAX_SECONDS = 900.0

#: AWS: requestMetadata has at most 16 entries of at most 256 characters (Converse).
MAX_METADATA = 16
_METADATA = re.compile(r"[A-Za-z0-9\s:_@$#=/+,.-]{1,256}", re.ASCII)

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

    prompt: Prompt
    parts: tuple[Part, ...]
    criteria: tuple[Criterion, ...]
    samples: int
    reference: str
    max_chars: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class ComparePlan:
    """How `judge.compare` asks: the same for every group of a component."""

    prompt: Prompt
    request: JudgeRequest
    max_chars: int
    terms: Terms


def grade_plan(params: Mapping[str, Any]) -> GradePlan:
    """The plan of a `judge.grade` component; `ValueError` says which parameter is wrong."""
    return _grade_plan(json.dumps(params, sort_keys=True))


def compare_plan(params: Mapping[str, Any]) -> ComparePlan:
    """The plan of a `judge.compare` component; `ValueError` says which parameter is wrong."""
    return _compare_plan(json.dumps(params, sort_keys=True))


def files(params: Mapping[str, Any]) -> list[Path]:
    """The files that a component reads: part of its rule, and of what must be deployed."""
    found = [prompt_file(params["prompt"])]
    if params.get("criteria_file"):
        found.append(Path(params["criteria_file"]))
    elif "criteria" in params and params["criteria"] is None:
        found.append(prompt_file(params["prompt"]).with_suffix(".toml"))
    return found


# Plans are made once: every sample of a component comes with the same parameters.
@lru_cache(maxsize=64)
def _grade_plan(written: str) -> GradePlan:
    params = json.loads(written)
    _within("samples", params["samples"], 1, MAX_SAMPLES)
    prompt = load_prompt(params["prompt"], SAMPLE_FIELDS, needs=("completion",))
    if params["reference"] == "require" and "reference" not in prompt.fields:
        raise ValueError(f"prompt {params['prompt']!r} shows no {{reference}} to require")
    criteria = _criteria(params)
    groups = [(one,) for one in criteria] if params["per_criterion"] else [criteria]
    parts = tuple(Part(group, _request(params, prompt, group)) for group in groups)
    return GradePlan(
        prompt=prompt,
        parts=parts,
        criteria=criteria,
        samples=params["samples"],
        reference=params["reference"],
        max_chars=params["max_chars"],
        terms=_terms(params),
    )


@lru_cache(maxsize=64)
def _compare_plan(written: str) -> ComparePlan:
    params = json.loads(written)
    if params["opponents"] < 0:
        raise ValueError(f"opponents must be 0 (all) or more, got {params['opponents']}")
    prompt = load_prompt(params["prompt"], PAIR_FIELDS, needs=("first", "second"))
    request = replace(_request(params, prompt, (PREFERENCE,)), system=prompt.fixed)
    return ComparePlan(prompt, request, params["max_chars"], _terms(params))


def _criteria(params: Mapping[str, Any]) -> tuple[Criterion, ...]:
    """From the rubric, from a file of the user's, or the ones that belong to a bundled prompt."""
    if params["criteria"] is not None and params["criteria_file"]:
        raise ValueError("give criteria or criteria_file, not both")
    if params["criteria"] is not None:
        return parse_criteria(params["criteria"])
    if params["criteria_file"]:
        return parse_criteria(load_criteria(Path(params["criteria_file"])))
    beside = prompt_file(params["prompt"]).with_suffix(".toml")
    if not beside.is_file():
        raise ValueError(
            f"prompt {params['prompt']!r} brings no criteria of its own: give criteria, a list of "
            "tables with name, description, weight and scale or levels"
        )
    return parse_criteria(load_criteria(beside))


def _request(
    params: Mapping[str, Any], prompt: Prompt, criteria: Sequence[Criterion]
) -> JudgeRequest:
    """The request of a part, without the data of a sample."""
    if not params["model"].strip():
        raise ValueError("model must be a model id, an inference profile or an ARN")
    if not 0 <= params["temperature"] <= 1:
        raise ValueError(f"temperature must lie between 0 and 1, got {params['temperature']:g}")
    _within("max_chars", params["max_chars"], 100, MAX_CHARS)
    _within("max_tokens", params["max_tokens"], 0, 100_000)
    cache = params["prompt_cache"]
    sized = _TOKENS_AT_LEAST + _TOKENS_A_CRITERION * len(criteria)
    return JudgeRequest(
        model=params["model"],
        system=fixed_part(prompt, criteria),
        user="",
        schema=verdict_schema(criteria),
        max_tokens=params["max_tokens"] or sized,
        temperature=params["temperature"],
        structured=params["structured"],
        strict=params["strict"],
        tool_choice=params["tool_choice"],
        prompt_cache=cache == "on" or (cache == "auto" and bool(_CACHING.search(params["model"]))),
        service_tier=params["service_tier"],
        region=params["region"],
        model_fields=params["model_fields"] or {},
        metadata=_metadata(params["metadata"] or {}),
    )


def _metadata(given: Mapping[str, str]) -> Mapping[str, str]:
    if len(given) > MAX_METADATA:
        raise ValueError(f"metadata: at most {MAX_METADATA} entries, got {len(given)}")
    for text in (part for entry in given.items() for part in entry):
        if not _METADATA.fullmatch(text):
            raise ValueError(f"metadata: {text!r} must be 1 to 256 plain ASCII characters")
    return given


def _terms(params: Mapping[str, Any]) -> Terms:
    """Prices, budget and cache of a component."""
    prices = params["price"] or {}
    known = tuple(Price.__dataclass_fields__)
    for name, value in prices.items():
        if name not in known:
            raise ValueError(f'price: unknown key "{name}"{did_you_mean(name, known)}')
        if value < 0:
            raise ValueError(f"price: {name} must be 0 or more, got {value:g}")
    if params["max_calls"] < 0 or params["max_cost"] < 0:
        raise ValueError("max_calls and max_cost must be 0 (no limit) or more")
    if params["max_cost"] and not (prices.get("input") and prices.get("output")):
        raise ValueError(
            "max_cost needs a price table, per million tokens: "
            "price = { input = ..., output = ... }"
        )
    if not 0 < params["timeout"] <= MAX_SECONDS:
        raise ValueError(f"timeout must lie between 0 and {MAX_SECONDS:g} seconds")
    if params["cache_days"] <= 0:
        raise ValueError(f"cache_days must be above 0, got {params['cache_days']:g}")
    return Terms(
        seconds=params["timeout"],
        price=Price(**prices),
        max_calls=params["max_calls"],
        max_cost=params["max_cost"],
        table=params["cache_table"] or os.environ.get(TABLE_VARIABLE, ""),
        table_days=params["cache_days"],
    )


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high:,}, got {value}")
