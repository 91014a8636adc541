"""boto3's errors by class: what may pass, what stays, and what is said of either."""

import http.client
from collections.abc import Callable
from typing import Any

import pytest
import urllib3.exceptions
from botocore import exceptions, parsers
from botocore.exceptions import ClientError
from botocore.session import Session

from rewards.job.aws import aws_client, calling
from rewards.job.datasets.store import DatasetStore
from rewards.job.definition import DatasetPlace
from rewards.job.errors import JobError, MissingError, QuotaError, TransientError


def kind_of(error: Exception) -> type[JobError]:
    with pytest.raises(JobError, match="doing something") as caught, calling("doing something"):
        raise error
    assert caught.value.__cause__ is error
    return type(caught.value)


def client_error(code: str, status: int = 400) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status}
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}, "Operation"
    )


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, TransientError),
        ("TooManyRequestsException", 429, TransientError),
        ("InternalFailure", 500, TransientError),
        ("ServiceUnavailable", 503, TransientError),
        ("RequestTimeout", 400, TransientError),
        ("SlowDown", 503, TransientError),
        ("SomethingNew", 502, TransientError),
        ("SomethingNew", 429, TransientError),
        ("KmsThrottlingException", 400, TransientError),
        ("SnapStartTimeoutException", 408, TransientError),
        ("SnapStartNotReadyException", 409, TransientError),
        ("ResourceConflictException", 409, TransientError),
        ("ServiceQuotaExceededException", 400, QuotaError),
        ("ResourceNotFoundException", 404, MissingError),
        ("ParameterNotFound", 400, MissingError),
        ("AccessDeniedException", 403, JobError),
        ("ValidationException", 400, JobError),
        ("ConflictException", 400, JobError),
    ],
)
def test_an_answered_error_is_told_by_code_and_status(
    code: str, status: int, expected: type[JobError]
) -> None:
    """Codes that nobody has heard of by their status."""
    assert kind_of(client_error(code, status)) is expected


@pytest.mark.parametrize(
    "operation",
    [
        "CreateModelCustomizationJob",
        "GetModelCustomizationJob",
        "StopModelCustomizationJob",
        "ListModelCustomizationJobs",
    ],
)
def test_every_error_that_an_operation_declares_has_its_class(operation: str) -> None:
    """As the service model has it: a server's fault or a throttle passes, a caller's does not."""
    model = Session().get_service_model("bedrock").operation_model(operation)
    for shape in model.error_shapes:
        details = shape.metadata.get("error", {})
        status = details.get("httpStatusCode", 500 if shape.metadata.get("fault") else 400)
        kind = kind_of(client_error(shape.name, status))
        if status >= 500 or status == 429:
            assert kind is TransientError, shape.name
        else:
            assert kind is not TransientError, shape.name


#: What stays as it is until the caller changes something; all else of boto3's own may pass.
STAYS = {
    "ConfigNotFound",
    "ConfigParseError",
    "InvalidRegionError",
    "LoginError",
    "NoCredentialsError",
    "NoRegionError",
    "ParamValidationError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "SSOError",
    "TokenRetrievalError",
    "UnknownServiceError",
}


def local_errors() -> list[type[Exception]]:
    """Every error that boto3 raises without an answer."""
    return [
        error
        for error in vars(exceptions).values()
        if isinstance(error, type) and issubclass(error, exceptions.BotoCoreError)
    ]


@pytest.mark.parametrize("cls", local_errors(), ids=lambda cls: str(cls.__name__))
def test_no_error_of_boto3_leaves_without_a_class(cls: type[Exception]) -> None:
    """A connection, a proxy, a body that is cut, metadata that do not answer: all may pass."""
    error = cls.__new__(cls)
    Exception.__init__(error, "told")
    stays = bool(STAYS & {base.__name__ for base in cls.__mro__})
    assert kind_of(error) is (JobError if stays else TransientError)


@pytest.mark.parametrize(
    "error",
    [
        parsers.ResponseParserError("<html>"),
        urllib3.exceptions.ProtocolError("cut"),
        http.client.IncompleteRead(b"x"),
        http.client.RemoteDisconnected("gone"),
        ConnectionResetError(104, "reset"),
        TimeoutError("late"),
        BrokenPipeError(32, "pipe"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_breaks_may_be_tried_again(error: Exception) -> None:
    """Whichever layer says so."""
    assert kind_of(error) is TransientError


def test_an_error_of_the_program_stays_one() -> None:
    """Nothing but the network and the service is explained away."""
    with pytest.raises(KeyError), calling("doing something"):
        raise KeyError("x")


@pytest.fixture(name="stored")
def _stored(aws: None) -> Callable[[bytes], str]:
    s3 = aws_client("s3", region="us-east-1")
    s3.create_bucket(Bucket="data-bucket")

    def store(content: bytes) -> str:
        s3.put_object(Bucket="data-bucket", Key="train.jsonl", Body=content)
        return "s3://data-bucket/train.jsonl"

    return store


def test_a_dataset_is_read_piece_by_piece(stored: Callable[[bytes], str]) -> None:
    """With its size known beforehand, as an upload has to say it."""
    content = bytes(range(256)) * 10_000
    dataset = DatasetStore(region="us-east-1").open(stored(content))
    pieces = list(dataset.pieces)
    assert dataset.size == len(content)
    assert b"".join(pieces) == content
    assert len(pieces) == 3


def test_the_head_of_a_dataset_is_all_that_the_check_reads(stored: Callable[[bytes], str]) -> None:
    """However large the rest is."""
    uri = stored(b"x" * 1000)
    assert DatasetStore(region="us-east-1").head(uri, 10) == b"x" * 10


def test_a_dataset_that_is_not_there_is_named(aws: None) -> None:
    """By its URI, as something that waiting will not bring."""
    with pytest.raises(MissingError, match="reading s3://nowhere-bucket/x"):
        DatasetStore(region="us-east-1").head("s3://nowhere-bucket/x", 1)


def test_a_dataset_is_copied_to_where_the_job_finds_it_once(
    stored: Callable[[bytes], str],
) -> None:
    """Under the hash of its content: what is there already is that content."""
    store = DatasetStore(region="us-east-1")
    place = DatasetPlace(source=stored(b"first"), uri="s3://data-bucket/datasets/x.jsonl")
    store.put_in_place(place)
    stored(b"second")
    store.put_in_place(place)
    assert store.head(place["uri"], 99) == b"first"


def test_a_dataset_of_ones_own_bucket_is_not_copied(aws: None) -> None:
    """Nothing is read, and nothing written."""
    uri = "s3://nowhere-bucket/x.jsonl"
    DatasetStore(region="us-east-1").put_in_place(DatasetPlace(source=uri, uri=uri))
