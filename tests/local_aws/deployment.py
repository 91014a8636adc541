"""One deployment of both targets into the simulator, and what of it can be read back."""

import ast
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3  # noqa: TID251 - this is a client of AWS, not a reward function
from aws_cdk import App

from infra.findings import check
from infra.stacks import RftStack
from infra.tools import cdk_command
from rewards.job.config import RftConfig, load_config
from rewards.job.targets import NOVA
from rewards.rubric.spec import find_rubric
from rewards_cdk.assets.places import LOCK
from tests.local_aws.mantle import FakeMantle
from tests.local_aws.report import expect, say
from tests.local_aws.server import ACCOUNT, Simulator

ROOT = Path(__file__).parent.parent.parent

#: Of the types that moto's CloudFormation does not create, what is checked from the template by.
CHECKED_FROM_TEMPLATE = "tests/rewards_cdk/test_stack.py"

#: The second deployment: the same reward for the OpenAI-compatible API.
OPEN_WEIGHT_TOML = """
name = "{name}-open"
target = "open-weight"

[reward]
rubric = {rubric}

[data]
train = {train}

[job]
base_model = "openai.gpt-oss-20b"

[job.hyperparameters]
n_epochs = 1
batch_size = 4
"""


#: The third: a reward alone, whose programs run in a function of their own.
PROGRAMS_TOML = """
name = "{name}-programs"

[reward]
rubric = "programs.toml"
"""
PROGRAMS_RUBRIC = """
name = "programs"

[[component]]
name = "brief"
scorer = "length.within"
gate = true
params = { at_most = 20000, unit = "characters" }

[[component]]
name = "correct"
scorer = "code.passes"
params = { engine = "lambda" }
"""


def _programs(nova: RftConfig, folder: Path) -> RftConfig:
    """The configuration of the third deployment, and its rubric beside it."""
    path = folder / "programs" / "rft.toml"
    path.parent.mkdir()
    path.write_text(PROGRAMS_TOML.format(name=nova.name), encoding="utf-8")
    path.with_name("programs.toml").write_text(PROGRAMS_RUBRIC, encoding="utf-8")
    return load_config(path)


def _open_weight(nova: RftConfig, folder: Path) -> Path:
    """Write the configuration of the second deployment, its paths absolute."""
    rubric = nova.reward.rubric
    assert nova.data is not None
    text = OPEN_WEIGHT_TOML.format(
        name=nova.name,
        rubric=json.dumps(str(nova.local(rubric)) if rubric.endswith(".toml") else rubric),
        train=json.dumps(str(nova.local(nova.data.train))),
    )
    path = folder / "open-weight.toml"
    path.write_text(text, encoding="utf-8")
    return path


class Deployment:
    """The stacks of an rft.toml and of its open-weight twin, deployed."""

    def __init__(self, path: Path, simulator: Simulator, mantle: FakeMantle, folder: Path) -> None:
        self.nova = load_config(path)
        open_weight = _open_weight(self.nova, folder)
        self.open_weight = load_config(open_weight)
        self.programs = _programs(self.nova, folder)
        self.paths = {self.nova.name: path, self.open_weight.name: open_weight}
        self.simulator = simulator
        self.mantle = mantle
        self.folder = folder
        self.assembly = folder / "cdk.out"
        own = self.nova.reward.requirements
        self.lock = self.nova.local(own) if own else LOCK

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
        """All stacks in one app, their Lambdas built for this machine."""
        context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
        app = App(outdir=str(self.assembly), context=context)
        for config in [*self.configs(), self.programs]:
            RftStack(app, stack_of(config), config=config, account=ACCOUNT, local_build=True)
        check(app)
        app.synth()

    def deploy(self) -> None:
        """Bootstrap and deploy with the real command."""
        places = [f"aws://{ACCOUNT}/{config.region}" for config in self.configs()]
        self._cdk("bootstrap", *places)
        self._cdk("deploy", "--all", "--require-approval=never", f"--app={self.assembly}")

    def _cdk(self, *arguments: str) -> None:
        done = subprocess.run(
            [*cdk_command(), *arguments],
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
            dataset = self.object(definition["datasets"][0]["source"], config.region)
            assert config.data is not None
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
                place = definition["datasets"][0]["uri"]
                expect(request["trainingDataConfig"] == {"s3Uri": place}, "the dataset's place")

    def policies(self, config: RftConfig) -> dict[str, list[dict[str, Any]]]:
        """The inline statements of every role of a stack."""
        iam = self.client("iam", config.region)
        found = {}
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            if name.startswith(stack_of(config)):
                statements: list[dict[str, Any]] = []
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                    answer = iam.get_role_policy(RoleName=name, PolicyName=policy)
                    document = answer["PolicyDocument"]
                    if isinstance(document, str):  # moto keeps a role's own policy as its repr
                        document = ast.literal_eval(document)
                    statements += document["Statement"]
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

    def code_of(self, config: RftConfig, function: Mapping[str, Any]) -> str:
        """Where the deployed template has the code of a function from."""
        formation = self.client("cloudformation", config.region)
        template = formation.get_template(StackName=stack_of(config))["TemplateBody"]
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if properties.get("Handler") == function["Handler"]:
                code = properties["Code"]
                return f"s3://{code['S3Bucket']}/{code['S3Key']}"
        raise SystemExit(f"the template holds no function {function['FunctionName']}")

    def not_simulated(self) -> None:
        """Name what moto left out, and where that is checked instead."""
        left_out: dict[str, int] = {}
        for config in self.configs():
            path = self.assembly / f"{stack_of(config)}.template.json"
            template = json.loads(path.read_text(encoding="utf-8"))
            formation = self.client("cloudformation", config.region)
            there = formation.list_stack_resources(StackName=stack_of(config))
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


def stack_of(config: RftConfig) -> str:
    return f"Rft-{config.name}"


def rubric_of(config: RftConfig) -> Path:
    rubric = config.reward.rubric
    return find_rubric(config.local(rubric) if rubric.endswith(".toml") else rubric)
