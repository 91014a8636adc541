"""What does a page of scored rollouts say? Figures of all rows, and a table of those that fit."""

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from rewards.workbench.output import counted
from rewards.workbench.report.charts import cloud, histogram, skyline
from rewards.workbench.report.drawing import number
from rewards.workbench.report.model import Alert, Figure, Mood, RolloutTable, Section
from rewards.workbench.report.results import Columns, Earned, read_columns, reference_text
from rewards.workbench.report.table import MAX_ROWS, Entry, rollout_table

#: Components that get a histogram.
MAX_HISTOGRAMS = 12
#: Above this share of groups without variance most of a step is wasted.
MOSTLY_DEAD = 0.5
#: Rank correlation of length and reward from which it is told.
LONGER_PAYS = 0.4


def scored_section(
    title: str,
    results: Callable[[], Iterator[Earned]],
    group_by: str = "prompt",
    ends: tuple[float, float] | None = None,
    sources: Sequence[str] = (),
) -> Section:
    """The section of a file of results; `ends` is the rubric's range where that is known."""
    columns = read_columns(results, group_by)
    rewards = columns.scored()
    low, high = ends or (min([0.0, *rewards]), max([1.0, *rewards]))
    half = (low + high) / 2
    alerts = [*_faults(columns), *_signs(columns, rewards, low, high)]
    word, mood, sentence = _verdict(columns, rewards, alerts)
    return Section(
        title,
        word,
        mood,
        sentence,
        _facts(columns, rewards, half),
        alerts,
        list(_figures(columns, rewards, low, high)),
        (),
        _table(columns, results, low, high, alerts),
        sources,
    )


def _verdict(
    columns: Columns, rewards: Sequence[float], alerts: Sequence[Alert]
) -> tuple[str, Mood, str]:
    rows = counted(len(columns.lines), "row")
    if not rewards:
        return "nothing scored", "bad", f"None of {rows} has a reward."
    kinds = {alert.severity for alert in alerts}
    said = f"{rows}, mean reward {number(fmean(rewards))}."
    if "error" in kinds:
        return "scored, with faults", "bad", f"{said} Some could not be scored as meant."
    if "warning" in kinds:
        return "scored, look closer", "odd", f"{said} The rewards are sound, but not all is well."
    return "scored", "good", f"{said} Every part of the reward had something to say."


def _facts(columns: Columns, rewards: Sequence[float], half: float) -> list[tuple[str, str]]:
    facts = [("rows", f"{len(columns.lines):,}"), ("scored", f"{len(rewards):,}")]
    if rewards:
        facts.append(("mean reward", number(fmean(rewards))))
        wrong = sum(reward < half for reward in rewards)
        facts.append((f"wrong (below {number(half)})", f"{wrong:,} ({wrong / len(rewards):.0%})"))
    groups = columns.by_group()
    if groups:
        facts += [("groups", f"{len(groups):,}"), ("without gradient", f"{_dead(groups):.0%}")]
    lengths = [length for length in columns.lengths if length >= 0]
    if lengths:
        facts.append(("mean length", f"{fmean(lengths):,.0f} characters"))
    return facts


def _dead(groups: Sequence[tuple[str, Sequence[float]]]) -> float:
    return sum(max(values) - min(values) <= 1e-9 for _, values in groups) / len(groups)


def _faults(columns: Columns) -> Iterator[Alert]:
    """What could not be scored, the most frequent first."""
    for (component, kind), count in columns.fault_counts.most_common():
        rows = columns.faults[component, kind]
        name = f"{component}: {kind}" if component else "not scored"
        text = f"{component} has no score" if component else kind
        share = f"{count / len(columns.lines):.1%} of the rows"
        yield Alert("error", name, f"{text} ({share})", rows, count)
    for gate, count in columns.closed.most_common():
        share = f"{count / len(columns.lines):.0%}"
        yield Alert(
            "note", f"gate {gate}", f"It closed on {counted(count, 'row')}, {share} of all."
        )


