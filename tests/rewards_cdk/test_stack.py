"""The stacks by type and property: what a deployment puts into an account."""

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Match, Template

from infra.stacks import RftStack
from rewards.job.config import parse_config
from rewards.job.prepared import prepare
from rewards.judge import usage
from rewards.wire import telemetry
from tests.rewards_cdk.conftest import NOVA, ROOT
from tests.rewards_cdk.resources import find, only, text_of

PYTHON = "python3.13"


def rewards_function(template: Template) -> dict[str, Any]:
    return only(template, "AWS::Lambda::Function", Handler="rewards.handler.lambda_handler")


def version_of(template: Template) -> str:
    """What the newest version of the reward is called in the template."""
    ((name, _),) = find(
        template, "AWS::Lambda::Function", Handler="rewards.handler.lambda_handler"
    ).items()
    ((version, _),) = find(template, "AWS::Lambda::Version", FunctionName={"Ref": name}).items()
    return version


def test_a_pure_reward_is_small_quick_and_reserves_nothing(nova: Template) -> None:
    """Python 3.13 on arm64, a minute, 512 MB; a new account has no concurrency to reserve."""
    function = rewards_function(nova)
    assert function["Runtime"] == PYTHON
    assert function["Architectures"] == ["arm64"]
    assert (function["Timeout"], function["MemorySize"]) == (60, 512)
    assert "ReservedConcurrentExecutions" not in function
    assert "VpcConfig" not in function
    assert function["Environment"]["Variables"]["REWARD_RUBRIC"] == "gsm8k"


def test_a_judge_gets_time_memory_and_a_bound_on_its_containers(everything: Template) -> None:
    """Given settings win; what is not given follows from the judge: 160 calls / 16 at once."""
    function = rewards_function(everything)
    assert (function["Timeout"], function["MemorySize"]) == (120, 2048)
    assert function["ReservedConcurrentExecutions"] == 10
    assert function["Architectures"] == ["x86_64"]
    assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    variables = function["Environment"]["Variables"]
    assert (variables["REWARD_RUBRIC"], variables["REWARD_LOG_SAMPLES"]) == ("judged", "0.01")


def test_hyperpod_finds_sagemaker_in_the_functions_name(
    everything: Template, nova: Template
) -> None:
    """Its managed role invokes functions of such names only; Bedrock minds neither."""
    assert rewards_function(everything)["FunctionName"] == "SageMaker-everything"
    assert rewards_function(nova)["FunctionName"] == "rft-nova"


def test_the_function_is_placed_in_the_given_vpc(everything: Template) -> None:
    """In existing subnets, which synthesis does not look up."""
    assert rewards_function(everything)["VpcConfig"] == {
        "SecurityGroupIds": ["sg-00000001"],
        "SubnetIds": ["subnet-00000001", "subnet-00000002"],
    }


def test_every_version_is_kept_and_the_alias_points_to_the_newest(nova: Template) -> None:
    """A job under way calls the version it was given, whatever is deployed meanwhile."""
    for version in find(nova, "AWS::Lambda::Version").values():
        assert version["DeletionPolicy"] == version["UpdateReplacePolicy"] == "Retain"
    alias = only(nova, "AWS::Lambda::Alias")
    assert alias["Name"] == "live"
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [version_of(nova), "Version"]}


def test_provisioned_concurrency_is_the_aliass(alone: Template) -> None:
    """On a version it would be paid for as long as the version is kept."""
    alias = only(alone, "AWS::Lambda::Alias")
    config = {"ProvisionedConcurrentExecutions": 2}
    assert alias["ProvisionedConcurrencyConfig"] == config


@pytest.mark.parametrize(("stack", "days"), [("nova", 90), ("everything", 30)])
def test_every_log_group_expires_and_goes_with_the_stack(
    templates: dict[str, Template], stack: str, days: int
) -> None:
    """No log is kept for ever."""
    groups = find(templates[stack], "AWS::Logs::LogGroup").values()
    assert days in {group["Properties"]["RetentionInDays"] for group in groups}
    assert {group["DeletionPolicy"] for group in groups} == {"Delete"}


def test_a_file_without_a_job_deploys_no_job(alone: Template) -> None:
    """The reward function, its alarms, and nothing that Bedrock could start."""
    for kind in ("AWS::StepFunctions::StateMachine", "AWS::S3::Bucket", "AWS::SSM::Parameter"):
        alone.resource_count_is(kind, 0)
    alone.resource_count_is("AWS::Lambda::Function", 1)


