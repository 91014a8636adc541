"""The limits of the house, held by counting: a reader finds the room, and sees the whole of it."""

import ast
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_boundaries import loaded_by

ROOT = Path(__file__).parent.parent
WINGS = [ROOT / "rewards", ROOT / "rewards_cdk", ROOT / "infra"]
ENTRIES_ON_TOP = 16
FILES_A_FOLDER = 16
LINES_A_FILE = 400
LINES_A_FUNCTION = 40
LINES_ALIKE = 6

#: Folders of data: they may hold as many files as there is data.
DATA = {"rewards/rubrics", "rewards/judge/prompts", "rewards/workbench/report/template"}
#: Folders where a new file needs no line anywhere else: their maps are `rewards list` and
#: `rewards --help`.
SELF_LISTING = {"rewards/scorers", "rewards/workbench/commands"}

#: A row of a folder's map: the name of a file or folder, two blanks or more, one question.
MAP_ROW = re.compile(r"^(\w+) {2,}(\S.*)$", re.MULTILINE)
#: On a line of a signature: why the function is one all the same.
LONG = re.compile(r"#.*\blong: \S")
#: A line that says something: a word of code, not a bracket or a comment.
SAYING = re.compile(r"^[^#]*\w")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def entries(folder: Path) -> list[Path]:
    """What stands in a folder, without what Python puts there, or leaves where one was."""
    kept = [path for path in folder.iterdir() if path.name != "__pycache__"]
    return sorted(path for path in kept if path.is_file() or entries(path))


def folders() -> list[Path]:
    below = [path for wing in WINGS for path in wing.rglob("*") if path.is_dir()]
    kept = [path for path in below if "__pycache__" not in path.parts and entries(path)]
    return sorted([*WINGS, *kept])


def sources() -> list[Path]:
    return sorted(path for wing in WINGS for path in wing.rglob("*.py"))


FOLDERS = pytest.mark.parametrize("folder", folders(), ids=name)


def test_the_top_of_the_package_is_read_at_a_glance() -> None:
    """`ls rewards` shows at most sixteen names, each a question."""
    there = [path.name for path in entries(ROOT / "rewards")]
    assert len(there) <= ENTRIES_ON_TOP, f"{len(there)} under rewards/: move one into a wing"


@FOLDERS
def test_a_folder_holds_few_files(folder: Path) -> None:
    """Where there are more than sixteen files, some of them answer a question of their own."""
    files = [path for path in entries(folder) if path.is_file()]
    if name(folder) not in DATA:
        assert len(files) <= FILES_A_FOLDER, (
            f"{name(folder)} holds {len(files)} files: which of them make a folder?"
        )


def test_a_file_is_one_room() -> None:
    """A file of more than 400 lines is two."""
    counted = {name(path): len(path.read_text("utf-8").splitlines()) for path in sources()}
    long = {path: lines for path, lines in counted.items() if lines > LINES_A_FILE}
    assert not long, "which part has a question of its own?"


def test_a_function_is_short_or_says_why_not() -> None:
    """More than 40 lines, docstring apart, need `# long: why` beside the signature."""
    long = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for function in functions(ast.parse(text)):
            signature = lines[function.lineno - 1 : function.body[0].lineno]
            if length_of(function) > LINES_A_FUNCTION and not LONG.search("\n".join(signature)):
                long.append(f"{name(path)}:{function.lineno} {function.name}")
    assert not long, "take a part out that has a name, or say why it is one: `# long: why`"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, signature and all, without its docstring."""
    length = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        length -= (first.end_lineno or 0) - first.lineno + 1
    return length


@FOLDERS
def test_a_folder_is_its_own_map(folder: Path) -> None:
    """The docstring names each file and folder once, one question a line, and nothing else."""
    if name(folder) in DATA:
        return
    text = (folder / "__init__.py").read_text(encoding="utf-8")
    rows = MAP_ROW.findall(ast.get_docstring(ast.parse(text)) or "")
    if name(folder) in SELF_LISTING:
        assert not rows, f"{name(folder)} lists itself: a map would be a second list"
        return
    there = [path.stem for path in entries(folder) if path.suffix in {"", ".py"}]
    assert sorted(row[0] for row in rows) == [stem for stem in there if stem != "__init__"], (
        f"the map in {name(folder)}/__init__.py is not what is there"
    )
    for entry, question in rows:
        assert question.count("?") == 1, f"{entry}: one question, not {question}"


def test_a_class_has_a_name_of_its_own() -> None:
    """A reader who meets a name looks for one class, not for the one of two that is meant."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sources():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name(path))
    twice = {word: there for word, there in places.items() if len(there) > 1}
    assert not twice, "which field's word says what the other one is?"


