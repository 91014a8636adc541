"""A cache of verdicts that all containers of a job share: one DynamoDB table, off by default.

Key `digest` (string): the request's digest. `verdict`: its JSON. `expires`: epoch seconds, the
table's TTL attribute. Completions are not stored; the judge's reasons are, and may quote them:
the table that the CDK stack makes is encrypted.
"""

import json
import threading
from time import time
from typing import TYPE_CHECKING, Any

import boto3  # noqa: TID251 - imported only where a rubric names a cache table
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rewards.core.errors import ServiceError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: The cache saves the seconds that a model takes; it must not cost as many.
TIMEOUT_SECONDS = 1.0

_SECONDS_A_DAY = 86_400


class VerdictTable:
    """Reads and writes verdicts; the first one written holds until it expires."""

    def __init__(self, name: str, client: "DynamoDBClient") -> None:
        self.name = name
        self._client = client

    def get(self, digest: str) -> Any:
        """The verdict, or None where there is none that is still valid.

        Raises:
            ServiceError: the table cannot be read.
        """
        try:
            found = self._client.get_item(TableName=self.name, Key={"digest": {"S": digest}})
        except (ClientError, BotoCoreError) as error:
            raise ServiceError(f"cache table {self.name}: {type(error).__name__}") from error
        return _current(found.get("Item"))

    def put(self, digest: str, verdict: Any, days: float) -> Any:
        """Write a verdict unless there is a valid one; return the one that was there, else None.

        Raises:
            ServiceError: the table cannot be written.
        """
        now = int(time())
        try:
            self._client.put_item(
                TableName=self.name,
                Item={
                    "digest": {"S": digest},
                    "verdict": {"S": json.dumps(verdict)},
                    "expires": {"N": str(now + int(days * _SECONDS_A_DAY))},
                },
                # TTL deletes late, up to days: what has expired counts as gone.
                ConditionExpression="attribute_not_exists(digest) OR expires <= :now",
                ExpressionAttributeValues={":now": {"N": str(now)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return _current(error.response.get("Item"))
        except (ClientError, BotoCoreError) as error:
            raise ServiceError(f"cache table {self.name}: {type(error).__name__}") from error
        return None


def _current(item: Any) -> Any:
    """The verdict of an item; None where it has expired or is none that this module wrote."""
    try:
        if int(item["expires"]["N"]) > time():
            return json.loads(item["verdict"]["S"])
    except (KeyError, TypeError, ValueError):
        pass
    return None


_tables: dict[tuple[str, int], VerdictTable] = {}
_opening = threading.Lock()


def open_table(name: str, bound: int) -> VerdictTable:
    """The table of that name in the function's own region, one client for the container.

    Raises:
        ServiceError: no client can be made; the message says what is missing.
    """
    with _opening:
        if (name, bound) not in _tables:
            config = Config(
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
                max_pool_connections=bound,
                retries={"total_max_attempts": 1, "mode": "standard"},
            )
            try:
                client = boto3.client("dynamodb", config=config)
            except BotoCoreError as error:
                raise ServiceError(f"no client for the cache table: {error}") from error
            _tables[name, bound] = VerdictTable(name, client)
        return _tables[name, bound]
