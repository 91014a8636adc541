"""All datasets of a job, checked together: local files at synth, objects of S3 in a run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rewards.job.datasets.asking import demands
from rewards.job.datasets.check import Prompts, Rules, check_dataset, lines_of
from rewards.job.datasets.findings import DatasetReport, FlawTally
from rewards.job.datasets.golds import check_golds
from rewards.job.datasets.store import DatasetStore
from rewards.job.definition import JobDefinition, full_marks_of
from rewards.job.prepared import PreparedRun
from rewards.job.settings import RftConfig
from rewards.rubric import Rubric

#: How the reports of the sets are called, in their order.
TRAIN, VALIDATION = "data.train", "data.validation[{}]"

Reports = Mapping[str, DatasetReport]


def check_files(config: RftConfig) -> Reports:
    """The reports of the datasets that are files beside `rft.toml`; others wait for the run."""
    assert config.data is not None
    assert config.job is not None
    sources = [config.data.train, *config.data.validation]
    longest = config.job.hyperparameters.get("maxPromptLength")
    rubric, settings = Rubric.load(config.rubric), config.preflight
    full_marks = settings.full_marks
    if full_marks is None:
        full_marks = full_marks_of(rubric.spec)

    def golds(source: str, rows: int, tally: FlawTally) -> None:
        lines = lines_of(_pieces(config.local(source)))
        if settings.samples:
            check_golds(lines, rows, rubric, settings.completion, full_marks, tally)

    rules = Rules(max_prompt_length=longest, demands=tuple(demands(rubric)))
    return _checked(sources, rules, lambda source: _read(config, source), golds)


def check_objects(definition: JobDefinition, run: PreparedRun, store: DatasetStore) -> Reports:
    """The reports of a run's datasets, as they are in S3."""
    sources = [dataset["source"] for dataset in definition["datasets"]]
    rft = run.request.get("customizationConfig", {}).get("rftConfig", {})
    longest = rft.get("hyperParameters", {}).get("maxPromptLength")

    def read(source: str) -> Iterable[bytes]:
        return store.open(source).pieces

    return _checked(sources, Rules(max_prompt_length=longest), read)


def _checked(
    sources: Iterable[str],
    rules: Rules,
    read: Callable[[str], Iterable[bytes] | None],
    golds: Callable[[str, int, FlawTally], None] | None = None,
) -> Reports:
    """The report of each set that can be read here, by its name."""
    found: dict[str, DatasetReport] = {}
    train: Prompts | None = None
    for place, source in enumerate(sources):
        if (pieces := read(source)) is None:
            continue
        tally = FlawTally()
        of_this = replace(rules, against=train, is_validation=place > 0)
        report, prompts = check_dataset(lines_of(pieces), of_this, tally)
        if golds is not None:
            golds(source, report.rows, tally)
        if place == 0:
            train = prompts
        name = TRAIN if place == 0 else VALIDATION.format(place - 1)
        found[name] = tally.report(report.rows)
    return found


def _read(config: RftConfig, source: str) -> Iterable[bytes] | None:
    return None if source.startswith("s3://") else _pieces(config.local(source))


def _pieces(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def errors_of(reports: Reports) -> str:
    """What stops a start, a line each; empty where nothing does."""
    return "\n".join(
        f"{name}: {finding}" for name, report in reports.items() for finding in report.errors
    )
