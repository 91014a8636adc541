"""Hypothesis strategies for the project's own objects. A new feature joins them here."""

from typing import Any

from hypothesis import strategies as st

from rewards.core.sample import Message, Sample
from rewards.core.scorer import group_scorer, scorer
from rewards.rubric import Component, Rubric, gate, use
from rewards.rubric.spec import ON_ERROR, NormalizeSpec
from tests.misbehaving import BAD, BEHAVIOURS, OF_LOOPS

# Any text that JSON can carry into Python: nulls, lone surrogates, right-to-left marks.
any_text = st.text(st.characters(), max_size=60)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=8,
)

#: The figure in a completion is what `given` below pays for it.
figures = st.floats(0.0, 1.0, allow_nan=False).map(lambda figure: figure + 0.0)

prompts = st.sampled_from(["a?", "b?", "c?"])


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A sample whose completion is the figure that `paid` pays, of one of three prompts."""
    return Sample(
        id=draw(st.text(st.characters(codec="utf-8"), max_size=8)),
        completion=repr(draw(figures)),
        prompt=(Message("user", draw(prompts)),),
        reference_answer=draw(st.sampled_from([None, "", "yes", 0, 72, ["x"]])),
        metadata=draw(st.dictionaries(st.sampled_from(["key", "other"]), any_text, max_size=2)),
    )


@scorer
def paid(sample: Sample, *, scale: float = 1.0) -> float:
    """Pay the figure that the completion holds, times `scale`."""
    return float(sample.completion) * scale


@scorer
def needs_reference(sample: Sample) -> bool:
    """1.0 where the data has a reference; unscored where it has none."""
    return bool(sample.reference_text)


@scorer(range=(-1.0, 0.0))
def penalty(sample: Sample) -> float:
    """Minus the figure that the completion holds."""
    return -float(sample.completion)


@scorer
def breaks_on_low(sample: Sample, *, below: float = 0.5) -> float:
    """Pay the figure, but break on a low one, as a tool would."""
    figure = float(sample.completion)
    if figure < below:
        raise RuntimeError("the tool broke")
    return figure


@group_scorer
def rank(samples: list[Sample]) -> list[float]:
    """The share of the group that a rollout beats or equals."""
    figures = [float(sample.completion) for sample in samples]
    return [sum(other <= figure for other in figures) / len(figures) for figure in figures]


@st.composite
def components(draw: st.DrawFn, name: str) -> Component:
    """A weighted or zero-weight component with any error policy."""
    placed = draw(
        st.sampled_from(
            [
                use(paid),
                use(paid, scale=0.5),
                use(needs_reference),
                use(penalty),
                use(breaks_on_low),
                use(rank),
            ]
        )
    )
    policies = [policy for policy in ON_ERROR if policy != "fail"]
    return placed.placed(
        name=name,
        weight=draw(st.sampled_from([0.0, 0.25, 1.0, 3.0])),
        scale=draw(st.sampled_from([None, True, (-0.5, 0.5)])),
        on_error=draw(st.sampled_from(policies)),
    )


@st.composite
def rubrics(draw: st.DrawFn, *, normalize: bool = True) -> Rubric:
    """A rubric of one to four components, at least one with a weight, perhaps gated.

    Its range holds what it can reach; penalties may take it below.
    """
    parts = [draw(components(f"part {i}")) for i in range(draw(st.integers(1, 4)))]
    parts[0] = parts[0].placed(weight=1.0)
    if draw(st.booleans()):
        passed = gate(paid).placed(name="gate", threshold=0.25)
        parts.insert(draw(st.integers(0, len(parts))), passed)
    normalizers = st.none() | st.builds(
        NormalizeSpec, by=st.sampled_from(["batch", "group"]), clip=st.sampled_from([1.0, 3.0])
    )
    total = draw(st.sampled_from(["mean", "sum"]))
    whole = sum(part.weight for part in parts) if total == "sum" else 1.0
    pays = any(part.weight and (part.scorer is not penalty or part.scale) for part in parts)
    falls = any(part.scale == (-0.5, 0.5) for part in parts)
    return Rubric(
        "drawn",
        parts,
        total=total,
        range=(
            draw(st.sampled_from([-whole, -5.0 * whole] + [0.0] * (pays and not falls))),
            draw(st.sampled_from([whole, 5.0 * whole])),
        ),
        group_by=draw(st.sampled_from(["prompt", "key"])),
        normalize=draw(normalizers) if normalize else None,
    )


@st.composite
def bad_components(draw: st.DrawFn) -> Component:
    """A component that misbehaves, in one way or in any, under any policy that fails no batch."""
    misbehaves = draw(st.sampled_from(BAD))
    conducts = [*BEHAVIOURS, *(OF_LOOPS if misbehaves.is_async else ())]
    policies = st.sampled_from([policy for policy in ON_ERROR if policy != "fail"])
    return use(
        misbehaves, seed=draw(st.integers(0, 99)), only=draw(st.sampled_from(["", *conducts]))
    ).placed(
        weight=draw(st.sampled_from([0.0, 1.0])),
        on_error=draw(policies),
        on_refusal=draw(policies),
    )


# Rows as the service might send them, from sound to broken.
contents = st.one_of(
    any_text,
    st.none(),
    st.lists(any_text | st.fixed_dictionaries({"type": st.just("text"), "text": any_text})),
    st.fixed_dictionaries({"text": any_text}),
    json_values,
)
messages = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "nova_assistant", "tool"])
        | any_text,
        "content": contents,
    }
)
rows = st.one_of(
    st.fixed_dictionaries(
        {"messages": st.lists(messages | json_values, max_size=4)},
        optional={
            "id": any_text | st.integers() | st.none() | json_values,
            "metadata": st.none()
            | st.fixed_dictionaries({}, optional={"reference_answer": json_values})
            | json_values,
            "reference_answer": json_values,
            "tools": json_values,
        },
    ),
    json_values,
)

_tables = st.lists(st.dictionaries(any_text, json_values, max_size=2), max_size=2)
_turns = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "user", "assistant", "bot", "tool"]),
        "content": any_text | st.none() | st.lists(any_text, max_size=3),
    },
    optional={
        "reasoning": any_text,
        "thinking": any_text,
        "tool_calls": _tables,
        "tool_call_id": any_text,
        "name": any_text,
    },
)
#: Rows that hold a completion, in every spelling that is read.
readable_rows = st.fixed_dictionaries(
    {
        "messages": st.builds(
            lambda turns, last: [*turns, {**last, "role": "nova_assistant"}],
            st.lists(_turns, max_size=3),
            _turns,
        )
    },
    optional={
        "id": any_text | st.integers() | json_values,
        "metadata": st.dictionaries(
            st.sampled_from(["reference_answer", "tools", "messages", "mine"]), json_values
        )
        | json_values,
        "reference_answer": json_values | st.fixed_dictionaries({"text": json_values}),
        "tools": _tables | json_values,
        "mine": json_values,
    },
)
