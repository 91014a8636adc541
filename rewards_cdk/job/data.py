"""Where a job's data lives: one bucket of the deployment's own, for what goes in and comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from rewards.job.definition import DATASETS, OUTPUT, DatasetPlace
from rewards.job.settings import DataSettings

#: Uploads that broke off cost money and show nowhere.
_UPLOAD_DAYS = Duration.days(7)
_ACCESS_LOG_DAYS = Duration.days(90)
_OLD_VERSION_DAYS = Duration.days(30)


@dataclass(frozen=True, slots=True)
class DataObject:
    """A dataset: where it was put, and where the job finds it; ARNs for the policies.

    `is_own` says whether it is copied into the deployment's bucket before a job starts.
    """

    place: DatasetPlace
    source_arn: str
    bucket_arn: str
    is_own: bool


class RftData(Construct):
    """The datasets of a job, and the bucket from which it reads and into which it writes.

    A local dataset becomes an S3 asset, which a run copies into the bucket under the hash of its
    content: what a job was trained on cannot change under its name, nor go with a clean-up of
    CDK's own bucket, nor with the next deployment. A dataset given as an S3 URI stays where it is.
    The bucket is kept when the stack is destroyed: it holds what the training paid for.
    """

    settings: DataSettings
    bucket: s3.Bucket
    kms_key: str | None
    train: DataObject
    validation: Sequence[DataObject]

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: DataSettings,
        root: Path = Path(),
    ) -> None:
        """Deploy files below `root`, refer to S3 URIs, and let outputs expire."""
        super().__init__(scope, id)
        self.settings, self.kms_key = settings, settings.kms_key
        self.bucket = self._bucket(settings.output_days)
        self.train = self._object("Train", settings.train, root)
        self.validation = [
            self._object(f"Validation{place}", source, root)
            for place, source in enumerate(settings.validation)
        ]

    @property
    def all(self) -> list[DataObject]:
        """Training and validation."""
        return [self.train, *self.validation]

    @property
    def output_uri(self) -> str:
        """Where a job writes its results."""
        return f"s3://{self.bucket.bucket_name}/{OUTPUT}"

    def _bucket(self, output_days: int) -> s3.Bucket:
        access_logs = s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=_ACCESS_LOG_DAYS)],
            removal_policy=RemovalPolicy.RETAIN,
        )
        key = kms.Key.from_key_arn(self, "Key", self.kms_key) if self.kms_key else None
        return s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
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

    def _object(self, id: str, source: str, root: Path) -> DataObject:
        own_bucket = self.bucket.bucket_name
        arn = f"arn:{Stack.of(self).partition}:s3:::"
        if source.startswith("s3://"):
            bucket, _, key = source.removeprefix("s3://").partition("/")
            place = DatasetPlace(source=source, uri=source)
            return DataObject(place, f"{arn}{bucket}/{key}", f"{arn}{bucket}", is_own=False)
        asset = s3_assets.Asset(self, id, path=str(root / source))
        place = DatasetPlace(
            source=asset.s3_object_url,
            uri=f"s3://{own_bucket}/{DATASETS}{asset.asset_hash}{Path(source).suffix}",
        )
        source_arn = f"{arn}{asset.s3_bucket_name}/{asset.s3_object_key}"
        return DataObject(place, source_arn, self.bucket.bucket_arn, is_own=True)
