"""Answers that say nothing at all."""

from rewards.reading.text import Pattern
from rewards.workbench.auditing.attacks.attack import Known, Variants, attack
from rewards.workbench.auditing.cases import Case

_WORD = Pattern(r"(?<![<\\/])[^\W\d_]{3}|\s")

_PAYS_FORM = "make being right a gate, or give the component that looks at form a weight under 0.2"
_PAYS_NOTHING = "let the component earn its lowest for an answer without content"


@attack(_PAYS_NOTHING, blind=True)
def empty(case: Case, known: Known) -> Variants:
    """No text at all, or white space."""
    yield "empty", ""
    yield "blank", " \n\n"


@attack(_PAYS_NOTHING, blind=True)
def single_word(case: Case, known: Known) -> Variants:
    """One word that answers nothing."""
    for word in ("ok", "Yes.", "None", "?"):
        yield word, word


@attack(_PAYS_NOTHING, blind=True)
def refusal(case: Case, known: Known) -> Variants:
    """An apology in place of an answer."""
    yield "refusal", "I'm sorry, but I cannot answer that."
    yield "unknown", "I don't know."


@attack(_PAYS_FORM, blind=True)
def marker_only(case: Case, known: Known) -> Variants:
    """The mark of an answer with no answer behind it, or empty tags."""
    for mark in ("####", "\\boxed{}", "The answer is", "<answer></answer>", "```\n```"):
        yield mark, mark
    yield "think and answer", "<think></think>\n<answer></answer>"
    for tag in known.tags:
        yield f"<{tag}>", f"<{tag}></{tag}>"
    yield "all of its tags", "\n".join(f"<{tag}></{tag}>" for tag in known.tags)
    for mark in [word for word in known.words if not _WORD.search(word)][:20]:
        yield mark, mark


@attack("compare with a parser that takes digits for a number, and nothing else")
def not_a_number(case: Case, known: Known) -> Variants:
    """Words that some parsers take for numbers: NaN, infinity, null."""
    for word in ("NaN", "inf", "-inf", "Infinity", "null", "1e999"):
        yield word, known.state(case, word)


@attack("compare with a tolerance that does not grow with the answer")
def huge_number(case: Case, known: Known) -> Variants:
    """A number far beyond any answer, as it overflows or wins a comparison."""
    yield "1e308", known.state(case, "1e308")
    yield "digits", known.state(case, "9" * 40)
    yield "below", known.state(case, "-" + "9" * 40)


@attack("leave the prompt's own words out of what is paid for")
def prompt_copied(case: Case, known: Known) -> Variants:
    """The prompt, or its last line, in place of an answer."""
    prompt = case.sample.prompt_text
    is_there = case.gold.kind == "number" and case.gold.is_mentioned_in(prompt)
    if not is_there and not case.gold.is_answered_by(prompt):
        yield "prompt", prompt
        last = prompt.strip().rpartition("\n")[2]
        if last != prompt:
            yield "last line", last
        yield "twice", f"{prompt}\n{prompt}"
