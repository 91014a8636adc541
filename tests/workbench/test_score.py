"""`rewards score`: streaming, deterministic, with a summary that is true."""

import gzip
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rewards.workbench.local.handler import LocalHandler
from tests.processes import PATIENCE_SECONDS
from tests.workbench.conftest import (
    COMMAND,
    MIXED,
    ROOT,
    Run,
    on_a_terminal,
    printed,
    wire_row,
    write_lines,
)


def test_scores_what_the_handler_scores(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """Line for line the response of the handler to the same rows as one event."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)
    response = LocalHandler(exact).invoke(MIXED).response

    result = rewards("score", path, "--rubric", exact)

    assert printed(result.stdout) == response


@pytest.mark.usefixtures("small_tasks")
def test_the_same_bytes_whatever_the_number_of_workers(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """One process or three, the output and the summary are the same; only the speed differs."""
    path = write_lines(tmp_path / "rows.jsonl", [*MIXED, "not json", *MIXED])
    found = []
    for workers in (1, 3):
        out = tmp_path / f"out-{workers}.jsonl"
        command = ("score", path, "--rubric", exact, "--out", out, "--workers", workers, "--json")
        document = rewards(*command).json
        for key in ("seconds", "rows_per_second", "workers"):
            del document[key]
        found.append((out.read_bytes(), document))

    assert found[0] == found[1]


def test_a_gz_output_is_one_gzip_file(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """--out F.gz compresses; what is in it is what F would hold."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)
    rewards("score", path, "--rubric", exact, "--out", "plain.jsonl")
    rewards("score", path, "--rubric", exact, "--out", "packed.jsonl.gz")

    packed = gzip.decompress((tmp_path / "packed.jsonl.gz").read_bytes())
    assert packed == (tmp_path / "plain.jsonl").read_bytes()


def test_a_malformed_line_costs_that_line_only(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """It is reported with its number and counted; its neighbours keep their rewards."""
    good = json.dumps(wire_row("72", id="good"))
    lines = ["\ufeff" + good, "", "{", '{"other": 1}', "\udcff", "[" * 100_000, good]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), "utf-8", "surrogateescape")

    result = rewards("score", "rows.jsonl", "--rubric", exact, "--json")

    assert result.code == 1
    document = result.json
    assert (document["rows"], document["scored"], document["malformed"]) == (6, 2, 4)
    assert [line["line"] for line in document["malformed_lines"]] == [3, 4, 5, 6]
    assert "line 3: not JSON" in result.stderr
    assert "--completion-key" in document["malformed_lines"][1]["error"]
    assert document["reward"]["mean"] == 1.0


