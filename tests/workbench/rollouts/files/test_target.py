"""What --out may name: nothing that is there is touched unasked, and nothing else is made."""

import os
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from tests.processes import PATIENCE_SECONDS
from tests.workbench.conftest import COMMAND, MIXED, Run, printed, wire_row, write_lines

ROWS = [wire_row("72", id=n) for n in range(5)]


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every regular file under a folder: its inode, and what is in it."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc"
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: No such file"),
        (
            ["rows.jsonl", "--out", "nowhere/out.jsonl"],
            "--out nowhere/out.jsonl: there is no folder",
        ),
        (["rows.jsonl", "--out", "rows.jsonl"], "would replace the input"),
        (["rows.jsonl", "--out", "."], ". is a folder, a file is wanted"),
        (["rows.jsonl", "--out", "rows.jsonl/out"], "rows.jsonl/out: Not a directory"),
        (["rows.jsonl", "--out", "rows.jsonl", "--overwrite"], "would replace the input"),
        (["rows.jsonl", "--out", "there.jsonl"], "is there already: give another name, or --over"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    rewards: Run, tmp_path: Path, exact: Path, arguments: list[str], said: str
) -> None:
    """Exit code 2; every file is as it was, and there is no other."""
    write_lines(tmp_path / "rows.jsonl", MIXED)
    (tmp_path / "there.jsonl").write_text("mine")
    before = contents(tmp_path)

    result = rewards("score", *arguments, "--rubric", exact)

    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr
    assert contents(tmp_path) == before


# The names beside OUT


@pytest.mark.parametrize(
    ("mine", "out", "options"),
    [
        ("data.jsonl.partial", "data.jsonl", ["--resume"]),  # was deleted: a partial of no state
        ("roll.partial.json", "roll", []),  # was overwritten: the name of the state
        ("data.jsonl.partial", "data.jsonl", []),
        ("data.jsonl.partial", "data.jsonl", ["--overwrite"]),
        ("roll.partial.json", "roll", ["--resume"]),
    ],
)
def test_an_input_with_a_name_of_ours_stays(
    rewards: Run, tmp_path: Path, exact: Path, mine: str, out: str, options: list[str]
) -> None:
    """Attack: the input bears a name that is made from --out's."""
    write_lines(tmp_path / mine, ROWS)
    before = contents(tmp_path)

    result = rewards("score", mine, "--rubric", exact, "--out", out, *options)

    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) <= {out}
    assert (result.code, out in after) in {(2, False), (0, True)}


@pytest.mark.parametrize("options", [[], ["--resume"], ["--overwrite"]])
def test_a_partial_of_somebody_else_stays(
    rewards: Run, tmp_path: Path, exact: Path, options: list[str]
) -> None:
    """Attack: `mine.partial` is a file, or a folder, of the user's own."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "mine.partial").write_text("a letter")
    (tmp_path / "ours.partial").mkdir()
    (tmp_path / "ours.partial" / "results").write_text("of an experiment")
    before = contents(tmp_path)

    for out in ("mine", "ours"):
        result = rewards("score", "rows.jsonl", "--rubric", exact, "--out", out, *options)

        assert result.code == 2
        assert f"{out}.partial" in result.stderr
    assert contents(tmp_path) == before


def test_an_input_inside_the_unfinished_run_is_refused(
    rewards: Run, tmp_path: Path, exact: Path
) -> None:
    """Attack: what an unfinished run has written is given to it to read."""
    (tmp_path / "out.partial").mkdir()
    write_lines(tmp_path / "out.partial" / "results", ROWS)
    before = contents(tmp_path)

    result = rewards("score", "out.partial/results", "--rubric", exact, "--out", "out", "--resume")

    assert result.code == 2
    assert "belongs to the unfinished run" in result.stderr
    assert contents(tmp_path) == before


def test_a_folder_into_which_somebody_put_a_file_stays(process: Run, tmp_path: Path) -> None:
    """What was put beside an unfinished run is not removed with it."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "note.py").write_text(
        "import pathlib\nfrom rewards import Sample, scorer\n\n"
        "@scorer\ndef notes(sample: Sample) -> bool:\n"
        "    pathlib.Path('out.partial/note.txt').write_text('mine')\n    return True\n"
    )
    (tmp_path / "note.toml").write_text('name = "n"\n[[component]]\nscorer = "note:notes"\n')

    result = process("score", "rows.jsonl", "--rubric", "note.toml", "--out", "out")

    assert result.code == 0
    assert len(printed((tmp_path / "out").read_text())) == 5
    assert contents(tmp_path / "out.partial").keys() == {"note.txt"}


