"""On what terms a judge is asked: the table `asking` of a judge's parameters, declared once."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

#: The table that a deployment provides, for rubrics that name none.
TABLE_VARIABLE = "REWARD_JUDGE_TABLE"

#: A completion longer than this is a book, and no judge of one call reads it.
MAX_CHARS = 400_000

#: A Lambda lives no longer than this.
MAX_SECONDS = 900.0

#: AWS: requestMetadata has at most 16 entries of at most 256 characters (Converse).
MAX_METADATA = 16
_METADATA = re.compile(r"[A-Za-z0-9\s:_@$#=/+,.-]{1,256}", re.ASCII)

# What follows ends up in the resources of an IAM policy, where *, ? and $ would mean more than
# they say: they are in none of these.
_MODEL = re.compile(
    r"(?!arn:)[A-Za-z0-9][A-Za-z0-9._:-]*"
    r"|arn:aws(?:-[a-z-]+)?:(?:bedrock|sagemaker):[a-z0-9-]{1,20}:(?:\d{12})?"
    r":[a-z-]+/[A-Za-z0-9._:/-]+",
    re.ASCII,
)
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}", re.ASCII)
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in whatever currency the rubric thinks in.

    Args:
        input: tokens read, cached ones not included.
        output: tokens written.
        cache_read: tokens of the prompt that the service had cached.
        cache_write: tokens of the prompt that the service cached.
    """

    input: float = 0.0
    output: float = 0.0
    cache_read: float = 0.0
    cache_write: float = 0.0


@dataclass(frozen=True, slots=True)
class Asking:
    """How a judge is asked, and what that may cost.

    Args:
        max_chars: of a longer text only head and tail are shown, and the judge is told.
        temperature: 0 to 1; 0 repeats itself.
        max_tokens: the longest reply; 0 sizes it by the number of criteria.
        timeout: seconds for one request, from the first byte sent to the last one read.
        structured: "tool" has the verdict given as a tool call, "json_schema" as a JSON text.
        strict: hold the tool call to its schema; false for models that know no strict tools.
        tool_choice: "tool" names the tool; "any" or "auto" for models that cannot be made to.
        prompt_cache: mark the part that all samples share for the service's cache; "auto" does
            so for models that take the mark.
        service_tier: how the service queues the request, where the account has a choice.
        region: where the model is called, if not in the Lambda's region.
        model_fields: further fields of the request that the model alone knows.
        metadata: for your bill; at most 16 short ASCII texts.
        price: per million tokens; `max_cost` and the metric JudgeCost count by it.
        max_calls: requests in one invocation, which fails beyond them; 0 is no limit.
        max_cost: likewise in money; calls that are already in flight may pass it.
        cache_table: a DynamoDB table in which verdicts are kept, by default the one that the
            environment's REWARD_JUDGE_TABLE names, if any.
        cache_days: how long they are kept.
    """

    max_chars: int = 24_000
    temperature: float = 0.0
    max_tokens: int = 0
    timeout: float = 60.0
    structured: Literal["tool", "json_schema"] = "tool"
    strict: bool = True
    tool_choice: Literal["tool", "any", "auto"] = "tool"
    prompt_cache: Literal["auto", "on", "off"] = "auto"
    service_tier: Literal["", "default", "priority", "flex", "reserved"] = ""
    region: str = ""
    model_fields: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    price: Price = Price()
    max_calls: int = 0
    max_cost: float = 0.0
    cache_table: str = ""
    cache_days: float = 30.0

    @property
    def table(self) -> str:
        """The cache table to use: the rubric's own, else the deployment's; "" for none."""
        return self.cache_table or os.environ.get(TABLE_VARIABLE, "")


#: As a rubric that says nothing of it is asked.
DEFAULT = Asking()


def check_model(model: str) -> None:
    """Refuse what is no model id, inference profile or ARN of one, with a `ValueError`."""
    if not _MODEL.fullmatch(model):
        raise ValueError(
            "model must be a model id, an inference profile or an ARN, without blanks and "
            f"wildcards, got {model!r}"
        )


def check_places(region: str, table: str) -> None:
    """Refuse a region or a cache table that cannot be one; "" is none of its own."""
    if region and not _REGION.fullmatch(region):
        raise ValueError(f'region must be one such as "us-east-1", got {region!r}')
    if table and not _TABLE.fullmatch(table):
        raise ValueError(
            "cache_table must be the name of a DynamoDB table, 3 to 255 letters, digits, _, . "
            f"and -, got {table!r}"
        )


def check_asking(asking: Asking) -> None:
    """Refuse a value that no request can be made with: `ValueError`, with the remedy."""
    if not 0 <= asking.temperature <= 1:
        raise ValueError(f"temperature must lie between 0 and 1, got {asking.temperature:g}")
    within("max_chars", asking.max_chars, 100, MAX_CHARS)
    within("max_tokens", asking.max_tokens, 0, 100_000)
    if not 0 < asking.timeout <= MAX_SECONDS:
        raise ValueError(f"timeout must lie between 0 and {MAX_SECONDS:g} seconds")
    check_places(asking.region, asking.cache_table)
    _check_fields(asking)
    _check_budget(asking)


def _check_fields(asking: Asking) -> None:
    """What the request carries for the model, and for the bill."""
    if len(asking.metadata) > MAX_METADATA:
        raise ValueError(f"metadata: at most {MAX_METADATA} entries, got {len(asking.metadata)}")
    try:
        json.dumps(dict(asking.model_fields), allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(
            f"model_fields must be what JSON can say, got {asking.model_fields!r}"
        ) from None
    for text in (part for entry in asking.metadata.items() for part in entry):
        if not _METADATA.fullmatch(text):
            raise ValueError(f"metadata: {text!r} must be 1 to 256 plain ASCII characters")


def _check_budget(asking: Asking) -> None:
    for rate in fields(Price):
        if (value := getattr(asking.price, rate.name)) < 0:
            raise ValueError(f"price: {rate.name} must be 0 or more, got {value:g}")
    if asking.max_calls < 0 or asking.max_cost < 0:
        raise ValueError("max_calls and max_cost must be 0 (no limit) or more")
    if asking.max_cost and not (asking.price.input and asking.price.output):
        raise ValueError(
            "max_cost needs a price table, per million tokens: "
            "price = { input = ..., output = ... }"
        )
    if asking.cache_days <= 0:
        raise ValueError(f"cache_days must be above 0, got {asking.cache_days:g}")


def within(name: str, value: int, low: int, high: int) -> None:
    """Refuse a whole number outside of `low` to `high` with a `ValueError`."""
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high:,}, got {value}")
