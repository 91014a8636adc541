"""What trainers and services write of a run, turned into the normal form.

One table says which key of whose format is which curve; a reader asks what the file is made of
(JSON lines, one JSON document, a console's log, CSV) and the table does the rest. Read today: the
normal form; TRL's and Hugging Face's `trainer_state.json` and logged rows; verl's console lines and
metric files; rows exported from wandb and TensorBoard; what a job on Bedrock leaves (its artefacts'
CSV, the events of the OpenAI-compatible API, CloudWatch's metrics, the reward function's log).
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rewards.core.errors import SpecError
from rewards.curves.curves import COMPONENT, NAMES, Run
from rewards.curves.services import (
    BATCH,
    TIME,
    batch_row,
    event_row,
    log_rows,
    logged_rows,
    metric_rows,
    seconds,
)
from rewards.curves.timing import a_row_a_minute, aligned

#: Bytes of one file of curves: a million steps of a few figures.
MAX_BYTES = 200_000_000

#: Keys that say which step a row is of, the first that is there.
_STEPS = (
    "step",
    "_step",
    "step_number",
    "global_step",
    "training/global_step",
    "trainer/global_step",
    "Step",
)
#: Keys that say when a row was logged.
_TIMES = (TIME, "time", "timestamp", "_timestamp", "wall_time", "Wall time", "created_at")

#: Key, as it is written, to curve. In the order of preference where several are there.
_KEYS: tuple[tuple[str, str], ...] = (
    # TRL's GRPOTrainer (trl/trainer/grpo_trainer.py, 0.2x): log_history of trainer_state.json
    *(("train_reward", "train_reward"), ("reward", "train_reward"), ("eval_reward", "val_reward")),
    *(("completions/mean_length", "length"), ("completion_length", "length")),
    *(("frac_reward_zero_std", "zero_std_frac"), ("zero_std_groups", "zero_std_frac")),
    # verl (verl/trainer/ppo/metric_utils.py)
    *(("critic/rewards/mean", "train_reward"), ("critic/score/mean", "train_reward")),
    *(("response_length/mean", "length"), ("actor/entropy", "entropy")),
    *(("actor/entropy_loss", "entropy"), ("actor/grad_norm", "grad_norm")),
    *(("actor/kl_loss", "kl"), ("actor/ppo_kl", "kl")),
    # Bedrock's job and OpenAI-compatible events (facts of the AWS console's names)
    *(("critic_rewards_mean", "train_reward"), ("response_length_mean", "length")),
    *(("actor_entropy", "entropy"), ("actor_grad_norm", "grad_norm"), ("actor_kl_loss", "kl")),
    *(("train_reward_mean", "train_reward"), ("valid_reward_mean", "val_reward")),
    *(("TrainingReward", "train_reward"), ("ValidationReward", "val_reward")),
    *(("validation_reward", "val_reward"), ("training_reward", "train_reward")),
    *(("EpisodeLength", "length"), ("ResponseLength", "length"), ("PolicyEntropy", "entropy")),
    *(("GradientNorm", "grad_norm"), ("Entropy", "entropy"), ("episode_length", "length")),
    # wandb and TensorBoard exports keep a trainer's keys behind a folder
    *(("entropy", "entropy"), ("grad_norm", "grad_norm"), ("kl", "kl"), ("length", "length")),
    *(("mean_length", "length"), ("mean_reward", "train_reward"), ("val_length", "")),
)
_BY_KEY = {key: curve for key, curve in reversed(_KEYS)}
_RANK = {key: rank for rank, (key, _) in enumerate(_KEYS)}
_FOLDERS = re.compile(r"^(?:train|eval|val|rollout|objective|metrics)/")

#: Figures of a row that are no component's.
_NO_COMPONENT = re.compile(
    r"(?:^|[/_])(?:loss|lr|learning_rate|epoch|epoch_number|step_number|created_at|perplexity"
    r"|advantages?|num_tokens|std|min|max|time|seconds|wall_s|cpu_s"
    r"|runtime|clip\w*|clipped|ratio\w*|memory|throughput|flos|timestamp|_step|step|count|seed"
    r"|rollouts|used_rollout_data|total_\w+|samples_per_second|steps_per_second)(?:$|[/_])"
)
_TRL_COMPONENT = re.compile(r"^(?:rewards|components?)/(?:reward_)?(.+?)(?:/mean)?$")
_VERL_VALIDATION = re.compile(r"^val-core/.*/(?:mean|acc)@\d+$|^val/test_score/")
_CONSOLE = re.compile(r"(?:^|\s)step:\s?(\d+)\s-\s")
_PAIR = re.compile(
    r"([\w@/.+-]{1,120}):\s?(?:np\.float\d\d\()?(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|nan|inf)"
)


def read_curves(text: str, where: str) -> Run:
    """The run that a file's text holds.

    Raises:
        SpecError: nothing of it is a curve; the message says what was looked for.

    >>> log = '{"step": 1, "reward": 0.5, "rewards/correct/mean": 0.4}'
    >>> read_curves(log, "log.jsonl").components()
    ('correct',)
    """
    rows = [_timed(row) for row in _rows(text)]
    by_time = not any(key in row for row in rows for key in _STEPS) and any(
        row.get(TIME) is not None for row in rows
    )
    run = Run.of(_normal(list(a_row_a_minute(rows)) if by_time else rows))
    run = replace(run, by_time=by_time)
    if not run.curves:
        raise SpecError(
            f"{where}: no curve is in it; what is read: JSON lines in the normal form (step,"
            " train_reward, ...), trainer_state.json, rows of TRL, verl, wandb or TensorBoard as"
            " JSON lines or CSV, verl's console log, GetMetricData's answer, a job's events or"
            " artefacts, lines of the reward function's log"
        )
    return run


def merged(runs: Iterable[Run]) -> Run:
    """Several sources of one run as one: each curve from the first source that has it.

    Raises:
        SpecError: their steps have nothing in common.
    """
    found: dict[str, Any] = {}
    for run in aligned(list(runs)):
        for name, curve in run.curves.items():
            found.setdefault(name, curve)
    return Run(found)


def _rows(text: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a file, whatever holds them."""
    head = text.lstrip()[:1]
    if head in ("{", "["):
        try:
            document = json.loads(text)
        except ValueError:
            yield from _json_lines(text)
        else:
            yield from _document(document)
    elif _CONSOLE.search(text[:100_000]):
        yield from _console(text)
    elif BATCH in text[:1_000_000]:
        yield from log_rows((None, line) for line in text.splitlines())
    else:
        yield from _table(text)


