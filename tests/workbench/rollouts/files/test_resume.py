"""A run that is interrupted goes on, and ends as if it had not been."""

import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.processes import PATIENCE_SECONDS
from tests.workbench.conftest import COMMAND as PROCESS
from tests.workbench.conftest import Run, wire_row, write_lines

DIVERSE = 'name = "d"\n[[component]]\nscorer = "diversity.distinct"\n'

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
    assert 0 < len((tmp_path / "out.jsonl.partial/results").read_bytes().splitlines()) < 300

    resumed = process(*COMMAND, "--resume", "--json").json
    found = (tmp_path / "out.jsonl").read_bytes()
    whole = process(*COMMAND, "--overwrite", "--json").json

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


CUT_SHORT = ("score", "rows.jsonl", "--rubric", "exact.toml", "--out", "o", "--workers", 1)


@pytest.fixture
def cut_short(tmp_path: Path, exact: Path, environment: dict[str, str]) -> Path:
    """What is left of a run whose disk was full."""
    rows = [wire_row("72", id=f"r{n}", prompt="x" * 9_000) for n in range(400)]
    write_lines(tmp_path / "rows.jsonl", rows)
    on_a_disk_of(24, CUT_SHORT, tmp_path, environment)
    return tmp_path / "o.partial"


def on_a_disk_of(
    kilobytes: int, command: Sequence[object], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command where no file can have more kilobytes."""
    return subprocess.run(
        ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "-", *PROCESS, *map(str, command)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_resume_refuses_what_is_not_the_run_it_continues(
    rewards: Run, tmp_path: Path, cut_short: Path
) -> None:
    """Another input, rubric, option or a changed output would make a file that is no run's."""
    path, rubric = tmp_path / "rows.jsonl", tmp_path / "exact.toml"
    results, groups, state = (cut_short / name for name in ("results", "groups", "state.json"))
    before = {file: file.read_bytes() for file in (results, groups, state, path, rubric)}

    def refused(*options: str) -> str:
        given = {file: file.read_bytes() for file in before if file.exists()}
        result = rewards(*CUT_SHORT, "--resume", *options)
        assert result.code == 2
        assert len(result.stderr.splitlines()) == 1
        assert not (tmp_path / "o").exists()
        assert {file: file.read_bytes() for file in given} == given  # not cut, either
        for file, data in before.items():
            file.write_bytes(data)
        return result.stderr

    results.write_bytes(before[results].replace(b"1.0", b"0.5", 1))
    assert "its results are not what that run wrote" in refused()
    results.write_bytes(b"no results" + before[results])  # longer than what was noted
    assert "its results are not what that run wrote" in refused()
    results.write_bytes(before[results][:2000])
    assert "its results are not what that run wrote" in refused()
    results.unlink()
    assert "its results are not what that run wrote" in refused()
    groups.write_bytes(bytes(len(before[groups])))
    assert "its groups are not what that run wrote" in refused()
    path.write_bytes(before[path].replace(b"72", b"71", 1))
    assert "the input does not begin" in refused()
    rubric.write_bytes(before[rubric] + b"weight = 0.5\n")
    assert "--rubric is not what it was" in refused()
    noted = json.loads(before[state])
    for damaged in ("{", "5", '{"options": 5}', json.dumps({"options": noted["options"]})):
        state.write_text(damaged)
        assert "cannot be read" in refused()
    for key, value in (("rows", "many"), ("results", {"bytes": None}), ("malformed", 5)):
        state.write_text(json.dumps({**noted, key: value}))
        assert "cannot be read" in refused()
    state.write_text(json.dumps({**noted, "by_group": True}))
    assert "the groups of the input" in refused()
    assert rewards(*CUT_SHORT, "--resume").code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--reference-key", "metadata"],
            'its --reference-key was not given, and is "metadata" now',
        ),
        (["--explain"], "its --explain was not given, and is given now"),
        (["--id-key", "id"], 'its --id-key was not given, and is "id" now'),
    ],
)
def test_a_mismatch_names_the_option_that_differs(
    rewards: Run, tmp_path: Path, cut_short: Path, options: list[str], said: str
) -> None:
    """The option as it is typed, never Python's own notation for all of them."""
    result = rewards(*CUT_SHORT, "--resume", *options)

    assert (result.code, said in result.stderr) == (2, True)
    assert "Keys(" not in (cut_short / "state.json").read_text()


def test_a_run_that_was_killed_when_it_was_whole_is_done(
    rewards: Run, tmp_path: Path, cut_short: Path
) -> None:
    """Between the name that the results get and the end of the folder: nothing is scored again."""
    kept = tmp_path / "kept"
    shutil.copytree(cut_short, kept)
    assert rewards(*CUT_SHORT, "--resume").code == 0
    whole = tmp_path / "o"
    kept.rename(cut_short)
    (cut_short / "results").unlink()
    (cut_short / "results").hardlink_to(whole)

    result = rewards(*CUT_SHORT, "--resume")

    assert (result.code, result.stderr[:4]) == (0, "done")
    assert not cut_short.exists()
    assert len(whole.read_bytes().splitlines()) == 400


