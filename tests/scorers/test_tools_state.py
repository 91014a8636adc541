"""`tools.state`: calls paid by the state that they leave, over 300 episodes in five worlds."""

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from rewards import Message, Rubric, Sample
from rewards.core.errors import UnusableDataError
from rewards.core.score import Score
from rewards.scorers import tools
from tests.scorers.support import check_laws
from tests.scorers.worlds import Call, Episode, episodes

EPISODES = episodes(60)


def scored(episode: Episode, calls: Sequence[Call], **params: Any) -> Score:
    reference = [{"name": name, "arguments": args} for name, args in episode.calls]
    written = [{"name": name, "arguments": args} for name, args in calls]
    sample = Sample(
        id="1",
        completion=json.dumps(written) if written else "Done.",
        reference_answer=reference,
        metadata={
            "tools": episode.tools,
            "initial": episode.initial,
            "forbidden": episode.forbidden,
        },
    )
    return tools.state(sample, **params)


def test_there_are_three_hundred_episodes_in_five_worlds() -> None:
    """What the laws below are tried on."""
    assert len(EPISODES) == 300
    assert len({episode.world for episode in EPISODES}) == 5


def test_independent_calls_may_come_in_any_order() -> None:
    """Every permutation of every episode's calls earns full marks."""
    for episode in EPISODES:
        for order in permutations(episode.calls):
            score = scored(episode, order)
            assert score.value == 1.0, (episode.world, order, score.reason)


def test_reads_are_free() -> None:
    """A harmless read before, between and behind the calls changes nothing."""
    for episode in EPISODES:
        for place in range(len(episode.calls) + 1):
            calls = [*episode.calls[:place], episode.read, *episode.calls[place:]]
            assert scored(episode, calls).value == 1.0, episode.world


def test_a_forbidden_write_earns_nothing() -> None:
    """Wherever it stands, and however right the rest is."""
    for episode in EPISODES:
        for place in range(len(episode.calls) + 1):
            calls = [*episode.calls[:place], episode.forbidden_call, *episode.calls[place:]]
            score = scored(episode, calls)
            assert score.value == 0.0, episode.world
            assert score.metrics["forbidden"] == 1.0


def mutants(episode: Episode) -> list[list[Call]]:
    """One call missing, one aimed elsewhere, one argument missing, one unknown, nothing at all."""
    calls = episode.calls
    found: list[list[Call]] = [[], [("do_everything", {})]]
    for index, (name, args) in enumerate(calls):
        others = [*calls[:index], *calls[index + 1 :]]
        found.append(others)
        found.append([*others, (f"{name}_v2", args)])
        for key in args:
            found.append([*others, (name, {k: v for k, v in args.items() if k != key})])
            found.append([*others, (name, {**args, key: "something else"})])
    return found


def test_mutants_of_the_reference_calls_are_never_paid_in_full() -> None:
    """What leaves another state earns its share of the right changes, below full marks."""
    for episode in EPISODES:
        for calls in mutants(episode):
            score = scored(episode, calls)
            assert score.value < 1.0, (episode.world, calls)
            assert scored(episode, calls, credit="all").value == 0.0
        assert scored(episode, []).value == 0.0


def test_a_conversation_is_followed_to_its_end() -> None:
    """Calls of earlier turns count with those of the completion; their results are not read."""
    episode = EPISODES[0]
    first, *rest = [{"name": name, "arguments": args} for name, args in episode.calls]
    sample = Sample(
        id="1",
        prompt=(
            Message("user", "Please."),
            Message("assistant", tool_calls=({"function": first},)),
            Message("tool", "ok"),
        ),
        completion=json.dumps(rest),
        reference_answer=[first, *rest],
        metadata={"tools": episode.tools, "initial": episode.initial},
    )

    assert tools.state(sample).value == 1.0


TOOLS = {"put": {"op": "insert", "table": "t", "values": {"a": "$a", "id": "$id?"}}}


@pytest.mark.parametrize(
    ("metadata", "reference", "why"),
    [
        ({}, [], "no table of tools"),
        ({"tools": {"f": 5}}, [], "no table"),
        ({"tools": {"f": {"op": "eval", "table": "t"}}}, [], "get, insert, update, delete"),
        ({"tools": {"f": {"op": "update", "table": "t", "set": {}}}}, [], 'needs "where"'),
        ({"tools": {"f": {"op": "get", "table": "t", "were": {}}}}, [], "were"),
        ({"tools": {"f": {"do": []}}}, [], '"do"'),
        ({"tools": TOOLS, "initial": {"t": [5]}}, [], "no list of rows"),
        ({"tools": TOOLS, "initial": 5}, [], "table of tables"),
        ({"tools": TOOLS, "initial": {}, "expected": 5}, [], "the expected state is int"),
        ({"tools": TOOLS, "initial": {}, "forbidden": 5}, [], "forbidden"),
        ({"tools": TOOLS, "initial": {}}, [{"name": "nope"}], "a reference call is refused"),
        ({"tools": TOOLS, "initial": {}}, "no JSON", "no JSON"),
    ],
)
def test_broken_data_is_a_fault_that_names_its_place(
    metadata: dict[str, Any], reference: Any, why: str
) -> None:
    """Tools, tables and expectations that cannot be used are the data's fault."""
    sample = Sample(id="1", completion="[put(a=1)]", reference_answer=reference, metadata=metadata)

    with pytest.raises(UnusableDataError, match=why):
        tools.state(sample)


def test_generated_columns_are_not_compared() -> None:
    """`ignore` names columns whose values no reference can know."""
    wanted = {"t": [{"a": 1, "id": "x"}]}
    sample = Sample(
        id="1",
        completion="[put(a=1, id='y')]",
        metadata={"tools": TOOLS, "initial": {"t": []}, "expected": wanted},
    )

    assert tools.state(sample).value < 1.0
    assert tools.state(sample, ignore=["t.id"]).value == 1.0


def test_a_state_may_be_the_reference() -> None:
    """A table in the reference is the expected state; what must not change is compared, too."""
    sample = Sample(
        id="1",
        completion="[put(a=1)]",
        reference_answer={"t": [{"a": 1, "id": None}]},
        metadata={"tools": TOOLS, "initial": {"t": []}},
    )

    assert tools.state(sample).value == 1.0


def test_no_change_expected_and_none_made_is_right() -> None:
    """Where nothing is to be done, doing nothing earns full marks and anything else none."""
    for completion, paid in (("I can not do that.", 1.0), ("[put(a=1)]", 0.0)):
        sample = Sample(
            id="1",
            completion=completion,
            reference_answer=[],
            metadata={"tools": TOOLS, "initial": {"t": []}},
        )
        assert tools.state(sample).value == paid


@pytest.mark.parametrize("text", ["[put(", "[put(a=[[[[]]]])]", "<tool_call>", "\x00", "[put()]"])
def test_any_text_is_scored_the_same_way_twice(text: str) -> None:
    """What cannot be read or applied changes nothing."""
    check_laws(
        tools.state,
        Sample(
            id="1",
            completion=text,
            reference_answer=[],
            metadata={"tools": TOOLS, "initial": {"t": []}},
        ),
        {},
    )


def test_the_bundled_rubric_pays_for_the_state_first() -> None:
    """`agent_task`: the state is the goal, economy a small weight."""
    episode = EPISODES[0]
    reference = [{"name": name, "arguments": args} for name, args in episode.calls]
    sample = Sample(
        id="1",
        completion=json.dumps(reference),
        reference_answer=reference,
        metadata={"tools": episode.tools, "initial": episode.initial},
    )

    assert Rubric.load("agent_task").score(sample).value == 1.0
