r"""Reading the equations that a text works out: `48 / 2 = 24`, exactly, and nothing evaluated.

An equation is an expression of numbers with + - * / (in any of their signs) and brackets, an
equals sign, and the number it is said to make; units and currency may stand between the terms
("2 hours * $15 = $30"). A chain `8 * 3 = 24 = 2 dozen` is an equation for each "=" beside which
something is worked out. The calculator's annotations `<<48/2=24>>` are read as they stand.

Powers, functions, letters for unknowns are no part of it: what holds them is no equation here,
neither true nor false. Most lines are read by `plain_sums`, the rest the long way (`arithmetic`);
a property test holds the two together.
"""

import re
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from rewards.reading.plain import plain
from rewards.reading.quantities.arithmetic import Equation, worked_out
from rewards.reading.quantities.numbers import Value, same, scan
from rewards.reading.quantities.sums import plain_sums
from rewards.reading.text import Pattern, answer_span

__all__ = ["Equation", "Worked", "equations", "numbers_of", "worked"]

# A worked solution has a few lines, a long chain of reasoning a few hundred; of a longer text the
# beginning is read, so that a megabyte of equations costs no more than twenty thousand characters.
MAX_CHARS = 20_000
# Numbers read in them: a solution of that length has some hundreds, "1+1=1+1=..." ten thousand.
MAX_NUMBERS = 2_000
# Of a prompt: more of them, and any number is among them.
MAX_KNOWN = 500

_NUMBER = Pattern(r"[0-9]++")
_WRITTEN = Pattern(r"\d[\d,]*+(?:\.\d++)?")
# What works something out, in any of its signs: a line without is no equation.
_OPERATOR = Pattern(r"[-+*/×÷·xX\\]|[^\x00-\x7f]|\b(?:of|plus|minus|times|divided)\b| and ")
# Of a clause that is plain text: the same, and what any equation has on one of its sides.
_SIGN = Pattern(r"[-+*/]|(?<![A-Za-z])[xX](?![A-Za-z])|\b(?:of|plus|minus|times|divided)\b")
_TWO_NUMBERS = Pattern(r"[0-9][^0-9]++[0-9]")
_NAME = Pattern(r"\s*+[A-Za-z_]\w*+\s*+")
# A line is read clause by clause; the point of "Rs. 5" ends none.
_CLAUSE_END = Pattern(r"(?<!Rs)[.;:!?,](?=\s)")
_ANNOTATION = Pattern(r"<<([^<>\n]{3,200})>>")
_SUM = Pattern(r"[0-9]{1,9}(?:\.[0-9]{1,9})?(?:[-+*/][0-9]{1,9}(?:\.[0-9]{1,9})?){1,9}")
_MINUS = Pattern(r"(?<=\d)-(?=\d)")
# Words without a number that end before one, and behind the result what is no part of it.
_PROSE = Pattern(r"(?:[A-Za-z,.;:!?]*[a-z])?")
_SAID = Pattern(r"(-?[0-9]++(?:\.[0-9]++)?)(?:\Z|\.?\Z|\x20[a-z]{2}[A-Za-z\x20]*+\.?\Z)")


def equations(text: str) -> list[Equation]:
    """The equations worked out in a completion's answer text, in order.

    >>> [(e.expression, str(e.result), e.is_true) for e in equations("48 / 2 = 24, 3 * 5 = 16")]
    [('48/2', '24', True), ('3*5', '16', False)]
    """
    start, end = answer_span(text)
    found: list[Equation] = []
    for line in text[start : _bounded(text, start, end)].split("\n"):
        equal = "=" in line or "≈" in line or "\\" in line
        if equal and _OPERATOR.search(line):
            if "<<" in line:
                annotations = list(_ANNOTATION.finditer(line))
                for match in annotations:
                    found += _annotated(match[1])
                if len(annotations) == 1 and _is_said_twice(line, annotations[0]):
                    continue
                line = _ANNOTATION.sub(_blanks, line)
            found += _of_content(plain(line))
    return found


@lru_cache(maxsize=4096)  # the rollouts of a prompt work out the same
def _annotated(content: str) -> tuple[Equation, ...]:
    """The equations of an annotation, in which nothing is a date or a mixed number."""
    if content.count("-") > ("/" not in content):
        content = _MINUS.sub(" - ", content)
    return tuple(_of_content(plain(content)))


