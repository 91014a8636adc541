"""What is no sample is refused where it is made, with the call that would be right."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from rewards import Message, MissingReferenceError, Rubric, Sample, use
from rewards.core.sample import _OF_A_CHAT
from rewards.scorers import exact

#: A completion and a prompt as TRL hands them over, and a row as it stands in a data set.
CHAT = [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "secret 72"}]
ROW = {"id": "1", "completion": "secret 72"}

RUBRIC = Rubric("r", [use(exact.match)])


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Sample("1", CHAT), f"got a list of dict: of a chat write {_OF_A_CHAT}"),
        (lambda: Sample("1", None), "got None: leave out a rollout that has none"),
        (lambda: Sample("1", 72), "Sample(completion=...) must be a string, got an int: write com"),
        (lambda: Sample("1", b"72"), 'got a bytes: write it as Sample("1", "#### 72")'),
        (lambda: Sample("1", ROW), "Sample(completion=...) must be a string, got a dict"),
        (lambda: Sample("1", []), "got a list: of a chat write"),
        (lambda: Sample(7, "72"), "Sample(id=...) must be a string, got an int: write id=str(...)"),
        (lambda: Sample(None, "72"), "Sample(id=...) must be a string, got None"),
        (lambda: Sample("1", "72", "q"), 'got a string: write prompt=[Message("user", text)]'),
        (lambda: Sample("1", "72", CHAT), "got one of a dict: write prompt=[Message(**turn) for"),
        (lambda: Sample("1", "72", tuple(CHAT)), "got one of a dict: write prompt=[Message("),
        (lambda: Sample("1", "72", CHAT[0]), "must be a list of Messages, got a dict"),
        (lambda: Sample("1", "72", None), "must be a list of Messages, got None"),
        (lambda: Sample("1", "72", metadata="x"), "Sample(metadata=...) must be a dict, got a str"),
        (lambda: Sample("1", "72", reasoning=None), "Sample(reasoning=...) must be a string"),
        (lambda: Sample("1", "72", tools={"a": 1}), "tools=...) must be a list of dicts, got a di"),
        (lambda: Sample("1", "72", tool_calls=["x"]), "tool_calls=...) must be a list of dicts, g"),
        (lambda: Message("user", None), 'got None: write it as Message("user", "How many?")'),
        (lambda: Message({"role": "user"}), "Message(role=...) must be a string, got a dict"),
        (lambda: Message("user", [{"text": "q"}]), "content=...) must be a string, got a list of"),
        (lambda: Message("user", tool_calls="x"), "tool_calls=...) must be a list of dicts, got a"),
        (
            lambda: Message("user", reasoning=1),
            "Message(reasoning=...) must be a string, got an in",
        ),
    ],
)
def test_what_makes_no_sample_is_refused_with_the_right_call(
    make: Callable[[], Any], expected: str
) -> None:
    """A forgotten conversion of a chat would be a run in which every reward is 0."""
    with pytest.raises(TypeError) as caught:
        make()

    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (
            lambda: RUBRIC.score("secret"),
            'score takes a Sample, got a str: write score(Sample(id="1"',
        ),
        (
            lambda: RUBRIC.score(ROW),
            'write score(Sample(id=row["id"], completion=row["completion"]',
        ),
        (lambda: RUBRIC.score(CHAT), f'write score(Sample(id="1", {_OF_A_CHAT}'),
        (lambda: RUBRIC.score(None), "got None: write score(Sample(id=..., completion=..."),
        (lambda: RUBRIC.score([Sample("1", "")]), "a list of Sample: write score_batch(samples)"),
        (lambda: RUBRIC.score_batch(Sample("1", "")), "got one: write score_batch([sample])"),
        (lambda: RUBRIC.score_batch("secret"), 'write score_batch([Sample(id="1", completion=text'),
        (
            lambda: RUBRIC.score_batch(ROW),
            'write score_batch([Sample(id=row["id"], completion=row[',
        ),
        (lambda: RUBRIC.score_batch(None), "score_batch takes Samples, got None"),
        (lambda: RUBRIC.score_batch(7), "score_batch takes Samples, got an int"),
        (lambda: RUBRIC.score_batch(["secret"]), "score_batch takes Samples, got a str: write"),
        (lambda: RUBRIC.score_batch([Sample("1", ""), CHAT]), "a list of dict at index 1: write"),
    ],
)
def test_what_is_no_sample_is_not_scored(score: Callable[[], Any], expected: str) -> None:
    """A string has no reference: as a fault of the scorer it would earn 0 and go unseen."""
    with pytest.raises(TypeError) as caught:
        score()

    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_calls_that_the_messages_show_are_right() -> None:
    """They run as they stand."""
    names = {"Sample": Sample, "Message": Message, "chat": CHAT, "row": ROW, "text": "t"}
    for fields in (
        f'id="1", {_OF_A_CHAT}',
        'id="1", completion=text',
        'id=row["id"], completion=row["completion"]',
        'id="1", completion=text, prompt=[Message("user", text)]',
    ):
        assert RUBRIC.score(eval(f"Sample({fields}, reference_answer='t')", names))


def test_what_stands_for_a_field_is_taken_as_that() -> None:
    """Lists for tuples, nothing for no metadata, a subclass of str for text."""

    class Text(str):
        """As some tokenizers return it."""

    call = {"name": "add"}
    sample = Sample(
        "1", Text("72"), [Message("user", "q")], metadata=None, tools=[call], tool_calls=(call,)
    )

    assert sample.completion == "72"
    assert sample.prompt == (Message("user", "q"),)
    assert sample.metadata == {}
    assert sample.tools == sample.tool_calls == (call,)
    assert Message("assistant", tool_calls=[call]).tool_calls == (call,)
    assert [r.value for r in RUBRIC.score_batch(iter([sample]))] == [0.0]


def test_a_reference_that_is_no_text_is_written_as_compact_json() -> None:
    """As a data set of any language has it, not in escapes."""
    sample = Sample("1", "", reference_answer={"città": ["Forlì", 1]})

    assert sample.reference_text == '{"città":["Forlì",1]}'
    assert sample.reference_texts == ('{"città":["Forlì",1]}',)


def test_a_reference_is_handed_out_as_the_data_has_it() -> None:
    """Text as it stands, a list item by item; nothing, or blank text, is no reference."""
    listed = Sample("1", "", reference_answer=["Paris", 7])

    assert Sample("1", "", reference_answer=" 72 ").reference_text == " 72 "
    assert Sample("1", "", reference_answer=0).reference == 0
    assert listed.reference == ["Paris", 7]
    assert listed.reference_texts == ("Paris", "7")
    assert listed.reference_text == '["Paris",7]'
    for nothing in (None, "", " \n"):
        with pytest.raises(MissingReferenceError, match="sample '1' has no reference: put"):
            _ = Sample("1", "", reference_answer=nothing).reference


def test_the_prompt_as_text_is_what_the_user_asked() -> None:
    """Turn by turn, without the system's words and the model's own."""
    turns = [("system", "Be brief."), ("user", "How many?"), ("assistant", "7"), ("user", "Sure?")]

    sample = Sample("1", "", [Message(role, content) for role, content in turns])

    assert sample.prompt_text == "How many?\nSure?"


def test_a_sample_is_a_frozen_value() -> None:
    """Equal, hashed, copied, pickled and changed by `replace`, as any dataclass."""
    message = Message("assistant", "hm", "thought", [{"a": 1}], "call-1", "tool")
    sample = Sample("1", "72", (message,), 72, {"key": "value"}, "thought", [{"b": 2}], [{"c": 3}])

    assert copy.deepcopy(sample) == pickle.loads(pickle.dumps(sample)) == sample
    assert replace(sample, completion="73").completion == "73"
    assert repr(Message("user", "q")).startswith("Message(role='user', content='q', reasoning=''")
    assert hash(Message("user", "q")) == hash(Message("user", "q"))
    with pytest.raises(FrozenInstanceError):
        sample.completion = "73"  # type: ignore[misc]
