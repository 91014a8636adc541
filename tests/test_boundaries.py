"""Who may import whom: the table of docs/architecture.md, held by walking the source."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "rewards"

#: What each room may import: a wing by its name, a file of a wing by `wing.file`. A wing that has
#: rows of its own for its files is held inside, too.
AUTHOR = {"errors", "sample", "score", "scorer"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "score": set(),
    "sample": {"errors"},
    "tables": {"errors"},
    "parameters": {"errors", "tables"},
    "scorer": {"errors", "parameters", "sample", "score", "tables"},
    "registry": {"errors", "scorer", "scorers"},
    "deadline": {"errors"},
    "concurrency": {"deadline", "errors"},
    "contract": {"errors", "sample", "score"},
    "telemetry": {"contract", "sample", "score"},
    "answering": {"contract", "rubric", "score", "telemetry"},
    "handler": {"answering", "errors", "rubric", "telemetry"},
    "__init__": {"errors", "rubric", "sample", "score", "scorer"},
    "reading.__init__": set(),
    "reading.text": set(),
    "reading.plain": {"reading.text"},
    "reading.numbers": {"reading.text"},
    "reading.units": {"reading.numbers", "reading.plain", "reading.text"},
    "reading.number_words": {"reading.numbers", "reading.text"},
    "reading.equations": {"reading.numbers", "reading.plain", "reading.text"},
    "reading.words": {"reading.text"},
    "reading.content": {"reading.text"},
    "reading.documents": {"reading.content", "reading.text"},
    "reading.call_values": {"reading.text"},
    "reading.calls": {"reading.call_values", "reading.text"},
    "reading.queries": {"reading.text"},
    "reading.leaves": {"reading.words"},
    "reading.choices": {
        *("reading.choices", "reading.languages", "reading.phrases", "reading.text"),
    },
    "reading.schemas": {"errors", "reading.text"},
    "reading.languages": {"reading.text"},
    "reading.phrases": {"reading.languages", "reading.text"},
    "reading.clause": {
        *("reading.numbers", "reading.number_words", "reading.phrases", "reading.text"),
    },
    "reading.listing": {"reading.phrases", "reading.text"},
    "reading.prose": {
        *("reading.clause", "reading.listing", "reading.numbers", "reading.phrases"),
        *("reading.plain", "reading.text"),
    },
    "reading.single": {
        *("reading.clause", "reading.numbers", "reading.phrases", "reading.text", "reading.units"),
    },
    "reading.foreign": {
        *("reading.clause", "reading.languages", "reading.numbers", "reading.phrases"),
        *("reading.plain", "reading.prose", "reading.text"),
    },
    "reading.marked": {
        *("reading.clause", "reading.foreign", "reading.phrases", "reading.plain"),
        *("reading.prose", "reading.single", "reading.text"),
    },
    "reading.standing": {
        *("reading.clause", "reading.marked", "reading.number_words", "reading.numbers"),
        *("reading.phrases", "reading.plain", "reading.prose", "reading.text"),
    },
    "reading.answer": {
        *("reading.clause", "reading.marked", "reading.phrases", "reading.plain"),
        *("reading.prose", "reading.single", "reading.standing", "reading.text"),
    },
    "reading.maths": {
        *("reading.answer", "reading.marked", "reading.maths", "reading.phrases"),
        "reading.text",
    },
    "rubric.__init__": {"rubric.rubric"},
    "rubric.spec": {"errors", "score", "tables"},
    "rubric.reach": {"errors", "rubric.component", "rubric.spec"},
    "rubric.reference": {"sample"},
    "rubric.digest": set(),
    "rubric.component": {"errors", "rubric.spec", "score", "scorer"},
    "rubric.totals": {"sample", "score"},
    "rubric.printing": set(),
    "rubric.bugs": {"score", "scorer"},
    "rubric.batch": {
        *("concurrency", "deadline", "errors", "rubric.bugs", "rubric.component"),
        *("rubric.printing", "rubric.reference", "rubric.spec", "rubric.totals"),
        *("sample", "score"),
    },
    "rubric.rubric": {
        *("errors", "parameters", "registry", "rubric.batch", "rubric.bugs"),
        *("rubric.component", "rubric.digest", "rubric.reach", "rubric.spec", "rubric.totals"),
        *("sample", "score", "scorer"),
    },
    "job": {"job", "rubric", "tables"},
    "judge": {"concurrency", "errors", "judge", "sample", "score", "tables"},
    "sandbox": {"errors", "reading", "sandbox"},
    "scorers": {*AUTHOR, "judge", "reading", "sandbox"},
}
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


def module_key(path: Path) -> str:
    """The row of a module: its wing's, or its own where the table looks into the wing."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    inner = ".".join(parts[:2])
    return inner if inner in MAY_IMPORT or f"{parts[0]}.__init__" in MAY_IMPORT else parts[0]


def modules() -> list[Path]:
    """Every module of the package that can ship in the Lambda."""
    return [path for path in PACKAGE.rglob("*.py") if "workbench" not in path.parts]


def imports(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "rewards":
                names += [f"rewards.{alias.name}" for alias in node.names]
            else:
                names.append(node.module)
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_the_table_allows(path: Path) -> None:
    """The arrows of the architecture point one way; scorers never import each other."""
    key = module_key(path)
    assert key in MAY_IMPORT, f"{path} is new: give it a row in the table"
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] == "rewards" and len(parts) > 1:
            allowed = {*MAY_IMPORT[key], "errors"}
            room = ".".join(parts[1:3])
            inside = parts[1] == key.partition(".")[0] and "." in key
            assert room in allowed or (not inside and parts[1] in allowed), f"{path} imports {name}"
        assert parts[0] not in {"infra", "aws_cdk", "constructs"}, f"{path} imports {name}"


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
            assert standard or module_key(path) in THIRD_PARTY.get(top, set()), f"{path}: {name}"


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
