"""`rewards score`: streaming, deterministic, resumable."""

import gzip
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.rubric import Rubric
from rewards.workbench.local.handler import LocalHandler
from rewards.workbench.rollouts import rows
from rewards.workbench.rollouts.rows import Line, batches
from rewards.workbench.rollouts.tally import GRID_STEPS, Tally
from tests.workbench.conftest import ROOT, Run, wire_row, write_lines

MIXED: list[Any] = [
    *(wire_row("72" if i % 3 else "71", id=f"r{i}", prompt=f"p{i // 4}") for i in range(200)),
    wire_row("72", None, id="no-reference"),
    {"id": "no-messages", "messages": None},
    7,
    wire_row("72"),
    wire_row("\ud83d", "\ud83d", id="half a pair"),
]


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of one batch, so that small files have many."""
    monkeypatch.setattr(rows, "TASK_BYTES", 1)


def printed(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


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


def test_gzip_and_stdin_are_read_alike(process: Run, tmp_path: Path, exact: Path) -> None:
    """A compressed file, text on stdin, compressed bytes on stdin: the same results."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)
    text = path.read_bytes()
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(text))

    results = [
        process("score", path, "--rubric", exact),
        process("score", tmp_path / "rows.jsonl.gz", "--rubric", exact),
        process("score", "-", "--rubric", exact, stdin=text),
        process("score", "-", "--rubric", exact, stdin=gzip.compress(text)),
    ]

    assert len({result.stdout for result in results}) == 1
    assert len(printed(results[0].stdout)) == len(MIXED)


def test_a_gz_output_is_one_gzip_file(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """--out F.gz compresses; what is in it is what F would hold."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)
    rewards("score", path, "--rubric", exact, "--out", "plain.jsonl")
    rewards("score", path, "--rubric", exact, "--out", "packed.jsonl.gz")

    packed = gzip.decompress((tmp_path / "packed.jsonl.gz").read_bytes())
    assert packed == (tmp_path / "plain.jsonl").read_bytes()


@pytest.mark.parametrize("cut", [20, -4])
def test_damaged_gzip_is_unusable_input(
    rewards: Run, tmp_path: Path, exact: Path, cut: int
) -> None:
    """A download that was cut short is never taken for the whole file."""
    packed = gzip.compress(write_lines(tmp_path / "rows.jsonl", MIXED).read_bytes())
    (tmp_path / "rows.jsonl.gz").write_bytes(packed[:cut])

    result = rewards("score", "rows.jsonl.gz", "--rubric", exact, "--out", "out.jsonl")

    assert result.code == 2
    assert "cut short" in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


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


def test_an_event_where_rows_are_wanted_is_told_where_to_go(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """A whole event on one line is no rollout: it gets no reward, not even the floor."""
    path = write_lines(tmp_path / "event.jsonl", [[wire_row("72"), wire_row("71")]])

    result = rewards("score", path, "--rubric", exact)

    assert result.code == 1
    assert "rewards replay takes whole events" in result.stderr
    assert printed(result.stdout)[0].keys() == {"line", "error"}


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


def test_a_line_longer_than_an_event_is_passed_over_in_pieces(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Attack: a line of 20 MB costs neither memory nor its neighbours."""
    giant = '"' + "x" * 20_000_000 + '"'
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72", id="a"), giant, wire_row("72")])

    document = rewards("score", path, "--rubric", exact, "--json").json

    assert (document["scored"], document["malformed"]) == (2, 1)
    assert document["malformed_lines"][0]["line"] == 2


PLAIN = {"q": "What is 8 times 9?", "a": "72", "gold": "72", "key": "row-1", "problem": 5}
KEYS = ("--prompt-key", "q", "--completion-key", "a", "--reference-key", "gold", "--id-key", "key")


def test_plain_rows_score_as_their_wire_rows(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """Named fields become messages, reference and id; the others metadata."""
    plain = write_lines(tmp_path / "plain.jsonl", [PLAIN])
    wire = write_lines(tmp_path / "wire.jsonl", [wire_row("72", id="row-1")])

    one = rewards("score", plain, "--rubric", exact, *KEYS)
    other = rewards("score", wire, "--rubric", exact)

    assert one.stdout == other.stdout
    assert printed(one.stdout)[0]["aggregate_reward_score"] == 1.0


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "q", "completion": "72", "reference_answer": "72"},
        {"prompt": None, "completion": "72", "reference_answer": 72},
        {
            "prompt": [{"role": "user", "content": "q"}],
            "completion": [{"role": "assistant", "content": "72"}],
            "metadata": {"reference_answer": "72"},
        },
        wire_row("72"),
    ],
)
def test_rows_are_known_by_their_fields(
    rewards: Run, tmp_path: Path, exact: Path, row: dict[str, Any]
) -> None:
    """Without any option: wire rows, plain rows, and plain rows that hold messages."""
    path = write_lines(tmp_path / "rows.jsonl", [row])

    assert printed(rewards("score", path, "--rubric", exact).stdout) == [
        {
            "id": "index-0",
            "aggregate_reward_score": 1.0,
            "metrics_list": [{"name": "correct", "value": 1.0, "type": "Reward"}],
        }
    ]


