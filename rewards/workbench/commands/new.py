"""`rewards new`: skeletons of a scorer or a rubric, each with a test, that pass and score."""

import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from shutil import which
from string import Template
from typing import Annotated

import typer

from rewards.core.errors import SpecError
from rewards.workbench.help import examples
from rewards.workbench.options import JsonOption
from rewards.workbench.output import print_json, say, write_whole

new = typer.Typer(no_args_is_help=True, help="Write the skeleton of a scorer or a rubric.")

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)

_SCORER = Template('''\
"""Whether a completion is polite."""

$imports


@scorer
def $function(sample: Sample, *, word: str = "please") -> bool:
    """1.0 where the completion says `word`, in upper or lower case.

    Args:
        sample: what is scored.
        word: what has to be said.

    >>> $function(Sample(id="1", completion="Yes, Please!"))
    True
    """
    return word.casefold() in sample.completion.casefold()
''')

_SCORER_TEST = Template('''\
"""`$address`."""

import pytest
$imports


@pytest.mark.parametrize(
    ("completion", "expected"),
    [("Yes, please.", True), ("PLEASE", True), ("Yes.", False), ("", False)],
)
def test_rewards_the_word(completion: str, expected: bool) -> None:
    """A completion is rewarded where it says the word, in upper or lower case."""
    assert $function(Sample(id="1", completion=completion)) is expected


def test_a_rubric_finds_it_by_its_address() -> None:
    """The address is all that a rubric needs."""
    assert resolve("$address") is $function
''')

_RUBRIC = Template("""\
# What $name rewards, in one sentence.
#
#   reference_answer   what the dataset has to hold
#   completion         what the model is asked to write
name = "$name"
description = "Right where the completion is the reference, word for word."

[[component]]
name = "correct"
scorer = "exact.match"
weight = 1.0
params = { ignore_case = true }
""")

_RUBRIC_TEST = Template('''\
"""The rubric $name."""
$path_import
from rewards import Rubric, Sample


def test_$name() -> None:
    """A right answer earns the highest reward, a wrong one the lowest."""
    rubric = Rubric.load($location)

    right = rubric.score(Sample(id="1", completion="Paris", reference_answer="paris"))
    wrong = rubric.score(Sample(id="2", completion="Rome", reference_answer="paris"))

    assert (wrong.value, right.value) == rubric.range
''')


