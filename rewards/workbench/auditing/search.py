"""A search beyond the listed attacks: which wrong answer does the composed reward pay most?

A seeded evolution of recipes (`recipes`), as a policy in training searches: parts alone, everything
at once, parts drawn at random, then mutations and splices of what paid best, in all and by each
component. What is found is cut down to what it needs, and tried on all rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from statistics import fmean

from rewards.core.errors import SpecError
from rewards.core.score import Reward
from rewards.workbench.auditing.attacks.attack import Attack, Known, Variants
from rewards.workbench.auditing.attacks.listed import ATTACKS
from rewards.workbench.auditing.audit import (
    THRESHOLD,
    AttackedRubric,
    AttackOutcome,
    Tried,
    is_free,
    outcome_of,
)
from rewards.workbench.auditing.cases import Case
from rewards.workbench.auditing.forms import Completion
from rewards.workbench.auditing.recipes import Pantry, Recipe

#: Rows on which a recipe is judged while the search runs.
ROWS = 6
#: Recipes of a generation, and how many of them live on.
GENERATION, SURVIVORS = 48, 16
#: The share of the budget for cutting down, and for the trial on all rows.
FOR_CUTTING = 0.15
#: What a part more has to be worth.
COST_OF_A_PART = 1e-4
#: A wrong answer that earns so much of the right one's reward cannot be bettered.
ENOUGH = 0.999

#: The name of what it found among the attacks.
SEARCH = "search"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The wrong answer that was paid most, as an outcome like the attacks', and how it was found.

    `recipe` names its parts, `lineage` the steps that led to it, `evaluations` the answers scored.
    """

    outcome: AttackOutcome
    recipe: str
    lineage: tuple[str, ...]
    evaluations: int


#: What a recipe says on each of the rows.
_Said = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    recipe: Recipe
    share: float
    components: tuple[tuple[str, float], ...]

    @property
    def fitness(self) -> float:
        """What it earns; where nothing is earned, how far it gets with the components."""
        guide = fmean(value for _, value in self.components) if self.components else 0.0
        return self.share + 0.01 * guide - COST_OF_A_PART * self.recipe.size