def _signs(columns: Columns, rewards: Sequence[float], low: float, high: float) -> Iterator[Alert]:
    """What a trainer would stumble over."""
    groups = columns.by_group()
    if len(groups) >= 4 and (dead := _dead(groups)) > MOSTLY_DEAD:
        text = f"{dead:.0%} of {len(groups):,} groups have equal rewards: they give no gradient."
        advice = "Take prompts that are solved sometimes, or a reward with more between 0 and 1."
        yield Alert("warning", "dead groups", text, advice=advice)
    if len(rewards) >= 20:
        if max(rewards) - min(rewards) <= 1e-9:
            text = f"All {len(rewards):,} rewards are {number(rewards[0])}."
            advice = "Look whether the rubric reads these answers at all."
            yield Alert("warning", "one reward for all", text, advice=advice)
        elif (mean := fmean(rewards)) > low + 0.9 * (high - low):
            text = f"The mean is {number(mean)} of {number(high)}: little is left to learn."
            yield Alert("warning", "nearly all is paid", text)
        elif mean < low + 0.05 * (high - low):
            text = f"The mean is {number(mean)}: nearly nothing is paid."
            advice = "Look at ten wrong ones: does the rubric read what they mean?"
            yield Alert("warning", "nearly nothing is paid", text, advice=advice)
    pairs = _lengths(columns)
    if len(pairs) >= 30 and abs(rank := _spearman(pairs)) > LONGER_PAYS:
        which = "longer" if rank > 0 else "shorter"
        text = f"The {which} the completion, the more it earns (rank correlation {rank:.2f})."
        advice = "Look whether they are better, or whether length is what is paid."
        yield Alert("warning", f"{which} answers earn more", text, advice=advice)
    for name, column in columns.parts.items():
        values = [value for value in column if value == value]
        if len(values) >= 20 and max(values) - min(values) <= 1e-9:
            text = f"{name} is {number(values[0])} on all {len(values):,} rows: it tells nothing."
            yield Alert("note", f"{name} never varies", text)


def _lengths(columns: Columns) -> list[tuple[float, float]]:
    return [
        (float(length), reward)
        for length, reward in zip(columns.lengths, columns.rewards, strict=True)
        if length >= 0 and reward == reward
    ]


def _spearman(pairs: Sequence[tuple[float, float]]) -> float:
    """The correlation of ranks; equal values share their mean rank."""
    xs, ys = _ranks([x for x, _ in pairs]), _ranks([y for _, y in pairs])
    mx, my = fmean(xs), fmean(ys)
    over = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True))
    under = math.sqrt(sum((x - mx) ** 2 for x in xs) * sum((y - my) ** 2 for y in ys))
    return over / under if under else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] != values[order[start]]:
            for place in order[start:end]:
                ranks[place] = (start + end - 1) / 2
            start = end
    return ranks


def _figures(
    columns: Columns, rewards: Sequence[float], low: float, high: float
) -> Iterator[Figure]:
    if not rewards:
        return
    yield histogram("Reward", rewards, low, high)
    pairs = _lengths(columns)
    if pairs:
        note = f"Rank correlation {_spearman(pairs):.2f}; the line joins the means of fifths"
        title = "Length against reward"
        yield cloud(title, pairs, "characters of the completion", "reward", note)
    groups = columns.by_group()
    if groups:
        yield skyline("Groups and their spread", groups, low, high)
    for name, column in list(columns.parts.items())[:MAX_HISTOGRAMS]:
        values = [value for value in column if value == value]
        if values:
            yield histogram(name, values, 0.0, 1.0)


def _chosen(columns: Columns, alerts: Sequence[Alert]) -> set[int]:
    """The lines of the table: all, or what alerts name and whole groups at even distances."""
    if len(columns.lines) <= MAX_ROWS:
        return set(columns.lines)
    chosen = {row for alert in alerts for row in alert.rows[: MAX_ROWS // 20]}
    members: dict[int, list[int]] = {}
    for line, group in zip(columns.lines, columns.groups, strict=True):
        members.setdefault(group if group >= 0 else -line - 1, []).append(line)
    groups = list(members.values())
    every = max(1, math.ceil(len(columns.lines) / (MAX_ROWS - len(chosen))))
    for start in range(every):  # further rounds fill what groups of unlike sizes left
        for lines in groups[start::every]:
            if len(chosen | set(lines)) > MAX_ROWS:
                return chosen
            chosen.update(lines)
    return chosen


def _table(
    columns: Columns,
    results: Callable[[], Iterator[Earned]],
    low: float,
    high: float,
    alerts: Sequence[Alert],
) -> RolloutTable:
    chosen = _chosen(columns, alerts)
    entries = [_entry(result, low, high) for result in results() if result.line in chosen]
    notes = []
    if len(entries) < len(columns.lines):
        notes.append(
            f"{len(entries):,} of {len(columns.lines):,} rows: those that are named above, and"
            " groups at even distances. The figures count all"
        )
    if not columns.has_rows:
        notes.append("Results without their rollouts: give that file too, to see the completions")
    elif not any(part.reason for entry in entries for part in entry.parts):
        notes.append("Results without reasons: score with --explain to see why")
    return rollout_table("Rollouts", entries, list(columns.parts), notes)


def _entry(result: Earned, low: float, high: float) -> Entry:
    sample, reward = result.sample, result.reward
    return Entry(
        result.line,
        result.id,
        reward,
        0.0 if reward is None else (reward - low) / ((high - low) or 1.0),
        list(result.parts.values()),
        None if sample is None else sample.completion,
        "" if sample is None else sample.prompt_text,
        "" if sample is None else reference_text(sample),
        list(result.answers.values()),
        result.error or "not in the results",
    )
