"""`rewards report`, and `--html` of the commands: which files make a page, and what it says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rewards.workbench.report.scored import MOSTLY_DEAD
from rewards.workbench.report.table import MAX_ROWS
from tests.workbench.conftest import Run
from tests.workbench.report.made import hostile, many, result, write

REHEARSAL = {
    "verdict": "filter",
    "reasons": ["half of the groups give no gradient"],
    **{"groups": 20, "answers": 80, "unscored": 2, "mean_reward": 0.4},
    "dead_share": {"at": 8, "estimate": 0.6, "low": 0.5, "high": 0.7},
    "pass_rate": {"never": 0.3, "always": 0.2, "mixed": 0.5},
    "components": {"correct": 0.9, "marker": 0.1},
    "noise": {"icc": 0.71, "within": 0.2, "between": 0.5},
    "plan": {"useful_groups_a_step": 12.8, "steps": 10, "calls": 640},
    "drop": ["an easy one"],
}
COMPARISON = {
    **{"against": "rubric", "rows": 3, "unscored": 0, "mean_a": 0.5, "mean_b": 0.4, "changed": 1},
    "flips": [
        {"id": "x", "line": 2, "a": 1.0, "b": 0.0, "why_a": "it is 42", "why_b": "no marker"}
    ],
    "groups": {
        **{"compared": 2, "with_gradient_a": 2, "with_gradient_b": 1, "gained": 0, "lost": 1},
        "reordered": 0.25,
    },
    **{"false_positives": 1, "false_negatives": 0, "components": {"correct": -0.1}},
}
DIAGNOSIS = {
    **{"verdict": "hacked", "confidence": 0.8, "goal": "correct", "goal_is": "named"},
    "findings": [
        {
            **{"code": "goal_flat", "from_step": 3, "to_step": 9},
            **{"evidence": "correct from 0.3 to 0.3", "advice": "Look at the rollouts."},
        }
    ],
}
AUDIT = {
    "verdict": "fail",
    "attacks": [
        {"name": "empty", "share_of_gold": 0.0, "component": "", "rows": []},
        {"name": "best constant", "share_of_gold": 0.9, "component": "any", "rows": [3, 4]},
    ],
}
SELFCHECK = {
    "verdict": "fail",
    "rows": 300,
    "failures": [{"row": 7, "form": "boxed", "reward": 0.0, "why": "72 is not 72.0"}],
}
DATASET = {
    "rows": 90,
    "findings": [
        {
            **{"code": "too_few_rows", "severity": "error", "rows": [], "count": 1},
            **{"message": "90 rows", "remedy": "The service wants 100."},
        },
        {
            **{"code": "duplicate_row", "severity": "warning", "rows": [4, 9], "count": 2},
            **{"message": "2 rows are the same", "remedy": "Drop one."},
        },
    ],
}
DOCUMENTS = [
    (REHEARSAL, "filter first", ["Groups of 8 without gradient", "an easy one", "0.71"]),
    (COMPARISON, "1 flip", ["it is 42", "no marker", "groups lose their gradient"]),
    (DIAGNOSIS, "it cheats", ["goal_flat, steps 3 to 9", "correct from 0.3 to 0.3"]),
    (AUDIT, "fail", ["90.0%", "best constant", "3, 4"]),
    (SELFCHECK, "fail", ["boxed", "72 is not 72.0"]),
    (DATASET, "mend it first", ["too_few_rows", "The service wants 100.", "4, 9"]),
]


JOB = {
    **{"run": "first", "status": "Completed", "execution": "SUCCEEDED", "reason": ""},
    **{"started": "2026-11-25T10:00:00+00:00", "ended": "2026-11-25T14:00:00+00:00"},
    "job": {"name": "gsm8k-first", "model": "arn:model", "metrics": {"step": 67.0}},
}
OUTCOME = {
    **{"verdict": "better", "prompts": 40, "base": 0.4, "tuned": 0.6, "unscored": 0},
    "difference": {"estimate": 0.2, "low": 0.1, "high": 0.3},
    "components": {"correct": [0.4, 0.6]},
}
DOCUMENTS += [
    (JOB, "Completed", ["gsm8k-first", "arn:model", "67"]),
    (OUTCOME, "better", ["0.1 to 0.3", "0.4 to 0.6"]),
]


def text_of(page: Path) -> str:
    """A page's text without its markup, style and script."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split()).replace(" , ", ", ")


@pytest.mark.parametrize(("document", "word", "shown"), DOCUMENTS)
def test_every_document_is_a_page(
    rewards: Run, tmp_path: Path, document: dict[str, Any], word: str, shown: list[str]
) -> None:
    """Told by its keys; the verdict comes first, then alerts, then figures."""
    (tmp_path / "found.json").write_text(json.dumps(document))

    assert rewards("report", "found.json").code == 0
    text = text_of(tmp_path / "report.html")
    assert text.index(word) < min(text.index(one) for one in shown)