def _json_lines(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # the half line of a run that is being written
        if isinstance(row, dict):
            yield _of_a_service(row)


def _of_a_service(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line of the function's log, or a job's event, as a row; others as they are."""
    for reader in (batch_row, event_row):
        if (found := reader(row)) is not None:
            return found
    return row


def _timed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with its time under one key, where it says when."""
    if TIME in row:
        return row
    time = next((at for key in _TIMES if (at := seconds(row.get(key))) is not None), None)
    return row if time is None else {**row, TIME: time}


def _document(whole: Any) -> Iterator[Mapping[str, Any]]:
    document: Mapping[str, Any] = {"data": whole} if isinstance(whole, list) else whole
    if isinstance(listed := document.get("data"), list):
        found = [row for row in listed if isinstance(row, dict)]
        yield from map(_of_a_service, found)
    elif isinstance(history := document.get("log_history"), list):
        yield from (row for row in history if isinstance(row, dict))
    elif isinstance(results := document.get("MetricDataResults"), list):
        yield from metric_rows(results)
    elif (logged := logged_rows(document)) is not None:
        yield from logged
    else:
        yield _of_a_service(document)


def _console(text: str) -> Iterator[Mapping[str, Any]]:
    """Verl's lines: `step:12 - critic/rewards/mean:0.41 - actor/entropy:0.9 - ...`."""
    for line in text.splitlines():
        if (found := _CONSOLE.search(line)) is not None:
            pairs = {key: float(value) for key, value in _PAIR.findall(line[found.start() :])}
            yield {**pairs, "step": int(found[1])}


def _table(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        for row in csv.DictReader(io.StringIO(text)):
            yield {key: _figure(value) for key, value in row.items() if key and value}
    except csv.Error:
        return  # no table: what was read before counts


def _figure(value: object) -> object:
    try:
        return float(str(value))
    except ValueError:
        return value


def _normal(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows in the normal form."""
    keys = dict.fromkeys(key for row in rows for key in row)
    names = _names(list(keys))
    for index, row in enumerate(rows):
        step = next((row[key] for key in _STEPS if _is_figure(row.get(key))), index)
        yield {
            "step": step,
            TIME: row.get(TIME),
            **{names[key]: value for key, value in row.items() if key in names},
        }


def _names(keys: list[str]) -> dict[str, str]:
    """Which key of the rows is which curve; of two for one curve the one preferred."""
    is_normal = any(key in NAMES or key.startswith(COMPONENT) for key in keys if key != "length")
    found: dict[str, str] = {}
    for key in sorted(keys, key=lambda key: _RANK.get(_FOLDERS.sub("", key), len(_RANK))):
        name = _name(key, is_normal and "train_reward" in keys)
        if name and name not in found.values():
            found[key] = name
    return found


def _name(key: str, is_normal: bool) -> str | None:
    if key in NAMES or key.startswith(COMPONENT):
        return key
    if is_normal or key in _STEPS:
        return None
    if key in _BY_KEY:
        return _BY_KEY[key]
    if _VERL_VALIDATION.match(key):
        return "val_reward"
    if (found := _TRL_COMPONENT.match(key)) is not None:
        return None if key.endswith("/std") else COMPONENT + found[1]
    bare = _FOLDERS.sub("", key)
    if bare != key:
        if key.startswith(("eval/", "val/")):
            return "val_reward" if _BY_KEY.get(bare) == "train_reward" else None
        return _BY_KEY.get(bare) or _name(bare, False)
    if key in ("val_reward", "eval_reward"):
        return "val_reward"
    return _component(key)


def _component(key: str) -> str | None:
    """A figure that nobody knows: a component of the reward, as a loop of one's own logs it."""
    if "/" in key or key.startswith(("val_", "eval_", "_")) or _NO_COMPONENT.search(key):
        return None
    return COMPONENT + key if re.fullmatch(r"[A-Za-z][\w.-]{0,60}", key) else None


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
