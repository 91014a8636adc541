"""What belongs into an asset: exactly what a rubric needs, or the steps of a job."""

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rewards_cdk.assets import BundleError
from rewards_cdk.assets.bundle import build_job, build_reward
from rewards_cdk.job.rft_job import HANDLERS
from tests.rewards_cdk.conftest import ROOT

#: What the issue allows a function of pure scorers.
PURE_BYTES = 3_000_000


def names(path: Path) -> set[str]:
    """What is in there, without the bytecode that this Python adds if it is the function's."""
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if "__pycache__/" not in name}


def packages(path: Path) -> set[str]:
    """Top-level packages and modules, metadata of distributions left out."""
    tops = {name.partition("/")[0] for name in names(path)}
    return {top for top in tops if not top.endswith(".dist-info")}


@pytest.fixture(name="reward")
def _reward(tmp_path: Path) -> Callable[..., Path]:
    """Build a rubric for Lambda's own platform."""

    def build(rubric: str | Path, **options: object) -> Path:
        return build_reward(rubric, out=tmp_path, **options).path  # type: ignore[arg-type]  # as given

    return build


def test_a_pure_rubric_ships_the_package_and_powertools(reward: Callable[..., Path]) -> None:
    """No boto3, no schema engine, no judge, no tests, no workbench; under 3 MB."""
    path = reward("gsm8k")
    pure = {"rewards", "aws_lambda_powertools", "jmespath", "typing_extensions.py"}
    assert packages(path) == pure
    own = {name for name in names(path) if name.startswith("rewards/")}
    assert not [n for n in own if n.split("/")[1] in {"workbench", "job", "judge"}]
    assert {n for n in own if n.startswith("rewards/rubrics/")} == {"rewards/rubrics/gsm8k.toml"}
    assert path.stat().st_size < PURE_BYTES


def test_only_the_scorer_families_of_the_rubric_are_shipped(reward: Callable[..., Path]) -> None:
    """A change of another family does not change the deployed function."""
    families = {n for n in names(reward("gsm8k")) if n.startswith("rewards/scorers/")}
    stems = {Path(name).stem for name in families}
    assert {"numeric", "format"} <= stems
    assert "json_schema" not in stems


def test_a_schema_scorer_brings_its_engine(reward: Callable[..., Path]) -> None:
    """As a wheel for Lambda's platform, though it is built on another."""
    path = reward("extraction")
    assert "jsonschema_rs" in packages(path)
    assert "boto3" not in packages(path)


def test_a_judge_brings_boto3_prompts_and_the_clients(reward: Callable[..., Path]) -> None:
    """At the version of the lock: Lambda's own changes under the function's feet."""
    path = reward(ROOT / "tests" / "rewards_cdk" / "judged.toml")
    assert {"boto3", "botocore"} <= packages(path)
    assert any(name.startswith("rewards/judge/") for name in names(path))
    assert "rewards/judge/prompts/reasoning.txt" in names(path)
    assert "rewards/rubrics/judged.toml" in names(path)


def test_the_steps_of_a_job_ship_boto3_that_knows_rft(tmp_path: Path) -> None:
    """The pinned service model carries `rftConfig`."""
    path = build_job(HANDLERS, out=tmp_path).path
    assert {"rewards", "handlers.py", "boto3", "botocore"} <= packages(path)
    assert not [name for name in names(path) if name.startswith("rewards/scorers/")]
    import gzip

    with zipfile.ZipFile(path) as archive:
        model = archive.read("botocore/data/bedrock/2023-04-20/service-2.json.gz")
    shapes = json.loads(gzip.decompress(model))["shapes"]
    assert "rftConfig" in shapes["CustomizationConfig"]["members"]


@pytest.fixture(name="project")
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's own scorers and rubric, outside of this package."""
    package = tmp_path / "project" / "my_rewards"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "secret.env").write_text("", encoding="utf-8")
    (package / "tests" / "test_taste.py").write_text("", encoding="utf-8")
    (package / ".hidden").write_text("", encoding="utf-8")
    (package / "taste.py").write_text(
        "from rewards import Sample, scorer\n"
        "@scorer\n"
        "def polite(sample: Sample) -> bool:\n"
        '    """1.0 where the completion says please."""\n'
        '    return "please" in sample.completion\n'
        '@scorer(requires=("left-pad",))\n'
        "def padded(sample: Sample) -> bool:\n"
        '    """Needs what is not pinned."""\n'
        "    return True\n",
        encoding="utf-8",
    )
    rubric = '[[component]]\nscorer = "my_rewards.taste:polite"\n'
    (tmp_path / "project" / "taste.toml").write_text(f'name = "taste"\n{rubric}', encoding="utf-8")
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_rewards"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.chdir(package.parent)
    return package.parent


def test_scorers_and_rubric_from_outside_travel_with_the_package(
    project: Path, reward: Callable[..., Path]
) -> None:
    """Without tests, caches and hidden files."""
    own = {name for name in names(reward(project / "taste.toml")) if "my_rewards" in name}
    assert own == {
        "my_rewards/__init__.py",
        "my_rewards/secret.env",
        "my_rewards/taste.py",
    }


def test_a_requirement_that_is_not_pinned_is_named(
    project: Path, reward: Callable[..., Path]
) -> None:
    """With the lock that should pin it, and how to add it."""
    text = (project / "taste.toml").read_text(encoding="utf-8").replace("polite", "padded")
    (project / "padded.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=r"'left-pad', which lambda\.txt does not pin"):
        reward(project / "padded.toml")


def test_a_package_compiled_for_this_machine_is_refused(
    project: Path, reward: Callable[..., Path]
) -> None:
    """It would not load in Lambda; its distribution has wheels that do."""
    (project / "my_rewards" / "fast.so").write_bytes(b"")
    with pytest.raises(BundleError, match=r"fast\.so is compiled for this machine"):
        reward(project / "taste.toml")


def test_a_package_that_is_not_there_is_named(reward: Callable[..., Path]) -> None:
    """`include` is checked like the rubric."""
    with pytest.raises(BundleError, match="no package 'nowhere'"):
        reward("gsm8k", include=["nowhere"])