def test_the_job_parameter_holds_a_request_that_can_be_planned(nova: Template) -> None:
    """The definition as `rewards job start` reads it, pinned to the version by its reference."""
    parameter = only(nova, "AWS::SSM::Parameter", Name="/rft/nova/job")
    definition = json.loads(text_of(parameter["Value"]))
    version = version_of(nova)
    assert definition["function"] == f"<{version}>"
    grader = prepare(definition, "r", {}).request["customizationConfig"]["rftConfig"][
        "graderConfig"
    ]
    assert grader == {"lambdaGrader": {"lambdaArn": f"<{version}>"}}
    assert definition["preflight"]["full_marks"] == 1


def test_the_dataset_lies_under_the_hash_of_its_content(nova: Template) -> None:
    """In the deployment's own bucket: what a job was trained on cannot change under its name."""
    parameter = only(nova, "AWS::SSM::Parameter", Name="/rft/nova/job")
    definition = json.loads(text_of(parameter["Value"]))
    (dataset,) = definition["datasets"]
    assert re.fullmatch(r"s3://<[^>]*Bucket[^>]*>/datasets/[0-9a-f]{64}\.jsonl", dataset["uri"])
    assert definition["request"]["trainingDataConfig"] == {"s3Uri": dataset["uri"]}
    assert dataset["source"] != dataset["uri"]


def test_a_dataset_in_s3_stays_where_it_is(everything: Template) -> None:
    """Training and validation by their own URIs."""
    parameter = only(everything, "AWS::SSM::Parameter", Name="/rft/everything/job")
    request = json.loads(text_of(parameter["Value"]))["request"]
    assert request["trainingDataConfig"] == {"s3Uri": "s3://data-bucket/train.jsonl"}
    validators = [{"s3Uri": "s3://other-bucket/validation.jsonl"}]
    assert request["validationDataConfig"] == {"validators": validators}


def test_buckets_are_private_encrypted_kept_and_take_tls_only(nova: Template) -> None:
    """Outputs are what the training paid for: they outlive the stack, for so many days."""
    buckets = find(nova, "AWS::S3::Bucket").values()
    assert len(buckets) == 2
    for bucket in buckets:
        assert bucket["DeletionPolicy"] == "Retain"
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert "BucketEncryption" in bucket["Properties"]
    policies = [p["Properties"] for p in find(nova, "AWS::S3::BucketPolicy").values()]
    for policy in policies:
        refusal = policy["PolicyDocument"]["Statement"][0]
        assert refusal["Effect"] == "Deny"
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    nova.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {
                "Rules": Match.array_with(
                    [Match.object_like({"Prefix": "output/", "ExpirationInDays": 180})]
                )
            },
        },
    )


def machine(template: Template) -> dict[str, Any]:
    definition = only(template, "AWS::StepFunctions::StateMachine")["DefinitionString"]
    parsed: dict[str, Any] = json.loads(text_of(definition))
    return parsed


@pytest.mark.parametrize("stack", ["nova", "open"])
def test_a_run_checks_creates_watches_and_tells(templates: dict[str, Template], stack: str) -> None:
    """The states of both targets are the same, in the same order."""
    states = machine(templates[stack])["States"]
    assert machine(templates[stack])["StartAt"] == "Load the definition"
    path = ["Load the definition", "Check the reward", "Create the job", "Has it ended?"]
    for state, following in pairwise(path):
        assert states[state]["Next"] == following
    assert states["Has it ended?"]["Default"] == "Wait"
    assert states["Wait"]["SecondsPath"] == "$.job.poll_seconds"
    assert states["Tell of the success"]["Next"] == "Completed"
    assert states["Tell of the failure"]["Next"] == "Failed"


def test_every_step_that_can_fail_tells_of_it(nova: Template) -> None:
    """Before a job there is nothing to lose: whatever is left after the retries ends the run."""
    states = machine(nova)["States"]
    for name in ("Load the definition", "Check the reward", "Create the job"):
        (catch,) = states[name]["Catch"]
        assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "Tell of the failure")


def retriers(state: Mapping[str, Any]) -> list[tuple[list[str], int]]:
    return [(retry["ErrorEquals"], retry["MaxAttempts"]) for retry in state["Retry"]]


