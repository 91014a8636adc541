"""Stages of one rft.toml, and what of a job was offered when the table was written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rewards.job.config import load_config
from rewards.job.errors import ConfigError
from rewards.job.targets import NOVA, OFFERED, OPEN_WEIGHT, doubts

FILE = """
name = "maths"
email = "all@example.com"
[reward]
rubric = "gsm8k"
timeout = 60
[stage.dev.reward]
timeout = 30
[stage.prod]
name = "maths-live"
email = "prod@example.com"
"""

Write = Callable[[str], Path]


def test_a_stage_says_what_is_otherwise(write_config: Write) -> None:
    """Key by key, also in tables; without one the file stands as if it had none."""
    path = write_config(FILE)
    plain, dev, prod = (load_config(path, stage=stage) for stage in (None, "dev", "prod"))
    assert (plain.name, dev.name, prod.name) == ("maths", "maths-dev", "maths-live")
    assert (plain.reward.timeout, dev.reward.timeout, prod.reward.timeout) == (60, 30, 60)
    assert (dev.email, prod.email) == ("all@example.com", "prod@example.com")
    assert load_config(path, {"reward.timeout": "45"}, "dev").reward.timeout == 45


@pytest.mark.parametrize(
    ("text", "stage", "expected"),
    [
        (FILE, "prd", r'no \[stage\.prd\]; did you mean "prod"\?; stages: dev, prod'),
        (FILE.split("[stage")[0], "dev", "stages: none"),
        (FILE + "[stage.dev.job]\nname = 1", "dev", "job"),
        ('stage = "dev"\n' + FILE.split("[stage")[0], None, r"such as \[stage\.dev\]"),
    ],
)
def test_what_is_wrong_with_a_stage_is_said(
    write_config: Write, text: str, stage: str | None, expected: str
) -> None:
    """With the file, and the stages that there are."""
    with pytest.raises(ConfigError, match=expected):
        load_config(write_config(text), stage=stage)


def test_what_was_not_offered_is_doubted() -> None:
    """Region and model, by the table; a custom model of one's own is not in any."""
    for target, offer in OFFERED.items():
        for model in offer.models:
            assert doubts(target, offer.regions[0], model) == []
    assert [doubt.split(":")[0] for doubt in doubts(NOVA, "eu-west-1", "amazon.nova-9-ultra")] == [
        "region eu-west-1",
        "job.base_model amazon.nova-9-ultra",
    ]
    assert doubts(NOVA, "us-east-1", "my-sft-model") == []
    arn = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-2-lite-v1:0:256k/a1b2c3"
    assert doubts(NOVA, "us-east-1", arn) == []
    assert len(doubts(OPEN_WEIGHT, "us-east-1", "openai.gpt-oss-20b")) == 1
