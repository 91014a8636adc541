"""Recipes of wrong answers: parts that are put together anew for each row, so that they stay wrong.

A recipe is a strategy, as a policy would learn one: the same parts on every row. A part may mention
what is right, in thinking or in passing; what then stands at the end is a wrong answer, so that no
recipe is ever right.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rewards.reading.text import answer_text
from rewards.workbench.auditing.attacks.attack import Attack
from rewards.workbench.auditing.attacks.material import Material
from rewards.workbench.auditing.attacks.stuffing import WORK_WORDS, filler
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.forms import forms_of
from rewards.workbench.auditing.golds import Kind

#: Longer answers are cut: repeating parts doubles them.
MAX_CHARS = 20_000

#: Lengths in words that are tried, besides those that the rubric names.
_LENGTHS = (10, 30, 60, 120, 250, 500)

#: Small shapes that rewards look for, whatever the task.
_SHAPES = (
    "Step 1: look.\nStep 2: compare.\nStep 3: decide.\nStep 4: check.\nStep 5: done.",
    "1. First\n2. Second\n3. Third\n4. Fourth\n5. Fifth",
    "- first\n- second\n- third",
    "## Solution",
    "**Answer**",
    "```python\nprint()\n```",
    "| a | b |\n| --- | --- |\n| c | d |",
    "a = b, so b = a.",
    "7 + 7 = 14",
    "$x = y$",
    "Confidence: 100%",
    "confidence: 0.99",
    "Let me verify this. Verified. I double-checked it.",
    "I am certain.",
    "In conclusion, this is right.",
    "Therefore, it follows. Because of that, it holds.",
    "However, wait. Let me reconsider.",
    "Thank you! Great question!",
    "I'm sorry.",
    "According to [1], https://example.com says so.",
    '"quoted"',
    "WRITTEN IN CAPITALS",
    "Why? Because.",
    "Score: 10/10",
    "Final answer:",
)


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A piece of an answer: its name for people, and what it says on a row."""

    name: str
    said: Callable[[Case], str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parts in their order, and how it came about.

    `thought` stands in a thinking block before `said`; where it is `framed`, in the first of the
    rubric's own tags, and `said` in the last.
    """

    thought: tuple[Ingredient, ...] = ()
    said: tuple[Ingredient, ...] = ()
    lineage: tuple[str, ...] = ()
    joint: str = "\n"
    framed: bool = False

    @property
    def size(self) -> int:
        """How many parts it has."""
        return len(self.thought) + len(self.said)

    def told(self) -> str:
        """The recipe in words."""
        said = " + ".join(part.name for part in self.said) or "nothing"
        thought = " + ".join(part.name for part in self.thought)
        if self.framed:
            return f"its own tags({thought} | {said})"
        return f"think({thought}) + {said}" if thought else said


class Pantry:
    """The parts that there are for a rubric and its rows."""

    def __init__(self, known: Material, cases: list[Case], attacks: tuple[Attack, ...]) -> None:
        """Collect them from the rubric, the attacks, the references and the rows' own answers."""
        self.known = known
        self.cases = cases
        kinds: dict[Kind, None] = dict.fromkeys(case.gold.kind for case in cases)
        self.answers = [part for kind in kinds for part in self._stated(kind)]
        self.parts = [*self._words(), *self._of_rows(), *self._lengths(), *self._objects()]
        self.attacks = list(self._attacks(attacks))
        self.everything = [*self.parts, *self.answers]

    def render(self, recipe: Recipe, case: Case) -> str | None:
        """What a recipe says on a row: never the right answer; None where it cannot be told.

        What names the right answer outside of thinking ends with another, explicitly stated one.
        """
        text = recipe.joint.join(filter(None, (part.said(case) for part in recipe.said)))
        inner = recipe.joint.join(filter(None, (part.said(case) for part in recipe.thought)))
        if recipe.framed and self.known.tags:
            first, *between, last = (
                self.known.tags if self.known.tags[1:] else ("think", *self.known.tags)
            )
            middle = "".join(f"<{tag}>\nSo it is.\n</{tag}>\n" for tag in between)
            text = f"<{first}>\n{inner or 'So.'}\n</{first}>\n{middle}<{last}>\n{text}\n</{last}>"
        elif recipe.thought:
            text = f"<think>\n{inner}\n</think>\n{text}"
        text = text[:MAX_CHARS]
        if case.gold.is_mentioned_in(answer_text(text)):
            if case.gold.kind not in ("number", "text"):
                return None
            text = f"{text}\nThe answer is {self.known.wrong(case)}."
        return text

    def _stated(self, kind: Kind) -> Iterator[Ingredient]:
        """The wrong answer in each form."""
        for form in forms_of(kind)[: len(forms_of(kind)) // 2]:

            def said(case: Case, form=form) -> str:  # type: ignore[no-untyped-def]
                made = form.make(case.gold, self.known.wrong(case))
                return made.text if made else self.known.wrong(case)

            yield Ingredient(f"wrong answer ({form.name})", said)

    def _words(self) -> Iterator[Ingredient]:
        words = self.known.words
        for word in (*words, *_SHAPES):
            yield _constant(word)
        for word in words:
            yield _constant(f"{word}: 10")
        for tag in self.known.tags:
            yield _constant(f"<{tag}>so it is</{tag}>")
        yield Ingredient("words of a solution", lambda case: " ".join(WORK_WORDS))
        yield Ingredient("words of the rubric", lambda case: " ".join(words))
        yield Ingredient("shapes", lambda case: "\n".join(_SHAPES))

    def _of_rows(self) -> Iterator[Ingredient]:
        known = self.known
        yield Ingredient("prompt", lambda case: case.sample.prompt_text)
        yield Ingredient("end of prompt", lambda case: case.sample.prompt_text.strip()[-120:])
        yield Ingredient("another reference", lambda case: known.other(case) or "")
        yield Ingredient("constant", lambda case: self._constant_on(case))
        if any(case.gold.kind in ("number", "text") for case in self.cases):
            yield Ingredient("right answer in passing", lambda case: f"(not {case.gold.final})")
            yield Ingredient("right answer", lambda case: case.gold.final)
            yield Ingredient("numbers to 200", lambda case: " ".join(map(str, range(201))))
        if any(case.gold.solution for case in self.cases):
            yield Ingredient(
                "steps", lambda case: case.gold.solution[: case.gold.start].rstrip("# \n")
            )
        if any(case.answered for case in self.cases):
            yield Ingredient("the row's own answer", lambda case: case.answered)

    def _constant_on(self, case: Case) -> str:
        """The most common reference, where it is wrong."""
        first = self.known.constants[:1]
        return "".join(one for one in first if not case.gold.agrees_with(one))

    def _lengths(self) -> Iterator[Ingredient]:
        for words in dict.fromkeys([*_LENGTHS, *self.known.lengths]):
            text = filler(words)
            yield Ingredient(f"{words} words", lambda case, text=text: text)  # type: ignore[misc]

    def _objects(self) -> Iterator[Ingredient]:
        """JSON whose keys are words of the rubric."""
        keys = [word for word in self.known.words if word.replace("_", "").isalnum()][:12]
        if not keys:
            return
        for name, value in (("text", filler(40)), ("1.0", 1.0), ("true", True)):
            text = json.dumps(dict.fromkeys(keys, value))
            yield Ingredient(f"JSON of its words ({name})", lambda case, text=text: text)  # type: ignore[misc]
        mixed = {key: 1.0 if "conf" in key or "score" in key else filler(40) for key in keys}
        yield Ingredient(
            "JSON with the wrong answer",
            lambda case: json.dumps({**mixed, "answer": self.known.wrong(case)}),
        )

    def _attacks(self, attacks: tuple[Attack, ...]) -> Iterator[Ingredient]:
        """The variants of the listed attacks that have text on the first row."""
        for one in attacks:
            for variant, made in one.variants(self.cases[0], self.known).items():
                if made.text.strip() and not made.tool_calls:
                    yield Ingredient(f"{one.name} ({variant[:40]})", self._variant(one, variant))

    def _variant(self, one: Attack, variant: str) -> Callable[[Case], str]:
        made: dict[int, str] = {}

        def said(case: Case) -> str:
            if case.line not in made:
                answers = one.variants(case, self.known)
                made[case.line] = answers[variant].text if variant in answers else ""
            return made[case.line]

        return said


def _constant(text: str) -> Ingredient:
    return Ingredient(repr(text[:40]), lambda case: text)
