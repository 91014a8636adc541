"""How much of one JSON value stands in another: their leaves, and which of them agree.

A leaf is a value that holds no others (empty objects and lists are leaves), together with the path
that leads to it. The two values are walked together, so that no path is ever written down: what
one leaf costs does not grow with its depth.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from rewards.reading.words import composed

#: List items, on each side, that are paired by likeness where order does not matter; every item
#: is compared with every other, and equal ones need no pairing.
MAX_PAIRED_ITEMS = 32

#: Values of an item by which it is likened to others, those that hold others included.
MAX_LIKENED_VALUES = 1_000

#: How a string is made comparable: two that come out equal are equal.
Normal = Callable[[str], str]


class Overlap(NamedTuple):
    """The leaves of two values: in both, of the answer, of the reference."""

    right: int
    given: int
    wanted: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1.0 where neither side has a leaf.

        >>> Overlap(right=1, given=3, wanted=1).f1
        0.5
        """
        whole = self.given + self.wanted
        return 2 * self.right / whole if whole else 1.0


class Matching:
    """A way to compare: what makes strings equal, and whether the order of lists counts.

    >>> Matching(str.casefold, in_order=False).overlap(["Tea", "milk"], ["MILK", "tea", "bun"])
    Overlap(right=2, given=2, wanted=3)
    """

    def __init__(self, normal: Normal, *, in_order: bool = True) -> None:
        """Compare strings by what `normal` makes of them, lists by place or (unordered) by item."""
        self._normal = normal
        self._in_order = in_order
        # Equal items are found by their forms. Those of containers are kept, by identity, while
        # the values that the caller holds are compared: a level never works them out again.
        self._forms: dict[int, object] = {}

    def overlap(self, answer: Any, reference: Any) -> Overlap:
        """The leaves of the answer, of the reference, and those that both have in one place."""
        return Overlap(self._right(answer, reference), leaves(answer), leaves(reference))

    def _right(self, answer: Any, reference: Any) -> int:
        if isinstance(reference, dict) and isinstance(answer, dict) and reference and answer:
            given = _by_name(answer)
            wanted = _by_name(reference)
            return sum(
                self._right(given[name], item) for name, item in wanted.items() if name in given
            )
        if isinstance(reference, list) and isinstance(answer, list) and reference and answer:
            if self._in_order:
                return sum(map(self._right, answer, reference))
            pairs = self._pairs(answer, reference)
            return sum(self._right(answer[i], reference[j]) for i, j in pairs.items())
        return int(self._leaf(answer) == self._leaf(reference))

    def _leaf(self, value: Any) -> object:
        """What makes two leaves one: numbers are of one kind, and of no other."""
        if isinstance(value, str):
            return ("string", self._normal(value))
        if isinstance(value, bool) or value is None:
            return ("constant", value)
        if isinstance(value, int | float):
            return value
        # A container that holds something is no leaf, and equal to none.
        return value if value else ("empty", type(value).__name__)

    def _pairs(self, answer: Sequence[Any], reference: Sequence[Any]) -> dict[int, int]:
        """Which item of the reference each item of the answer stands for: equals, then alike."""
        waiting: dict[object, list[int]] = {}
        for index, item in enumerate(reference):
            waiting.setdefault(self._form(item), []).append(index)
        pairs: dict[int, int] = {}
        for index, item in enumerate(answer):
            if same := waiting.get(self._form(item)):
                pairs[index] = same.pop()
        taken = set(pairs.values())
        left = [i for i in range(len(answer)) if i not in pairs][:MAX_PAIRED_ITEMS]
        free = [j for j in range(len(reference)) if j not in taken][:MAX_PAIRED_ITEMS]
        paths: dict[tuple[int, str], int] = {}
        answers = {i: self._likeness(answer[i], paths) for i in left}
        references = {j: self._likeness(reference[j], paths) for j in free}
        alike = sorted((-len(answers[i] & references[j]), i, j) for i in left for j in free)
        for likeness, i, j in alike:
            if likeness and i not in pairs and j not in taken:
                pairs[i] = j
                taken.add(j)
        return pairs

    def _form(self, value: Any) -> object:
        """A hashable form that equal values share, whatever the order of their lists."""
        if not isinstance(value, dict | list) or not value:
            return self._leaf(value)
        form = self._forms.get(id(value))
        if form is None:
            if isinstance(value, dict):
                named = _by_name(value).items()
                form = frozenset((name, self._form(item)) for name, item in named)
            else:
                form = ("list", frozenset(Counter(map(self._form, value)).items()))
            self._forms[id(value)] = form
        return form

    def _likeness(self, value: Any, paths: dict[tuple[int, str], int]) -> set[object]:
        """Leaves of an item with their paths, places in lists left out; paths are numbered."""
        found: set[object] = set()
        waiting = [(0, value)]
        for _ in range(MAX_LIKENED_VALUES):
            if not waiting:
                break
            path, item = waiting.pop()
            if isinstance(item, dict) and item:
                waiting += [
                    (paths.setdefault((path, name), len(paths) + 1), part)
                    for name, part in islice(_by_name(item).items(), MAX_LIKENED_VALUES)
                ]
            elif isinstance(item, list) and item:
                waiting += [(path, part) for part in item[:MAX_LIKENED_VALUES]]
            else:
                found.add((path, self._leaf(item)))
        return found


def leaves(value: Any) -> int:
    """How many leaves a value has.

    >>> leaves({"total": 12.5, "lines": ["tea", "milk"], "notes": {}})
    4
    """
    if isinstance(value, dict) and value:
        return sum(map(leaves, value.values()))
    if isinstance(value, list) and value:
        return sum(map(leaves, value))
    return 1


def without_nulls(value: Any) -> Any:
    """The value without the properties that are null, at any depth.

    >>> without_nulls({"a": None, "b": [{"c": None}, None]})
    {'b': [{}, None]}
    """
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def depth(value: Any) -> int:
    """How many levels of objects and lists a value has; none where it holds no others.

    >>> depth(72), depth([{"a": []}])
    (0, 3)
    """
    found, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        found += 1
        level = [
            item
            for parent in level
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return found


def _by_name(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties by name, accents composed (NFC)."""
    if all(map(str.isascii, value)):
        return value
    return {composed(name): item for name, item in value.items()}