def test_several_documents_are_one_page(rewards: Run, tmp_path: Path) -> None:
    """Each a section, with its verdict in the list at the top."""
    for index, (document, _, _) in enumerate(DOCUMENTS):
        (tmp_path / f"{index}.json").write_text(json.dumps(document))
    rewards("report", *[f"{index}.json" for index in range(len(DOCUMENTS))], "-o", "all.html")
    text = text_of(tmp_path / "all.html")
    nav = text[: text.index("The job would")]

    assert [word in nav for _, word, _ in DOCUMENTS] == [True] * len(DOCUMENTS)


def test_a_card_says_what_was_checked_and_what_nobody_has_looked_at(
    rewards: Run, tmp_path: Path
) -> None:
    """Rubric and digest first; a failed part and a missing one are known limits."""
    digest = rewards("show", "gsm8k", "--json").json["digest"]
    for name, document in (("audit", AUDIT), ("job", JOB), ("outcome", OUTCOME)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    files = ("audit.json", "job.json", "outcome.json")
    done = rewards("report", "--card", "--rubric", "gsm8k", *files, "-o", "card.html")
    text = text_of(tmp_path / "card.html")

    assert done.code == 0
    assert "3 of 7 parts" in text
    assert digest[:12] in text
    assert "Failed: Audit; not known: Data set, Self-check, Rehearsal, Diagnosis." in text
    assert "Audit: best constant It earns 90.0%" in text
    assert "Rehearsal: not given" in text[text.index("Known limits") :]
    assert "rewards rehearse --json" in text
    assert "give --rubric" in rewards("report", "--card", "job.json").stderr


def test_the_same_input_is_the_same_page(rewards: Run, tmp_path: Path, process: Run) -> None:
    """In this process and in two others, of unlike hash seeds."""
    files = hostile(tmp_path)
    rewards("report", *files)
    pages = [(tmp_path / "report.html").read_bytes()]
    for seed in ("1", "2"):
        process("report", *files, "-o", f"{seed}.html", PYTHONHASHSEED=seed)
        pages.append((tmp_path / f"{seed}.html").read_bytes())

    assert len(set(pages)) == 1


def test_results_alone_and_rows_with_rewards_make_pages(rewards: Run, tmp_path: Path) -> None:
    """Without the rollouts the page says how to see them; a row that has both needs no second."""
    scored, rows = many(tmp_path, 24)
    rewards("report", scored)
    alone = text_of(tmp_path / "report.html")
    both = [{**json.loads(line), "reward": 0.5} for line in rows.read_text().splitlines()]
    rewards("report", write(tmp_path / "both.jsonl", both), "-o", "both.html")

    assert "give that file too, to see the completions" in alone
    assert "What is it?" in text_of(tmp_path / "both.html")
    assert "Groups and their spread" in text_of(tmp_path / "both.html")


def test_what_went_wrong_is_told_first_with_its_rows(rewards: Run, tmp_path: Path) -> None:
    """Malformed lines, broken rows and faults of a component, each with its count."""
    results = [result(f"{n}", 1.0, correct="it is right") for n in range(4)]
    results[1] = {"line": 2, "error": "not JSON: expected a value"}
    results[2]["explanation"] = {"fault": {"kind": "no_completion", "detail": "no turn"}}
    results[3]["explanation"]["faults"] = {"judge": {"kind": "throttled", "detail": "429"}}
    rewards("report", write(tmp_path / "scored.jsonl", results))
    text = text_of(tmp_path / "report.html")

    assert "scored, with faults" in text
    assert "no_completion (25.0% of the rows)" in text
    assert "judge: throttled" in text
    assert "must be mended not scored not JSON: expected a value" in text


def test_dead_groups_and_length_that_pays_are_told(rewards: Run, tmp_path: Path) -> None:
    """What a trainer would stumble over stands among the alerts."""
    rows = [
        {"prompt": f"p{n // 4}", "completion": "x" * (10 + n), "reward": n // 4 / 10}
        for n in range(40)
    ]
    rewards("report", write(tmp_path / "rows.jsonl", rows))
    text = text_of(tmp_path / "report.html")

    assert MOSTLY_DEAD < 1
    assert "100% of 10 groups have equal rewards" in text
    assert "longer answers earn more" in text


def test_a_large_file_is_counted_whole_and_shown_in_part(rewards: Run, tmp_path: Path) -> None:
    """Whole groups at even distances, and the row that an alert names; the note says so."""
    scored, rows = many(tmp_path, 3_000, words=15)
    lines = scored.read_text().splitlines()
    lines[2_998] = '{"line": 2999, "error": "not JSON"}'
    scored.write_text("\n".join(lines) + "\n")
    rewards("report", scored, rows)
    page = (tmp_path / "report.html").read_text()
    shown = [int(row) for row in re.findall(r'<tr id="r1-(\d+)"', page)]
    groups: dict[int, int] = {}
    for row in shown:
        groups[(row - 1) // 8] = groups.get((row - 1) // 8, 0) + 1

    assert MAX_ROWS - 16 < len(shown) <= MAX_ROWS
    assert 2_999 in shown
    assert sum(1 for count in groups.values() if count < 8) <= 1
    assert max(groups) - min(groups) > 300
    assert f"{len(shown):,} of 3,000 rows: those that are named above" in page
    assert ">2,999<" in page


def test_long_texts_are_cut_alike_and_the_cut_is_said(rewards: Run, tmp_path: Path) -> None:
    """Head, end and the answer's place stay; short texts stay whole; the page stays a page."""
    rows = [{"prompt": "p", "completion": "short 42", "reference_answer": "42"}] * 10
    rows += [{"prompt": "漢" * 50_000, "completion": f"head {'漢' * 60_000} 42 tail"}] * 40
    results = [result(f"index-{n}", 1.0, correct="y" * 90_000) for n in range(50)]
    for one in results:
        one["explanation"]["components"]["correct"]["answer"] = "42"
    rewards("report", write(tmp_path / "s.jsonl", results), write(tmp_path / "rows.jsonl", rows))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert len(page.encode()) < 1_000_000
    assert page.count("short <mark>42</mark>") == 10
    assert page.count("<mark>42</mark> tail") == 40
    assert re.search(r"40 completions are cut to [\d,]+ characters", page)
    assert re.search(r"1 prompts? (is|are) cut to", page)


def test_checks_write_their_own_pages(rewards: Run, tmp_path: Path) -> None:
    """dataset check, selfcheck and audit with --html, on rows that a weak rubric pays for."""
    rows = [
        {
            "messages": [{"role": "user", "content": f"What is {n} plus {n}? End with ####."}],
            "reference_answer": str(2 * n),
        }
        for n in range(20)
    ]
    data = write(tmp_path / "train.jsonl", rows)
    (tmp_path / "any.toml").write_text(
        "name = 'any'\n[[component]]\nname = 'marker'\nscorer = 'format.marker'\n"
    )
    checked = rewards("dataset", "check", data, "--html", "d.html")
    asked = rewards("selfcheck", data, "--rubric", "gsm8k", "--html", "s.html")
    attacked = rewards("audit", data, "--rubric", "any.toml", "--html", "a.html")

    assert (checked.code, asked.code, attacked.code) == (1, 0, 1)
    assert "too_few_rows" in text_of(tmp_path / "d.html")
    assert "References earn full marks" in text_of(tmp_path / "s.html")
    assert "are paid like a right answer" in text_of(tmp_path / "a.html")
    assert "paid by marker" in text_of(tmp_path / "a.html")


def test_a_wrong_file_is_one_clear_line(rewards: Run, tmp_path: Path) -> None:
    """What it is not, which files do not belong together, what is not replaced."""
    scored, rows = many(tmp_path, 8)
    other = write(tmp_path / "other.jsonl", [{"id": "z", "prompt": "p", "completion": "c"}] * 8)
    (tmp_path / "thing.json").write_text('{"a": 1}')
    (tmp_path / "notes.html").write_text("mine")

    def said(*arguments: object) -> str:
        done = rewards("report", *arguments)
        assert done.code == 2
        return done.stderr

    assert "no document of a command" in said("thing.json")
    assert "is of row 'index-0'" in said(scored, other)
    assert "one of each" in said(rows)
    assert "none can be stdin" in said("-")
    assert "it is not replaced" in said(scored, "-o", "notes.html")
    assert "No such file" in said("absent.jsonl")
    assert "fewer lines" in said(scored, write(tmp_path / "r.jsonl", [{"completion": "c"}]))
    assert (tmp_path / "notes.html").read_text() == "mine"


def test_commands_write_their_own_pages(rewards: Run, tmp_path: Path) -> None:
    """score, rehearse and compare with --html: the same pages, from what they have at hand."""
    _, rows = many(tmp_path, 96)
    rubric = "[[component]]\nname = 'correct'\nscorer = 'numeric.match'\n"
    (tmp_path / "any.toml").write_text(f"name = 'any'\n{rubric}")
    (tmp_path / "none.toml").write_text(f"name = 'none'\n{rubric}".replace("numeric", "exact"))
    scored = rewards("score", rows, "--rubric", "any.toml", "--out", "s.jsonl", "--html", "s.html")
    told = rewards("rehearse", rows, "--rubric", "any.toml", "--html", "r.html")
    flipped = rewards("compare", "any.toml", "none.toml", rows, "--html", "c.html", "--json")
    stdin = rewards("score", rows, "--rubric", "any.toml", "--html", "t.html")

    assert (scored.code, flipped.code, stdin.code) == (0, 1, 2)
    assert "needs --out" in stdin.stderr
    assert "42 is right (hash)" in text_of(tmp_path / "s.html")
    assert told.stdout.splitlines()[0] in ("go", "filter")
    assert "Groups of 8 without gradient" in text_of(tmp_path / "r.html")
    assert f"{len(json.loads(flipped.stdout)['flips'])} flips" in text_of(tmp_path / "c.html")
    assert "What is it?" in text_of(tmp_path / "c.html")
