"""One snapshot a stack: any change of what is deployed shows in a review.

`UPDATE_SNAPSHOTS=1` writes them anew.
"""

import json
import os
import re
from pathlib import Path

import pytest
from aws_cdk.assertions import Template

from tests.rewards_cdk.conftest import STACKS

SNAPSHOTS = Path(__file__).parent / "snapshots"


def normalised(template: Template) -> str:
    """The template without what changes with every edit of the code: hashes of assets."""
    text = json.dumps(template.to_json(), indent=1, sort_keys=True)
    text = re.sub(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}", r"\1<hash>", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<hash>", text)
    return re.sub(r"digest [0-9a-f]{16}", "digest <hash>", text) + "\n"


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_is_the_one_that_was_reviewed(templates: dict[str, Template], stack: str) -> None:
    """Nothing changes in an account unless somebody has seen it."""
    path = SNAPSHOTS / f"{stack}.json"
    text = normalised(templates[stack])
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "UPDATE_SNAPSHOTS=1 accepts the change"
