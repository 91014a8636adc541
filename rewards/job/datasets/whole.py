"""All datasets of a job, checked together: local files at synth, objects of S3 in a run."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rewards.job.datasets.check import Prompts, check_dataset, lines_of
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
    found: dict[str, DatasetReport] = {}
    for name, report, place in _checked(sources, longest, lambda source: _read(config, source)):
        golds = FlawTally()
        rubric = Rubric.load(config.rubric)
        settings = config.preflight
        full_marks = settings.full_marks
        if full_marks is None:
            full_marks = full_marks_of(rubric.spec)
        if settings.samples:
            check_golds(config.local(place), rubric, settings.completion, full_marks, golds)
        found[name] = DatasetReport(
            report.rows, (*golds.report(report.rows).findings, *report.findings)
        )
    return found


def check_objects(definition: JobDefinition, run: PreparedRun, store: DatasetStore) -> Reports:
    """The reports of a run's datasets, as they are in S3."""
    sources = [dataset["source"] for dataset in definition["datasets"]]
    rft = run.request.get("customizationConfig", {}).get("rftConfig", {})
    longest = rft.get("hyperParameters", {}).get("maxPromptLength")

    def read(source: str) -> Iterable[bytes]:
        return store.open(source).pieces

    return {name: report for name, report, _ in _checked(sources, longest, read)}


def _checked(
    sources: Iterable[str], longest: int | None, read: Callable[[str], Iterable[bytes] | None]
) -> list[tuple[str, DatasetReport, str]]:
    """Name, report and source of each set that can be read here."""
    found = []
    train: Prompts | None = None
    for place, source in enumerate(sources):
        if (pieces := read(source)) is None:
            continue
        report, prompts = check_dataset(
            lines_of(pieces),
            max_prompt_length=longest,
            against=train,
            is_validation=place > 0,
        )
        if place == 0:
            train = prompts
        name = TRAIN if place == 0 else VALIDATION.format(place - 1)
        found.append((name, report, source))
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