def test_all_that_may_pass_is_tried_again(nova: Template) -> None:
    """By class: what stays not, but for a look; quotas, and all else, over an hour.

    Step Functions matches in order, so that `States.ALL` covers `Lambda.TooManyRequestsException`,
    `Lambda.Unknown` and whatever the next service calls it.
    """
    states = machine(nova)["States"]
    for name in ("Load the definition", "Check the reward", "Create the job", "Look at the job"):
        stays, quota, rest = retriers(states[name])
        assert set(stays[0]) == {"ConfigError", "PreflightError", "MissingError", "JobError"}
        # A refusal to look may be a slip of the service's: giving up leaves a job unwatched.
        assert stays[1] == (4 if name == "Look at the job" else 0)
        assert quota == (["QuotaError"], 12)
        assert rest[0] == ["States.ALL"]
        assert rest[1] >= 4
    pause, seconds, total = states["Look at the job"]["Retry"][2], 0.0, 0.0
    seconds = pause["IntervalSeconds"]
    for _ in range(pause["MaxAttempts"]):
        total, seconds = total + seconds, seconds * pause["BackoffRate"]
    assert total > 3600, "an outage of an hour"


def test_a_watcher_that_sees_nothing_tells_of_it_and_looks_again(nova: Template) -> None:
    """One bad hour of a week is no reason to leave a job unwatched; a job that is gone is."""
    states = machine(nova)["States"]
    gone, unseen = states["Look at the job"]["Catch"]
    assert "MissingError" in gone["ErrorEquals"]
    assert states[gone["Next"]]["Next"] == "Tell of the failure"
    assert unseen["ErrorEquals"] == ["States.ALL"]
    assert states[unseen["Next"]]["Next"] == "Wait"


def test_a_job_that_is_not_well_is_told_of_and_goes_on(nova: Template) -> None:
    """By its health in the state; a look without one, as of an older step, asks nothing."""
    states = machine(nova)["States"]
    choice = states["Has it ended?"]["Choices"][0]
    present, tell = choice["And"]
    assert present == {"Variable": "$.job.health", "IsPresent": True}
    assert tell == {"Variable": "$.job.health.tell", "BooleanEquals": True}
    assert states[choice["Next"]]["Next"] == states["Has it ended?"]["Default"] == "Wait"
    assert "$.job.health" in states[choice["Next"]]["Parameters"]["Message"].values()


def test_a_message_that_cannot_be_sent_ends_no_run(nova: Template) -> None:
    """It is tried again; then the run goes on as if it had been sent, and an alarm says so."""
    states = machine(nova)["States"]
    tells = [
        state
        for state in states.values()
        if state["Type"] == "Task" and "sns" in text_of(state["Resource"])
    ]
    assert len(tells) == 4
    for state in tells:
        (retry,), (catch,) = state["Retry"], state["Catch"]
        assert retry["MaxAttempts"] >= 3
        assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], state["Next"])


def test_a_run_that_takes_too_long_ends(nova: Template) -> None:
    """After a week, unless `job.timeout_hours` says otherwise; the stop step then stops its job."""
    assert machine(nova)["TimeoutSeconds"] == 7 * 24 * 3600


@pytest.mark.parametrize("stack", ["nova", "open"])
def test_an_aborted_execution_calls_the_stop_step(
    templates: dict[str, Template], stack: str
) -> None:
    """No state runs once an execution is aborted, so EventBridge has to."""
    template = templates[stack]
    ((name, _),) = find(template, "AWS::StepFunctions::StateMachine").items()
    ((stop, _),) = find(template, "AWS::Lambda::Function", Handler="handlers.stop").items()
    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {"stateMachineArn": [{"Ref": name}], "status": ["ABORTED", "TIMED_OUT"]},
            },
            "Targets": [Match.object_like({"Arn": {"Fn::GetAtt": [stop, "Arn"]}})],
        },
    )


def test_state_changes_of_the_job_go_to_the_topic(nova: Template) -> None:
    """Bedrock's own events, of the jobs under this role."""
    ((topic, _),) = find(nova, "AWS::SNS::Topic").items()
    rule = only(nova, "AWS::Events::Rule", Description="Tell of every state change of the RFT job")
    pattern = rule["EventPattern"]
    assert pattern["detail-type"] == ["Model Customization Job State Change"]
    assert list(pattern["detail"]) == ["roleArn"]
    assert rule["Targets"][0]["Arn"] == {"Ref": topic}


