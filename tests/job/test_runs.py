"""The runs of one deployment: its own and no other's, by whatever name they are called."""

import json
from collections.abc import Callable

import pytest

from rewards.job.aws import aws_client
from rewards.job.definition import JobDefinition
from rewards.job.errors import JobError, MissingError
from rewards.job.runs import Runs, RunView
from rewards.job.steps import create_job
from tests.job.conftest import NOVA_TABLES, OPEN_WEIGHT_TABLES, definition_of, end_execution
from tests.local_aws.mantle import FakeMantle

Deploy = Callable[[str], JobDefinition]


@pytest.fixture(name="deploy", params=["nova", "open-weight"])
def _deploy(request: pytest.FixtureRequest, buckets: None, mantle: FakeMantle) -> Deploy:
    """Deploy the job under a name, for either API, in one account and region."""

    def deploy(name: str) -> JobDefinition:
        tables = NOVA_TABLES if request.param == "nova" else OPEN_WEIGHT_TABLES
        definition = definition_of({**tables, "name": name, "region": "us-east-1"})
        machine = definition["state_machine"].replace("rft-gsm8k", f"rft-{name}")
        states = aws_client("stepfunctions", region="us-east-1")
        role = "arn:aws:iam::123456789012:role/states"
        states.create_state_machine(name=f"rft-{name}", definition="{}", roleArn=role)
        return {**definition, "state_machine": machine}

    return deploy


def begin(definition: JobDefinition, run: str, **given: object) -> None:
    """Start a run, and create its job, as its execution would."""
    Runs(definition).start(run, json.dumps(given))
    create_job(definition, run, given)


def names(runs: list[RunView]) -> list[tuple[str, str]]:
    return [(run.name, run.job.name if run.job else "") for run in runs]


def test_deployments_whose_names_begin_alike_see_their_own_jobs(deploy: Deploy) -> None:
    """What dev and prod in one account give: none lists, shows or stops the other's."""
    maths, prod, other = (deploy(name) for name in ("maths", "maths-prod", "math"))
    begin(maths, "one")
    begin(prod, "nightly")
    begin(other, "s-one")  # its job would be called as the first one's, but for the deployment
    assert names(Runs(maths).latest(20)) == [("one", "maths-one")]
    assert names(Runs(prod).latest(20)) == [("nightly", "maths-prod-nightly")]
    assert names(Runs(maths).under_way()) == [("one", "maths-one")]
    for called in ("maths-prod-nightly", Runs(prod).named("nightly").job.id):  # type: ignore[union-attr]  # it has one
        with pytest.raises(JobError, match="is of the deployment 'maths-prod', not of 'maths'"):
            Runs(maths).named(called)
    with pytest.raises(MissingError, match="'nightly' is no run or job of the deployment 'maths'"):
        Runs(maths).named("nightly")


def test_a_run_is_called_by_any_of_its_names(deploy: Deploy) -> None:
    """Its own, its job's, the id, the ARN of the execution: whatever is at hand in a hurry."""
    maths = deploy("maths")
    begin(maths, "first", job_name="trial")
    runs = Runs(maths)
    job = runs.named("first").job
    assert job is not None
    execution = maths["state_machine"].replace(":stateMachine:", ":execution:") + ":first"
    for called in ("first", "trial", job.id, execution):
        found = runs.named(called)
        assert (found.name, found.execution, found.job) == ("first", "RUNNING", job)


def test_a_run_that_was_started_directly_has_no_execution(deploy: Deploy) -> None:
    """It is listed among the others, and found by its name as well."""
    maths = deploy("maths")
    create_job(maths, "direct", {})
    begin(maths, "other")
    assert sorted(names(Runs(maths).latest(20))) == [
        ("direct", "maths-direct"),
        ("other", "maths-other"),
    ]
    for called in ("direct", "maths-direct"):
        found = Runs(maths).named(called)
        assert (found.name, found.execution, found.status) == ("direct", "", "InProgress")
    assert Runs(maths).stop(Runs(maths).named("direct")) == "stopping maths-direct"


def test_a_run_that_was_refused_is_listed_with_its_reason(deploy: Deploy) -> None:
    """And not taken for another run's job."""
    maths = deploy("maths")
    begin(maths, "one")
    Runs(maths).start("refused", "{}")
    end_execution("FAILED", "record 1 has no reference_answer", name="rft-maths")
    refused = Runs(maths).named("refused")
    assert (refused.status, refused.job) == ("Refused", None)
    assert refused.reason == "record 1 has no reference_answer"
    found = {run.name: run for run in Runs(maths).latest(20)}
    assert found["refused"].reason == refused.reason
    assert found["one"].status == "InProgress"
    assert "ended already: Refused" in Runs(maths).stop(refused)


def test_stopping_a_run_without_a_job_ends_its_execution(deploy: Deploy) -> None:
    """Its abort then stops the job that it may be creating."""
    maths = deploy("maths")
    Runs(maths).start("one", "{}")
    (run,) = Runs(maths).under_way()
    assert "the job that it may be creating" in Runs(maths).stop(run)
    assert Runs(maths).under_way() == []
    assert Runs(maths).named("one").status == "Aborted"


def test_a_job_goes_on_unwatched_where_its_execution_has_ended(deploy: Deploy) -> None:
    """Which is said of it; another execution can be attached, of this deployment's only."""
    maths, prod = deploy("maths"), deploy("maths-prod")
    begin(maths, "one")
    end_execution("FAILED", "lost sight", name="rft-maths")
    run = Runs(maths).named("one")
    assert (run.is_under_way, run.is_unwatched) == (True, True)
    attached = Runs(maths).named(Runs(maths).attach(run))
    assert attached.job == run.job
    assert not attached.is_unwatched
    assert run.job is not None
    with pytest.raises(JobError, match="not of 'maths-prod'"):
        create_job(prod, "x", {"attach": run.job.id})
    Runs(maths).stop(run)
    with pytest.raises(JobError, match="no job under way: Stopped"):
        Runs(maths).attach(Runs(maths).named("one"))


def test_the_latest_runs_are_the_latest(deploy: Deploy) -> None:
    """As many as were asked for."""
    maths = deploy("maths")
    for run in ("one", "two", "three"):
        begin(maths, run)
    assert len(Runs(maths).latest(2)) == 2
    assert len(Runs(maths).latest(20)) == 3


def test_a_name_that_was_used_before_is_explained(deploy: Deploy) -> None:
    """The same name with other settings; Step Functions remembers it for 90 days."""
    maths = deploy("maths")
    Runs(maths).start("one", "{}")
    with pytest.raises(JobError, match="give this one another name with --run"):
        Runs(maths).start("one", '{"preflight": false}')


def test_before_its_state_machine_is_deployed_a_deployment_has_direct_runs_only(
    deploy: Deploy,
) -> None:
    """Which is no error."""
    maths = deploy("maths")
    elsewhere: JobDefinition = {**maths, "state_machine": maths["state_machine"] + "-not"}
    assert Runs(elsewhere).latest(20) == []
    create_job(elsewhere, "one", {})
    assert names(Runs(elsewhere).latest(20)) == [("one", "maths-one")]
