"""A moto server whose gaps are filled for what the stack uses.

moto knows no CloudFormation alias, gives a version no ARN, keeps the state machines that it
deploys apart from those that it can run, and runs no Lambda without Docker. Each gap is filled
here, in the simulator: the stack is the one that goes to AWS.
"""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.awslambda import models as lambda_models
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.common_models import CloudFormationModel
from moto.core.config import default_user_config
from moto.events.models import events_backends
from moto.server import ThreadedMotoServer
from moto.sns.models import sns_backends
from moto.stepfunctions import models as sfn_models
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from tests.local_aws.identifiers import bedrock_models

ACCOUNT = "123456789012"

#: Credentials that sign requests which nothing checks.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}

#: One call of a step or of the reward; nothing here comes near it.
LAMBDA_SECONDS = 120

#: The longest pause of a state machine before it tries a step again.
RETRY_SECONDS = 0.5

#: The longest that one waits between two looks at a job.
WAIT_SECONDS = 1

#: Calls a handler as Lambda would, from the asset alone: -I and -S leave out everything else.
CALLER = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
stdout, sys.stdout = sys.stdout, sys.stderr
try:
    handler = getattr(importlib.import_module(module), name)
    answer = {"answer": handler(json.load(sys.stdin), None)}
except Exception as error:
    answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