def _is_said_twice(line: str, annotation: re.Match[str]) -> bool:
    """Whether a line holds but one sum, which is that of its annotation: `48 / 2 = <<48/2=24>>24`.

    Reading it again would find the same equation a second time, or mistake its unit ("24 million").
    """
    expression, _, result = annotation[1].partition("=")
    if not (_SUM.fullmatch(expression) and line.isascii()):
        return False
    before = line[: annotation.start()].replace(" ", "").replace("$", "")
    rest = _SAID.match(line, annotation.end())
    return (
        rest is not None
        and rest[1] == result
        and before.endswith(f"{expression}=")
        and _PROSE.fullmatch(before, 0, len(before) - len(expression) - 1) is not None
    )


def _of_content(content: str) -> list[Equation]:
    """The equations of a line of plain text: of each of its clauses, as none goes across two."""
    found: list[Equation] = []
    for clause in _CLAUSE_END.split(content) if " " in content else (content,):
        left, equal, right = clause.partition("=")
        if equal and not (clause.isascii() and "=" not in right and _states(left, right)):
            sums = plain_sums(clause)
            found += worked_out(clause) if sums is None else sums
        elif not equal and "≈" in clause:
            found += worked_out(clause)
    return found


def _states(left: str, right: str) -> bool:
    """Whether the two sides of the only "=" of a clause work nothing out: `x = 5`, `n_2 = n - 1`.

    A side that is worked out has two numbers and an operator, and the other side has a number.
    """
    if not (_NUMBER.search(left) and _NUMBER.search(right)) or _NAME.fullmatch(left):
        return True
    if not (_TWO_NUMBERS.search(left) or _TWO_NUMBERS.search(right)):
        return True
    return not (_SIGN.search(left) or _SIGN.search(right))


def _bounded(text: str, start: int, end: int) -> int:
    """Where reading stops: at the bound on characters, or on numbers."""
    end = min(end, start + MAX_CHARS)
    if end - start > 2 * MAX_NUMBERS:  # else it cannot hold so many
        further = next(islice(_NUMBER.finditer(text, start, end), MAX_NUMBERS, None), None)
        return further.start() if further else end
    return end


class Worked(NamedTuple):
    """What a worked solution makes, and of which numbers."""

    #: Its different intermediate results, in order, without the last one.
    results: tuple[Value, ...]
    #: The numbers that its equations work with, as `numbers_of` writes them.
    operands: frozenset[str]


@lru_cache(maxsize=4096)
def worked(text: str) -> Worked:
    """The intermediate results of a worked solution, and what they were worked out from.

    >>> worked("She sold 48/2 = <<48/2=24>>24. In all 48+24 = <<48+24=72>>72. #### 72").results
    (24,)
    """
    annotations = _ANNOTATION.findall(text)
    if annotations:
        stated = [value for annotation in annotations for value in _made(annotation)]
        expressions = [annotation.rpartition("=")[0] for annotation in annotations]
    else:
        true = [equation for equation in equations(text) if equation.is_true]
        stated = [equation.result for equation in true]
        expressions = [equation.expression for equation in true]
    different: list[Value] = []
    for value in stated[:-1]:
        if not any(same(value, other) for other in [*different, stated[-1]]):
            different.append(value)
    return Worked(tuple(different), numbers_of("|".join(expressions)))


@lru_cache(maxsize=4096)
def numbers_of(text: str) -> frozenset[str]:
    """The numbers that stand in a text, in one spelling; the first of very many.

    >>> sorted(numbers_of("3 boxes of 1,200 at $2.50"))
    ['1200', '2.5', '3']
    """
    found = islice(_WRITTEN.finditer(text), MAX_KNOWN)
    return frozenset(spelled(match[0]) for match in found)


def spelled(number: str) -> str:
    """A number without separators and without zeros that say nothing."""
    number = number.replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _made(annotation: str) -> list[Value]:
    """The number after the last "=" of an annotation, if there is one."""
    number = next(scan(plain(annotation.rpartition("=")[2])), None)
    return [] if number is None or number.value is None else [number.value]


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])
