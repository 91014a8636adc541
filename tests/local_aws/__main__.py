"""`make deploy-local`: deploy everything to an AWS on loopback, then prove what was deployed.

The real CDK CLI bootstraps and deploys the stacks of both targets, and one that runs programs, into
moto; what they deployed is read back; the reward's own zip is downloaded and run under AWS's
emulator on every recorded event, and so are the two functions that judge programs; the state
machine is executed, failures included. Nothing leaves this machine, and nothing is left on it.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from infra.tools import CDK, npm_command
from rewards.job.config import DEFAULT_FILE
from tests.local_aws import emulator
from tests.local_aws.deployment import ROOT, Deployment
from tests.local_aws.mantle import FakeMantle
from tests.local_aws.programs import run_programs
from tests.local_aws.report import say, stage
from tests.local_aws.reward import run_reward
from tests.local_aws.runs import command_line, execute
from tests.local_aws.server import Simulator


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
        proof = Deployment(config, simulator, mantle, Path(temporary))
        with stage("synthesising the stacks for this machine"):
            proof.synthesise()
        with stage("cdk bootstrap, cdk deploy"):
            proof.deploy()
        with stage("reading back what was deployed"):
            proof.read_back()
        with stage("running the deployed reward under the emulator"):
            run_reward(proof)
        with stage("running programs in the deployed sandbox, under the emulator"):
            run_programs(proof)
        with stage("executing the state machines"):
            execute(proof)
        with stage("rewards job"):
            command_line(proof)
        proof.not_simulated()
    say("deploy-local: all proven")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / DEFAULT_FILE)
    main(parser.parse_args().config)
