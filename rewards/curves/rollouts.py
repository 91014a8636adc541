"""Signs in sampled answers that no curve shows: one answer for every prompt, copies.

A run with perfect curves can be a hacked one: of one public run 98 % of the final answers were
constants, and distinct answers 32 % of all, against 95 to 100 % of its healthy siblings.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.core.errors import SpecError
from rewards.curves.findings import Finding

#: Fewer rollouts of the last third of a run tell nothing.
MIN_ROLLOUTS = 8
#: Shares of the rollouts above which answers are called constant, or copies.
CONSTANT, COPIED = 0.5, 0.5
#: Characters of a text that are compared.
MAX_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Rollout:
    """A sampled answer; `step` is None where the sample does not say when it was taken."""

    prompt: str
    completion: str
    reference: str = ""
    reward: float | None = None
    step: float | None = None


def read_rollouts(text: str, where: str) -> list[Rollout]:
    """Sampled rollouts from JSON lines: rows of one's own, or what the Lambda logged in full.

    A row has "prompt" and "completion" (or "messages" that end with the answer), and "reference",
    "reward", "step" where they are known; a logged line has all of it below "rollout".

    Raises:
        SpecError: no line holds a rollout.
    """
    found = []
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and (rollout := _rollout(row)) is not None:
            found.append(rollout)
    if not found:
        raise SpecError(f'{where}: no line holds a rollout with "prompt" and "completion"')
    return found


def _rollout(row: Mapping[str, Any]) -> Rollout | None:
    inner = row["rollout"] if isinstance(row.get("rollout"), dict) else row
    messages, prompt, completion = inner.get("messages"), inner.get("prompt"), None
    if isinstance(messages, list) and len(messages) > 1 and isinstance(messages[-1], dict):
        prompt, completion = messages[:-1], messages[-1].get("content")
    else:
        completion = inner.get("completion")
    if not isinstance(completion, str) or prompt is None:
        return None
    return Rollout(
        prompt if isinstance(prompt, str) else json.dumps(prompt),
        completion,
        str(inner.get("reference", inner.get("reference_answer", ""))),
        _figure(inner.get("reward", inner.get("aggregate_reward_score"))),
        _figure(row.get("step", inner.get("step"))),
    )


def _figure(value: object) -> float | None:
    is_figure = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_figure and isinstance(value, int | float) else None


def signs(rollouts: Sequence[Rollout]) -> list[Finding]:
    """What the rollouts of the last third of a run show."""
    late = _late(rollouts)
    if len(late) < MIN_ROLLOUTS:
        return []
    return [*_constants(late), *_copies(late)]


def _late(rollouts: Sequence[Rollout]) -> list[Rollout]:
    steps = sorted({one.step for one in rollouts if one.step is not None})
    if not steps:
        return list(rollouts)
    border = steps[(2 * len(steps)) // 3]
    return [one for one in rollouts if one.step is None or one.step >= border]


def _constants(late: Sequence[Rollout]) -> Iterator[Finding]:
    """Answers that are given to several prompts, word for word."""
    prompts: dict[str, set[str]] = defaultdict(set)
    for one in late:
        prompts[_plain(one.completion)].add(_plain(one.prompt))
    if len({_plain(one.prompt) for one in late}) < 3:
        return
    shared = [one for one in late if len(prompts[_plain(one.completion)]) > 1]
    share = len(shared) / len(late)
    paid = [one for one in shared if one.reward is None or one.reward > 0]
    if share > CONSTANT and len(paid) > len(shared) / 2:
        most, count = Counter(_plain(one.completion) for one in shared).most_common(1)[0]
        evidence = (
            f"{share:.0%} of the last {len(late)} answers are given to several prompts word for"
            f" word; the most common one {count} times, {len(most)} characters"
        )
        advice = "Read ten of them: an answer that fits every prompt is paid."
        yield Finding("constant_answers", *_between(late), evidence, advice)


def _copies(late: Sequence[Rollout]) -> Iterator[Finding]:
    """Answers that hold the whole prompt, or the references of other rows."""
    copied = [
        one
        for one in late
        if len(prompt := _plain(one.prompt)) >= 40 and prompt in _plain(one.completion)
    ]
    share = len(copied) / len(late)
    if share > COPIED:
        evidence = f"{share:.0%} of the last {len(late)} answers repeat their prompt word for word"
        advice = "Read ten of them, and pay nothing for the prompt's own words."
        yield Finding("copies", *_between(late), evidence, advice)


def telling(rollouts: Sequence[Rollout], count: int = 10) -> list[Rollout]:
    """The answers of the last third of a run to read first, no two of the same words.

    Up to half are the most common answers, each of them where it is given most often; then come the
    best paid of the latest, and two of the worst paid.
    """
    late = sorted(_late(rollouts), key=lambda one: -(one.step or 0.0))
    times = Counter(_plain(one.completion) for one in late)
    firsts = list({_plain(one.completion): one for one in reversed(late)}.values())[::-1]
    common = [one for one in firsts if times[_plain(one.completion)] > 1]
    common.sort(key=lambda one: -times[_plain(one.completion)])
    paid = sorted(firsts, key=lambda one: -(one.reward or 0.0))
    worst = 2 if len(firsts) > count else 0
    chosen = dict.fromkeys(common[: count // 2])
    for one in paid:
        if len(chosen) < count - worst:
            chosen.setdefault(one)
    for one in reversed(paid):
        if len(chosen) < count:
            chosen.setdefault(one)
    return list(chosen)


def _between(rollouts: Sequence[Rollout]) -> tuple[float, float]:
    steps = [one.step for one in rollouts if one.step is not None]
    return (min(steps), max(steps)) if steps else (0.0, 0.0)


def _plain(text: str) -> str:
    return " ".join(text[:MAX_CHARS].split()).casefold()
