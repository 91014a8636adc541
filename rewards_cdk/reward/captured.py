"""The bucket for events kept as they came, where `reward.log_events` asks for it."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from rewards.wire.capture import PREFIX
from rewards_cdk.findings import accept
from rewards_cdk.permissions import Allowed, allow

#: Events hold prompts and completions: long enough to pull some, no longer.
EVENT_DAYS = Duration.days(30)


class CapturedEvents(Construct):
    """An encrypted bucket whose objects expire; the function may add some, and read none."""

    bucket: s3.Bucket

    def __init__(self, scope: Construct, id: str) -> None:
        """Make the bucket."""
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=EVENT_DAYS)],
            # A version of a job under way goes on writing to it. Its objects expire.
            removal_policy=RemovalPolicy.RETAIN,
        )
        reason = "A sample of events that expires in a month; CloudTrail says who reads them."
        accept(self.bucket, "S1", reason)

    def allowed(self) -> Allowed:
        """What the function may do with it."""
        reason = "Objects are called by the request's id, which nobody knows before."
        return allow(["s3:PutObject"], [f"{self.bucket.bucket_arn}/{PREFIX}*"], because=reason)
