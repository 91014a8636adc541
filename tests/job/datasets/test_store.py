"""Datasets in S3: put in place once, and never said to be there because a gateway answered."""

import pytest

from rewards.job.aws import aws_client
from rewards.job.datasets.store import DatasetStore
from rewards.job.definition import DatasetPlace
from rewards.job.errors import TransientError

PLACE = DatasetPlace(
    source="s3://asset-bucket/train.jsonl", uri="s3://data-bucket/datasets/train.jsonl"
)


@pytest.mark.parametrize("operation", ["head_object", "copy_object"])
def test_an_answer_without_an_etag_is_no_answer_of_s3s(
    buckets: None, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page with status 200 reads like an object that is there, or was copied."""
    store = DatasetStore(region="us-east-1")
    with monkeypatch.context() as patch:
        patch.setattr(store.s3, operation, lambda **_: {})
        with pytest.raises(TransientError, match="a gateway may have sent it"):
            store.put_in_place(PLACE)
    store.put_in_place(PLACE)
    there = aws_client("s3", region="us-east-1").get_object(
        Bucket="data-bucket", Key="datasets/train.jsonl"
    )
    assert there["ETag"]
