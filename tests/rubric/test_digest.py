"""The digest names the exact rule that gave a reward."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rewards
from rewards.rubric import Rubric, digest
from rewards.rubric.digest import rubric_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's package with a scorer module and the helper that it uses."""
    monkeypatch.syspath_prepend(tmp_path)
    root = tmp_path / "digest_case"
    root.mkdir()
    (root / "__init__.py").write_text("")
    (root / "helper.py").write_text("def read(text):\n    return text\n")
    (root / "mine.py").write_text("from digest_case.helper import read\nrule = read\n")
    return root


def digest_of(*modules: str) -> str:
    for name in [name for name in sys.modules if name.startswith("digest_case")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    for module in modules or ["digest_case.mine"]:
        importlib.import_module(module)
    return rubric_digest("{}", modules[:1] or ["digest_case.mine"])


def test_a_change_in_a_helper_changes_the_digest(package: Path) -> None:
    """A shared number reader is part of the rule of the scorer that uses it."""
    before = digest_of()
    (package / "helper.py").write_text("def read(text):\n    return text.strip()\n")

    assert before != digest_of()


@pytest.mark.parametrize(
    "source",
    [
        "from digest_case.limits import LIMIT",
        "from .limits import LIMIT as MOST",
        "from . import limits",
        "from digest_case import limits",
        "from .limits import (\n    LIMIT,\n)",
        "import digest_case.limits",
        "import digest_case.limits  # the bounds",
        "import digest_case.helper, digest_case.limits",
        "import os; from digest_case.limits import LIMIT",
        "from digest_case.limits import (LIMIT); import os",
        "from digest_case.limits \\\n    import LIMIT",
        "try:\n    from digest_case.limits import LIMIT\nexcept ImportError:\n    LIMIT = 1",
        "try:\n    import missing\nexcept ImportError:\n    from .limits import LIMIT",
        "try:\n    LIMIT = 1\nfinally:\n    from .limits import LIMIT",
        "if True:\n    from digest_case.limits import LIMIT",
        "if True: from digest_case.limits import LIMIT",
        "if False:\n    LIMIT = 1\nelif True:\n\tfrom digest_case.limits import LIMIT",
        "for _ in range(1):\n    import digest_case.limits",
        "with open(__file__):\n    from .limits import LIMIT",
        "match 1:\n    case 1:\n        from .limits import LIMIT",
        "class Bounds:\n    from digest_case.limits import LIMIT",
        "# -*- coding: latin-1 -*-\nif True:\n    from .limits import LIMIT  # gr\xf6\xdfe",
    ],
)
def test_a_changed_constant_of_a_helper_changes_the_digest(package: Path, source: str) -> None:
    """A number does not say where it was imported from; the import does, wherever it stands."""
    (package / "limits.py").write_text("LIMIT = 3\n")
    (package / "mine.py").write_bytes(f"{source}\n".encode("latin-1"))
    before = digest_of()
    (package / "limits.py").write_text("LIMIT = 4000\n")

    assert before != digest_of()


@pytest.mark.parametrize(
    "source",
    [
        "def rule():\n    from digest_case.limits import LIMIT",
        "async def rule():\n    import digest_case.limits",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .limits import LIMIT",
        "import typing\nif typing.TYPE_CHECKING:\n    import digest_case.limits",
        'text = """\nfrom digest_case.limits\n"""',
    ],
)
def test_what_is_not_imported_with_the_module_is_not_followed(package: Path, source: str) -> None:
    """Whether it is there depends on who ran what before, and the bundle may do without it."""
    (package / "limits.py").write_text("LIMIT = 3\n")
    (package / "mine.py").write_text(f"{source}\n")
    before = digest_of("digest_case.mine", "digest_case.limits")
    (package / "limits.py").write_text("LIMIT = 4000\n")

    assert before == digest_of("digest_case.mine", "digest_case.limits") == digest_of()


def test_a_package_counts_with_what_it_says_and_not_with_what_is_loaded(package: Path) -> None:
    """A scorer or a limit may stand in an `__init__`; the parts that others load are not its."""
    (package / "__init__.py").write_text("LIMIT = 3\n")
    (package / "mine.py").write_text("from digest_case import LIMIT\n")
    before = digest_of()

    assert before == digest_of("digest_case.mine", "digest_case.helper")
    (package / "__init__.py").write_text("LIMIT = 4000\n")
    assert before != digest_of()


@pytest.mark.parametrize("now", [b"if True:\n  import (", b"\0"])
def test_a_source_that_no_longer_parses_is_counted_as_it_is(package: Path, now: bytes) -> None:
    """Somebody is writing in it: the digest says that it changed, and nothing breaks."""
    before = digest_of()
    (package / "mine.py").write_bytes(now)

    assert before != rubric_digest("{}", ["digest_case.mine"])


def test_a_warning_of_the_source_is_neither_given_again_nor_in_the_way(package: Path) -> None:
    """A parser warns of an escape, perhaps by an error: the imports count all the same."""
    (package / "limits.py").write_text("LIMIT = 3\n")
    (package / "mine.py").write_text("if True:\n    from .limits import LIMIT\n")
    digest_of()
    (package / "mine.py").write_text('if True:\n    from .limits import LIMIT\nwords = "\\d"\n')
    before = rubric_digest("{}", ["digest_case.mine"])
    (package / "limits.py").write_text("LIMIT = 4000\n")

    assert before != rubric_digest("{}", ["digest_case.mine"])


def test_what_was_imported_in_no_statement_is_found_by_where_it_comes_from(package: Path) -> None:
    """A function knows its module, however it came here."""
    source = 'import importlib\nread = importlib.import_module("digest_case.helper").read\n'
    (package / "mine.py").write_text(source)
    before = digest_of()
    (package / "helper.py").write_text("def read(text):\n    return text.strip()\n")

    assert before != digest_of()


def test_a_package_counts_with_the_constants_of_its_parts(package: Path) -> None:
    """What an `__init__` takes out of the package itself, its source alone can tell."""
    (package / "__init__.py").write_text("from . import limits\n")
    (package / "limits.py").write_text("LIMIT = 3\n")
    (package / "mine.py").write_text("from digest_case import limits as bounds\nbounds = 1\n")
    before = digest_of()
    (package / "limits.py").write_text("LIMIT = 4000\n")

    assert before != digest_of()


def test_two_helpers_that_change_places_are_another_rule(package: Path) -> None:
    """What a module says counts under its name."""
    (package / "mine.py").write_text("from .one import X\nfrom .two import Y\n")
    for name, other in [("one", "two"), ("two", "one")]:
        (package / f"{name}.py").write_text(f"X = Y = {len(name) + (name > other)}\n")
    before = digest_of()
    one, two = (package / f"{name}.py" for name in ("one", "two"))
    first, second = one.read_text(), two.read_text()
    assert first != second
    one.write_text(second)
    two.write_text(first)

    assert before != digest_of()


def test_a_module_without_a_source_is_counted_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook's scorers, or what was made at run time, have no file to read."""
    for name in ("made_here", "made_there"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))

    assert rubric_digest("{}", ["made_here"]) != rubric_digest("{}", ["made_there"])


