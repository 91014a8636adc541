"""`make deploy-local`: deploy everything to an AWS on loopback, then prove what was deployed.

The real CDK CLI bootstraps and deploys the stacks of both targets into moto; what they deployed
is read back; the reward's own zip is downloaded and run under AWS's emulator on every recorded
event; the state machine is executed, failures included. Nothing leaves this machine, and nothing
is left on it.
"""

import argparse
import base64
import hashlib
import io
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3  # noqa: TID251 - this is a client of AWS, not a reward function
from aws_cdk import App

from infra import bundle
from infra.findings import check
from infra.node import CDK, npm_command
from infra.stacks import RftStack
from rewards.job.config import DEFAULT_FILE, NOVA, OPEN_WEIGHT, RftConfig, load_config
from rewards.spec import find_rubric
from rewards.workbench.invoke import LocalHandler
from tests.local_aws import emulator
from tests.local_aws.mantle import FakeMantle
from tests.local_aws.server import ACCOUNT, Simulator

ROOT = Path(__file__).parent.parent.parent

#: Starts of the emulator that are timed for each of the two functions; the median counts.
INIT_RUNS = 15
INIT_LIMIT = 1.5
SIZE_LIMIT = 3_000_000

EXECUTION_SECONDS = 90

#: Under way, done and failed, in the words of each API.
_STATUSES = {
    NOVA: ("InProgress", "Completed", "Failed"),
    OPEN_WEIGHT: ("running", "succeeded", "failed"),
}

#: Of the types that moto's CloudFormation does not create, what is checked from the template by.
CHECKED_FROM_TEMPLATE = "tests/infra/test_stack.py"


