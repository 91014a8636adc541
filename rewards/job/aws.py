"""boto3's clients, and its errors as errors for people: what may pass told apart from what stays.

Each call stands in `calling(what)`: whatever goes wrong inside names what was tried, what the
service said, and by its class whether the same call may be made again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rewards.job.errors import JobError, MissingError, QuotaError, TransientError

#: Seconds without an answer after which a call is given up.
ANSWER_SECONDS = 60

#: Codes of what passes that come with a status below 500, and not always with 429.
_BUSY_CODES = frozenset(
    {"ThrottlingException", "ThrottledException", "Throttling", "TooManyRequestsException"}
    | {"RequestLimitExceeded", "RequestTimeout", "RequestTimeoutException", "SlowDown"}
    | {"InternalServerException", "InternalFailure", "InternalError", "ServiceUnavailable"}
    | {"ServiceUnavailableException", "PriorRequestNotComplete", "EC2ThrottledException"}
)
_QUOTA_CODES = frozenset({"ServiceQuotaExceededException", "LimitExceededException"})
_MISSING_CODES = frozenset(
    {"ResourceNotFoundException", "ParameterNotFound", "NoSuchKey", "NoSuchBucket"}
    | {"ExecutionDoesNotExist", "StateMachineDoesNotExist"}
    | {"404"}  # S3's answer to HEAD has no body, and so no code but the status
)

#: A request that took too long, met another one, or came too early or too often.
_BUSY_STATUSES = (408, 409, 425, 429)
_BUSY_WORDS = ("Throttl", "Timeout", "TimedOut", "NotReady")
_SERVER_ERROR = 500


def aws_client(
    service: str,
    *,
    region: str | None,
    endpoint_url: str | None = None,
    answer_seconds: int = ANSWER_SECONDS,
) -> Any:
    """A boto3 client that waits `answer_seconds` for an answer.

    Raises:
        JobError: there is no region to talk to, or no such profile.
    """
    import boto3  # noqa: TID251 - this package is never loaded by the reward function
    from botocore.config import Config

    # The stubs type each service's client by a literal name, of which there are 400.
    client: Any = boto3.client
    config = Config(read_timeout=answer_seconds)
    with calling(f"a client of {service}"):
        return client(service, region_name=region, endpoint_url=endpoint_url, config=config)


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Errors of boto3, of a body that is being read, and of the network, as this package's own.

    Raises:
        MissingError, QuotaError, TransientError, JobError: starting with `what`.
    """
    from http.client import HTTPException

    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        failure = error.response.get("Error", {})
        code, said = str(failure.get("Code", "?")), failure.get("Message", "")
        raise _kind(error.response, code)(f"{what}: {code}: {said}") from error
    except BotoCoreError as error:
        raise _kind_of_local(error)(f"{what}: {error}") from error
    except ResponseParserError as error:
        raise TransientError(f"{what}: the answer is not the service's: {error}") from error
    except (HTTPError, HTTPException, OSError) as error:
        raise TransientError(f"{what}: the connection broke: {error!r}") from error


def _kind(response: Any, code: str) -> type[JobError]:
    """The class of an error that a service has answered."""
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _QUOTA_CODES:
        return QuotaError
    if code in _BUSY_CODES or status in _BUSY_STATUSES or status >= _SERVER_ERROR:
        return TransientError
    if any(word in code for word in _BUSY_WORDS):
        return TransientError
    return MissingError if code in _MISSING_CODES else JobError


def _kind_of_local(error: Exception) -> type[JobError]:
    """The class of an error of boto3's own: all may pass but those of the caller's making."""
    from botocore import exceptions

    stays = (
        *(exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
        *(exceptions.SSOError, exceptions.LoginError, exceptions.TokenRetrievalError),
        *(exceptions.ProfileNotFound, exceptions.ConfigParseError, exceptions.ConfigNotFound),
        *(exceptions.NoRegionError, exceptions.InvalidRegionError),
        *(exceptions.ParamValidationError, exceptions.UnknownServiceError),
    )
    return JobError if isinstance(error, stays) else TransientError
