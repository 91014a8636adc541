"""One run of a definition: its names, its token, its overrides, and how often it looks."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.job.definition import JobDefinition
from rewards.job.errors import ConfigError
from rewards.job.prepared import (
    EVENTS_A_LOOK,
    POLL_SECONDS,
    PreparedRun,
    least_poll_seconds,
    mark_of,
    prepare,
    token_of,
)
from rewards.job.settings import LONGEST_HOURS, LONGEST_PREFIX


def test_overrides_change_one_run_and_not_the_definition(nova: JobDefinition) -> None:
    """Names and hyperparameters of a run; the definition stays what was deployed."""
    before = repr(nova)
    run = prepare(nova, "r", {"job_name": "mine", "hyperparameters": {"epochCount": 9}})
    rft = run.request["customizationConfig"]["rftConfig"]
    assert rft["hyperParameters"] == {"epochCount": 9, "learningRate": 1e-5}
    assert (run.job_name, run.request["customModelName"]) == ("mine", "gsm8k-r")
    assert repr(nova) == before


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"epochs": 2}, "no override 'epochs'"),
        ({"hyperparameters": {"epochCount": 51}}, "from 1 to 50, got 51"),
        ({"hyperparameters": 3}, "an object"),
        ({"job_name": "a_b"}, "job_name must be"),
        ({"job_name": 3}, "job_name must be"),
        ({"model_name": "a.b"}, "model_name must be"),
        ({"poll_seconds": 272}, "from 273 to 3600, got 272: Step Functions ends a run"),
        ({"poll_seconds": 3601}, "from 273 to 3600"),
        ({"poll_seconds": True}, "from 273 to 3600"),
        ({"attach": 3}, "attach must be the id of a job"),
        ({"preflight": "no"}, "true or false"),
        ([], "must be an object"),
    ],
)
def test_a_wrong_override_is_refused(nova: JobDefinition, overrides: Any, expected: str) -> None:
    """A run is checked like the file that it varies."""
    with pytest.raises(ConfigError, match=expected):
        prepare(nova, "r", overrides)


def test_an_open_weight_job_takes_no_model_name(open_weight: JobDefinition) -> None:
    """The API has no field for it (`suffix` is not supported)."""
    with pytest.raises(ConfigError, match="no place"):
        prepare(open_weight, "r", {"model_name": "mine"})


@given(st.text(max_size=80))
def test_a_token_is_one_that_the_service_takes(run: str) -> None:
    """clientRequestToken and the end of a job name, for any name of an execution."""
    token = token_of(run)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", token)
    assert len(token) <= 36
    assert token_of(run) == token


#: Names of executions that are as long as they may be (80 characters), or need changing.
@pytest.mark.parametrize("run", ["a" * 36, "a" * 37, "a" * 80, "a-" * 40, "é" * 80, "a_" * 40])
def test_the_names_of_a_run_with_a_long_name_are_ones_that_the_service_takes(
    run: str, nova: JobDefinition
) -> None:
    """Whatever the prefixes: a job's and a model's name have at most 63 characters."""
    nova["names"] = {"job": "j" * LONGEST_PREFIX, "model": "m" * LONGEST_PREFIX}
    request = prepare(nova, run, {}).request
    assert len(token_of(run)) <= 36
    assert len(request["jobName"]) <= 63
    assert len(request["customModelName"]) <= 63


@given(st.text(max_size=50), st.text(max_size=50))
def test_different_runs_have_different_tokens(one: str, other: str) -> None:
    """Two executions never share a job."""
    assert (token_of(one) == token_of(other)) == (one == other)


@pytest.mark.parametrize("hours", [1, 2, 24, LONGEST_HOURS])
def test_the_looks_of_a_run_fit_into_its_history(hours: int, nova: JobDefinition) -> None:
    """Step Functions ends an execution at its 25,000th event; a fifth is kept for repetitions."""
    nova["timeout_hours"] = hours
    least = least_poll_seconds(hours)
    run = prepare(nova, "r", {"poll_seconds": least})
    assert hours * 3600 / run.poll_seconds * EVENTS_A_LOOK <= 20_000
    with pytest.raises(ConfigError, match=rf"from {least} to 3600"):
        prepare(nova, "r", {"poll_seconds": least - 1})
    assert prepare(nova, "r", {}).poll_seconds == POLL_SECONDS >= least


@given(
    st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True),
    st.text(max_size=40),
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9+.-]{0,62}", fullmatch=True),
)
def test_the_name_of_a_file_tells_whose_it_is(deployment: str, run: str, job: str) -> None:
    """Deployment, run and job are read back as they were written, whatever they are called."""
    prepared = PreparedRun(deployment, token_of(run), job, POLL_SECONDS, {})
    assert mark_of(prepared.filename) == (deployment, token_of(run), job)


@pytest.mark.parametrize("filename", ["", "train.jsonl", "my.train", "gsm8k-first.jsonl"])
def test_a_file_of_somebody_elses_has_no_mark(filename: str) -> None:
    """Its job is nobody's here."""
    assert mark_of(filename) == ("", "", "")