def test_a_malformed_line_never_steers_the_terminal(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Attack: a field's name is an escape sequence, or megabytes long."""
    path = write_lines(tmp_path / "rows.jsonl", [{"\x1b[2J": 1}, {"x" * 1_000_000: 1}])

    result = rewards("score", path, "--rubric", exact)

    assert "\x1b" not in result.stderr
    assert "\\x1b[2J" in result.stderr
    assert len(result.stderr) < 2000


def test_every_line_that_goes_in_comes_out_in_its_place(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """A malformed line has no reward, not even 0: its place says which line it was and why."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72", id=1), "{", wire_row("1", id=2)])

    found = printed(rewards("score", path, "--rubric", exact).stdout)

    assert [line.get("id") for line in found] == [1, None, 2]
    assert found[1].keys() == {"line", "error"}


def test_explain_adds_what_was_read_and_why(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """--explain keeps the result and adds the explanation of replay's --json."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72"), 3])

    scored, broken = printed(rewards("score", path, "--rubric", exact, "--explain").stdout)

    assert scored["explanation"]["components"]["correct"]["value"] == 1.0
    assert broken["explanation"]["fault"]["kind"] == "malformed_row"


def test_the_summary_agrees_with_the_results(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """Means, extremes, histogram and counts are those of the output lines."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)

    rewards("score", path, "--rubric", exact, "--out", "out.jsonl")
    document = rewards("score", path, "--rubric", exact, "--json").json

    scored = [
        line["aggregate_reward_score"]
        for line in printed((tmp_path / "out.jsonl").read_text())
        if not any(m["name"].startswith("error/") for m in line["metrics_list"])
    ]
    reward = document["reward"]
    assert document["scored"] == len(scored)
    assert reward["mean"] == pytest.approx(math.fsum(scored) / len(scored))
    assert (reward["min"], reward["max"]) == (min(scored), max(scored))
    assert [bar["count"] for bar in reward["histogram"]][::9] == [
        scored.count(0.0),
        scored.count(1.0),
    ]
    assert document["broken"] == {"malformed_row": 1, "no_messages": 1}
    assert document["components"]["correct"]["faults"] == {"missing_reference": 1}


def test_the_summary_is_on_stderr_for_people(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """Results on stdout stay clean; the summary shows histogram, components and groups."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)

    result = rewards("score", path, "--rubric", exact)

    assert "0.9 to 1  ####" in result.stderr
    assert "1 missing_reference" in result.stderr
    assert "without variance" in result.stderr


def test_counts_are_written_as_they_are_said(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """One row is a row, and two are rows."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72")])

    assert "1 row, 0 malformed lines" in rewards("score", path, "--rubric", exact).stderr


# What makes rewards that nobody meant


def test_a_file_in_which_nothing_can_be_scored_says_why(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Attack: the reference stands under another name, so that every reward is 0 for no reason."""
    rows = [{"question": "q", "completion": "72", "gold": "72"}] * 100
    path = write_lines(tmp_path / "rows.jsonl", rows)

    result = rewards("score", path, "--rubric", exact)

    assert result.code == 1
    assert result.stderr.splitlines()[-1] == (
        'rewards: component "correct" could score no sample (100 missing_reference): no row has a '
        "reference; name its field with --reference-key (is it 'gold'? the rows have: question, "
        "completion, gold)"
    )


def test_a_reference_that_lacks_what_the_rubric_reads_is_said(rewards: Run, tmp_path: Path) -> None:
    """A rubric's `reference` path that leads nowhere is the same mistake."""
    (tmp_path / "r.toml").write_text(
        'name = "r"\nreference = "final"\n[[component]]\nscorer = "exact.match"\n'
    )
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72", {"finale": "72"})] * 3)

    result = rewards("score", path, "--rubric", "r.toml")

    assert result.code == 1
    assert "the reference of no row has final" in result.stderr


@pytest.mark.parametrize(
    ("weight", "code"), [("weight = 0.5", 1), ("gate = true", 1), ("weight = 0.0", 0)]
)
def test_a_part_of_the_reward_that_is_never_scored_is_an_error(
    rewards: Run, tmp_path: Path, weight: str, code: int
) -> None:
    """What is weighted, or a gate, must score somebody; a metric may have nothing to say."""
    (tmp_path / "r.toml").write_text(
        'name = "r"\n[[component]]\nscorer = "format.marker"\nparams = { marker = "####" }\n'
        f'[[component]]\nname = "right"\nscorer = "exact.match"\n{weight}\n'
    )
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("#### 72", None)] * 3)

    result = rewards("score", path, "--rubric", "r.toml", "--json")

    assert (result.code, 'component "right" could score no sample' in result.stderr) == (
        code,
        bool(code),
    )


def test_one_row_without_a_reference_costs_that_row(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """A fault of the data is counted, and is no failure of the run."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72"), wire_row("72", None)])

    assert rewards("score", path, "--rubric", exact).code == 0


def test_refused_references_are_counted_and_three_are_shown(rewards: Run, tmp_path: Path) -> None:
    """The report says how many references were no single number, and why of three of them."""
    refused = ["x+2n+1", "(2,2),(1,3)", "x >= 5", "3^4 - 1", "x >= 5"]
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("#### 4", r) for r in ["4", *refused]])

    shown = rewards("score", path, "--rubric", "gsm8k").stderr
    component = rewards("score", path, "--rubric", "gsm8k", "--json").json["components"]["correct"]

    assert "5 missing_reference" in shown
    told = [line for line in shown.splitlines() if line.startswith("  correct: the reference ")]
    assert len(told) == len(component["data_faults"]) == 3
    assert component["faults"] == {"missing_reference": 5}
    assert all(any(repr(text) in line for text in refused) for line in component["data_faults"])


BROKEN = """
from rewards import Sample, scorer

@scorer
def broken(sample: Sample) -> float:
    return {body}
"""


@pytest.mark.parametrize("body", ["None.score", "2.0", "None", "float('nan')"])
def test_a_bug_of_a_scorer_is_no_success(process: Run, tmp_path: Path, body: str) -> None:
    """It raised, or gave no verdict, on one row of many: exit code 1, and it is said."""
    (tmp_path / "bugs.py").write_text(
        BROKEN.format(body=f"({body}) if sample.id == 'r70' else 1.0")
    )
    (tmp_path / "b.toml").write_text('name = "b"\n[[component]]\nscorer = "bugs:broken"\n')
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72", id=f"r{n}") for n in range(99)])

    result = process("score", path, "--rubric", "b.toml", "--out", "o")

    assert result.code == 1
    assert 'the scorer of component "bugs:broken" failed on 1 sample' in result.stderr.replace(
        '"broken"', '"bugs:broken"'
    )
    assert (tmp_path / "o").exists()


def test_lines_that_fail_in_different_ways_are_told_one_by_one(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """No row, and no file of another kind: each line says why, and the run that it was in vain."""
    path = write_lines(tmp_path / "rows.jsonl", ["prose", {"other": 1}, 7])

    result = rewards("score", path, "--rubric", exact, "--json")

    assert (result.code, result.json["reward"]) == (1, None)
    assert "nothing was scored" in result.stderr
    assert "line 1: not JSON" in result.stderr


def test_a_terminal_shows_the_rate_and_the_time_left(tmp_path: Path, exact: Path) -> None:
    """And a pipe does not: it holds messages, and no control characters."""
    rows = [wire_row("72", prompt="x" * 9_000) for _ in range(300)]
    write_lines(tmp_path / "rows.jsonl", rows)
    command = [*COMMAND, "score", "rows.jsonl", "--rubric", str(exact), "--workers", "1"]

    shown = on_a_terminal([*command, "--out", "o"], tmp_path)

    text = re.sub(r"\x1b\[[\d;]*m", "", shown)  # without the colours
    assert re.search(r"300 rows, [\d,]+ a second .* \d:\d\d:\d\d elapsed [\d:]+ left", text)


FAILS = """
import os
from rewards import Sample, scorer

@scorer
def fails(sample: Sample) -> bool:
    if sample.id == "r400":
        {body}
    return True
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [("raise OSError('down')", '"fail"'), ("os._exit(9)", "worker process died")],
)
def test_a_failure_ends_the_run_and_leaves_it_resumable(
    process: Run, tmp_path: Path, body: str, said: str
) -> None:
    """on_error = "fail", or a crash of a worker: exit code 1, one line, no traceback."""
    (tmp_path / "failing.py").write_text(FAILS.format(body=body))
    rubric = tmp_path / "failing.toml"
    rubric.write_text('name = "f"\n[[component]]\nscorer = "failing:fails"\non_error = "fail"\n')
    # So late that the workers get it only once the first results are written.
    data = [wire_row("72", id=f"r{i}", prompt=str(i) + "x" * 9_000) for i in range(450)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = process("score", path, "--rubric", rubric, "--out", "o.jsonl", "--workers", 2)

    assert result.code == 1
    assert said in result.stderr
    assert "--resume" in result.stderr
    assert "Traceback" not in result.stderr


def _peak_memory(command: list[str], folder: Path) -> int:
    """KiB that a process of the command held at most."""
    script = (
        "import pathlib, re, sys\n"
        f"sys.argv[1:] = {command!r}\n"
        "from rewards.workbench.cli import main\n"
        "try: main()\n"
        "except SystemExit:\n"
        # Not ru_maxrss, which a child inherits from the process that forked it.
        "    status = pathlib.Path('/proc/self/status').read_text()\n"
        "    print(re.search(r'VmHWM:\\s*(\\d+)', status)[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, exact: Path) -> None:
    """40,000 rows take no more memory than 2,000, within what the allocator keeps."""
    peaks = []
    for count in (2_000, 40_000):
        data = (wire_row("72", id=f"r{i}", prompt=f"{i // 8}" + "x" * 500) for i in range(count))
        path = write_lines(tmp_path / "rows.jsonl", data)
        command = f"score {path.name} --rubric {exact.name} --out out.jsonl --workers 1".split()
        peaks.append(_peak_memory(command, tmp_path))

    assert peaks[1] < peaks[0] + 16 * 1024  # KiB
