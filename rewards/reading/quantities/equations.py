"""Reading the equations that a text works out: `48 / 2 = 24`, exactly, and nothing evaluated.

An equation is an expression of numbers with + - * / (in any of their signs) and brackets, an
equals sign, and the number it is said to make; units and currency may stand between the terms
("2 hours * $15 = $30"). A chain `8 * 3 = 24 = 2 dozen` is an equation for each "=" beside which
something is worked out. The calculator's annotations `<<48/2=24>>` are read as they stand.

The arithmetic is a hand-written shift-reduce reader over exact fractions: linear in the text, no
recursion, no `eval`. Powers, functions, letters for unknowns are no part of it: what holds them
is no equation here, neither true nor false.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from rewards.reading.plain import plain
from rewards.reading.quantities.numbers import Number, Value, same, scan
from rewards.reading.text import Pattern, answer_span

# A worked solution has a few lines, a long chain of reasoning a few hundred; of a longer text the
# beginning is read, so that a megabyte of equations costs no more than twenty thousand characters.
MAX_CHARS = 20_000
# Numbers read in them: a solution of that length has some hundreds, "1+1=1+1=..." ten thousand.
MAX_NUMBERS = 2_000
# Terms on one side, and digits of a term: the exact value stays small, whatever is multiplied.
MAX_TERMS = 40
MAX_DIGITS = 30

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
_OPERATORS = {
    "+": "+", "-": "-", "*": "*", "×": "*", "·": "*", "x": "*", "/": "/", "÷": "/",
    "plus": "+", "minus": "-", "times": "*", "divided": "/",
}  # fmt: skip
# The pieces between two numbers: brackets, operators, "=", words (units), sentence marks.
_PIECE = Pattern(r"<<|>>|[-+*/×·÷()=≈]|[A-Za-z]+|\\[A-Za-z]+|[.,;:!?](?=\s|$)|[\^²³√|<>{}]|\S")
_CURRENCY_SIGNS = Pattern(r"[$€£¥₹]\s?| (?=/)|(?<=/) ")
_NUMBER = Pattern(r"[0-9]++")
# What works something out, in any of its signs: a line without is no equation.
_OPERATOR = Pattern(r"[-+*/×÷·x\\]|[^\x00-\x7f]|\b(?:of|plus|minus|times|divided)\b| and ")
_DECIMALS = Pattern(r"\.([0-9]*)")
_ANNOTATION = Pattern(r"<<([^<>\n]{3,200})>>")


class Equation(NamedTuple):
    """One side that was worked out, and the number that it is said to make."""

    expression: str
    result: Value
    is_true: bool
    span: tuple[int, int]


class _Term(NamedTuple):
    """A number of an expression; a written fraction such as 48/2 is one."""

    number: Number
    text: str

    @property
    def value(self) -> Fraction:
        """The exact value; made when it is needed, as most numbers of a text are prose."""
        value = Fraction(self.number.value or 0)
        return value / 100 if self.number.percent else value

    @property
    def decimals(self) -> int:
        """How many digits stand behind the point."""
        point = _DECIMALS.search(self.text)
        return len(point[1]) if point else 0


#: A term, an operator ("of" multiplies too), a bracket, or a mark that ends an expression: "|"
#: for the end of a clause, "?" for an unknown.
_Token = _Term | str


class _Side(NamedTuple):
    """One side of an "=": its tokens and where it stands."""

    tokens: list[_Token]
    start: int
    end: int


def equations(text: str) -> list[Equation]:
    """The equations worked out in a completion's answer text, in order.

    >>> [(e.expression, str(e.result), e.is_true) for e in equations("48 / 2 = 24, 3 * 5 = 16")]
    [('48/2', '24', True), ('3*5', '16', False)]
    """
    start, end = answer_span(text)
    end = _bounded(text, start, end)
    found: list[Equation] = []
    for line in re.finditer(r"[^\n]+", text[start:end]):
        if ("=" in line[0] or "≈" in line[0]) and _OPERATOR.search(line[0]):
            offset = start + line.start()
            found.extend(_of_line(line[0], offset))
    return found


def _bounded(text: str, start: int, end: int) -> int:
    """Where reading stops: at the bound on characters, or on numbers."""
    end = min(end, start + MAX_CHARS)
    if end - start > 2 * MAX_NUMBERS:  # else it cannot hold so many
        further = next(islice(_NUMBER.finditer(text, start, end), MAX_NUMBERS, None), None)
        return further.start() if further else end
    return end


@lru_cache(maxsize=4096)
def results(text: str) -> tuple[Value, ...]:
    """The different intermediate results of a worked solution, in order, without the last one.

    >>> results("She sold 48/2 = <<48/2=24>>24. In all 48+24 = <<48+24=72>>72. #### 72")
    (24,)
    """
    annotated = [value for match in _ANNOTATION.finditer(text) for value in _made(match[1])]
    stated = annotated or [e.result for e in equations(text) if e.is_true]
    different: list[Value] = []
    for value in stated[:-1]:
        if not any(same(value, other) for other in [*different, stated[-1]]):
            different.append(value)
    return tuple(different)


def _made(annotation: str) -> list[Value]:
    """The number after the last "=" of an annotation, if there is one."""
    number = next(scan(plain(annotation.rpartition("=")[2])), None)
    return [] if number is None or number.value is None else [number.value]


def _of_line(line: str, offset: int) -> Iterator[Equation]:
    """The equations of one line; inside an annotation, and outside of it with it taken out."""
    for match in _ANNOTATION.finditer(line):
        yield from _chained(plain(match[1]), offset + match.start(1), len(match[1]))
    if "<<" in line:
        line = _ANNOTATION.sub(lambda match: " " * len(match[0]), line)
    content = plain(line)
    yield from _chained(content, offset, len(line))


def _chained(content: str, offset: int, length: int) -> Iterator[Equation]:
    sides = _sides(content)
    for left, right in pairwise(sides):
        equation = _equation(content, left, right)
        if equation is not None:
            first, last = (min(at, length) for at in equation.span)
            yield equation._replace(span=(offset + first, offset + last))


def _equation(content: str, left: _Side, right: _Side) -> Equation | None:
    """The equation of two neighbouring sides: one of them worked out, the other a number."""
    worked = _trailing(left)
    made = _leading(right)
    if _works_out(worked) and len(made) == 1:
        expression, number = worked, made[0]
    elif _works_out(made) and len(worked) == 1:
        expression, number = made, worked[0]
    elif _works_out(worked) and _works_out(made):
        return _both(content, left, right, worked, made)
    else:
        return None
    value = _value(expression)
    if value is None or isinstance(number, str) or number.number.value is None:
        return None
    spelled = _spelled(expression)
    true = _agrees(value, number, divided="/" in spelled)
    return Equation(spelled, number.number.value, true, (left.start, right.end))


def _both(
    content: str,
    left: _Side,
    right: _Side,
    worked: list[_Token],
    made: list[_Token],
) -> Equation | None:
    """An equation with something worked out on both sides: `48 + 24 = 6 * 12`."""
    first, second = _value(worked), _value(made)
    if first is None or second is None:
        return None
    spelled = f"{_spelled(worked)}={_spelled(made)}"
    result = int(second) if second.denominator == 1 else second
    return Equation(spelled, result, same(first, second), (left.start, right.end))


def _agrees(value: Fraction, number: _Term, *, divided: bool) -> bool:
    """Whether the value is the number written, or rounds to it where something was divided."""
    for stated in (number.value, number.value * 100 if number.number.percent else number.value):
        if same(value, stated):
            return True
        if divided and number.decimals:
            half_a_unit = Fraction(1, 2 * 10**number.decimals)
            if abs(value - stated) <= half_a_unit:
                return True
    return False


def _sides(content: str) -> list[_Side]:
    """What stands between the "=" signs of a line, as tokens."""
    sides: list[_Side] = []
    tokens: list[_Term | str] = []
    start = position = 0
    for number in [*scan(content), None]:
        stop = number.start if number else len(content)
        gap = content[position:stop].strip(" ")
        if gap in _OPERATORS:  # the usual case, at a tenth of the time
            tokens.append(_OPERATORS[gap])
            position = stop
        for piece in _PIECE.finditer(content, position, stop):
            mark = piece[0]
            if mark in ("=", "≈"):
                sides.append(_Side(tokens, start, piece.start()))
                tokens, start = [], piece.end()
            elif mark in "()":
                tokens.append(mark)
            elif mark in _OPERATORS:
                tokens.append(_OPERATORS[mark])
            elif mark in (".", ";", "!", "?", ",", ":", ">>", "<<"):
                tokens.append("|")  # a new sentence or clause: no expression goes across it
            elif mark == "of" and tokens and not isinstance(tokens[-1], str):
                tokens.append("of")
            elif not (mark.isalpha() or mark in "$€£¥₹°¢%'\"*_`[]"):
                tokens.append("|")
            elif len(mark) == 1 and mark.isalpha() and mark != "a":
                tokens.append("?")  # a letter for an unknown
        if number is None:
            break
        term = _term(content, number)
        if term is not None and number.signed and tokens and not isinstance(tokens[-1], str):
            tokens.append("+")  # "16 -3": the sign is the operator
        tokens.append("?" if term is None else term)
        position = number.end
    sides.append(_Side(tokens, start, len(content)))
    return sides


def _term(content: str, number: Number) -> _Term | None:
    if number.value is None or number.end - number.start > MAX_DIGITS:
        return None
    written = content[number.start : number.end]
    if not written.isdecimal():
        written = _CURRENCY_SIGNS.sub("", written)
    return _Term(number, written)


def _trailing(side: _Side) -> list[_Token]:
    """The expression that a side ends in: what stands before it in the sentence is prose."""
    taken: list[_Term | str] = []
    depth = 0
    for token in reversed(side.tokens):
        if token in ("|", "?") or len(taken) > 2 * MAX_TERMS:
            break
        depth += (token == ")") - (token == "(")
        if depth < 0:  # a bracket that prose opened
            break
        ends_term = not isinstance(token, str) or token == ")"
        before_term = bool(taken) and (not isinstance(taken[-1], str) or taken[-1] == "(")
        if ends_term and before_term:
            break
        taken.append(token)
    taken.reverse()
    return _trimmed(taken)


def _leading(side: _Side) -> list[_Token]:
    """The expression that a side begins with: what follows it in the sentence is prose."""
    taken: list[_Term | str] = []
    depth = 0
    for token in side.tokens:
        if token in ("|", "?") or len(taken) > 2 * MAX_TERMS:
            break
        depth += (token == "(") - (token == ")")
        begins_term = not isinstance(token, str) or token == "("
        after_term = bool(taken) and (not isinstance(taken[-1], str) or taken[-1] == ")")
        if depth < 0 or (begins_term and after_term):
            break
        taken.append(token)
    return _trimmed(taken)


def _trimmed(tokens: list[_Token]) -> list[_Token]:
    """Without operators and words that hang at its ends: a hyphen, a list marker, "of"."""
    while tokens and tokens[0] in ("+", "*", "/", "of", ")", "-"):
        tokens = tokens[1:]
    while tokens and tokens[-1] in ("+", "-", "*", "/", "of", "("):
        tokens = tokens[:-1]
    return tokens


def _works_out(tokens: list[_Token]) -> bool:
    """Whether something is worked out: an operator that does more than add 0 or multiply by 1."""
    for index, token in enumerate(tokens):
        if not isinstance(token, str):
            if "/" in token.text and not token.text.endswith("/1"):
                return True
            continue
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        previous = tokens[index - 1] if index else None
        if token in ("+", "-") and not any(_is(t, 0) for t in (previous, following)):
            return True
        if token in ("*", "/", "of") and not any(_is(t, 1) for t in (previous, following)):
            return True
    return False


def _is(token: _Token | None, value: int) -> bool:
    if token is None or isinstance(token, str):
        return False
    return (token.value if token.number.percent else token.number.value) == value


def _value(tokens: list[_Token]) -> Fraction | None:
    """The exact value of an expression, or None where its tokens make none."""
    values: list[Fraction] = []
    operators: list[str] = []
    wants_term = True
    for token in tokens:
        if not isinstance(token, str):
            if not wants_term:
                return None
            values.append(token.value)
            wants_term = False
        elif token == "(":
            if not wants_term:
                return None
            operators.append(token)
        elif token == ")":
            if wants_term or not _reduce(values, operators, 0):
                return None
            if not operators:
                return None
            operators.pop()
        else:
            operator = "*" if token == "of" else token
            if wants_term or not _reduce(values, operators, _PRECEDENCE[operator]):
                return None
            operators.append(operator)
            wants_term = True
    if wants_term or "(" in operators or not _reduce(values, operators, 0):
        return None
    return values[0] if len(values) == 1 else None


def _reduce(values: list[Fraction], operators: list[str], precedence: int) -> bool:
    """Apply the operators that bind at least as tightly; False on a division by zero."""
    while operators and operators[-1] != "(" and _PRECEDENCE[operators[-1]] >= precedence:
        operator = operators.pop()
        right = values.pop()
        left = values.pop()
        if operator == "+":
            values.append(left + right)
        elif operator == "-":
            values.append(left - right)
        elif operator == "*":
            values.append(left * right)
        elif right == 0:
            return False
        else:
            values.append(left / right)
    return True


def _spelled(tokens: list[_Token]) -> str:
    """One spelling for an expression, however it was spaced and whatever units stood in it."""
    spelled = (token if isinstance(token, str) else token.text for token in tokens)
    return "".join("*" if token == "of" else token for token in spelled)
