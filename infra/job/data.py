"""Where a job's data lives: datasets under the hash of their content, outputs in a bucket."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

#: Everything that Bedrock writes goes below this key.
OUTPUT = "output/"

#: Uploads that broke off cost money and show nowhere.
_UPLOAD_DAYS = Duration.days(7)
_ACCESS_LOG_DAYS = Duration.days(90)
_OLD_VERSION_DAYS = Duration.days(30)


@dataclass(frozen=True, slots=True)
class DataObject:
    """One object in S3, as URI and as the ARNs that a policy needs."""

    uri: str
    arn: str
    bucket_arn: str


class RftData(Construct):
    """The datasets of a job and the bucket for its outputs.

    A local dataset becomes an S3 asset: its key is the hash of its content, so that what a job
    was trained on can never change under its name. A dataset given as an S3 URI stays where it
    is. The bucket is kept when the stack is destroyed: it holds what the training paid for.
    """

    bucket: s3.Bucket
    train: DataObject
    validation: Sequence[DataObject]

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        train: str | Path,
        validation: Sequence[str | Path] = (),
        output_days: int = 180,
    ) -> None:
        """Deploy local files, refer to S3 URIs, and expire outputs after `output_days`."""
        super().__init__(scope, id)
        access_logs = s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=_ACCESS_LOG_DAYS)],
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            server_access_logs_bucket=access_logs,
            lifecycle_rules=[
                s3.LifecycleRule(
                    prefix=OUTPUT,
                    expiration=Duration.days(output_days),
                    noncurrent_version_expiration=_OLD_VERSION_DAYS,
                ),
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=_UPLOAD_DAYS),
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.train = self._object("Train", train)
        self.validation = [
            self._object(f"Validation{place}", source) for place, source in enumerate(validation)
        ]

    @property
    def output_uri(self) -> str:
        """Where a job writes its results."""
        return f"s3://{self.bucket.bucket_name}/{OUTPUT}"

    def _object(self, id: str, source: str | Path) -> DataObject:
        partition = Stack.of(self).partition
        if isinstance(source, str) and source.startswith("s3://"):
            bucket, _, key = source.removeprefix("s3://").partition("/")
            uri = source
        else:
            asset = s3_assets.Asset(self, id, path=str(source))
            bucket, key, uri = asset.s3_bucket_name, asset.s3_object_key, asset.s3_object_url
        bucket_arn = f"arn:{partition}:s3:::{bucket}"
        return DataObject(uri, f"{bucket_arn}/{key}", bucket_arn)
