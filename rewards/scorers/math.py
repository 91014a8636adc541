r"""Competition mathematics: whether the final answer equals the reference, whether the steps hold.

Answers are LaTeX or plain text: numbers, formulas, intervals, sets, tuples, matrices, equations,
words. How they are read, when two are equal and where the answer stands is told in
`rewards.reading.maths`. `matches` is a plain function of texts, usable anywhere; `equal` and
`steps` are the scorers.
"""

from functools import lru_cache

from rewards.core.sample import Sample
from rewards.core.score import Score
from rewards.core.scorer import scorer
from rewards.reading.maths.answer import MathAnswer, find_answer, work_lines
from rewards.reading.maths.equality import equal as same_terms
from rewards.reading.maths.parser import parsed
from rewards.reading.maths.spelling import cleaned
from rewards.reading.maths.terms import NotMaths, Term
from rewards.reading.text import MAX_ANSWER_CHARS, quoted

#: What marks the answer of a worked solution that stands as the reference.
_WORKED = frozenset({"boxed", "hash", "tag", "final", "phrase", "label"})

#: Steps of one answer that are checked, from its end.
MAX_STEPS = 200


def matches(completion: str, reference: str) -> bool:
    r"""Whether the final answer of a completion equals the reference.

    Exact: 0.5 is \frac{1}{2}, 0.33 is not \frac{1}{3} and 1.414 is not \sqrt{2}; a decimal of nine
    digits and more may be rounded. Formulas are equal where their values are, equations up to a
    factor. A list or a set has no order, a tuple has one; (1, 3) is not \{1, 3\}. An interval is
    its inequality. x = 5 is 5. Units, degrees, percent and currency signs say nothing.

    >>> matches(r"So it is $\boxed{\frac{2}{4}}$.", "1/2")
    True
    >>> matches(r"\boxed{x \in [-2, 7)}", r"-2 \le x < 7"), matches("It is 3 or 4.", "3")
    (True, False)
    """
    return _compared(find_answer(completion), reference)[0]


@scorer
def equal(sample: Sample) -> Score:
    r"""1.0 where the final answer equals the reference as mathematics; else 0.0.

    Values, formulas, intervals, sets, tuples, matrices and equations are compared by what they
    mean, words by their letters (see `matches`). The answer is the last one stated: `\boxed`,
    `####`, `<answer>`, "the answer is", else what the last sentence ends with. Hedges and several
    different answers earn nothing. `equal/read` is 1.0 where the reference is read as mathematics
    or words, 0.0 where only its text could be compared: look at those references.

    >>> sample = Sample(id="1", completion=r"\boxed{2\sqrt{3}}", reference_answer=r"\sqrt{12}")
    >>> equal(sample).value
    1.0
    """
    reference = sample.reference_text
    found = find_answer(sample.completion)
    right, how, read = _compared(found, reference)
    metrics = {"read": float(read)}
    if found is None or found.flaw:
        return Score(0.0, found.flaw if found else "no answer is stated", metrics)
    answer = found.text[:MAX_ANSWER_CHARS]
    reason = f"{quoted(found.text)} is {'right' if right else 'not the reference'} ({how})"
    return Score(float(right), reason, metrics, answer=answer, span=found.span)


@scorer
def steps(sample: Sample) -> Score:
    """The share of the equations in the work that are true; 0.0 where none is worked out.

    A step is a chain a = b = c whose members have values: each neighbour is checked, numbers
    exactly and formulas by their values at fixed points. Definitions (x = 5), equations to be
    solved and what cannot be read are no steps. A statement that repeats an earlier one, or says
    that something is itself, counts for nothing, so that padding does not pay. `steps/steps` is
    their number. The reference is not read.

    >>> steps(Sample(id="1", completion="$2(x+1) = 2x + 2$, so $3 + 4 = 8$.")).value
    0.5
    """
    seen: set[tuple[str, str]] = set()
    true = total = 0
    for left, right in work_lines(sample.completion):
        key = (left, right)
        if key in seen or total >= MAX_STEPS:
            continue
        seen.add(key)
        held = _holds(left, right)
        if held is not None:
            total += 1
            true += held
    metrics = {"steps": float(total)}
    if not total:
        return Score(0.0, "no step is worked out", metrics)
    return Score(true / total, f"{true} of {total} steps are true", metrics)


def _holds(left: str, right: str) -> bool | None:
    """Whether two members of a chain are equal; None where they are no step."""
    try:
        one, other = parsed(left), parsed(right)
    except NotMaths:
        return None
    if (
        one == other
        or "name" in (one.kind, other.kind)
        or not _is_value(one)
        or not _is_value(other)
    ):
        return None
    names = _free(one) ^ _free(other)
    if names:
        return None  # an equation to be solved, or a definition
    try:
        return same_terms(one, other)
    except NotMaths:
        return None


def _is_value(term: Term) -> bool:
    return term.kind in ("number", "add", "mul", "pow", "call")


def _free(term: Term) -> frozenset[str]:
    if term.kind == "name":
        return frozenset() if term.data in ("pi", "e") else frozenset({str(term.data)})
    if term.kind == "number":
        return frozenset()
    return frozenset().union(*map(_free, term.parts)) if term.parts else frozenset()


def _compared(found: MathAnswer | None, reference: str) -> tuple[bool, str, bool]:
    """Whether the answer equals the reference, where it stood, whether the reference is read."""
    wanted = _reference(reference)
    read = wanted is not None
    if found is None or found.flaw:
        return False, "", read
    if _text(found.text) == _text(reference) != "":
        return True, found.rule, read
    if wanted is None:
        return False, found.rule, read
    readable = [term for term in map(_reading, (found.text, found.whole)) if term is not None]
    if not readable:
        return False, f"{found.rule}; it is not read as mathematics", read
    return any(_same(wanted, term) for term in readable), found.rule, read


def _reading(text: str) -> Term | None:
    try:
        return parsed(text)
    except NotMaths:
        return None


def _same(one: Term, other: Term) -> bool:
    try:
        return same_terms(one, other)
    except NotMaths:
        return False


@lru_cache(maxsize=512)
def _reference(text: str) -> Term | None:
    """The reference as a term: of a worked solution its final answer; None where it is not read."""
    try:
        return parsed(text)
    except NotMaths:
        found = find_answer(text)
        if found is None or found.flaw or found.rule not in _WORKED:
            return None
    try:
        return parsed(found.text)
    except NotMaths:
        return None


def _text(text: str) -> str:
    try:
        return "".join(cleaned(text).split())
    except NotMaths:
        return "".join(text.split())
