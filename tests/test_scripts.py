"""What the scripts beside the package promise."""

import doctest
import os
import subprocess
from pathlib import Path

import pytest

from scripts import check_changelog, mutate, site_pages


def test_the_changelog_keeps_its_form() -> None:
    """Sections, dates, kinds of change, and the version of pyproject.toml agree."""
    assert check_changelog.main() == 0


@pytest.mark.parametrize("module", [check_changelog], ids=lambda module: module.__name__)
def test_the_examples_of_a_script_run(module: object) -> None:
    """Doctests of scripts are executed, as the package's are."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sections", "flaw"),
    [
        ("## 0.2.0 - 2026-01-01\n", 'the first section is "Unreleased"'),
        ("## Unreleased\n\n## 0.2.0\n", "line 5"),
        ("## Unreleased\n\n## 0.9.0 - 2026-01-01\n", "newer than version 0.1.0"),
        ("## Unreleased\n\n## 0.0.1 - 2026-01-01\n\n## 0.0.2 - 2026-01-02\n", "newest first"),
        (f"## Unreleased\n\n### Fixed\n\n- {'x' * 500}.\n", "501 characters"),
    ],
)
def test_a_changelog_out_of_form_is_told_where(sections: str, flaw: str) -> None:
    """Order, form and length are checked, with the line."""
    found = check_changelog.flaws(f"# Changelog\n\n{sections}", "0.1.0")

    assert any(flaw in sentence for sentence in found), found


def test_the_site_has_an_entry_for_every_scorer() -> None:
    """The reference of the site is the registry's: nothing is listed by hand."""
    from rewards.registry import bundled

    page = site_pages.scorer_reference()

    assert [s.address for s in bundled() if f"### `{s.address}`" not in page] == []


def test_the_mutants_of_a_seed_are_the_same_every_time() -> None:
    """What is drawn depends on the seed alone, so that a survivor can be looked at again."""
    drawn = mutate.drawn(["contract"], 5, seed=3)

    assert drawn == mutate.drawn(["contract"], 5, seed=3) != mutate.drawn(["contract"], 5, seed=4)
    assert all(mutant.before != mutant.text for mutant in drawn)


def test_make_takes_the_newest_python_that_is_found(tmp_path: Path) -> None:
    """By version, not by name or place; what does not start is passed over."""
    script = Path(__file__).parents[1] / "scripts" / "newest_python.sh"
    for version, answer in {
        "3.14.9": "echo 3.14.9 /the/older",
        "3.14.10": "echo 3.14.10 /the/newest",
        "3.14.11": "exit 1",
    }.items():
        fake = tmp_path / "versions" / version / "bin" / "python3"
        fake.parent.mkdir(parents=True)
        fake.write_text(f"#!/bin/sh\n{answer}\n")
        fake.chmod(0o755)

    def found(**environment: str) -> str:
        return subprocess.run(
            ["/bin/sh", script],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    assert found(PYENV_ROOT=str(tmp_path)) == "/the/newest"
    assert Path(found()).exists()