@new.command("scorer")
@examples("rewards new scorer my_rewards.tone:polite")
def new_scorer(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="package.module:function; family.function inside this project."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Write a scorer and its test. What exists is never overwritten.

    With --json, {"created": [paths], "scorer"}.
    """
    module, function = _scorer_address(name)
    bundled = ":" not in name
    library = (
        "from rewards.core.sample import Sample\nfrom rewards.core.scorer import scorer"
        if bundled
        else "from rewards import Sample, scorer"
    )
    under_test = f"from {module} import {function}"
    tested = (
        "\nfrom rewards.core.sample import Sample\nfrom rewards.registry import resolve\n"
        f"{under_test}"
        if bundled
        else f"from rewards import Sample\nfrom rewards.registry import resolve\n\n{under_test}"
    )
    source = Path(*module.split(".")).with_suffix(".py")
    test = Path("tests", "scorers" if bundled else "", f"test_{source.stem}.py")
    files = {
        source: _SCORER.substitute(function=function, imports=library),
        test: _SCORER_TEST.substitute(function=function, address=name, imports=tested),
    }
    packages = [] if bundled else [p / "__init__.py" for p in source.parents if p != Path()]
    files |= {init: "" for init in packages if not init.exists()}
    _write(files, {"scorer": name}, as_json)
    say(
        f"next: make it yours, run {_test_command(test)}, then name it in a rubric: "
        f'scorer = "{name}"'
    )


@new.command("rubric")
@examples("rewards new rubric capitals")
def new_rubric(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as capitals.")],
    as_json: JsonOption = False,
) -> None:
    """Write a rubric and its test. What exists is never overwritten.

    Inside this project it becomes a bundled rubric, elsewhere NAME.toml in the current folder.
    With --json, {"created": [paths], "rubric"}.
    """
    if not _NAME.fullmatch(name):
        raise SpecError(
            f"{name!r} is no name for a rubric: lower-case letters, digits and _ are wanted"
        )
    if _in_checkout():
        rubric, test = Path("rewards/rubrics"), Path("tests/rubrics")
        location, path_import = f'"{name}"', ""
    else:
        rubric, test = Path(), Path("tests")
        location = f'Path(__file__).parent.parent / "{name}.toml"'
        path_import = "\nfrom pathlib import Path\n"
    rubric, test = rubric / f"{name}.toml", test / f"test_{name}_rubric.py"
    _write(
        {
            rubric: _RUBRIC.substitute(name=name),
            test: _RUBRIC_TEST.substitute(name=name, location=location, path_import=path_import),
        },
        {"rubric": name},
        as_json,
    )
    say(f"next: make it yours (rewards list shows the scorers), then run {_test_command(test)}")


def _scorer_address(name: str) -> tuple[str, str]:
    """Module and function of a new scorer's address."""
    path, colon, function = name.rpartition(":") if ":" in name else name.rpartition(".")
    parts = [*path.split("."), function]
    if not colon or not all(_NAME.fullmatch(part) and not iskeyword(part) for part in parts):
        raise SpecError(
            f"{name!r} is no address for a scorer: write package.module:function, or "
            "family.function inside this project, in lower-case letters, digits and _"
        )
    if colon == ":":
        _refuse_to_hide(path, name)
        return path, function
    if "." in path or not _in_checkout():
        raise SpecError(
            f"{name!r}: a bundled scorer is family.function, in a checkout of this project; "
            "anywhere else it is package.module:function"
        )
    return f"rewards.scorers.{path}", function


def _refuse_to_hide(module: str, name: str) -> None:
    """Two modules of one name: whichever Python finds first hides the other.

    Raises:
        SpecError: a package or a module of that name is there already.
    """
    top, *_ = module.split(".")
    if top == "rewards" or top in sys.stdlib_module_names or _is_elsewhere(top):
        raise SpecError(
            f"{name!r}: {top!r} is a package already, which this one would hide; take another name"
        )
    path = Path(*module.split("."))
    for package in path.parents[:-1]:
        if package.with_suffix(".py").exists():
            raise SpecError(
                f"{name!r}: {package}.py is a module, which a package {package} would hide; write "
                "the scorer there, or take another name"
            )
    if path.is_dir():
        raise SpecError(
            f"{name!r}: {path} is a package, which would hide {path}.py; take a module inside it, "
            f"such as {module}.rewards"
        )


def _is_elsewhere(top: str) -> bool:
    """Whether Python finds that package or module somewhere that is not the current folder."""
    spec = find_spec(top)
    if spec is None:
        return False
    homes = [*(spec.submodule_search_locations or ()), spec.origin or ""][:1]
    return Path(homes[0]).resolve().parent != Path.cwd().resolve()


def _test_command(test: Path) -> str:
    """How to run a test with this very interpreter, and pytest first where it has none."""
    beside = which("python")
    here, own = Path(sys.executable), Path.cwd()
    if beside is not None and Path(beside).parent == here.parent:
        python = "python"
    else:
        python = str(here.relative_to(own) if here.is_relative_to(own) else here)
    command = f"{python} -m pytest {test}"
    return command if find_spec("pytest") else f"{python} -m pip install pytest && {command}"


def _in_checkout() -> bool:
    return Path("rewards/scorers/__init__.py").is_file()


def _write(files: Mapping[Path, str], named: Mapping[str, str], as_json: bool) -> None:
    """Write all of the files, or none where one of them is there already."""
    for path in files:
        if path.exists():
            raise SpecError(f"{path} exists and is left as it is: write there, or take a new name")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    created = sorted(map(str, files))
    if as_json:
        print_json({"created": created, **named})
    else:
        print("\n".join(created))
