"""The deployed reward's own zip under the emulator: its answers, its start, its size."""

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path

from rewards.workbench.local.handler import LocalHandler
from rewards_cdk.assets import bundle
from rewards_cdk.assets.archive import build
from rewards_cdk.assets.platform import RUNTIME, Platform
from rewards_cdk.assets.wheels import third_party
from tests.local_aws import emulator
from tests.local_aws.deployment import ROOT, Deployment, rubric_of
from tests.local_aws.report import expect, say

#: Starts of the emulator that are timed for each of the two functions; the quickest counts.
INIT_RUNS = 15
INIT_ROUNDS = 10
INIT_LIMIT = 1.5
SIZE_LIMIT = 3_000_000


def run_reward(proof: Deployment) -> None:
    """The deployed zip under the emulator: the same bytes as replay, and a quick start."""
    code = proof.client("lambda", proof.nova.region).get_function(
        FunctionName=f"rft-{proof.nova.name}"
    )
    content = proof.object(proof.code_of(proof.nova, code["Configuration"]), proof.nova.region)
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    expect(code["Configuration"]["CodeSha256"] == digest, "the deployed code's hash")
    asset = proof.folder / "reward"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(asset)
    environment = code["Configuration"]["Environment"]["Variables"]
    handler = code["Configuration"]["Handler"]
    runtime = emulator.runtime_folder(proof.folder / "runtime")
    rubric = rubric_of(proof.nova)
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
    size = _size_for_aws(rubric, proof.lock, proof.folder / "assets")
    expect(size < SIZE_LIMIT, f"the asset has {size:,} bytes")
    _time_init(proof, asset, handler, runtime, environment)
    say(f"  the asset for arm64 and Python {RUNTIME}: {size / 1e6:.2f} MB")


def _time_init(
    proof: Deployment, asset: Path, handler: str, runtime: Path, environment: dict[str, str]
) -> None:
    """The reward's start against that of a function with Powertools and nothing else."""
    empty = _empty_function(proof.lock, proof.folder / "empty")

    def start(place: Path, what: str) -> float:
        return emulator.seconds_to_first_answer(place, what, runtime, environment, b"[]")

    # In turns, and the quickest of each: other work on the machine only ever adds. Where it has
    # added to all of a round, further rounds come closer to what a start takes by itself.
    runs: list[tuple[float, float]] = []
    for _ in range(INIT_ROUNDS):
        runs += [(start(asset, handler), start(empty, "empty.handler")) for _ in range(INIT_RUNS)]
        reward, base = (min(column) for column in zip(*runs, strict=True))
        if reward <= INIT_LIMIT * base:
            break
    expect(reward <= INIT_LIMIT * base, f"init takes {reward / base:.2f} of an empty function")
    say(f"  init {reward * 1000:.0f} ms, {reward / base:.2f} of an empty Powertools function")


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
    platform = Platform.local()
    contents = [
        ("empty.py", EMPTY.encode()),
        *third_party(bundle.HANDLER_REQUIRES, lock, platform),
    ]
    asset = build(contents, folder, "empty", platform)
    with zipfile.ZipFile(asset.path) as archive:
        archive.extractall(folder / "code")
    return folder / "code"
