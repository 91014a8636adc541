"""Where alarms and job changes go."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


def notifications(scope: Construct, email: str | None) -> sns.Topic:
    """A topic for alarms, events and runs. Its key is its own: AWS's does not let services in."""
    key = kms.Key(
        scope,
        "TopicKey",
        description="Encrypts the notifications of an RFT deployment",
        enable_key_rotation=True,
        removal_policy=RemovalPolicy.DESTROY,
        pending_window=Duration.days(7),
    )
    topic = sns.Topic(scope, "Topic", master_key=key, enforce_ssl=True)
    # With a policy of its own a topic loses the one that lets the account's alarms publish.
    alarms = iam.PolicyStatement(
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[topic.topic_arn],
        conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
    )
    topic.add_to_resource_policy(alarms)
    # Conditions are not for EventBridge's use of a key; what may publish, the topic says.
    for service in ("cloudwatch", "events"):
        principal = iam.ServicePrincipal(f"{service}.amazonaws.com")
        key.grant(principal, "kms:Decrypt", "kms:GenerateDataKey")
    if email:
        topic.add_subscription(subscriptions.EmailSubscription(email))
    return topic