class _Search:
    def __init__(self, target: AttackedRubric, budget: int, seed: int, progress: Progress) -> None:
        self.target, self.progress = target, progress
        self.cases = [case for case in target.cases if not is_free(case)]
        self.rows = self.cases[:: max(1, len(self.cases) // ROWS)][:ROWS]
        self.pantry = Pantry(target.known, self.cases, ATTACKS)
        self.random = Random(seed)
        self.left = budget
        self.used = 0
        self.seen: dict[_Said, _Judged] = {}
        self.best_by: dict[str, _Judged] = {}
        self.alive: list[_Judged] = []

    def judge(self, recipes: Sequence[Recipe]) -> list[_Judged]:
        """What recipes earn on the few rows; those that say what others said are known."""
        said = [tuple(self.pantry.render(r, case) for case in self.rows) for r in recipes]
        new: dict[_Said, Recipe] = {}
        for recipe, texts in zip(recipes, said, strict=True):
            if texts not in self.seen and self.left >= len(self.rows) * (len(new) + 1):
                new.setdefault(texts, recipe)
        asked = [
            (case, Completion(text))
            for texts in new
            for case, text in zip(self.rows, texts, strict=True)
            if text is not None
        ]
        rewards = iter(self.target.payer.pay(asked))
        self.left -= len(asked)
        self.used += len(asked)
        for texts, recipe in new.items():
            said_on = [c for c, text in zip(self.rows, texts, strict=True) if text is not None]
            part = [(case, next(rewards)) for case in said_on]
            self.keep(texts, self.judgement(recipe, part))
        self.progress(self.target.payer.scored)
        return [self.seen[texts] for texts in said if texts in self.seen]

    def judgement(self, recipe: Recipe, part: Sequence[tuple[Case, Reward]]) -> _Judged:
        """What a recipe is worth by its rewards; a row on which it may be right counts nothing."""
        share = sum(self.target.share(case, reward) for case, reward in part) / len(self.rows)
        names = [one.name for one in self.target.payer.rubric.components if one.counts]
        reached = [
            (name, sum(r.scores[name].value if name in r.scores else 0.0 for _, r in part))
            for name in names
        ]
        return _Judged(recipe, share, tuple((n, value / len(self.rows)) for n, value in reached))

    def keep(self, texts: _Said, judged: _Judged) -> None:
        """Remember a recipe, and who does best by each component."""
        self.seen[texts] = judged
        for name, value in judged.components:
            held = self.best_by.get(name)
            if held is None or value > dict(held.components)[name] + 1e-9:
                self.best_by[name] = judged

    def select(self, judged: Sequence[_Judged]) -> None:
        """Those that live on: the fittest, each once."""
        found = {one.recipe.told(): one for one in [*judged, *self.alive]}
        self.alive = sorted(found.values(), key=lambda one: -one.fitness)[:SURVIVORS]

    @property
    def best(self) -> _Judged:
        """The best so far."""
        return self.alive[0]

    def is_over(self) -> bool:
        """Whether nothing is left to spend, or to gain."""
        return self.left < len(self.rows) or (bool(self.alive) and self.best.share >= ENOUGH)

    # --- where recipes come from

    def alone(self) -> Iterator[Recipe]:
        """Every part by itself, and behind a wrong answer."""
        pantry = self.pantry
        for part in [*pantry.attacks, *pantry.everything]:
            yield Recipe(said=(part,), lineage=(f"seed: {part.name}",))

    def whole(self) -> Iterator[Recipe]:
        """Everything at once, in each arrangement: what asks for several things is met by it."""
        pantry = self.pantry
        words = [p for p in pantry.parts if p.name in ("words of the rubric", "shapes")]
        words += [p for p in pantry.parts if p.name == "words of a solution"]
        lengths = [part for part in pantry.parts if part.name.endswith(" words")]
        rows = [p for p in pantry.parts if p.name in ("prompt", "steps", "right answer in passing")]
        for length, answer in product([None, *lengths], pantry.answers):
            bulk = (*words, *rows, *([length] if length else []))
            line = (f"seed: everything, {answer.name}",)
            yield Recipe(said=(*bulk, answer), lineage=line)
            yield Recipe(thought=bulk, said=(answer,), lineage=line)
            yield Recipe(thought=bulk, said=(*words, answer), lineage=line)
            if self.pantry.known.tags:
                yield Recipe(thought=bulk, said=(answer,), lineage=line, framed=True)

    def drawn(self) -> Recipe:
        """Some parts at random, few or many."""
        share = self.random.choice((0.02, 0.05, 0.1, 0.2, 0.4))
        parts = [p for p in self.pantry.parts if self.random.random() < share]
        self.random.shuffle(parts)
        cut = self.random.randint(0, len(parts)) if self.random.random() < 0.6 else 0
        answers = [self.random.choice(self.pantry.answers)] if self.pantry.answers else []
        said = (*parts[cut:], *answers) if self.random.random() < 0.8 else (*answers, *parts[cut:])
        joint = self.random.choice(("\n", "\n", " ", "\n\n"))
        framed = bool(self.pantry.known.tags) and self.random.random() < 0.4
        return Recipe(tuple(parts[:cut]), said, ("seed: drawn at random",), joint, framed)

    def child(self) -> Recipe:
        """A mutation of a survivor, or a splice of two."""
        random, parent = self.random, self.parent()
        change = random.choice((self.insert, self.insert, self.drop, self.swap, self.splice))
        return change(parent.recipe)

    def parent(self) -> _Judged:
        """One that is fit; now and then the best by one component, which the others lack."""
        if self.best_by and self.random.random() < 0.3:
            return self.best_by[self.random.choice(sorted(self.best_by))]
        return min(self.random.choices(self.alive, k=3), key=lambda one: -one.fitness)

    def insert(self, recipe: Recipe) -> Recipe:
        """One part more, anywhere."""
        pool = self.pantry.everything if self.random.random() < 0.7 else self.pantry.attacks
        part = self.random.choice(pool or self.pantry.everything)
        line = (*recipe.lineage, f"+ {part.name}")
        if self.random.random() < 0.4:
            return replace(recipe, thought=(*recipe.thought, part), lineage=line)
        at = self.random.randint(0, len(recipe.said))
        said = (*recipe.said[:at], part, *recipe.said[at:])
        return replace(recipe, said=said, lineage=line)

    def drop(self, recipe: Recipe) -> Recipe:
        """One part less."""
        if not recipe.size:
            return self.insert(recipe)
        return without(recipe, self.random.randrange(recipe.size))

    def swap(self, recipe: Recipe) -> Recipe:
        """One part in the place of another; or another order."""
        if recipe.size and self.random.random() < 0.5:
            return self.insert(self.drop(recipe))
        said = list(recipe.said)
        self.random.shuffle(said)
        joint = self.random.choice(("\n", " ", "\n\n", ""))
        line = (*recipe.lineage, "another order")
        return replace(recipe, said=tuple(said), joint=joint, lineage=line)

    def splice(self, recipe: Recipe) -> Recipe:
        """The beginning of one and the end of another, or both whole."""
        other = self.parent().recipe
        thought = (*recipe.thought, *(p for p in other.thought if p not in recipe.thought))
        line = (*recipe.lineage, f"spliced with {other.told()[:80]}")
        if self.random.random() < 0.5:
            said = (*recipe.said, *(p for p in other.said if p not in recipe.said))
        else:
            cut = self.random.randint(0, len(recipe.said))
            said = (*recipe.said[:cut], *other.said[self.random.randint(0, len(other.said)) :])
        return replace(recipe, thought=thought, said=said, lineage=line)

    # --- the course of it

    def run(self) -> None:
        """Seeds, then generations, until the budget is spent."""
        for seeds in (self.alone(), self.whole()):
            batch: list[Recipe] = []
            for recipe in seeds:
                batch.append(recipe)
                if len(batch) == GENERATION:
                    self.select(self.judge(batch))
                    batch = []
                if self.is_over():
                    return
            self.select(self.judge(batch))
        while not self.is_over():
            fresh = 0.5 if self.best.share < 0.02 else 0.1
            batch = [
                self.drawn() if self.random.random() < fresh else self.child()
                for _ in range(GENERATION)
            ]
            before = self.left
            self.select(self.judge(batch))
            if self.left == before:  # only what was seen before: a small pantry
                self.left -= len(self.rows)

    def cut(self, budget: int) -> _Judged:
        """The best without the parts that it does not need."""
        self.left += budget
        best = self.best
        lineage, size = best.recipe.lineage, best.recipe.size
        is_cut = True
        while is_cut and best.recipe.size > 1 and self.left >= len(self.rows):
            tried = [without(best.recipe, place) for place in range(best.recipe.size)]
            found = [one for one in self.judge(tried) if one.share >= best.share - 1e-9]
            is_cut = bool(found)
            if found:
                best = min(found, key=lambda one: (one.recipe.size, len(self.text(one.recipe))))
        if best.recipe.size < size:
            lineage = (*lineage, f"cut down from {size} parts to {best.recipe.size}")
        return replace(best, recipe=replace(best.recipe, lineage=lineage))

    def text(self, recipe: Recipe) -> str:
        """What it says on the first row."""
        return self.pantry.render(recipe, self.rows[0]) or ""


def without(recipe: Recipe, place: int) -> Recipe:
    """A recipe without one of its parts."""
    cut = len(recipe.thought)
    if place < cut:
        line = (*recipe.lineage, f"- {recipe.thought[place].name}")
        thought = (*recipe.thought[:place], *recipe.thought[place + 1 :])
        return replace(recipe, thought=thought, lineage=line)
    line = (*recipe.lineage, f"- {recipe.said[place - cut].name}")
    said = (*recipe.said[: place - cut], *recipe.said[place - cut + 1 :])
    return replace(recipe, said=said, lineage=line)


def search(
    target: AttackedRubric,
    budget: int,
    seed: int = 0,
    progress: Progress = lambda scored: None,
    threshold: float = THRESHOLD,
) -> SearchResult:
    """Look for the wrong answer that is paid most, within so many answers scored.

    The same seed, budget and rows give the same result.

    Raises:
        SpecError: the rubric could not score, or no row has an answer that can be wrong.
    """
    if all(map(is_free, target.cases)):
        raise SpecError("no row has an answer that can be wrong: nothing to search on")
    for_cutting = int(budget * FOR_CUTTING)
    at_work = _Search(target, budget - for_cutting, seed, progress)
    at_work.run()
    best = at_work.cut(for_cutting)
    asked = [
        (case, Completion(text))
        for case in at_work.cases
        if (text := at_work.pantry.render(best.recipe, case)) is not None
    ]
    rewards = target.payer.pay(asked)
    tried = [
        Tried(case, completion, reward, target.share(case, reward))
        for (case, completion), reward in zip(asked, rewards, strict=True)
    ]
    told = best.recipe.told()
    attack = Attack(SEARCH, f"Found by search: {told}.", _REMEDY, _nothing, averaged=True)
    outcome = outcome_of(attack, told, tried, target, threshold)
    lineage = tuple(best.recipe.lineage)
    return SearchResult(outcome, told, lineage, at_work.used + len(asked))


def _nothing(case: Case, known: Known) -> Variants:
    yield from ()


_REMEDY = "look at what it says, and take from the component that pays what it pays this for"
