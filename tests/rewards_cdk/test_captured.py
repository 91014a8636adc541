"""The bucket of captured events: there only when asked for, and the function may only add."""

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from infra.findings import check
from rewards.job.settings import RewardSettings
from rewards_cdk.reward.function import RewardFunction
from tests.rewards_cdk.resources import find, only

HANDLER = "rewards.handler.lambda_handler"


def test_nothing_is_kept_unless_asked_for(templates: dict[str, Template]) -> None:
    """No variable turns it on, and no role may write events."""
    for template in templates.values():
        function = only(template, "AWS::Lambda::Function", Handler=HANDLER)
        assert not {"REWARD_LOG_EVENTS", "REWARD_EVENTS_BUCKET"} & set(
            function["Environment"]["Variables"]
        )


def test_events_go_to_an_encrypted_bucket_that_forgets() -> None:
    """Encrypted, private, a month; all the function may is to put below events/."""
    app = App()
    stack = Stack(app, "Captured")
    RewardFunction(stack, "Reward", settings=RewardSettings("gsm8k", log_events=20))
    check(app)
    app.synth()
    template = Template.from_stack(stack)

    ((name, bucket),) = find(template, "AWS::S3::Bucket").items()
    properties = bucket["Properties"]
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert properties["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    assert properties["LifecycleConfiguration"]["Rules"] == [
        {"ExpirationInDays": 30, "Status": "Enabled"}
    ]
    function = only(template, "AWS::Lambda::Function", Handler=HANDLER)
    variables = function["Environment"]["Variables"]
    assert variables["REWARD_LOG_EVENTS"] == "20"
    assert variables["REWARD_EVENTS_BUCKET"] == {"Ref": name}
    policies = only(template, "AWS::IAM::Role")["Policies"]
    written = [
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if "s3:" in str(statement["Action"])
    ]
    assert [statement["Action"] for statement in written] == ["s3:PutObject"]
    arn = {"Fn::GetAtt": [name, "Arn"]}
    assert written[0]["Resource"] == {"Fn::Join": ["", [arn, "/events/*"]]}