def test_a_file_system_without_links_and_locks_will_do(
    rewards: Run, tmp_path: Path, exact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some shares have neither: the output still gets its name, and replaces nothing unasked."""

    def refused(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(fcntl, "flock", refused)
    write_lines(tmp_path / "rows.jsonl", [wire_row("72")])
    command = ("score", "rows.jsonl", "--rubric", exact, "--out", "o")

    assert rewards(*command).code == 0
    assert rewards(*command).code == 2
    assert rewards(*command, "--overwrite").code == 0
    assert not (tmp_path / "o.partial").exists()


def test_a_finished_run_is_done(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """--resume of what is whole says so, and leaves it; a script may always say --resume."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72")])
    command = ("score", path, "--rubric", exact, "--out", "o.jsonl", "--resume")
    assert rewards(*command).code == 0
    before = (tmp_path / "o.jsonl").stat()

    again = rewards(*command)

    assert (again.code, again.stdout) == (0, "")
    assert again.stderr.startswith("done: o.jsonl is whole")
    assert (tmp_path / "o.jsonl").stat() == before
    assert rewards("score", path, "--rubric", exact, "--resume").code == 2  # of what?


@pytest.mark.parametrize("name", ["o", "o.gz"])
def test_what_another_run_has_made_is_not_called_done(
    rewards: Run, tmp_path: Path, exact: Path, name: str
) -> None:
    """Attack: a script that always says --resume is given another rubric, option, or input."""
    rows = [wire_row("72", n % 3 and "72", id=n, prompt=f"p{n % 2}") for n in range(9)]
    path = write_lines(tmp_path / "rows.jsonl", rows)
    (tmp_path / "d.toml").write_text(DIVERSE)
    for rubric, other in ((exact, "d.toml"), ("d.toml", exact)):
        run = ("score", path, "--out", name, "--rubric")
        assert rewards(*run, rubric, "--overwrite").code == 0
        before = (tmp_path / name).read_bytes()
        assert rewards(*run, rubric, "--resume").code == 0

        results = [
            rewards(*run, other, "--resume"),
            rewards(*run, rubric, "--resume", "--explain"),
            rewards(
                "score",
                write_lines(tmp_path / "more", [*rows, *rows]),
                *run[2:],
                rubric,
                "--resume",
            ),
            rewards(
                "score", write_lines(tmp_path / "less", rows[:8]), *run[2:], rubric, "--resume"
            ),
        ]

        assert {result.code for result in results} == {2}
        assert all("--overwrite scores anew" in result.stderr for result in results)
        assert (tmp_path / name).read_bytes() == before


def test_an_interruption_before_the_first_result_leaves_nothing(
    process: Run, tmp_path: Path
) -> None:
    """There is nothing to go on with: the next run needs no --resume."""
    (tmp_path / "first.py").write_text(
        "from rewards import Sample, scorer\n\n@scorer\ndef first(sample: Sample) -> bool:\n"
        "    raise KeyboardInterrupt\n"
    )
    (tmp_path / "first.toml").write_text('name = "f"\n[[component]]\nscorer = "first:first"\n')
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72")])

    result = process("score", path, "--rubric", "first.toml", "--out", "o")

    assert result.code == 130
    assert "--resume" not in result.stderr
    assert not list(tmp_path.glob("o*"))


@pytest.mark.parametrize("left", [[], ["state.json.new"]])
def test_a_run_killed_before_it_had_begun_begins(
    rewards: Run, tmp_path: Path, exact: Path, left: list[str]
) -> None:
    """A folder without a state holds nothing of a run yet."""
    path = write_lines(tmp_path / "rows.jsonl", [wire_row("72")])
    (tmp_path / "o.partial").mkdir()
    for name in left:
        (tmp_path / "o.partial" / name).write_text("{")

    assert rewards("score", path, "--rubric", exact, "--out", "o", "--resume").code == 0
    assert not (tmp_path / "o.partial").exists()


@pytest.mark.parametrize("scattered", [False, True])
@pytest.mark.parametrize("kilobytes", [0, 1, 2, 8, 24, 40])
def test_a_full_disk_leaves_a_run_to_go_on_with_or_nothing(
    tmp_path: Path,
    exact: Path,
    environment: dict[str, str],
    rewards: Run,
    kilobytes: int,
    scattered: bool,
) -> None:
    """Wherever the disk is full, state and results agree: what was said to be held is held."""
    rubric = exact
    if scattered:
        rubric = tmp_path / "d.toml"
        rubric.write_text(DIVERSE)
    rows = [wire_row("72", id=f"r{n}", prompt="x" * 9_000 + str(n % 9)) for n in range(400)]
    write_lines(tmp_path / "rows.jsonl", rows)
    command = ("score", "rows.jsonl", "--rubric", rubric, "--out", "o", "--workers", 1)

    done = on_a_disk_of(kilobytes, command, tmp_path, environment)

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "rewards: " in done.stderr.splitlines()[-1]
    held = re.search(r"o.partial holds the results of (\d+) rows", done.stderr)
    assert (held is not None) == (tmp_path / "o.partial").exists()
    if held:
        state = json.loads((tmp_path / "o.partial/state.json").read_text())
        assert state["rows"] == int(held[1]) > 0
        assert rewards(*command, "--resume").code == 0
    else:
        assert rewards(*command).code == 0
    found = (tmp_path / "o").read_bytes()
    assert rewards(*command, "--overwrite").code == 0
    assert (tmp_path / "o").read_bytes() == found


@pytest.mark.parametrize("kilobytes", [1, 16])
def test_no_room_for_temporary_files_says_where_they_are(
    tmp_path: Path, environment: dict[str, str], kilobytes: int
) -> None:
    """Results that wait for their order, and what is noted of groups, need a disk of their own."""
    (tmp_path / "d.toml").write_text(DIVERSE)
    rows = [wire_row("72", id=f"r{n}", prompt=f"p{n % 9}") for n in range(900)]
    write_lines(tmp_path / "rows.jsonl", rows)
    command = ("score", "rows.jsonl", "--rubric", "d.toml", "--workers", 1)

    done = on_a_disk_of(kilobytes, command, tmp_path, environment)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "the variable TMPDIR names another folder" in done.stderr
