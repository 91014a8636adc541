"""`judge.grade` by its parts: criteria, prompts, verdicts, totals; what a rubric may say."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.core.errors import SpecError
from rewards.core.sample import Message, Sample
from rewards.judge import FakeJudge, JudgeReply, install
from rewards.judge.criteria import PROMPTS, parse_criteria
from rewards.judge.grading import agreement, median
from rewards.judge.plan import grade_plan, planned
from rewards.judge.shown.fence import fenced, visible
from rewards.judge.shown.prompt import MAX_PROMPT_CHARS
from rewards.judge.verdict import InvalidVerdictError, read_verdict
from rewards.rubric import Rubric
from rewards.rubric.spec import RUBRICS
from rewards.scorers import judge
from tests.judge.conftest import CLARITY, TRUTH, graded, sample
from tests.strategies import any_text

CRITERIA = parse_criteria([CLARITY, TRUTH])
JUDGED = sorted(
    path.stem for path in RUBRICS.glob("*.toml") if '"judge.' in path.read_text(encoding="utf-8")
)


def verdict(**levels: Any) -> dict[str, Any]:
    return {name: {"reason": "so", "score": level} for name, level in levels.items()}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"prompt": "reasonning"}, 'did you mean "reasoning"?'),
        ({"prompt": "nowhere.txt"}, "there is no prompt 'nowhere.txt'"),
        ({"samples": 0}, "samples must lie between 1 and 15"),
        ({"temperature": 1.5}, "between 0 and 1"),
        ({"max_chars": 1}, "max_chars must lie between 100"),
        ({"max_tokens": -1}, "max_tokens must lie between 0 and 100,000"),
        ({"max_tokens": 100_001}, "max_tokens must lie between 0 and 100,000"),
        ({"criteria": []}, "criteria must be at least one [[criteria]] table, got []"),
        ({"criteria": [CLARITY, CLARITY]}, "named twice"),
        ({"criteria": [{**CLARITY, "weight": 0}]}, "weights are all 0"),
        ({"criteria_file": "x.toml"}, "not both"),
        ({"price": {"inputs": 1.0}}, 'did you mean "input"?'),
        ({"price": {"input": -1.0}}, "0 or more"),
        ({"max_cost": 1.0}, "needs a price table"),
        ({"max_calls": -1}, "0 (no limit) or more"),
        ({"metadata": {"team": "ü"}}, "plain ASCII"),
        ({"metadata": {str(i): "x" for i in range(17)}}, "at most 16"),
        ({"cache_days": 0.0}, "above 0"),
        ({"timeout": 0.0}, "timeout must lie between 0 and 900"),
        ({"structured": "xml"}, '"tool" or "json_schema"'),
        ({"model_fields": {"top_k": float("nan")}}, "what JSON can say"),
        (
            {"asking": {"timeuot": 5.0}},
            'asking.timeuot\' is not a key that is known; did you mean "timeout"?',
        ),
        ({"asking": {"timeout": "5"}}, "'asking.timeout' must be float, got '5'"),
        ({"prompt": "rag_faithfulness", "reference": "must"}, '"auto" or "require" or "never"'),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused_with_the_remedy(
    params: dict[str, Any], message: str
) -> None:
    """When the rubric loads, not on the first sample of a paid job."""
    with pytest.raises(SpecError, match=re.escape(message)):
        graded(**params)


@pytest.mark.parametrize(
    "given_",
    [
        None,
        [],
        "5",
        5,
        {},
        verdict(clarity=4),
        verdict(clarity=4, truth="true", more=1),
        {"clarity": 4, "truth": "true"},
        {"clarity": {"score": 4}, "truth": {"reason": "", "score": "true"}},
        verdict(clarity=0, truth="true"),
        verdict(clarity=6, truth="true"),
        verdict(clarity=4.5, truth="true"),
        verdict(clarity="4", truth="true"),
        verdict(clarity=True, truth="true"),
        verdict(clarity=float("nan"), truth="true"),
        verdict(clarity=float("inf"), truth="true"),
        verdict(clarity=10**400, truth="true"),
        verdict(clarity=4, truth="TRUE"),
        verdict(clarity=4, truth=True),
        verdict(clarity=4, truth=["true"]),
    ],
)
def test_what_is_no_verdict_is_refused(given_: Any) -> None:
    """In scale, finite, complete, nothing beside it: or it is none."""
    with pytest.raises(InvalidVerdictError):
        read_verdict(given_, CRITERIA)


def test_a_whole_number_may_be_written_as_a_float() -> None:
    """JSON has one kind of number: 4.0 is 4."""
    assert read_verdict(verdict(clarity=4.0, truth="true"), CRITERIA).levels["clarity"] == 4


json_like: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["clarity", "truth", "reason", "score"]), inner)
    ),
    max_leaves=8,
)


@given(json_like)
def test_whatever_a_judge_says_gives_a_score_of_the_scale_or_none(said: Any) -> None:
    """No reply makes a number that the criteria do not hold, and none makes the scorer crash."""
    with install(FakeJudge(JudgeReply(verdict=said))):
        reward = graded(CLARITY).score(sample("72"))

    if "judge" in reward.scores:
        assert reward.value in {0.0, 0.25, 0.5, 0.75, 1.0}
    else:
        assert (reward.value, reward.faults["judge"].kind) == (0.0, "refusal")


@given(st.lists(any_text, min_size=1, max_size=3), st.integers(100, 200))
def test_no_text_contains_the_code_of_its_fence(texts: list[str], limit: int) -> None:
    """The same texts get the same code, and none of them holds it."""
    named = {f"t{i}": text for i, text in enumerate(texts)}
    shown = fenced(named, limit)

    assert shown == fenced(named, limit)
    assert all(shown.code not in visible(text) for text in texts)
    assert all(text.encode() for text in shown.texts.values())  # UTF-8: no lone surrogate


@given(any_text)
def test_spelling_out_is_done_once(text: str) -> None:
    """What is visible stays as it is."""
    assert visible(visible(text)) == visible(text)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=9))
def test_the_median_lies_in_the_middle(values: list[float]) -> None:
    """As many at or below as at or above."""
    middle = median(values)
    assert sum(v <= middle for v in values) * 2 >= len(values)
    assert sum(v >= middle for v in values) * 2 >= len(values)


def test_agreement_is_the_share_of_equal_pairs() -> None:
    """All equal is 1, all different is 0."""
    assert agreement([{"a": 1}, {"a": 1}, {"a": 1}]) == 1.0
    assert agreement([{"a": 1}, {"a": 2}, {"a": 3}]) == 0.0


def test_the_median_of_several_verdicts_counts() -> None:
    """One odd verdict of three changes nothing but the agreement."""
    with install(FakeJudge([{"clarity": 4}, {"clarity": 1}, {"clarity": 4}])):
        reward = graded(CLARITY, samples=3, concurrency=1).score(sample("72"))

    assert reward.value == 0.75
    assert reward.scores["judge"].metrics["agreement"] == pytest.approx(1 / 3)


def test_paragraphs_without_a_value_are_left_out() -> None:
    """No reference, no reasoning: the judge is not shown an empty box to wonder about."""
    fake = FakeJudge({"chain": 5, "calculations": "right", "clarity": 5})
    rubric = Rubric.load("reasoning_quality")
    with install(fake):
        rubric.score(sample("72"))
        rubric.score(sample("72", reference_answer=0, reasoning="hm"))

    bare, full = (request.user for request in fake.requests)
    assert "reference solution" not in bare
    assert "reference solution" in full
    assert "hm" in full


def test_a_paragraph_with_a_value_is_never_left_out(tmp_path: Path) -> None:
    """A prompt that shows all in one paragraph still shows the completion without a reference."""
    own = tmp_path / "one.txt"
    own.write_text("Judge.\n\n--- data ---\nReference: {reference} Work: {completion}\n")
    fake = FakeJudge({"clarity": 5})
    with install(fake):
        graded(CLARITY, prompt=str(own)).score(sample("seventy-two"))

    assert "Reference: (none) Work: <completion-" in fake.requests[0].user


@pytest.mark.parametrize(("rule", "shown"), [("auto", True), ("require", True), ("never", False)])
def test_a_reference_is_shown_as_the_rubric_says(rule: str, shown: bool) -> None:
    """`never` keeps the judge from grading by likeness."""
    fake = FakeJudge({"adherence": 3, "correctness": 3, "helpfulness": 3})
    with install(fake):
        graded(criteria=None, reference=rule).score(sample("72", reference_answer="seventy-two"))

    assert ("seventy-two" in fake.requests[0].user) == shown


def test_a_required_reference_that_is_missing_is_the_datas_fault() -> None:
    """It is no refusal of the judge, and the judge is not asked."""
    fake = FakeJudge({"clarity": 5})
    with install(fake):
        reward = graded(CLARITY, reference="require", on_error="skip").score(sample("72"))

    assert reward.faults["judge"].kind == "missing_reference"
    assert fake.requests == []


def test_a_prompt_of_ones_own_shows_metadata(tmp_path: Path) -> None:
    """`{metadata.KEY}` is fenced like everything else; a wrong placeholder is refused."""
    own = tmp_path / "own.txt"
    own.write_text("Judge.\n\n--- data ---\n{metadata.style}\n\n{completion}\n", encoding="utf-8")
    fake = FakeJudge({"clarity": 5})
    with install(fake):
        graded(CLARITY, prompt=str(own)).score(sample("72", metadata={"style": ["dry"]}))
    assert '["dry"]' in fake.requests[0].user

    own.with_name("bad.txt").write_text("Judge.\n\n--- data ---\n{answer} {completion}\n")
    with pytest.raises(SpecError, match=r"\{answer\} means nothing"):
        graded(CLARITY, prompt=str(own.with_name("bad.txt")))
    own.with_name("none.txt").write_text("Judge {completion}.\n")
    with pytest.raises(SpecError, match="stands above the line"):
        graded(CLARITY, prompt=str(own.with_name("none.txt")))


def test_a_prompt_may_be_as_long_as_is_said_and_no_longer(tmp_path: Path) -> None:
    """Fifty thousand characters are people's work; one more was a mistake."""
    own = tmp_path / "own.txt"
    own.write_text("J" * MAX_PROMPT_CHARS, encoding="utf-8")
    graded(CLARITY, prompt=str(own))
    own.write_text("J" * (MAX_PROMPT_CHARS + 1), encoding="utf-8")
    with pytest.raises(SpecError, match="longer than 50,000 characters"):
        graded(CLARITY, prompt=str(own))


