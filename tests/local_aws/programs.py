"""A reward that runs programs elsewhere: both deployed functions under the emulator, together."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from tests.local_aws import emulator
from tests.local_aws.deployment import ROOT, Deployment
from tests.local_aws.report import expect, say

#: What the emulator calls every function.
EMULATED = "function"

EVENTS = ("forms", "failures", "attacks")


def run_programs(proof: Deployment) -> None:
    """The reward asks the sandbox over Lambda's API, and pays what is on record for the events."""
    reward, sandbox = _functions(proof)
    told = reward["Environment"]["Variables"]["REWARD_SANDBOX_FUNCTION"]
    expect(sandbox["FunctionName"] in told, "the function that the reward is told of")
    expect("Environment" not in sandbox or not sandbox["Environment"]["Variables"], "a sandbox")
    assets = [_unpacked(proof, one, Path(one["FunctionName"])) for one in (reward, sandbox)]
    runtime = emulator.runtime_folder(proof.folder / "runtime")
    with emulator.emulated(assets[1], sandbox["Handler"], runtime, {}) as url:
        environment = {
            **reward["Environment"]["Variables"],
            "REWARD_SANDBOX_FUNCTION": EMULATED,
            "AWS_ENDPOINT_URL_LAMBDA": url.partition("/2015-03-31/")[0],
            "AWS_DEFAULT_REGION": proof.programs.region,  # Lambda sets both of its names
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }
        with emulator.emulated(assets[0], reward["Handler"], runtime, environment) as asked:
            rows = sum(_as_recorded(asked, name) for name in EVENTS)
    say(f"  {rows} programs judged by the sandbox function as on record, hostile ones among them")


def _functions(proof: Deployment) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configurations of the reward and of the sandbox, as they were deployed."""
    lambda_ = proof.client("lambda", proof.programs.region)
    there = lambda_.list_functions()["Functions"]
    name = f"rft-{proof.programs.name}"
    reward = next(one for one in there if one["FunctionName"] == name)
    (sandbox,) = (one for one in there if ".sandbox." in one["Handler"])
    return reward, sandbox


def _unpacked(proof: Deployment, function: dict[str, Any], name: Path) -> Path:
    content = proof.object(proof.code_of(proof.programs, function), proof.programs.region)
    folder = proof.folder / "programs" / name
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def _as_recorded(url: str, name: str) -> int:
    """Post an event of `events/code`: what is paid there is paid, and nothing else."""
    path = ROOT / "events" / "code" / f"{name}.json"
    expected = json.loads(path.with_suffix(".expected.json").read_bytes())
    answer = json.loads(emulator.post(url, path.read_bytes()))
    expect(isinstance(answer, list), f"{name}: {str(answer)[:300]}")
    for got, wanted in zip(answer, expected, strict=True):
        faults = [m["name"] for m in got["metrics_list"] if "/error/" in m["name"]]
        same = (got["aggregate_reward_score"] > 0) == (wanted["aggregate_reward_score"] > 0)
        expect(
            same and not faults, f"{name}, {got['id']}: {got['aggregate_reward_score']} {faults}"
        )
    return len(answer)