json.dump(answer, stdout)
"""


class Simulator:
    """The running server, and the script of what its Bedrock does next."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes the unpacked code of functions that were called."""
        self.folder = folder
        self.server = ThreadedMotoServer(port=0, verbose=False)
        self.environment: dict[str, str] = {}
        self.throttles = 0
        self.statuses: list[str] = []
        self.invocations: list[str] = []

    @property
    def url(self) -> str:
        """The endpoint. It must say localhost: moto takes 127.0.0.1 for a bucket's name."""
        return f"http://localhost:{self.server.get_host_and_port()[1]}"

    @contextmanager
    def running(self) -> Iterator["Simulator"]:
        """Serve, with the gaps filled, until the block ends."""
        self.server.start()
        self.environment = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        _current.append(self)
        # Where moto's state machines look for the other services.
        os.environ["MOTO_PORT"] = str(self.server.get_host_and_port()[1])
        try:
            with _extended():
                yield self
        finally:
            del os.environ["MOTO_PORT"]
            _current.remove(self)
            self.server.stop()

    def call(self, function: Any, payload: str) -> dict[str, Any]:
        """Run a function's own zip on an event: `{"answer"}`, or the error's type and message."""
        self.invocations.append(function.function_name)
        code = self.folder / function.code_sha_256.replace("/", "_")
        if not code.is_dir():
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(code)
        environment = {**os.environ, **self.environment, **function.environment_vars}
        environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = function.region
        command = [sys.executable, "-I", "-S", "-c", CALLER, str(code), function.handler]
        done = subprocess.run(
            command,
            input=payload,
            capture_output=True,
            text=True,
            env=environment,
            timeout=LAMBDA_SECONDS,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def notifications(self, region: str) -> list[tuple[str, str]]:
        """Subject and message of what was published, the latest last."""
        topics = sns_backends[ACCOUNT][region].topics.values()
        return [(sent[2], sent[1]) for topic in topics for sent in topic.sent_notifications]

    def emit(self, region: str, event: dict[str, Any]) -> int:
        """Send an event to the functions of every rule that it matches; gives their number."""
        called = 0
        for rule in events_backends[ACCOUNT][region].event_buses["default"].rules.values():
            if not rule.event_pattern.matches_event(event):
                continue
            for target in rule.targets:
                if ":lambda:" in target["Arn"]:
                    backend = lambda_models.get_backend(ACCOUNT, region)
                    answer = self.call(backend.get_function(target["Arn"]), json.dumps(event))
                    if "answer" not in answer:
                        raise RuntimeError(f"{target['Arn']}: {answer}")
                    called += 1
        return called


#: The simulator that is running, for the extensions below: moto's classes know of no instance.
_current: list[Simulator] = []


class LambdaAlias(CloudFormationModel):
    """AWS::Lambda::Alias, which moto's CloudFormation does not know."""

    def __init__(self, arn: str) -> None:
        self.physical_resource_id = arn

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::Alias"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> "LambdaAlias":
        given = cloudformation_json["Properties"]
        backend = lambda_models.get_backend(account_id, region_name)
        alias = backend.create_alias(
            given["Name"], given["FunctionName"], given["FunctionVersion"], "", ""
        )
        return cls(alias.arn)


def _version_from_template(
    cls: type,
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **kwargs: Any,
) -> Any:
    """A version whose Ref is its ARN and that has the attribute Version, as in AWS."""
    name = cloudformation_json["Properties"]["FunctionName"]
    function = lambda_models.get_backend(account_id, region_name).publish_version(name)
    assert function is not None
    version = lambda_models.LambdaVersion({"Version": str(function.version)})
    version.physical_resource_id = function.function_arn
    return version


def _machine_from_template(
    cls: type,
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **kwargs: Any,
) -> Any:
    """A state machine in the backend that runs them."""
    given = cloudformation_json["Properties"]
    backend = stepfunctions_parser_backends[account_id][region_name]
    return backend.create_state_machine(
        given["StateMachineName"], given["DefinitionString"], given["RoleArn"]
    )


def _invoke(
    self: LambdaSimpleBackend,
    function_name: str,
    qualifier: str | None,
    body: Any,
    headers: Any,
    response_headers: Any,
) -> bytes:
    """Run the function, and mark an error as Lambda does."""
    function = self.get_function(function_name, qualifier)
    text = body.decode() if isinstance(body, bytes) else body
    answer = _current[-1].call(function, text or "{}")
    if "answer" in answer:
        return json.dumps(answer["answer"]).encode()
    response_headers["x-amz-function-error"] = "Unhandled"
    return json.dumps(answer).encode()


_create_job = bedrock_models.BedrockBackend.create_model_customization_job
_get_job = bedrock_models.BedrockBackend.get_model_customization_job


def _create_or_throttle(self: bedrock_models.BedrockBackend, *args: Any, **kwargs: Any) -> str:
    """Create a job, unless the script says that the service is busy."""
    simulator = _current[-1]
    if simulator.throttles:
        simulator.throttles -= 1
        raise ThrottlingError
    return _create_job(self, *args, **kwargs)


def _get_as_scripted(self: bedrock_models.BedrockBackend, job_identifier: str) -> Any:
    """A job, moved on to the next status of the script."""
    job = _get_job(self, job_identifier)
    simulator = _current[-1]
    if job.status == "InProgress":
        job.failure_message = ""
        if simulator.statuses:
            job.status = simulator.statuses.pop(0)
    return job


class ThrottlingError(bedrock_models.ResourceInUseException):
    """What Bedrock answers where it is busy."""

    code = 429

    def __init__(self) -> None:
        super().__init__("Too many requests, please wait before trying again.")
        self.error_type = "ThrottlingException"


def _sleep_briefly(seconds: float) -> None:
    """What a state machine waits before it tries a step again: here, no half minutes."""
    time.sleep(min(seconds, RETRY_SECONDS))


_wait_interval = WaitFunction._wait_interval


def _wait_briefly(self: WaitFunction, env: Any, wait_seconds: int) -> None:
    """What a state machine waits between two looks: here, no five minutes."""
    _wait_interval(self, env, min(wait_seconds, WAIT_SECONDS))


#: What is put in place of moto's own while a simulator runs.
EXTENSIONS: tuple[tuple[Any, str, Any], ...] = (
    (WaitFunction, "_wait_interval", _wait_briefly),
    (retrier_decl, "time", SimpleNamespace(sleep=_sleep_briefly)),
    (
        lambda_models.LambdaVersion,
        "create_from_cloudformation_json",
        classmethod(_version_from_template),
    ),
    (lambda_models.LambdaVersion, "get_cfn_attribute", lambda self, name: self.version),
    (lambda_models.LambdaVersion, "has_cfn_attr", classmethod(lambda cls, name: name == "Version")),
    (
        sfn_models.StateMachine,
        "create_from_cloudformation_json",
        classmethod(_machine_from_template),
    ),
    (LambdaSimpleBackend, "invoke", _invoke),
    (bedrock_models.BedrockBackend, "create_model_customization_job", _create_or_throttle),
    (bedrock_models.BedrockBackend, "get_model_customization_job", _get_as_scripted),
    (default_user_config["lambda"], "use_docker", False),
    (default_user_config["stepfunctions"], "execute_state_machine", True),
)


@contextmanager
def _extended() -> Iterator[None]:
    """moto with its gaps filled, until the block ends: other tests use it as it is."""
    with pytest.MonkeyPatch.context() as patch:
        for target, name, value in EXTENSIONS:
            if isinstance(target, dict):
                patch.setitem(target, name, value)
            else:
                patch.setattr(target, name, value, raising=False)
        yield