def test_a_conversation_is_shown_with_its_roles() -> None:
    """A system turn matters to a judge of instruction following."""
    turns = (Message("system", "Be brief."), Message("user", "8 * 9?"))
    fake = FakeJudge({"clarity": 5})
    with install(fake):
        graded(CLARITY).score(Sample(id="1", completion="72", prompt=turns))

    assert "system: Be brief.\n\nuser: 8 * 9?" in fake.requests[0].user


def test_an_empty_completion_is_graded_as_one() -> None:
    """It is shown as an empty fence: the judge, not we, says what it is worth."""
    fake = FakeJudge({"clarity": 1})
    with install(fake):
        assert graded(CLARITY).score(sample("")).value == 0.0

    assert re.search(r"<completion-\w+>\n\n</completion-\w+>", fake.requests[0].user)


def test_the_fixed_part_is_the_same_for_every_sample() -> None:
    """What a service can cache is not spoilt by a nonce or by data."""
    fake = FakeJudge({"clarity": 1})
    with install(fake):
        graded(CLARITY).score_batch([sample("a"), sample("b", id="2", reference_answer="c")])

    assert len({(request.system, str(request.schema)) for request in fake.requests}) == 1


def test_a_scorer_can_be_called_without_a_rubric() -> None:
    """In a notebook: `await judge.grade(sample, ...)`."""
    with install(FakeJudge({"clarity": 4})):
        score = asyncio.run(judge.grade(sample("72"), model="m", criteria=[CLARITY]))

    assert (score.value, score.answer) == (0.75, "clarity 4")


