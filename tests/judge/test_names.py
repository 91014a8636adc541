"""Names that a judge's rubric gives and that reach a request and a policy: models and places."""

from typing import Any

import pytest

from rewards.core.errors import SpecError
from tests.judge.conftest import graded


@pytest.mark.parametrize(
    ("params", "message"),
    [
        *[
            ({"model": model}, "without blanks and wildcards")
            for model in (
                *("*", "amazon.nova-*", "amazon.nov?", "$model", "${aws:username}", " m", "m "),
                *("a b", "m\n", "", "arn:aws:bedrock:*:*:*", "arn:aws:s3:::x", "arn:aws:s3:::x/*"),
                *("arn:aws:bedrock:us-east-1:*:inference-profile/a", "a/../b", "модель"),
                "arn:aws:bedrock:us-east-1::foundation-model/*",
            )
        ],
        *[
            ({"region": region}, "region must be one such as")
            for region in ("*", "us-*", "us-east-?", "us east-1", "US-EAST-1", "us-east-1 ", "r")
        ],
        *[
            ({"cache_table": table}, "3 to 255 letters, digits")
            for table in ("*", "v*", "ab", "verdicts/*", "a b c", "$table", "x" * 256, "té_st")
        ],
    ],
    ids=str,
)
def test_no_name_that_means_more_than_it_says_reaches_a_policy(
    params: dict[str, Any], message: str
) -> None:
    """Wildcards and variables of IAM, blanks, other services: refused when the rubric loads."""
    with pytest.raises(SpecError, match=message):
        graded(**params)


@pytest.mark.parametrize(
    "model",
    [
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "openai.gpt-oss-120b-1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.a.b-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova/abcdef123456",
        "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1",
        "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/anthropic.claude:1",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/my-endpoint",
    ],
)
def test_every_way_to_name_a_model_is_taken(model: str) -> None:
    """Ids, profiles and ARNs, of every partition, and places as they are called."""
    graded(model=model, region="us-gov-west-1", cache_table="My_table.v1-2")
