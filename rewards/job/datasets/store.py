"""A dataset in S3: its head for the check before a job, the whole piece by piece, or its copy."""

from collections.abc import Iterator, Mapping
from typing import Any

from rewards.job.aws import aws_client, calling
from rewards.job.definition import DatasetPlace
from rewards.job.errors import MissingError, TransientError
from rewards.job.jobs import Dataset

#: So much of a dataset is in memory at once, whatever its size.
PIECE_BYTES = 1 << 20


class DatasetStore:
    """Reads and copies datasets; every error is one of `aws.calling`, and names the object."""

    def __init__(self, *, region: str, endpoint_url: str | None = None) -> None:
        """`endpoint_url` is for a local S3."""
        self.s3 = aws_client("s3", region=region, endpoint_url=endpoint_url)

    def head(self, uri: str, most: int) -> bytes:
        """The first bytes of a dataset, at most `most`."""
        with calling(f"reading {uri}"):
            part = {"Range": f"bytes=0-{most - 1}"}
            content: bytes = self.s3.get_object(**_object(uri), **part)["Body"].read()
        return content

    def open(self, uri: str) -> Dataset:
        """A dataset that is read as it is used."""
        with calling(f"reading {uri}"):
            answer = self.s3.get_object(**_object(uri))

        def pieces() -> Iterator[bytes]:
            with calling(f"reading {uri}"):
                yield from answer["Body"].iter_chunks(PIECE_BYTES)

        return Dataset(size=answer["ContentLength"], pieces=pieces())

    def put_in_place(self, dataset: DatasetPlace) -> None:
        """Copy a dataset to where the job finds it, unless it is there: its key is its hash."""
        source, uri = dataset["source"], dataset["uri"]
        if source != uri and not self._is_there(uri):
            with calling(f"copying {source} to {uri}"):
                answer = self.s3.copy_object(CopySource=_object(source), **_object(uri))
            _of_s3(answer.get("CopyObjectResult", {}), f"copying {source} to {uri}")

    def _is_there(self, uri: str) -> bool:
        try:
            with calling(f"looking for {uri}"):
                answer = self.s3.head_object(**_object(uri))
        except MissingError:
            return False
        _of_s3(answer, f"looking for {uri}")
        return True


def _of_s3(answer: Mapping[str, Any], what: str) -> None:
    """Pass an answer about an object, which has its ETag: a gateway's page reads like one without.

    Raises:
        TransientError: it has none.
    """
    if "ETag" not in answer:
        raise TransientError(f"{what}: the answer is not the service's; a gateway may have sent it")


def _object(uri: str) -> dict[str, Any]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}