def test_explain_adds_what_was_read_and_why(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """--explain keeps the result and adds the explanation of replay's --json."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72"), 3])

    scored, broken = printed(rewards("score", path, "--rubric", exact, "--explain").stdout)

    assert scored["explanation"]["components"]["correct"]["value"] == 1.0
    assert broken["explanation"]["fault"]["kind"] == "malformed_row"


# Groups and batches

GROUPED = """
import collections
from rewards import Sample, group_scorer

@group_scorer
def share(samples: collections.abc.Sequence[Sample]) -> list[float]:
    return [1 / len(samples)] * len(samples)
"""


def test_adjacent_rollouts_of_one_prompt_are_scored_together(process: Run, tmp_path: Path) -> None:
    """Attack on batching: 10 groups of 10 across the 64-row bound are each seen whole."""
    (tmp_path / "grouped.py").write_text(GROUPED)
    rubric = tmp_path / "grouped.toml"
    rubric.write_text('name = "grouped"\n[[component]]\nscorer = "grouped:share"\n')
    data = [wire_row("x", prompt=f"p{i // 10}") for i in range(100)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = process("score", path, "--rubric", rubric)

    assert {line["aggregate_reward_score"] for line in printed(result.stdout)} == {0.1}


def test_group_key_says_what_a_group_is(process: Run, tmp_path: Path) -> None:
    """--group-key takes the place of the rubric's group_by, for plain rows and wire rows."""
    (tmp_path / "grouped.py").write_text(GROUPED)
    rubric = tmp_path / "grouped.toml"
    rubric.write_text('name = "grouped"\n[[component]]\nscorer = "grouped:share"\n')
    data = [{"prompt": "same", "completion": "x", "problem": i // 5} for i in range(20)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = process("score", path, "--rubric", rubric, "--group-key", "problem", "--json")

    assert result.json["reward"]["mean"] == pytest.approx(0.2)
    assert result.json["groups"] == {
        "count": 4,
        "compared": 4,
        "zero_variance": 4,
        "zero_variance_share": 1.0,
    }


def test_the_prompt_itself_may_be_the_group_key(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """A field that is read as the prompt still says what the groups are."""
    data = [{"q": f"question {i // 2}", "a": "72", "gold": "72"} for i in range(6)]
    path = write_lines(tmp_path / "rows.jsonl", data)

    result = rewards("score", path, "--rubric", exact, *KEYS[:6], "--group-key", "q", "--json")

    assert result.json["groups"]["count"] == 3


def test_a_misspelt_group_key_never_makes_one_group_of_all(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Rows without the field are malformed: what is not known is not taken for the same."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72", problem=1), wire_row("72")])

    result = rewards("score", path, "--rubric", exact, "--group-key", "problem", "--json")

    assert (result.code, result.json["scored"], result.json["malformed"]) == (1, 1, 1)
    assert 'no "problem" to group by' in result.stderr


group_sizes = st.lists(st.integers(1, 90), max_size=30)


@given(group_sizes)
def test_batches_keep_every_row_in_order_and_cut_no_group(sizes: list[int]) -> None:
    """A batch ends at 64 rows or where the group it has begun ends, and never sooner."""
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]
    lines = [Line(place + 1, place, b"%d" % group) for place, group in enumerate(groups)]

    found = list(batches(lines, lambda one, other: one.data == other.data))

    assert [line for batch in found for line in batch] == lines
    for batch, following in pairwise(found):
        assert batch[-1].data != following[0].data
        assert len(batch) >= rows.BATCH_ROWS
        assert batch[rows.BATCH_ROWS - 1].data == batch[-1].data


def test_an_endless_group_is_cut() -> None:
    """Attack: one group of any length fills no memory."""
    lines = (Line(place + 1, place, b"x") for place in range(5000))

    found = [len(batch) for batch in batches(lines, lambda one, other: True)]

    assert max(found) == rows.MAX_BATCH_ROWS
    assert sum(found) == 5000


def test_a_batch_never_holds_more_than_an_event() -> None:
    """Long rows make short batches: 6 MB together, as in Lambda."""
    lines = [Line(place + 1, place, b"x" * 1_500_000) for place in range(9)]

    found = [len(batch) for batch in batches(lines, lambda one, other: True)]

    assert found == [4, 4, 1]


# The summary


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


def test_nothing_scored_is_said_and_no_number_invented(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """An empty file has no mean."""
    (tmp_path / "rows.jsonl").write_text("\n\n")

    result = rewards("score", "rows.jsonl", "--rubric", exact, "--json")

    assert (result.code, result.json["rows"], result.json["reward"]) == (0, 0, None)
    assert "nothing was scored" in rewards("score", "rows.jsonl", "--rubric", exact).stderr


def _tally(values: list[int]) -> Tally:
    tally = Tally()
    tally.counts.update(scored=len(values), rows=len(values))
    tally.grid.update(values)
    tally.sums["reward"] = math.fsum(values) / GRID_STEPS
    tally.lowest = min(values) / GRID_STEPS
    tally.highest = max(values) / GRID_STEPS
    return tally


steps = st.lists(st.integers(0, GRID_STEPS), min_size=1, max_size=50)


@given(steps, steps)
def test_a_resumed_tally_is_the_tally_of_the_whole(one: list[int], other: list[int]) -> None:
    """Written as JSON, read back and continued, it says what one run would have said."""
    rubric = Rubric.from_spec({"name": "exact", "component": [{"scorer": "exact.match"}]})
    resumed = Tally.from_dict(json.loads(json.dumps(_tally(one).to_dict())))
    resumed.add(_tally(other))

    found, whole = resumed.document(rubric), _tally(one + other).document(rubric)

    assert found["reward"].pop("mean") == pytest.approx(whole["reward"].pop("mean"))
    assert found == whole
    values = sorted(one + other)
    median = values[math.ceil(len(values) / 2) - 1] / GRID_STEPS
    assert found["reward"]["quantiles"]["p50"] == pytest.approx(median)


# Interruption

INTERRUPTS = """
import os, pathlib, signal
from rewards import Sample, scorer

@scorer
def once(sample: Sample) -> bool:
    flag = pathlib.Path("interrupted")
    if sample.id == "r150" and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.{signal})
    return sample.completion == "72"
"""


@pytest.fixture
def interrupted(process: Run, tmp_path: Path) -> Callable[[str], Path]:
    """A run that a signal ends between its rows; returns the input."""

    def run(name: str) -> Path:
        (tmp_path / "interrupts.py").write_text(INTERRUPTS.format(signal=name))
        (tmp_path / "once.toml").write_text(
            'name = "once"\n[[component]]\nscorer = "interrupts:once"\n'
        )
        # Long prompts, so that the run has more tasks than one.
        data = [
            wire_row("72" if i % 3 else "71", id=f"r{i}", prompt="x" * 9000) for i in range(300)
        ]
        for i, row in enumerate(data):
            row["metadata"]["problem"] = i // 4
        path = write_lines(tmp_path / "rows.jsonl", data)
        result = process(*COMMAND, "--workers", 1)
        expected = {"SIGINT": 130, "SIGTERM": 143, "SIGKILL": -9}[name]
        assert result.code == expected
        assert "Traceback" not in result.stderr
        return path

    return run


COMMAND = [
    "score",
    "rows.jsonl",
    "--rubric",
    "once.toml",
    "--group-key",
    "problem",
    "--out",
    "out.jsonl",
]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_resumed_run_ends_with_the_bytes_of_an_uninterrupted_one(
    process: Run, tmp_path: Path, interrupted: Callable[[str], Path], name: str
) -> None:
    """However it was interrupted; nothing half-written bears the file's own name."""
    interrupted(name)
    assert not (tmp_path / "out.jsonl").exists()
    assert 0 < len((tmp_path / "out.jsonl.partial").read_bytes().splitlines()) < 300

    resumed = process(*COMMAND, "--resume", "--json").json
    found = (tmp_path / "out.jsonl").read_bytes()
    whole = process(*COMMAND, "--json").json

    assert found == (tmp_path / "out.jsonl").read_bytes()
    for document in (resumed, whole):
        del document["seconds"], document["rows_per_second"]
    assert resumed == whole
    assert not list(tmp_path.glob("*.partial*"))


def test_ctrl_c_says_how_to_go_on(
    process: Run, tmp_path: Path, interrupted: Callable[[str], Path]
) -> None:
    """An interrupted run is never thrown away unasked: starting over needs a deletion."""
    interrupted("SIGINT")

    result = process(*COMMAND)

    assert result.code == 2
    assert "--resume, or delete it" in result.stderr
    assert (tmp_path / "out.jsonl.partial").exists()


def test_resume_refuses_what_is_not_the_run_it_continues(
    process: Run, tmp_path: Path, interrupted: Callable[[str], Path]
) -> None:
    """Another input, rubric, option or a changed output would make a file that is no run's."""
    path = interrupted("SIGINT")
    partial, rubric = tmp_path / "out.jsonl.partial", tmp_path / "once.toml"
    written, read, rule = partial.read_bytes(), path.read_bytes(), rubric.read_text()

    def refused() -> str:
        result = process(*COMMAND, "--resume")
        assert result.code == 2
        assert not (tmp_path / "out.jsonl").exists()
        return result.stderr

    partial.write_bytes(written.replace(b"1.0", b"0.5", 1))
    assert "not what that run wrote" in refused()
    partial.write_bytes(written[:-1000])
    assert "not what that run wrote" in refused()
    partial.write_bytes(written)
    path.write_bytes(read.replace(b"72", b"71", 1))
    assert "the input does not begin" in refused()
    path.write_bytes(read)
    rubric.write_text(rule + "weight = 0.5\n")
    assert "rubric digest" in refused()
    rubric.write_text(rule)
    state = tmp_path / "out.jsonl.partial.json"
    noted = json.loads(state.read_text())
    for damaged in ("{", "5", '{"identity": 5}', json.dumps({"identity": noted["identity"]})):
        state.write_text(damaged)
        assert "cannot be read" in refused()


def test_resume_of_nothing_is_a_run_from_the_start(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """A script may always say --resume."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72")])

    assert rewards("score", path, "--rubric", exact, "--out", "o.jsonl", "--resume").code == 0
    assert rewards("score", path, "--rubric", exact, "--resume").code == 2  # of what?


# Failures


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: No such file"),
        (["rows.jsonl", "--out", "nowhere/out.jsonl"], "nowhere/out.jsonl.partial: No such file"),
        (["rows.jsonl", "--out", "rows.jsonl"], "would replace the input"),
        (["rows.jsonl", "--out", "."], ". is a folder, a file is wanted"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    rewards: Run, tmp_path: Path, exact: Path, arguments: list[str], said: str
) -> None:
    """Exit code 2; the input is as it was."""
    path = write_lines(tmp_path / "rows.jsonl", MIXED)
    before = path.read_bytes()

    result = rewards("score", *arguments, "--rubric", exact)

    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr
    assert path.read_bytes() == before


FAILS = """
import os
from rewards import Sample, scorer

@scorer
def fails(sample: Sample) -> bool:
    if sample.id == "r70":
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
    data = [wire_row("72", id=f"r{i}", prompt=str(i) + "x" * 20_000) for i in range(130)]
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
        timeout=60,
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
