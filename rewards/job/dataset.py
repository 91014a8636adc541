"""A dataset in S3: its head for the check before a job, or the whole, piece by piece."""

from collections.abc import Iterator
from typing import Any

from rewards.job.aws import aws_client, calling
from rewards.job.jobs import Dataset

#: So much of a dataset is in memory at once, whatever its size.
PIECE_BYTES = 1 << 20


def read_head(uri: str, *, region: str, endpoint_url: str | None, most: int) -> bytes:
    """The first bytes of a dataset, at most `most`.

    Raises:
        MissingError, TransientError, JobError: as `aws.calling`.
    """
    with calling(f"reading {uri}"):
        answer = _object(uri, region, endpoint_url, Range=f"bytes=0-{most - 1}")
        content: bytes = answer["Body"].read()
    return content


def open_dataset(uri: str, *, region: str, endpoint_url: str | None) -> Dataset:
    """A dataset that is read as it is used; errors as those of `read_head`."""
    with calling(f"reading {uri}"):
        answer = _object(uri, region, endpoint_url)

    def pieces() -> Iterator[bytes]:
        with calling(f"reading {uri}"):
            yield from answer["Body"].iter_chunks(PIECE_BYTES)

    return Dataset(size=answer["ContentLength"], pieces=pieces())


def _object(uri: str, region: str, endpoint_url: str | None, **options: Any) -> Any:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3 = aws_client("s3", region=region, endpoint_url=endpoint_url)
    return s3.get_object(Bucket=bucket, Key=key, **options)
