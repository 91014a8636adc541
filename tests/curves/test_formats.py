"""What trainers write becomes the normal form; made-up figures in the keys that they really use."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import SpecError
from rewards.curves.curves import Run
from rewards.curves.formats import merged, read_curves
from rewards.curves.rollouts import read_rollouts

TRL: dict[str, Any] = {
    **{"step": 2, "reward": 0.5, "reward_std": 0.1, "frac_reward_zero_std": 0.25, "loss": 0.1},
    **{"rewards/correct/mean": 0.4, "rewards/correct/std": 0.2, "completions/mean_length": 80.0},
    **{"entropy": 0.7, "grad_norm": 0.3, "kl": 0.01, "learning_rate": 1e-5, "epoch": 0.1},
}
NORMAL = {
    **{"step": 2.0, "train_reward": 0.5, "zero_std_frac": 0.25, "component/correct": 0.4},
    **{"length": 80.0, "entropy": 0.7, "grad_norm": 0.3, "kl": 0.01},
}
VERL = (
    "(TaskRunner pid=7) step:2 - global_seqlen/mean:9.5 - actor/entropy:0.7 - actor/grad_norm:0.3"
    " - critic/rewards/mean:0.5 - response_length/mean:80.0 - val-core/gsm8k/acc/mean@1:0.45"
)
CLOUDWATCH = {
    "MetricDataResults": [
        {
            "Id": "m1",
            "Label": "TrainingReward",
            "Timestamps": ["2026-11-25T10:05:00Z", "2026-11-25T10:00:00+00:00"],
            "Values": [0.6, 0.5],
        },
        {"Label": "PolicyEntropy", "Timestamps": ["2026-11-25T10:05:00Z"], "Values": [0.7]},
    ]
}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (json.dumps(NORMAL) + "\n", [NORMAL]),
        (json.dumps(TRL), [NORMAL]),
        (json.dumps({"log_history": [TRL, {"step": 2, "eval_reward": 0.6}]}), None),
        (
            VERL,
            [
                {
                    **{"step": 2.0, "entropy": 0.7, "grad_norm": 0.3, "train_reward": 0.5},
                    **{"length": 80.0, "val_reward": 0.45},
                }
            ],
        ),
        (
            "_step,train/reward,train/entropy,train/rewards/correct/mean\n3,0.5,0.7,0.4\n4,0.6,,",
            [
                {"step": 3.0, "train_reward": 0.5, "entropy": 0.7, "component/correct": 0.4},
                {"step": 4.0, "train_reward": 0.6},
            ],
        ),
        (
            json.dumps(CLOUDWATCH),
            [{"step": 0, "train_reward": 0.5}, {"step": 1, "train_reward": 0.6, "entropy": 0.7}],
        ),
        (
            '{"step": 1, "reward": 0.5, "correct": 0.4, "long/length": 3, "loss": 1, "wall_s": 4}',
            [{"step": 1, "train_reward": 0.5, "component/correct": 0.4}],
        ),
    ],
    ids=["normal", "trl", "trainer_state", "verl", "wandb csv", "cloudwatch", "a loop's own"],
)
def test_a_format_is_recognised_by_its_keys(text: str, rows: list[dict[str, float]] | None) -> None:
    """Every curve has its name in the normal form, and what is no curve is left out."""
    found = read_curves(text, "file").rows()

    assert found == (rows or [{**NORMAL, "val_reward": 0.6}])


def test_the_normal_form_round_trips() -> None:
    """What --export writes reads back as the same run."""
    run = read_curves(json.dumps(TRL), "file")

    assert read_curves("\n".join(map(json.dumps, run.rows())), "again") == run


def test_several_sources_make_one_run() -> None:
    """A curve comes from the first source that has it."""
    one = Run.of([{"step": 1, "train_reward": 0.5}])
    other = Run.of([{"step": 1, "train_reward": 0.9, "entropy": 0.7}])

    assert merged([one, other]).rows() == [{"step": 1.0, "train_reward": 0.5, "entropy": 0.7}]


def test_a_file_that_is_being_written_is_read_up_to_its_half_line() -> None:
    """The last line of a running job's file may be cut."""
    text = '{"step": 1, "train_reward": 0.5}\n{"step": 2, "train_rew'

    assert read_curves(text, "file")["train_reward"].values == (0.5,)


@given(st.text(max_size=300))
def test_no_text_breaks_a_reader(text: str) -> None:
    """A run, or one sentence of refusal."""
    for reader in (read_curves, read_rollouts):
        with suppress(SpecError):
            assert reader(text, "file")


def test_rollouts_are_rows_messages_or_logged_lines() -> None:
    """The Lambda's own log lines are read as they are."""
    lines = [
        {"prompt": "p", "completion": "c", "reward": 1, "step": 3},
        {"messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "c"}]},
        {"message": "rollout", "rollout": {"prompt": "p", "completion": "c", "reward": 0.5}},
        {"message": "batch scored"},
    ]
    found = read_rollouts("\n".join(map(json.dumps, lines)), "log")

    assert [(one.completion, one.reward, one.step) for one in found] == [
        *(("c", 1.0, 3.0), ("c", None, None), ("c", 0.5, None)),
    ]