def test_a_rubric_scores_where_an_event_loop_already_runs() -> None:
    """Notebooks have one; the batch then runs in a thread of its own."""

    async def cell() -> float:
        return graded(CLARITY).score(sample("72")).value

    with install(FakeJudge({"clarity": 4})):
        assert asyncio.run(cell()) == 0.75


@pytest.mark.parametrize("name", JUDGED)
def test_a_bundled_judge_rubric_loads_and_round_trips(name: str) -> None:
    """Each deploys as it is, with the criteria of its prompt."""
    rubric = Rubric.load(name)

    assert Rubric.from_spec(rubric.to_spec()) == rubric
    assert rubric.is_async
    assert any(path.parent == PROMPTS for path in rubric.files)


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_bundled_prompt_is_used_by_a_rubric_or_a_scorer(path: Path) -> None:
    """No prompt lies about unused, and each that grades brings its criteria."""
    used = {
        placed.params.get("prompt")
        for name in JUDGED
        for placed in Rubric.load(name).spec.component
    }

    assert path.stem == "compare" or (path.stem in used and path.with_suffix(".toml").is_file())


def test_a_changed_prompt_changes_the_digest(tmp_path: Path) -> None:
    """A reward can be traced to the exact words that the judge was told."""
    own = tmp_path / "own.txt"
    digests = []
    for text in ("Judge.", "Judge strictly."):
        own.write_text(text, encoding="utf-8")
        digests.append(graded(CLARITY, prompt=str(own)).digest)

    assert digests[0] != digests[1]


def test_a_plan_is_made_once() -> None:
    """The prompt file is not read for every sample."""
    params = judge.grade.bind({"model": "m", "criteria": [CLARITY]})
    assert planned(grade_plan, **params) is planned(grade_plan, **params)
