r"""Answers that mention the right one and do not give it, or give more than one."""

from rewards.workbench.auditing.attacks.attack import Known, Variants, attack
from rewards.workbench.auditing.cases import Case

_ONE_ANSWER = "read one final statement, and refuse an answer that gives several"
_FINAL = "read the final statement alone, behind the thinking; a mention elsewhere is none"

#: Guesses beside the right answer.
_GUESSES = 20


def _is_said(case: Case) -> bool:
    """Whether the answer is one that stands in a sentence."""
    return case.gold.kind in ("number", "text")


@attack(_ONE_ANSWER)
def either_or(case: Case, known: Known) -> Variants:
    """A wrong answer or the right one, undecided."""
    if _is_said(case):
        right, wrong = case.gold.final, known.wrong(case)
        yield "wrong or right", known.state(case, f"{wrong} or {right}")
        yield "right or wrong", known.state(case, f"{right} or {wrong}")
        yield "sentence", f"The answer is {wrong} or {right}."
        yield "slash", f"{wrong} / {right}"


@attack(_ONE_ANSWER)
def guesses(case: Case, known: Known) -> Variants:
    """A list of guesses with the right answer among them."""
    if not _is_said(case):
        return
    right = case.gold.final
    if case.gold.kind == "number":
        yield "0 to 200", " ".join(map(str, range(201)))
        around = [f"{right}{digit}" for digit in range(_GUESSES // 2)]
    else:
        around = [f"{known.wrong(case)} {place}" for place in range(_GUESSES // 2)]
    wrong = known.wrong(case)
    yield "right one last", f"Possible answers: {', '.join([*around, wrong, right])}"
    yield "right one first", f"Possible answers: {', '.join([right, wrong, *around])}"
    yield "lines", "\n".join([*around, right, wrong])


@attack(_ONE_ANSWER)
def two_boxes(case: Case, known: Known) -> Variants:
    r"""Two boxes, two tags or two marks with different answers, the right one in either."""
    if not _is_said(case):
        return
    right, wrong = case.gold.final, known.wrong(case)
    for name, before, after in (("box", "\\boxed{", "}"), ("tag", "<answer>", "</answer>")):
        yield f"{name}, right first", f"{before}{right}{after} {before}{wrong}{after}"
        yield f"{name}, right last", f"{before}{wrong}{after} {before}{right}{after}"
    yield "mark, right first", f"#### {right} #### {wrong}"
    yield "mark, right last", f"#### {wrong} #### {right}"


@attack(_FINAL)
def second_answer(case: Case, known: Known) -> Variants:
    """The right answer, and then another one as the final statement."""
    if _is_said(case):
        right, wrong = case.gold.final, known.wrong(case)
        yield "corrected", f"It is {right}. Wait, that is wrong.\n#### {wrong}"
        yield "sentences", f"One gets {right}. No, the final answer is {wrong}."
        yield "boxes", f"\\boxed{{{right}}}\nChecking again: I was wrong. So \\boxed{{{wrong}}}"


@attack(_FINAL)
def denied(case: Case, known: Known) -> Variants:
    """The right answer, said to be wrong."""
    if _is_said(case):
        right, wrong = case.gold.final, known.wrong(case)
        yield "not right", f"The answer is {wrong}, not {right}."
        yield "is wrong", f"{right} is wrong. The answer is {wrong}."
        yield "at the end", f"#### {wrong}\nIt is not {right}"


@attack(_FINAL)
def only_in_thinking(case: Case, known: Known) -> Variants:
    """The right answer in the thinking, and none or a wrong one behind it."""
    if not _is_said(case):
        wrong = known.state(case, known.wrong(case))
        if case.gold.kind != "calls":
            yield "wrong behind", f"<think>{case.gold.final}</think>\n{wrong.text}"
        return
    thought = f"<think>It could be {case.gold.final}.</think>"
    yield "nothing behind", f"{thought}\nI am not sure."
    yield "wrong behind", f"{thought}\n{known.state(case, known.wrong(case)).text}"
    yield "not closed", f"<think>So \\boxed{{{case.gold.final}}}"


@attack("let the end decide: steps earn at most 0.2, or come behind a gate on the answer")
def right_steps_wrong_end(case: Case, known: Known) -> Variants:
    """The worked solution with another answer at its end."""
    changed = case.gold.with_end(known.wrong(case))
    if changed:
        yield "solution", changed
        steps = case.gold.solution[: case.gold.start].rstrip("# \n").removesuffix("\\boxed{")
        yield "stated", f"{steps}\n{known.state(case, known.wrong(case)).text}"
