"""Does a running job learn? Asked at every look, of what its reward function has counted.

Nothing is stopped without being asked for: a verdict is told once, and `job.stop_on` names those
that end a job. The rules are those of `rewards doctor`, which imports nothing but the standard
library.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

from rewards.core.errors import SpecError
from rewards.curves.curves import Run
from rewards.curves.formats import merged, read_curves
from rewards.curves.services import OWN_COMPONENT, OWN_METRICS
from rewards.curves.verdict import Diagnosis, diagnose
from rewards.job.definition import JobDefinition, WatchRules
from rewards.job.errors import JobError, TransientError
from rewards.job.health.metrics import metric_data
from rewards.job.jobs import IN_PROGRESS, Job, Jobs
from rewards.job.mantle import MantleJobs

#: What is told of a running job, and in which words.
SICK = {
    "no_learning": "it does not learn",
    "collapse": "it has collapsed",
    "hacked": "it cheats: the reward rises, the goal does not",
}
#: The least share of looks at the run's last fifth that agree: what wavers is not told.
SURE = 0.8
#: Findings that are told; `rewards doctor` has all.
MOST_FINDINGS = 3


class Told(TypedDict):
    """What is known of a job's health; `tell` where it is news, `stop` where it ends the job."""

    verdict: str
    text: str
    tell: bool
    stop: bool


def health(definition: JobDefinition, jobs: Jobs, job: Job, last: Mapping[str, Any]) -> Told | None:
    """What the curves of a running job say; None where nobody can tell yet, or any more.

    `last` is the answer of the look before. What cannot be asked for is left out: a look must not
    fail for want of it.
    """
    rules = definition.get("watch")
    if rules is None or job.status != IN_PROGRESS:
        return None
    try:
        found = _diagnosed(definition, rules, jobs, job)
    except (SpecError, JobError, TransientError) as error:
        return Told(
            verdict=str(last.get("verdict", "")), text=str(error)[:500], tell=False, stop=False
        )
    sick = found.verdict in SICK and found.confidence >= SURE
    stop = sick and found.verdict in rules["stop_on"]
    return Told(
        verdict=found.verdict if sick else "",
        text=_text(definition, rules, job, found, stop=stop) if sick else "",
        tell=sick and found.verdict != last.get("verdict"),
        stop=stop,
    )


def _diagnosed(definition: JobDefinition, rules: WatchRules, jobs: Jobs, job: Job) -> Diagnosis:
    runs = [_of_the_reward(definition, rules, job)]
    if isinstance(jobs, MantleJobs):  # its events count steps, and say when they were
        runs.insert(0, read_curves(json.dumps({"data": jobs.events(job.id)}), "the job's events"))
    run = merged(runs)
    goal = rules["goal"] if rules["goal"] in run.components() else None
    return diagnose(run, goal=goal, span=rules["span"])


def _of_the_reward(definition: JobDefinition, rules: WatchRules, job: Job) -> Run:
    """The reward's own metrics since the job was created."""
    names = {**OWN_METRICS, **{f"{OWN_COMPONENT}{n}": "Average" for n in rules["components"]}}
    dimensions = [{"Name": n, "Value": v} for n, v in sorted(rules["dimensions"].items())]
    metrics = [
        {"Namespace": rules["namespace"], "MetricName": name, "Dimensions": dimensions}
        for name in names
    ]
    start = datetime.fromisoformat(job.created)
    data = metric_data(definition["region"], metrics, start, datetime.now(UTC))
    return read_curves(data, "the reward's metrics")


def _text(
    definition: JobDefinition, rules: WatchRules, job: Job, found: Diagnosis, *, stop: bool
) -> str:
    """The alarm: the verdict, what it is made of, what becomes of the job, where to look."""
    signs = [
        f"{one.code}, points {one.from_step:g} to {one.to_step:g}: {one.evidence}. {one.advice}"
        for one in found.findings[:MOST_FINDINGS]
    ]
    ends = (
        f'It is being stopped: job.stop_on names "{found.verdict}".'
        if stop
        else "Nothing is stopped: `rewards job stop` ends it."
    )
    query = "&".join(f"{name}={value}" for name, value in sorted(rules["dimensions"].items()))
    return "\n".join(
        [
            f"{job.name} of {definition['deployment']}: {SICK[found.verdict]}"
            f" ({found.confidence:.0%} of the looks agree; goal: {found.goal or 'none is known'}).",
            *signs,
            ends,
            f"See `rewards doctor 'cloudwatch:{rules['namespace']}?{query}'`.",
        ]
    )