class Proof:
    """One deployment of both targets, and the checks on it."""

    def __init__(self, path: Path, simulator: Simulator, mantle: FakeMantle, folder: Path) -> None:
        self.nova = load_config(path)
        open_weight = _open_weight(self.nova, folder)
        self.open_weight = load_config(open_weight)
        self.paths = {self.nova.name: path, self.open_weight.name: open_weight}
        self.simulator = simulator
        self.mantle = mantle
        self.folder = folder
        self.assembly = folder / "cdk.out"
        self.lock = self.nova.local(self.nova.reward.requirements)

    def client(self, service: str, region: str) -> Any:
        """A client of the simulator."""
        make: Any = boto3.client
        return make(
            service,
            region_name=region,
            endpoint_url=self.simulator.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def configs(self) -> list[RftConfig]:
        """What is deployed: a job of either API."""
        return [self.nova, self.open_weight]

    def synthesise(self) -> None:
        """Both stacks in one app, their Lambdas built for this machine."""
        context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
        app = App(outdir=str(self.assembly), context=context)
        for config in self.configs():
            RftStack(app, _stack(config), config=config, account=ACCOUNT, local_build=True)
        check(app)
        app.synth()

    def deploy(self) -> None:
        """Bootstrap and deploy with the real command."""
        places = [f"aws://{ACCOUNT}/{config.region}" for config in self.configs()]
        self._cdk("bootstrap", *places)
        self._cdk("deploy", "--all", "--require-approval=never", f"--app={self.assembly}")

    def _cdk(self, *arguments: str) -> None:
        done = subprocess.run(
            [str(CDK), *arguments],
            cwd=self.folder,  # away from cdk.json: bootstrapping needs no app
            env={**os.environ, **self.simulator.environment, "AWS_REGION": self.nova.region},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"cdk {arguments[0]} failed:\n{done.stdout}\n{done.stderr}")

    def read_back(self) -> None:
        """The version, the alias, the roles and the job definition, as they came out."""
        for config in self.configs():
            lambda_ = self.client("lambda", config.region)
            definition = self.definition(config)
            alias = lambda_.get_alias(FunctionName=f"rft-{config.name}", Name="live")
            expect(definition["function"].endswith(f":{alias['FunctionVersion']}"), "alias")
            expect(definition["target"] == config.target, "target of the definition")
            dataset = self.object(definition["dataset"], config.region)
            expect(dataset == config.local(config.data.train).read_bytes(), "the dataset's bytes")
            for role, statements in self.policies(config).items():
                for statement in statements:
                    actions = statement["Action"]
                    actions = [actions] if isinstance(actions, str) else actions
                    expect(not any("*" in action for action in actions), f"actions of {role}")
            request = definition["request"]
            if config.target == NOVA:
                grader = request["customizationConfig"]["rftConfig"]["graderConfig"]
                expect(grader["lambdaGrader"]["lambdaArn"] == definition["function"], "grader")
                policy = json.loads(
                    lambda_.get_policy(FunctionName=definition["function"])["Policy"]
                )
                expect(policy["Statement"] != [], "the version's own permission")

    def policies(self, config: RftConfig) -> dict[str, list[dict[str, Any]]]:
        """The inline statements of every role of a stack."""
        iam = self.client("iam", config.region)
        found = {}
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            if name.startswith(_stack(config)):
                statements: list[dict[str, Any]] = []
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                    document = iam.get_role_policy(RoleName=name, PolicyName=policy)
                    statements += document["PolicyDocument"]["Statement"]
                expect(statements != [], f"the policy of {name}")
                found[name] = statements
        return found

    def definition(self, config: RftConfig) -> dict[str, Any]:
        """The job definition that was deployed."""
        ssm = self.client("ssm", config.region)
        value = ssm.get_parameter(Name=f"/rft/{config.name}/job")["Parameter"]["Value"]
        definition: dict[str, Any] = json.loads(value)
        return definition

    def object(self, uri: str, region: str) -> bytes:
        """An object in the simulator's S3."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        content: bytes = self.client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def run_reward(self) -> None:
        """The deployed zip under the emulator: the same bytes as replay, and a quick start."""
        code = self.client("lambda", self.nova.region).get_function(
            FunctionName=f"rft-{self.nova.name}"
        )
        content = self.object(self._code_uri(self.nova), self.nova.region)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        expect(code["Configuration"]["CodeSha256"] == digest, "the deployed code's hash")
        asset = self.folder / "reward"
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(asset)
        environment = code["Configuration"]["Environment"]["Variables"]
        handler = code["Configuration"]["Handler"]
        runtime = emulator.runtime_folder(self.folder / "runtime")
        rubric = _rubric_path(self.nova)
        events = sorted(
            path
            for path in (ROOT / "events" / rubric.stem).glob("*.json")
            if not path.name.endswith(".expected.json")
        )
        replay = LocalHandler(rubric)
        with emulator.emulated(asset, handler, runtime, environment) as url:
            for path in events:
                answer_of_lambda = emulator.post(url, path.read_bytes())
                _same(path, replay, answer_of_lambda)
        say(f"  {len(events)} events answered byte for byte as by replay")
        size = _size_for_aws(rubric, self.lock, self.folder / "assets")
        expect(size < SIZE_LIMIT, f"the asset has {size:,} bytes")
        self._time_init(asset, handler, runtime, environment)
        say(f"  the asset for arm64 and Python {bundle.RUNTIME}: {size / 1e6:.2f} MB")

    def _code_uri(self, config: RftConfig) -> str:
        """Where the deployed template has the reward's code from."""
        formation = self.client("cloudformation", config.region)
        template = formation.get_template(StackName=_stack(config))["TemplateBody"]
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if properties.get("FunctionName") == f"rft-{config.name}":
                code = properties["Code"]
                return f"s3://{code['S3Bucket']}/{code['S3Key']}"
        raise SystemExit("the template holds no reward function")

    def _time_init(
        self, asset: Path, handler: str, runtime: Path, environment: dict[str, str]
    ) -> None:
        """The reward's start against that of a function with Powertools and nothing else."""
        empty = _empty_function(self.lock, self.folder / "empty")
        runs: dict[str, list[float]] = {"reward": [], "empty": []}
        for _ in range(INIT_RUNS):  # in turns: what slows the machine slows both
            for name, place, what in (
                ("reward", asset, handler),
                ("empty", empty, "empty.handler"),
            ):
                seconds = emulator.seconds_to_first_answer(place, what, runtime, environment, b"[]")
                runs[name].append(seconds)
        reward, base = statistics.median(runs["reward"]), statistics.median(runs["empty"])
        expect(reward <= INIT_LIMIT * base, f"init takes {reward / base:.2f} of an empty function")
        say(f"  init {reward * 1000:.0f} ms, {reward / base:.2f} of an empty Powertools function")

    def execute(self) -> None:
        """Runs of both state machines: those that end well, and those that must not."""
        for config in self.configs():
            script = self.simulator if config.target == NOVA else self.mantle
            done, failed = (
                ("Completed", "Failed") if config.target == NOVA else ("succeeded", "failed")
            )
            script.statuses = ["InProgress" if config.target == NOVA else "running", done]
            # boto3 tries five times itself before a step gives up and the state machine retries.
            script.throttles = 5 if config.target == NOVA else 1
            self._run(config, "good", {}, "SUCCEEDED", "")
            expect(script.throttles == 0, "the throttled creation was tried again")
            script.statuses = [failed]
            self._run(config, "job-fails", {}, "FAILED", "Failed")
            self._run(config, "bad-input", {"epochs": 3}, "FAILED", "no override 'epochs'")
            self._refuse(config)
            self._abort(config)

    def _run(
        self, config: RftConfig, run: str, given: dict[str, Any], status: str, cause: str
    ) -> None:
        execution = self._start(config, run, given)
        found = self._ended(config, execution)
        expect(found["status"] == status, f"{config.target} {run}: {found}")
        expect(cause in found.get("cause", ""), f"{config.target} {run}: {found.get('cause')}")
        say(f"  {config.target}: {run} {status}")

    def _start(self, config: RftConfig, run: str, given: dict[str, Any]) -> str:
        states = self.client("stepfunctions", config.region)
        text = json.dumps({"poll_seconds": 1, **given})
        machine = self.definition(config)["state_machine"]
        started = states.start_execution(stateMachineArn=machine, name=run, input=text)
        return str(started["executionArn"])

    def _ended(self, config: RftConfig, execution: str) -> dict[str, Any]:
        states = self.client("stepfunctions", config.region)
        until = time.monotonic() + EXECUTION_SECONDS
        while time.monotonic() < until:
            found: dict[str, Any] = states.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.2)
        raise SystemExit(f"{execution} is still running after {EXECUTION_SECONDS} s")

    def _refuse(self, config: RftConfig) -> None:
        """A dataset whose references the reward does not satisfy: no job is created."""
        definition = self.definition(config)
        bucket, _, key = definition["dataset"].removeprefix("s3://").partition("/")
        s3 = self.client("s3", config.region)
        sound = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        record = json.loads(sound.splitlines()[0])
        record["reference_answer"] = "#### nothing"
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(record).encode() + b"\n")
        before = self._job_count(config)
        try:
            self._run(config, "preflight-refuses", {}, "FAILED", "its own reference earns")
        finally:
            s3.put_object(Bucket=bucket, Key=key, Body=sound)
        expect(self._job_count(config) == before, "a refused preflight creates no job")

    def _job_count(self, config: RftConfig) -> int:
        if config.target != NOVA:
            return len(self.mantle.jobs)
        jobs = self.client("bedrock", config.region).list_model_customization_jobs()
        return len(jobs["modelCustomizationJobSummaries"])

    def _abort(self, config: RftConfig) -> None:
        """An execution that is aborted stops its job: EventBridge calls the step."""
        execution = self._start(config, "aborted", {})
        name = f"{config.name}-aborted"
        until = time.monotonic() + EXECUTION_SECONDS
        while self._status(config, name) is None and time.monotonic() < until:
            time.sleep(0.2)
        states = self.client("stepfunctions", config.region)
        states.stop_execution(executionArn=execution)
        called = self.simulator.emit(
            config.region,
            {
                "source": "aws.states",
                "detail-type": "Step Functions Execution Status Change",
                "detail": {
                    "executionArn": execution,
                    "stateMachineArn": self.definition(config)["state_machine"],
                    "name": "aborted",
                    "status": "ABORTED",
                    "input": json.dumps({"poll_seconds": 1}),
                },
            },
        )
        expect(called == 1, f"the rule for aborted executions called {called} functions")
        status = self._status(config, name)
        expect(status in ("Stopped", "Stopping", "cancelled"), f"the aborted job is {status}")
        say(f"  {config.target}: an aborted execution stops its job")

    def _status(self, config: RftConfig, name: str) -> str | None:
        if config.target == NOVA:
            jobs = self.client("bedrock", config.region).list_model_customization_jobs()
            found = {j["jobName"]: j["status"] for j in jobs["modelCustomizationJobSummaries"]}
            return found.get(name)
        names = {file["filename"]: file["id"] for file in self.mantle.files.values()}
        file_id = names.get(f"{name}.jsonl")
        jobs = {job["training_file"]: job["status"] for job in self.mantle.jobs.values()}
        return jobs.get(file_id)

    def command_line(self) -> None:
        """`rewards job` against the same endpoint."""
        for config in self.configs():
            script = self.simulator if config.target == NOVA else self.mantle
            script.statuses = [_STATUSES[config.target][1]]
            path = self.paths[config.name]
            started = self._rewards(path, "start", "--run=by-hand", "--watch", "--every=0.2")
            expect("model: " in started, started)
            expect(f"{config.name}-by-hand" in self._rewards(path, "list"), "rewards job list")
            expect("Completed" in self._rewards(path, "status"), "rewards job status")
            expect("ended already" in self._rewards(path, "stop"), "rewards job stop")
            rendered = json.loads(self._rewards(path, "render", "--deployed"))
            expect(self.definition(config)["function"] in json.dumps(rendered), "render --deployed")
            say(f"  {config.target}: rewards job render, start, status, list, stop")

    def _rewards(self, config: Path, command: str, *options: str) -> str:
        source = "import sys; from rewards.workbench.job import app; app(sys.argv[1:])"
        arguments = [command, f"--config={config}", f"--endpoint-url={self.simulator.url}"]
        arguments += options
        environment = {**os.environ, **self.simulator.environment}
        del environment["AWS_ENDPOINT_URL"], environment["AWS_ENDPOINT_URL_S3"]
        done = subprocess.run(
            [sys.executable, "-c", source, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"rewards job {command} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def not_simulated(self) -> None:
        """Name what moto left out, and where that is checked instead."""
        left_out: dict[str, int] = {}
        for config in self.configs():
            path = self.assembly / f"{_stack(config)}.template.json"
            template = json.loads(path.read_text(encoding="utf-8"))
            formation = self.client("cloudformation", config.region)
            there = formation.list_stack_resources(StackName=_stack(config))
            created = {
                resource.get("LogicalResourceId") for resource in there["StackResourceSummaries"]
            }
            for logical, resource in template["Resources"].items():
                if logical not in created:
                    left_out[resource["Type"]] = left_out.get(resource["Type"], 0) + 1
        say(f"not simulated by moto, checked from the template in {CHECKED_FROM_TEMPLATE}:")
        for kind, count in sorted(left_out.items()):
            say(f"  {kind} x {count}")
        say(
            "not simulated at all: IAM decisions, Bedrock's training, e-mail, alarms. The event of "
            "an aborted execution is sent by hand, through the deployed rule's pattern."
        )


#: The second deployment: the same reward for the OpenAI-compatible API.
OPEN_WEIGHT_TOML = """
name = "{name}-open"
target = "open-weight"

[reward]
rubric = {rubric}
requirements = {requirements}

[data]
train = {train}

[job]
base_model = "openai.gpt-oss-20b"

[job.hyperparameters]
n_epochs = 1
batch_size = 4
"""


def _open_weight(nova: RftConfig, folder: Path) -> Path:
    """Write the configuration of the second deployment, its paths absolute."""
    rubric = nova.reward.rubric
    assert nova.data is not None
    text = OPEN_WEIGHT_TOML.format(
        name=nova.name,
        rubric=json.dumps(str(nova.local(rubric)) if rubric.endswith(".toml") else rubric),
        requirements=json.dumps(str(nova.local(nova.reward.requirements))),
        train=json.dumps(str(nova.local(nova.data.train))),
    )
    path = folder / "open-weight.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _stack(config: RftConfig) -> str:
    return f"Rft-{config.name}"


def _rubric_path(config: RftConfig) -> Path:
    rubric = config.reward.rubric
    return find_rubric(config.local(rubric) if rubric.endswith(".toml") else rubric)


def _same(path: Path, replay: LocalHandler, answer: bytes) -> None:
    """The emulator's bytes are those of replay, as Lambda's runtime writes them."""
    outcome = replay.invoke(json.loads(path.read_bytes()))
    if outcome.error is None:
        # As Lambda's runtime writes JSON from Python 3.12 on: text as it is, not escaped.
        replayed = json.dumps(outcome.response, ensure_ascii=False).encode()
        if answer != replayed:
            byte = next(
                i
                for i, pair in enumerate(zip(answer, replayed, strict=False))
                if len(set(pair)) > 1
            )
            there = f"{answer[byte:][:80]!r} in place of {replayed[byte:][:80]!r}"
            expect(False, f"{path.name}, byte {byte}: {there}")
        return
    refused = json.loads(answer)
    found = {key: refused.get(key) for key in outcome.error}
    expect(found == outcome.error, f"{path.name}: refused otherwise")


def _size_for_aws(rubric: Path, lock: Path, out: Path) -> int:
    return bundle.build_reward(rubric, lock=lock, out=out).path.stat().st_size


EMPTY = """
from aws_lambda_powertools import Logger, Metrics
logger = Logger(service="empty")
metrics = Metrics(service="empty", namespace="Empty")
def handler(event, context):
    return event
"""


def _empty_function(lock: Path, folder: Path) -> Path:
    """A function that has Powertools and does nothing, built as the reward is."""
    platform = bundle.Platform.local()
    contents = [
        ("empty.py", EMPTY.encode()),
        *bundle.third_party(bundle.HANDLER_REQUIRES, lock, platform),
    ]
    asset = bundle.build(contents, folder, "empty", platform)
    with zipfile.ZipFile(asset.path) as archive:
        archive.extractall(folder / "code")
    return folder / "code"


def expect(holds: bool, what: str) -> None:
    """Stop the proof where something is not as it must be."""
    if not holds:
        raise SystemExit(f"deploy-local: not as it must be: {what}")


def say(line: str) -> None:
    """Print at once: the run takes minutes."""
    print(line, flush=True)


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Name a step of the proof, and say how long it took."""
    say(f"{title} ...")
    started = time.monotonic()
    yield
    say(f"  {time.monotonic() - started:.1f} s")


def prepare() -> None:
    """The CDK CLI and the emulator, fetched once."""
    if not CDK.is_file():
        subprocess.run([*npm_command(), "ci", "--silent"], cwd=ROOT, check=True)
    if not emulator.BINARY.is_file():
        subprocess.run([sys.executable, str(ROOT / "scripts" / "fetch_rie.py")], check=True)


def main(config: Path) -> None:
    """Deploy, prove, clean up."""
    # What moto does not simulate is named at the end; its requests are of no interest.
    logging.getLogger("werkzeug").disabled = logging.getLogger("moto").disabled = True
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", "Tried to parse", UserWarning)
    with stage("fetching the CDK CLI and the emulator (once)"):
        prepare()
    with (
        tempfile.TemporaryDirectory(prefix="deploy-local-") as temporary,
        Simulator(Path(temporary, "functions")).running() as simulator,
        FakeMantle().running() as mantle,
    ):
        simulator.environment["AWS_ENDPOINT_URL_BEDROCK_MANTLE"] = mantle.url
        proof = Proof(config, simulator, mantle, Path(temporary))
        with stage("synthesising both stacks for this machine"):
            proof.synthesise()
        with stage("cdk bootstrap, cdk deploy"):
            proof.deploy()
        with stage("reading back what was deployed"):
            proof.read_back()
        with stage("running the deployed reward under the emulator"):
            proof.run_reward()
        with stage("executing the state machines"):
            proof.execute()
        with stage("rewards job"):
            proof.command_line()
        proof.not_simulated()
    say("deploy-local: all proven")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / DEFAULT_FILE)
    main(parser.parse_args().config)