# Links, devices, pipes, sockets: nodes of the test's own


def test_a_link_is_followed(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """Attack: `--out link` replaced the link; what it leads to is written, or made."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "target"
    (tmp_path / "link").symlink_to("elsewhere/target")

    assert rewards("score", "rows.jsonl", "--rubric", exact, "--out", "link").code == 0
    assert len(printed(target.read_text())) == 5
    assert rewards("score", "rows.jsonl", "--rubric", exact, "--out", "link").code == 2
    target.write_text("old")
    command = ("score", "rows.jsonl", "--rubric", exact, "--out", "link", "--overwrite")
    assert rewards(*command).code == 0

    assert (tmp_path / "link").is_symlink()
    assert len(printed(target.read_text())) == 5
    assert {path.name for path in tmp_path.rglob("*")} >= {"link", "target"}
    assert not list(tmp_path.rglob("*.partial"))


def test_a_link_to_the_input_is_the_input(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """Attack: hard and symbolic links of the input, as --out."""
    path = write_lines(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "soft").symlink_to(path)
    (tmp_path / "hard").hardlink_to(path)
    before = contents(tmp_path)

    for name in ("soft", "hard"):
        result = rewards("score", path, "--rubric", exact, "--out", name, "--overwrite")
        assert result.code == 2
        assert "would replace the input" in result.stderr
    assert contents(tmp_path) == before


def test_a_link_that_leads_nowhere_is_one_line(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """A circle of links."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    result = rewards("score", "rows.jsonl", "--rubric", exact, "--out", "a")

    assert (result.code, len(result.stderr.splitlines())) == (2, 1)


def null(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        path.write_bytes(b"x")
    except PermissionError:
        pytest.skip("only root makes devices, and not everywhere")


@pytest.mark.parametrize("through", ["device", "link"])
def test_a_device_is_written_and_stays(
    rewards: Run, tmp_path: Path, exact: Path, through: str
) -> None:
    """Attack: as root, `--out /dev/null` made a regular file of it."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    null(tmp_path / "device")
    (tmp_path / "link").symlink_to("device")

    result = rewards("score", "rows.jsonl", "--rubric", exact, "--out", through)
    again = rewards("score", "rows.jsonl", "--rubric", exact, "--out", through, "--resume")

    assert (result.code, again.code) == (0, 2)
    assert "cannot be resumed" in again.stderr
    assert stat.S_ISCHR((tmp_path / "device").stat().st_mode)
    assert not list(tmp_path.glob("*.partial"))


def test_a_pipe_is_written_and_stays(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """A reader of the pipe gets the results, and no file takes its place."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()

    result = rewards("score", "rows.jsonl", "--rubric", exact, "--out", "pipe")
    reader.join()

    assert result.code == 0
    assert len(printed(read[0].decode())) == 5
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert not list(tmp_path.glob("*.partial"))


def test_a_socket_is_refused(rewards: Run, tmp_path: Path, exact: Path) -> None:
    """It cannot be written to as a file, and is not replaced by one."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")  # relative: a socket's path is short

        result = rewards("score", "rows.jsonl", "--rubric", exact, "--out", "socket")

    assert (result.code, "is a socket" in result.stderr) == (2, True)
    assert stat.S_ISSOCK((tmp_path / "socket").stat().st_mode)


def test_stdout_may_be_named(process: Run, tmp_path: Path, exact: Path) -> None:
    """--out /dev/stdout is stdout, where that is a pipe."""
    write_lines(tmp_path / "rows.jsonl", ROWS)

    result = process("score", "rows.jsonl", "--rubric", exact, "--out", "/dev/stdout")

    assert len(printed(result.stdout)) == 5


def test_results_are_never_appended_to_their_own_input(
    tmp_path: Path, exact: Path, environment: dict[str, str]
) -> None:
    """Attack: `score rows.jsonl >> rows.jsonl` would read what it writes, without end."""
    path = write_lines(tmp_path / "rows.jsonl", ROWS)
    before = path.read_bytes()

    with path.open("ab") as stdout:
        done = subprocess.run(
            [*COMMAND, "score", str(path), "--rubric", str(exact)],
            env=environment,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    assert done.returncode == 2
    assert b"stdout leads into the input" in done.stderr
    assert path.read_bytes() == before


# What comes between the check and the end of the run

MEANWHILE = """
import os, pathlib
from rewards import Sample, scorer

@scorer
def meanwhile(sample: Sample) -> bool:
    if not pathlib.Path("once").exists():
        pathlib.Path("once").touch()
        {body}
    return True
"""


@pytest.mark.parametrize(
    ("body", "options", "said"),
    [
        ("pathlib.Path('out').write_text('mine')", [], "is there already"),
        ("pathlib.Path('out').symlink_to('mine')", [], ""),
        ("os.mkfifo('out')", ["--overwrite"], "no file any more"),
    ],
)
def test_what_takes_the_name_during_the_run_keeps_it(
    process: Run, tmp_path: Path, body: str, options: list[str], said: str
) -> None:
    """The results stay in OUT.partial; --resume brings them out once the name is free."""
    write_lines(tmp_path / "rows.jsonl", ROWS)
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "m.py").write_text(MEANWHILE.format(body=body))
    (tmp_path / "m.toml").write_text('name = "m"\n[[component]]\nscorer = "m:meanwhile"\n')
    command = ("score", "rows.jsonl", "--rubric", "m.toml", "--out", "out", *options)

    result = process(*command)

    assert result.code == 2
    assert said in result.stderr
    assert (tmp_path / "mine").read_text() == "mine"
    assert stat.S_ISFIFO((tmp_path / "out").lstat().st_mode) or (
        (tmp_path / "out").read_text() == "mine"
    )
    (tmp_path / "out").unlink()
    assert process(*command, "--resume").code == 0
    assert len(printed((tmp_path / "out").read_text())) == 5
    assert not list(tmp_path.glob("*.partial"))


# One process at a time

WAITS = """
import pathlib
from rewards import Sample, scorer

@scorer
def waits(sample: Sample) -> bool:
    pathlib.Path("ready").write_bytes(b"")
    pathlib.Path("go").read_bytes()
    return True
"""


@pytest.fixture
def running(tmp_path: Path, environment: dict[str, str]) -> Callable[[], subprocess.Popen[bytes]]:
    """A run into `out` that has begun, and waits until `go` is written."""

    def start() -> subprocess.Popen[bytes]:
        (tmp_path / "waits.py").write_text(WAITS)
        (tmp_path / "w.toml").write_text('name = "w"\n[[component]]\nscorer = "waits:waits"\n')
        write_lines(tmp_path / "rows.jsonl", ROWS[:1])
        os.mkfifo(tmp_path / "ready")
        os.mkfifo(tmp_path / "go")
        command = [*COMMAND, "score", "rows.jsonl", "--rubric", "w.toml", "--out", "out"]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE)
        (tmp_path / "ready").read_bytes()
        return process

    return start


def test_a_second_process_is_told_to_wait(
    process: Run, tmp_path: Path, running: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """Attack: following "go on with --resume" while the first process runs: both wrote."""
    first = running()
    command = ("score", "rows.jsonl", "--rubric", "w.toml", "--out", "out")

    second = [process(*command), process(*command, "--resume"), process(*command, "--overwrite")]
    (tmp_path / "go").write_bytes(b"")
    _, errors = first.communicate(timeout=PATIENCE_SECONDS)

    assert {(result.code, result.stderr) for result in second} == {
        (2, "rewards: another process is writing --out out: let it end, or give another name\n")
    }
    assert first.returncode == 0, errors
    assert len(printed((tmp_path / "out").read_text())) == 1
    assert not list(tmp_path.glob("*.partial"))
