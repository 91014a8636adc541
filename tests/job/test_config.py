"""`rft.toml`: what it may say, and how it says what it may not."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from rewards.job.config import load_config, overrides_of, parse_config
from rewards.job.errors import ConfigError
from rewards.job.settings import RftConfig
from rewards.job.stages import staged
from rewards.job.targets import checked_hyperparameters
from tests.job.conftest import NOVA_TABLES, OPEN_WEIGHT_TABLES, changed

MINIMAL = 'name = "maths"\n[reward]\nrubric = "gsm8k"\n'


#: Key, wrong value, what the message has to say. Ranges and patterns: Bedrock's API reference
#: of CreateModelCustomizationJob (botocore 1.44.5) and its user guide; Lambda's quotas.
WRONG = [
    ("name", "Maths", "lower-case words"),
    ("name", "a" * 27, "at most 26"),
    ("name", 3, "lower-case words"),
    ("target", "nowa", 'did you mean "nova"'),
    ("region", "us-east", "an AWS region"),
    ("email", "you", "an e-mail address"),
    ("tags", {"aws:x": "1"}, 'none starts "aws:"'),
    ("tags", {"rft:deployment": "x"}, 'or "rft:"'),
    ("tags", {"a": "b#"}, "letters, digits"),
    ("tags", {"": "b"}, "1 to 128"),
    ("tags", {"a" * 129: "b"}, "1 to 128"),
    ("tags", {"a": "b" * 257}, "values up to 256"),
    ("tags", {f"tag-{i}": "" for i in range(51)}, "at most 50 tags"),
    ("tags", [], "must be a table of at most 50 tags"),
    ("data.train", f"s3://data-bucket/{'x' * 1002}.jsonl", "of one object"),
    ("reward.rubrik", "x", 'did you mean "rubric"'),
    ("reward.timeout", 901, "from 1 to 900"),
    ("reward.timeout", 0, "from 1 to 900"),
    ("reward.timeout", True, "from 1 to 900"),
    ("reward.timeout", "60", "from 1 to 900"),
    ("reward.memory", 127, "from 128 to 10240"),
    ("reward.architecture", "arm", '"arm64" or "x86_64"'),
    ("reward.reserved_concurrency", 0, 'from 1 to 100000, or "none"'),
    ("reward.reserved_concurrency", "all", "or \"none\", got 'all'"),
    ("reward.reserved_concurrency", True, 'or "none"'),
    ("reward.log_retention_days", 2, "1 or 3 or 5"),
    ("reward.log_retention_days", True, "1 or 3 or 5"),
    ("reward.log_samples", 1.5, "from 0 to 1"),
    ("reward.log_samples", float("nan"), "from 0 to 1"),
    ("reward.log_events", 1.5, "a share below 1, or from 1 to 10,000 a whole number"),
    ("reward.log_events", True, "a share below 1"),
    ("reward.snap_start", 1, "true or false"),
    ("reward.vpc", {"subnet_ids": ["subnet-00000001"]}, "reward.vpc.security_group_ids is missing"),
    ("reward.vpc", {"subnet_ids": ["x"], "security_group_ids": ["sg-00000001"]}, "a subnet id"),
    ("root", "/", "root is not a key that is known; there are: name, reward"),
    ("target", "nova2", "got 'nova2'; did you mean \"nova\"?"),
    ("region", "us-east", "must be an AWS region, got 'us-east'"),
    ("reward.rubric", "gsm9k", "reward.rubric: there is no rubric 'gsm9k'; did you mean"),
    ("reward.rubric", "rubrics/mine", "reward.rubric: there is no rubric file rubrics/mine"),
    ("reward.rubric", "nowhere.toml", "reward.rubric: there is no rubric file nowhere.toml"),
    ("data.train", "s3://data-bucket/a b.jsonl", "data.train must be an s3:// URI"),
    ("data.validation", ["v.jsonl"], "data.validation: there is no file 'v.jsonl'"),
    ("job.kms_key", "arn:aws:kms:us-west-2:123456789012:key/" + "a" * 36, "in us-east-1"),
    ("job.hyperparameters", 3, "must be a table with the keys epochCount"),
    ("data.train", "s3://data-bucket/split=train/x.jsonl", "without spaces or '='"),
    ("data.train", "s3://data-bucket", "of one object"),
    ("data.train", "train.csv", ".jsonl"),
    ("data.train", "nowhere.jsonl", "there is no file"),
    ("data.validation", ["s3://b-b-b/v.jsonl"] * 11, "a list of 1 to 10"),
    ("job.base_model", "nova 2", "a model id"),
    ("job.base_model", "openai.gpt-oss-20b", 'set target = "open-weight"'),
    ("job.name", "my_job", "letters, digits and '-'"),
    ("job.model_name", "my.model", "letters and digits"),
    ("job.kms_key", "alias/mine", "the ARN of a KMS key"),
    ("job.timeout_hours", 0, "from 1 to 168"),
    ("job.hyperparameters", [], "must be a table"),
    ("job.hyperparameters.epochCount", 51, "from 1 to 50"),
    ("job.hyperparameters.epochCount", 2.0, "a whole number"),
    ("job.hyperparameters.epochcount", 2, 'did you mean "epochCount"'),
    ("job.hyperparameters.batchSize", 8, "from 16 to 512"),
    ("job.hyperparameters.batchSize", 600, "from 16 to 512, got 600"),
    ("job.hyperparameters.learningRate", 1.0, "from 1e-07 to 0.001"),
    ("job.hyperparameters.learningRate", "1e-5", "from 1e-07 to 0.001"),
    ("job.hyperparameters.trainingSamplePerPrompt", 1, "from 2 to 16"),
    ("job.hyperparameters.reasoningEffort", "extreme", '"low" or "medium" or "high"'),
    ("job.hyperparameters.evalInterval", 101, "from 1 to 100"),
    ("job.hyperparameters.maxPromptLength", 0, "at least 1"),
    ("job.hyperparameters.inferenceMaxTokens", -1, "at least 1"),
    ("preflight.samples", 21, "from 0 to 20"),
]


@pytest.mark.parametrize(("dotted", "value", "expected"), WRONG)
def test_a_wrong_value_names_file_and_key_and_what_it_may_be(
    dotted: str, value: object, expected: str
) -> None:
    """No value that the service would refuse hours later gets past the loader."""
    with pytest.raises(ConfigError) as caught:
        parse_config(changed(NOVA_TABLES, dotted, value))
    message = str(caught.value)
    assert message.startswith("rft.toml: ")
    assert dotted.partition(".")[0] in message
    assert expected in message
    assert not message.endswith("root")


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("job.kms_key", "arn:aws:kms:us-west-2:123456789012:key/" + "a" * 36),
        ("job.vpc", {"subnet_ids": "subnet-00000001", "security_group_ids": "sg-00000001"}),
        ("job.model_name", "mine"),
        ("data.validation", "s3://data-bucket/v.jsonl"),
    ],
)
def test_what_the_openai_compatible_api_lacks_is_refused(dotted: str, value: object) -> None:
    """A setting that would be dropped without a word is an error."""
    with pytest.raises(ConfigError, match=f"{dotted} has no place"):
        parse_config(changed(OPEN_WEIGHT_TABLES, dotted, value))


def test_hyperparameters_of_the_other_api_are_refused() -> None:
    """`n_epochs` is nothing to a Nova job, whose parameter is called epochCount."""
    with pytest.raises(ConfigError, match="there are: epochCount"):
        parse_config(changed(NOVA_TABLES, "job.hyperparameters", {"n_epochs": 1}))


def test_the_hyperparameters_are_those_of_the_service_model() -> None:
    """Names and minima agree with the botocore that is pinned, which carries rftConfig."""
    model = Session().get_service_model("bedrock")
    members = model.shape_for("RFTHyperParameters").members
    for name, shape in members.items():
        low = shape.metadata.get("min")
        if low is not None:
            assert checked_hyperparameters("nova", {name: low}) == {name: low}
            with pytest.raises(ConfigError):
                checked_hyperparameters("nova", {name: low / 2})
    known = {"epochCount", "batchSize", "learningRate", "maxPromptLength", "evalInterval"}
    known |= {"trainingSamplePerPrompt", "inferenceMaxTokens", "reasoningEffort"}
    assert set(members) == known


def test_the_smallest_file_deploys_a_reward_alone(write_config: Callable[[str], Path]) -> None:
    """Name and rubric suffice; no job, the region of the target."""
    config = load_config(write_config(MINIMAL))
    assert (config.job, config.region, config.reward.architecture) == (None, "us-east-1", "arm64")


def test_a_local_dataset_is_found_beside_the_file(write_config: Callable[[str], Path]) -> None:
    """Paths are relative to the configuration, wherever the command runs."""
    path = write_config(
        MINIMAL + '[data]\ntrain = "t.jsonl"\n[job]\nbase_model = "amazon.nova-2-lite-v1:0:256k"\n'
    )
    (path.parent / "t.jsonl").write_text("{}\n", encoding="utf-8")
    config = load_config(path)
    assert config.data is not None
    assert config.local(config.data.train).is_file()
    assert (config.job_name, config.model_name) == ("maths", "maths")


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("tags", {"a" * 128: "b" * 256, **{f"tag-{i}": "x" for i in range(49)}}),
        ("data.train", f"s3://data-bucket/{'x' * 1001}.jsonl"),
        ("reward.snap_start", True),
        ("reward.provisioned_concurrency", 1),
        ("job.kms_key", "arn:aws:kms:us-east-1:123456789012:key/" + "a" * 36),
    ],
)
def test_the_largest_that_the_service_takes_is_taken(dotted: str, value: Any) -> None:
    """And is kept as it was given."""
    config: Any = parse_config(changed(NOVA_TABLES, dotted, value))

    for step in dotted.split("."):
        config = getattr(config, step)
    assert config == value


def test_a_rubric_is_found_beside_the_file(write_config: Callable[[str], Path]) -> None:
    """By its path; a bundled one by its name."""
    path = write_config(MINIMAL.replace("gsm8k", "rubrics/mine.toml"))
    (path.parent / "rubrics").mkdir()
    (path.parent / "rubrics" / "mine.toml").write_text("", encoding="utf-8")

    assert load_config(path).rubric == path.parent / "rubrics" / "mine.toml"
    assert load_config(write_config(MINIMAL)).rubric == "gsm8k"


def test_a_file_with_a_byte_order_mark_is_read(write_config: Callable[[str], Path]) -> None:
    """Editors on Windows write one."""
    assert load_config(write_config("\ufeff" + MINIMAL)).name == "maths"


def test_overrides_win_over_the_file(write_config: Callable[[str], Path]) -> None:
    """Context and --set reach any key; a value that is no TOML is a string."""
    path = write_config(MINIMAL)
    config = load_config(path, overrides_of(["reward.timeout=30", "email=a@b.example"]))
    assert (config.reward.timeout, config.email) == (30, "a@b.example")


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        (["reward.timeout"], "must read key=value"),
        (["name.x=1"], "'name' is a value"),
        (["reward.timout=3"], 'did you mean "timeout"'),
    ],
)
def test_a_wrong_override_is_explained(
    write_config: Callable[[str], Path], assignments: list[str], expected: str
) -> None:
    """An override is checked like the file."""
    path = write_config(MINIMAL)
    with pytest.raises(ConfigError, match=expected):
        load_config(path, overrides_of(assignments))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name = ", "not valid TOML"),
        ('name = "a"', "reward is missing"),
        (MINIMAL + "[data]\ntrain = 's3://abc/x'", "without a \\[job\\]"),
        (MINIMAL + "[job]\nbase_model = 'amazon.x'", "needs a dataset"),
        (MINIMAL + "snap_start = true\nprovisioned_concurrency = 1", "exclude each other"),
    ],
)
def test_a_file_that_makes_no_sense_is_explained(
    write_config: Callable[[str], Path], text: str, expected: str
) -> None:
    """Whatever is wrong with the whole, the message starts with the file."""
    with pytest.raises(ConfigError, match=rf"rft\.toml: .*{expected}"):
        load_config(write_config(text))


def test_a_missing_file_says_where_to_read_on(tmp_path: Path) -> None:
    """The first command of a newcomer fails with a way forward."""
    with pytest.raises(ConfigError, match=r"docs/deploy\.md"):
        load_config(tmp_path / "rft.toml")


def test_the_configuration_of_this_repository_loads() -> None:
    """What the README deploys is itself valid."""
    config: RftConfig = load_config(Path(__file__).parent.parent.parent / "rft.toml")
    assert config.job is not None


def test_every_configuration_of_the_docs_loads() -> None:
    """What a newcomer copies is valid."""
    root = Path(__file__).parent.parent.parent
    page = (root / "docs" / "deploy.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml rft\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        tables = tomllib.loads(block)
        for stage in (None, *tables.get("stage", ())):
            parse_config(staged(tables, stage), root=root)