def test_no_lines_stand_twice() -> None:
    """Six lines or more that stand again, imports too, are one piece that two places need."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sources():
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        told = [(number, line) for number, line in enumerate(lines, 1) if SAYING.search(line)]
        for start in range(len(told) - LINES_ALIKE + 1):
            run = told[start : start + LINES_ALIKE]
            places["\n".join(line for _, line in run)].append(f"{name(path)}:{run[0][0]}")
    twice = [there for there in places.values() if len(there) > 1]
    assert not twice, "make one of them, where both can read it"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package that a newcomer changes."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "rewards", tmp_path / "rewards", ignore=ignored)
    return tmp_path / "rewards"


def run(house: Path, code: str) -> str:
    """What a program prints that imports the changed copy."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=house.parent, check=False)
    return done.stdout + done.stderr


def rewards(house: Path, *arguments: str) -> str:
    code = f"from rewards.workbench.cli import app; app({list(arguments)}, prog_name='rewards')"
    return run(house, code)


def test_a_scorer_is_one_file_of_few_lines(house: Path) -> None:
    """A function under `@scorer` in a file of scorers/ is found, listed and described."""
    (house / "scorers" / "tone.py").write_text(SCORER, encoding="utf-8")

    assert len(SCORER.splitlines()) < 10
    assert "1.0 where the completion says please" in rewards(house, "list", "tone")


def test_a_command_is_one_file(house: Path) -> None:
    """A function in a file of commands/ is a command, with help and examples."""
    (house / "workbench" / "commands" / "greet.py").write_text(COMMAND, encoding="utf-8")

    assert rewards(house, "greet") == "please\n"
    assert "Say please." in rewards(house, "--help")
    assert "Examples:\n    rewards greet" in rewards(house, "greet", "--help")


def test_a_word_that_hedges_is_one_word_in_one_line(house: Path) -> None:
    """What takes an answer back is derived from the table, in every case."""
    asked = (
        "from rewards import Sample; from rewards.scorers.numeric import match;"
        "said = Sample(id='1', completion='#### 71\\nPERCHANCE 73', reference_answer='71');"
        "print(match(said).value)"
    )
    before = run(house, asked)
    phrases = house / "reading" / "sentences" / "phrases.py"
    text = phrases.read_text(encoding="utf-8")
    phrases.write_text(text.replace('"UNSURE": (', '"UNSURE": ("perchance", ', 1), encoding="utf-8")

    assert (before, run(house, asked)) == ("1.0\n", "0.0\n")


def test_a_command_imports_no_other() -> None:
    """A command's file is imported where it is asked for; to list their names imports none."""
    ran = "from rewards.workbench.cli import app; app({}, standalone_mode=False)"
    folder = "rewards.workbench.commands."
    version, listed = (
        {name.removeprefix(folder) for name in loaded_by(code) if name.startswith(folder)}
        for code in (ran.format(["--version"]), ran.format(["list", "--json"]))
    )

    assert (version, listed) == (set(), {"list"})


def test_the_commands_wait_for_nothing_heavy() -> None:
    """All of them, imported for `--help`: no client, no event loop, no engine and no scorer."""
    ran = "from rewards.workbench.cli import app; app(['--help'], standalone_mode=False)"
    loaded = loaded_by(ran)

    heavy = {"boto3", "asyncio", "aws_cdk", "rich", "sqlglot", "rewards.scorers.numeric"}
    assert not heavy & loaded
    assert not {name for name in loaded if name.startswith(("rewards.sandbox", "rewards.curves"))}


SCORER = '''\
from rewards import Sample, scorer


@scorer
def polite(sample: Sample) -> bool:
    """1.0 where the completion says please."""
    return "please" in sample.completion.lower()
'''

COMMAND = '''\
from rewards.workbench.help import examples


@examples("rewards greet")
def greet() -> None:
    """Say please."""
    print("please")
'''
