"""Who may import whom: the table of docs/architecture.md, held by walking the source."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "rewards"

#: What each room may import: a wing by its name, a file of a wing by `wing.file`, a neighbour in
#: the same folder by `.file`. A wing that has rows for its files is held inside, too.
TABLE = """
core.errors <-
core.score <-
core.sample <- .errors
core.tables <- .errors
core.parameters <- .errors .tables
core.scorer <- .errors .parameters .sample .score .tables
core.deadline <- .errors
core.concurrency <- .deadline .errors
registry <- core.errors core.scorer scorers
reading.text <-
reading.plain <- .text
reading.quantities.numbers <- reading.text
reading.quantities.units <- .numbers reading.plain reading.text
reading.quantities.number_words <- .numbers reading.text
reading.quantities.arithmetic <- .numbers reading.text
reading.quantities.sums <- .arithmetic .numbers reading.text
reading.quantities.equations <- .arithmetic .numbers .sums reading.plain reading.text
reading.words <- .text
reading.content <- .text
reading.structured.documents <- reading.content reading.text
reading.structured.call_values <- reading.text
reading.structured.calls <- .call_values reading.text
reading.structured.queries <- reading.text
reading.structured.leaves <- reading.words
reading.structured.programs <- reading.content reading.text
reading.choices <- .choices .text reading.sentences.languages reading.sentences.phrases
reading.structured.schemas <- core.errors reading.text
reading.sentences.languages <- reading.text
reading.sentences.phrases <- .languages reading.text
reading.sentences.clause <- .phrases reading.quantities.arithmetic
    reading.quantities.number_words reading.quantities.numbers reading.text
reading.sentences.listing <- .phrases reading.text
reading.sentences.prose <- .clause .listing .phrases reading.plain reading.quantities.numbers
    reading.text
reading.sentences.single <- .clause .phrases reading.quantities.numbers
    reading.quantities.units reading.text
reading.sentences.foreign <- .clause .languages .phrases .prose reading.plain
    reading.quantities.numbers reading.text
reading.sentences.marked <- .clause .foreign .phrases .prose .single reading.plain reading.text
reading.sentences.standing <- .clause .marked .phrases .prose reading.plain
    reading.quantities.number_words reading.quantities.numbers reading.text
reading.answer <- .plain .text reading.sentences.clause reading.sentences.marked
    reading.sentences.phrases reading.sentences.prose reading.sentences.single
    reading.sentences.standing
reading.maths <- .answer .maths .text reading.sentences.marked reading.sentences.phrases
rubric.__init__ <- .rubric
rubric.spec <- core.errors core.score core.tables
rubric.reach <- .component .spec core.errors
rubric.reference <- core.sample
rubric.digest <-
rubric.component <- .spec core.errors core.score core.scorer
rubric.totals <- core.sample core.score
rubric.printing <-
rubric.bugs <- core.score core.scorer
rubric.batch <- .bugs .component .printing .reference .spec .totals core.concurrency
    core.deadline core.errors core.sample core.score
rubric.rubric <- .batch .bugs .component .digest .reach .spec .totals core.errors
    core.parameters core.sample core.score core.scorer registry
wire.contract <- core.errors core.sample core.score
wire.outline <- .contract
wire.capture <-
wire.telemetry <- .contract core.sample core.score
wire.answering <- .contract .telemetry core.score rubric
handler <- core.errors rubric wire.answering wire.capture wire.contract wire.telemetry
__init__ <- core.errors core.sample core.score core.scorer rubric
job <- core.score core.tables curves job rubric wire.contract wire.telemetry
curves <- core.errors curves
judge <- core.concurrency core.errors core.sample core.score core.tables judge
sandbox <- core.errors reading sandbox
scorers <- core.errors core.sample core.score core.scorer judge reading sandbox
"""


def rows(table: str) -> dict[str, set[str]]:
    """The rooms of a table, and what each may import, in full names."""
    found: dict[str, set[str]] = {}
    for row in table.replace("\n    ", " ").strip().splitlines():
        room, _, allowed = row.partition(" <-")
        folder = room.rpartition(".")[0]
        found[room] = {f"{folder}{n}" if n[0] == "." else n for n in allowed.split()}
    return found


MAY_IMPORT = rows(TABLE)
#: Third-party packages, and the only modules that may import them while being imported.
THIRD_PARTY = {
    "aws_lambda_powertools": {"handler"},
    # Two modules of the judge, which it imports only when it first asks.
    "boto3": {"judge"},
    "botocore": {"judge"},
}


#: What is the workbench's terminal: services know nothing of it.
TERMINAL = {"__main__", "cli", "help", "options", "commands"}
WORKBENCH = PACKAGE / "workbench"


def room_of(path: Path) -> str | None:
    """The row that holds a module: its own, or that of the nearest folder that has one."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    rooms = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return next((room for room in rooms if room in MAY_IMPORT), None)