def test_the_quick_look_at_imports_finds_what_a_parser_finds() -> None:
    """Over every module of the package: most are not parsed, and none loses an import by it."""
    for path in sorted(Path(rewards.__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        modules = digest._plain_imports(source)
        for name in digest._imports_of(digest._parsed(source)) if modules is not None else ():
            # A parser adds the names that are taken: no modules, or among the module's vars.
            assert name in modules or name.rpartition(".")[0] in modules, f"{path}: {name}"


def test_line_ends_do_not_change_the_digest(package: Path) -> None:
    """A checkout on another system is the same rule."""
    before = digest_of()
    text = (package / "mine.py").read_bytes()
    (package / "mine.py").write_bytes(text.replace(b"\n", b"\r\n"))

    assert before == digest_of()


def judged(**params: Any) -> dict[str, Any]:
    """A rubric with one judge."""
    component = {"scorer": "judge.grade", "params": {"model": "m", **params}}
    return {"name": "judged", "component": [component]}


def levels(*labels: str) -> dict[str, Any]:
    criterion = {
        "name": "help",
        "description": "Is it of use?",
        "levels": {label: f"means {label}" for label in labels},
    }
    return judged(criteria=[criterion])


def test_opposite_orders_of_levels_are_two_rubrics() -> None:
    """Labels stand worst first: turned round they pay the opposite."""
    one, other = (Rubric.from_spec(levels(*order)) for order in [("bad", "good"), ("good", "bad")])

    assert one != other
    assert one.digest != other.digest


def test_the_order_of_parameters_is_none() -> None:
    """`{ model, samples }` and `{ samples, model }` are one rubric."""
    one, other = (
        Rubric.from_spec({"name": "r", "component": [{"scorer": "judge.grade", "params": params}]})
        for params in [{"model": "m", "samples": 3}, {"samples": 3, "model": "m"}]
    )

    assert one == other
    assert one.digest == other.digest


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """Two prompt files of one name, in two folders."""
    for folder, word in [("one", "Grade"), ("two", "Judge")]:
        (tmp_path / folder).mkdir()
        text = f"{word} it by {{criteria}}.\n--- data ---\n{{completion}}\n"
        (tmp_path / folder / "prompt.txt").write_text(text)
        criteria = '[[criteria]]\nname = "good"\ndescription = "Is it?"\nlevels = ["no", "yes"]\n'
        (tmp_path / folder / "prompt.toml").write_text(criteria)
    return tmp_path


def two_judges(prompts: Path) -> Rubric:
    tables: dict[str, Any] = {"name": "two", "component": []}
    for folder in ("one", "two"):
        component = judged(prompt=str(prompts / folder / "prompt.txt"))["component"][0]
        tables["component"].append({**component, "name": folder})
    return Rubric.from_spec(tables)


def test_the_digest_is_the_same_under_every_hash_seed(prompts: Path) -> None:
    """Eight seeds, two files of one name: a set of them has no order to go by."""
    script = (
        "import sys; from pathlib import Path; from tests.rubric.test_digest import two_judges; "
        "print(two_judges(Path(sys.argv[1])).digest)"
    )
    found = set()
    for seed in range(8):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        command = [sys.executable, "-c", script, str(prompts)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        found.add(done.stdout)

    assert found == {f"{two_judges(prompts).digest}\n"}


def test_files_of_one_name_count_where_they_are_used(prompts: Path) -> None:
    """Two prompts that change places are two other judges."""
    before = two_judges(prompts).digest
    one, two = (prompts / folder / "prompt.txt" for folder in ("one", "two"))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)

    assert before != two_judges(prompts).digest