def test_nothing_in_the_stack_starts_a_job(templates: dict[str, Template]) -> None:
    """No custom resource, no schedule, no rule that starts the state machine."""
    for template in templates.values():
        kinds = {resource["Type"] for resource in template.to_json()["Resources"].values()}
        assert not {kind for kind in kinds if kind.startswith(("Custom::", "AWS::Scheduler"))}
        assert "AWS::CloudFormation::CustomResource" not in kinds
        for rule in find(template, "AWS::Events::Rule").values():
            assert "ScheduleExpression" not in rule["Properties"]
            assert "states" not in text_of(rule["Properties"]["Targets"][0]["Arn"])


def test_the_topic_is_encrypted_and_the_team_subscribed(nova: Template, alone: Template) -> None:
    """Without an e-mail address there is a topic to subscribe to, and no subscription."""
    assert "KmsMasterKeyId" in only(nova, "AWS::SNS::Topic")
    subscription = only(nova, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "team@example.com")
    alone.resource_count_is("AWS::SNS::Subscription", 0)


@pytest.mark.parametrize(
    ("stack", "services"),
    [("nova", ["cloudwatch", "events"]), ("alone", ["cloudwatch"])],
)
def test_alarms_and_events_may_publish_to_the_topic_over_tls(
    templates: dict[str, Template], stack: str, services: list[str]
) -> None:
    """Its own policy replaces the default one, which would have let alarms in."""
    policy = only(templates[stack], "AWS::SNS::TopicPolicy")["PolicyDocument"]
    allowed = [s["Principal"]["Service"] for s in policy["Statement"] if s["Effect"] == "Allow"]
    assert sorted(allowed) == [f"{service}.amazonaws.com" for service in services]
    (refusal,) = [s for s in policy["Statement"] if s["Effect"] == "Deny"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def alarms(template: Template) -> dict[str, Mapping[str, Any]]:
    """The alarms by the end of what they are called in the construct tree."""
    found = {}
    for logical, alarm in find(template, "AWS::CloudWatch::Alarm").items():
        found[logical.removeprefix("Job").removeprefix("Monitoring")[:-8]] = alarm["Properties"]
    return found


def test_alarms_go_to_the_topic_and_say_what_to_do(nova: Template) -> None:
    """Of the reward: errors, throttles, duration, unscored, saturated, equal; and of the runs."""
    ((topic, _),) = find(nova, "AWS::SNS::Topic").items()
    found = alarms(nova)
    reward = {"Errors", "Throttles", "NearTimeout", "Unscored", "Saturated", "AllEqual"}
    reward |= {"AtTheFloor"}
    assert set(found) == reward | {"RunEnded", "StopFailed", "StopNotCalled", "Untold"}
    for alarm in found.values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert len(alarm["AlarmDescription"]) > 40


def test_alarm_thresholds_follow_from_the_reward(nova: Template, everything: Template) -> None:
    """Four fifths of its timeout; 98% of the way from its lowest to its highest reward."""
    assert alarms(nova)["NearTimeout"]["Threshold"] == 48_000
    assert alarms(everything)["NearTimeout"]["Threshold"] == 96_000
    assert alarms(nova)["Saturated"]["Threshold"] == 0.98


def test_one_failed_call_of_a_day_wakes_nobody(nova: Template) -> None:
    """A share of the calls, in two of three periods; what is turned away was no invocation."""
    found = alarms(nova)
    for name, calls in (("Errors", "invocations"), ("Throttles", "invocations + throttles")):
        alarm = found[name]
        assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (0.05, 2)
        (expression,) = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
        assert expression == f"IF({calls} > 0, {name.lower()} / ({calls}))"
    assert all(alarm["EvaluationPeriods"] in (1, 3) for alarm in found.values())


def test_a_reward_on_its_floor_is_told_of(nova: Template, everything: Template) -> None:
    """Which may be negative; and a judge that costs too much, where a bound is given."""
    floor = alarms(nova)["AtTheFloor"]
    assert (floor["ComparisonOperator"], floor["Threshold"]) == ("LessThanThreshold", 0.02)
    cost = alarms(everything)["JudgeCost"]
    assert cost["Threshold"] == 20
    assert cost["Metrics"][0]["MetricStat"]["Period"] == 24 * 3600


def test_a_job_in_a_region_where_rft_was_not_offered_is_told_of() -> None:
    """And not refused: the table has its day, and the service goes on."""
    tables = {**NOVA, "region": "eu-west-1", "name": "eu"}
    stack = RftStack(App(), "Rft-eu", config=parse_config(tables, root=ROOT))
    told = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    (entry,) = [entry for entry in told if entry.type == "aws:cdk:warning"]
    assert "region eu-west-1: RFT of nova models was offered in us-east-1" in str(entry.data)


def test_the_data_is_under_a_key_of_ones_own(everything: Template, nova: Template) -> None:
    """Bucket and statements; without one it is S3's."""
    kinds = {
        stack: {
            rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
            for bucket in find(template, "AWS::S3::Bucket").values()
            for rule in bucket["Properties"]["BucketEncryption"][
                "ServerSideEncryptionConfiguration"
            ]
        }
        for stack, template in (("everything", everything), ("nova", nova))
    }
    assert kinds == {"everything": {"aws:kms", "AES256"}, "nova": {"AES256"}}


def test_the_dashboard_shows_every_component_and_the_judge_where_there_is_one(
    nova: Template, everything: Template
) -> None:
    """From the handler's own metrics, by the names of `rewards.wire.telemetry`."""
    body = text_of(only(nova, "AWS::CloudWatch::Dashboard")["DashboardBody"])
    judged = text_of(only(everything, "AWS::CloudWatch::Dashboard")["DashboardBody"])
    for metric in ("Reward", "Component/correct", "Component/steps", "Fault/missing_reference"):
        assert f'"{metric}"' in body
    for metric in ("ZeroVarianceGroups", "Throttles", "ConcurrentExecutions", "BatchSize"):
        assert f'"{metric}"' in body
    assert "JudgeInputTokens" not in body
    for metric in ("Component/sound", "JudgeInputTokens", "JudgeCost"):
        assert f'"{metric}"' in judged


def test_every_metric_that_is_watched_is_one_that_is_written(
    nova: Template, everything: Template
) -> None:
    """By the tables of `rewards.wire.telemetry` and `rewards.judge.usage`; no graph stays empty."""
    written = set(re.findall(r"^(\w+)  ", f"{telemetry.__doc__}\n{usage.__doc__}", re.MULTILINE))
    for template, rubric in ((nova, "gsm8k"), (everything, "judged")):
        body = text_of(only(template, "AWS::CloudWatch::Dashboard")["DashboardBody"])
        watched = re.findall(r'"BedrockRFT","([^"]+)"', body)
        named = re.findall(r'"BedrockRFT","[^"]+","rubric","([^"]+)","service","([^"]+)"', body)
        assert set(named) == {(rubric, rewards_function(template)["FunctionName"])}
        assert len(named) == len(watched)
        assert {name for name in watched if "/" not in name} <= written
    assert {name for name in written if name.startswith("Judge")} <= set(watched)


def test_metrics_are_told_apart_by_deployment(templates: dict[str, Template]) -> None:
    """Three of the stacks deploy the same rubric: none may set off another's alarms."""
    seen = set()
    for template in templates.values():
        variables = rewards_function(template)["Environment"]["Variables"]
        (watched,) = alarms(template)["Saturated"]["Metrics"]
        metric = watched["MetricStat"]["Metric"]
        dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
        assert dimensions["service"] == variables["POWERTOOLS_SERVICE_NAME"]
        assert metric["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
        seen.add((dimensions["service"], dimensions["rubric"]))
    assert len(seen) == len(templates)


def test_the_queries_are_saved_over_the_functions_log(nova: Template) -> None:
    """Under one folder of the console."""
    ((group, _),) = [
        (name, g)
        for name, g in find(nova, "AWS::Logs::LogGroup").items()
        if name.startswith("RewardLambdaLogs")
    ]
    for query in find(nova, "AWS::Logs::QueryDefinition").values():
        assert query["Properties"]["Name"].startswith("rft/nova/")
        assert query["Properties"]["LogGroupNames"] == [{"Ref": group}]


def test_tags_reach_every_resource_that_takes_them(nova: Template) -> None:
    """Function, bucket and topic among them."""
    for kind in ("AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::SNS::Topic"):
        for resource in find(nova, kind).values():
            assert {"Key": "team", "Value": "maths"} in resource["Properties"]["Tags"]


@pytest.mark.parametrize("stack", ["nova", "everything", "open"])
def test_destroying_the_stack_leaves_the_buckets_and_nothing_else(
    templates: dict[str, Template], stack: str
) -> None:
    """Versions are kept between deployments, and go with the function; verdicts expire."""
    kept = [
        resource["Type"]
        for resource in templates[stack].to_json()["Resources"].values()
        if resource.get("DeletionPolicy") == "Retain"
    ]
    gone = {"AWS::Lambda::Version", "AWS::DynamoDB::Table"}
    assert [kind for kind in kept if kind not in gone] == ["AWS::S3::Bucket"] * 2