def modules() -> list[Path]:
    """Every module of the package that can ship in the Lambda."""
    return [path for path in PACKAGE.rglob("*.py") if "workbench" not in path.parts]


def imports(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            folder = ROOT.joinpath(*node.module.split("."))
            for alias in node.names:
                there = node.module == "rewards" or (folder / f"{alias.name}.py").exists()
                names.append(f"{node.module}.{alias.name}" if there else node.module)
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_the_table_allows(path: Path) -> None:
    """The arrows of the architecture point one way; scorers never import each other."""
    room = room_of(path)
    is_map = path.name == "__init__.py" and room is None
    assert room or is_map, f"{path} is new: give it a row in the table"
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] == "rewards" and len(parts) > 1:
            assert room, f"{path} is a map: it imports nothing"
            rooms = {".".join(parts[1:end]) for end in range(2, len(parts) + 1)}
            assert rooms & {*MAY_IMPORT[room], "core.errors"}, f"{path} imports {name}"
        assert parts[0] not in {"infra", "rewards_cdk", "aws_cdk", "constructs"}, (
            f"{path} imports {name}"
        )


def workbench_imports(path: Path) -> list[str]:
    """What a module of the workbench imports of the workbench: `output`, `local.runtime`, ..."""
    names = imports(ast.parse(path.read_text(encoding="utf-8")))
    prefix = "rewards.workbench."
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


@pytest.mark.parametrize(
    "path", sorted(WORKBENCH.rglob("*.py")), ids=lambda path: str(path.relative_to(WORKBENCH))
)
def test_commands_import_services_and_never_the_reverse(path: Path) -> None:
    """A service can be used without a terminal; a command is thin: no other command needs it."""
    room = path.relative_to(WORKBENCH).with_suffix("").parts[0]
    imported = {name.partition(".")[0] for name in workbench_imports(path)}
    if room == "commands":
        # A group's folder brings its own commands together.
        folder = f"commands.{path.parent.name}."
        others = [name for name in workbench_imports(path) if not name.startswith(folder)]
        imported = {name.partition(".")[0] for name in others}
        assert not {"cli", "commands"} & imported, f"{path}: what two commands need is a service"
    elif room not in TERMINAL:
        assert not TERMINAL & imported, f"{path} is a service, and imports a command"
        names = imports(ast.parse(path.read_text(encoding="utf-8")))
        assert "typer" not in names, f"{path} is a service, and imports typer"


def test_the_workbench_has_no_circles() -> None:
    """Rooms of services build on each other one way."""
    arrows: dict[str, set[str]] = {}
    for path in WORKBENCH.rglob("*.py"):
        room = path.relative_to(WORKBENCH).with_suffix("").parts[0]
        arrows.setdefault(room, set()).update(n.partition(".")[0] for n in workbench_imports(path))

    ground: set[str] = set()
    while free := {r for r, needs in arrows.items() if r not in ground and needs - {r} <= ground}:
        ground |= free
    assert not set(arrows) - ground, "these rooms import each other"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_third_party_imports_wait_for_the_call_that_needs_them(path: Path) -> None:
    """At module level there is the standard library, and Powertools in the handler."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        for name in imports(node) if isinstance(node, ast.Import | ast.ImportFrom) else []:
            top = name.split(".")[0]
            standard = top == "rewards" or top in sys.stdlib_module_names
            assert standard or room_of(path) in THIRD_PARTY.get(top, set()), f"{path}: {name}"


def test_the_author_api_is_stdlib_only_and_says_what_it_exports() -> None:
    """`import rewards` in a notebook or a TRL run pulls in nothing."""
    loaded = loaded_by("import rewards; assert set(rewards.__all__) <= set(dir(rewards))")

    assert not {"aws_lambda_powertools", "boto3", "asyncio", "pydantic", "tomllib"} & loaded


def test_the_handler_with_the_default_rubric_imports_nothing_heavy() -> None:
    """Cold start is paid by every user: no client, no event loop, no validator, no CDK."""
    # Powertools itself imports the bare `botocore` where it is installed (to name itself in the
    # user agent of clients that somebody else makes); nothing of ours may come on top.
    powertools = loaded_by("from aws_lambda_powertools import Logger, Metrics")
    loaded = loaded_by("import rewards.handler") - powertools

    heavy = {"boto3", "botocore", "asyncio", "pydantic", "sympy", "aws_cdk", "typer", "rich"}
    assert not heavy & {name.partition(".")[0] for name in loaded}
    assert not {name for name in loaded if name.startswith("rewards.workbench")}
    assert not {"boto3", "asyncio", "pydantic"} & powertools


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after `code`."""
    script = f"import json, sys; {code}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))
