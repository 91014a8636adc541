"""The arithmetic of one line: its equations, each as an expression, its result, and its truth.

A hand-written shift-reduce reader over exact numbers: linear in the text, no recursion, no `eval`.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from rewards.reading.quantities.numbers import Number, Value, is_integer, same, scan
from rewards.reading.text import Pattern

# Terms on one side, and digits of a term: the exact value stays small, whatever is multiplied.
MAX_TERMS = 40
MAX_DIGITS = 30

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}
#: The operators in any of their signs, as they are computed with.
OPERATORS = {
    "+": "+", "-": "-", "*": "*", "×": "*", "·": "*", "x": "*", "X": "*", "/": "/", "÷": "/",
    "plus": "+", "minus": "-", "times": "*", "divided": "/",
}  # fmt: skip
# The pieces between two numbers: brackets, operators, "=", words (units), sentence marks.
_PIECE = Pattern(r"<<|>>|[-+*/×·÷()=≈]|[A-Za-z]+|\\[A-Za-z]+|[.,;:!?](?=\s|$)|[\^²³√|<>{}]|\S")
_CURRENCY_SIGNS = Pattern(r"[$€£¥₹]\s?| (?=/)|(?<=/) ")
_DECIMALS = Pattern(r"\.([0-9]*)")
# "6x7": a sign of its own only between two numbers.
_TIMES = Pattern(r"(?<=\d)(?<!\b0)(\s?)[xX](?=\s?[$\d])")


class Equation(NamedTuple):
    """One side that was worked out, and the number that it is said to make."""

    expression: str
    result: Value
    is_true: bool


class _Term(NamedTuple):
    """A number of an expression; a written fraction such as 48/2 is one."""

    number: Number
    text: str

    @property
    def value(self) -> int | Fraction:
        """The exact value; made when it is needed, as most numbers of a text are prose."""
        value = self.number.value or 0
        if self.number.percent:
            return Fraction(value) / 100
        return value if isinstance(value, int) else Fraction(value)

    @property
    def is_share(self) -> bool:
        """Whether "of" behind it makes a part of something: 20%, 1/3, 0.2, but not "2 of them"."""
        value = self.number.value
        return self.number.percent or value is None or not is_integer(value)

    @property
    def decimals(self) -> int:
        """How many digits stand behind the point."""
        point = _DECIMALS.search(self.text)
        return len(point[1]) if point else 0


#: A term, an operator ("of" multiplies too), a bracket, or a mark that ends an expression: "|"
#: for the end of a clause, "?" for an unknown.
_Token = _Term | str


class _Side(NamedTuple):
    """One side of an equation: its tokens, and the sign behind it ("=" or "≈")."""

    tokens: list[_Token]
    sign: str


def worked_out(content: str) -> Iterator[Equation]:
    """The equations of a line of plain text, in order.

    >>> [(e.expression, e.result, e.is_true) for e in worked_out("2 * 3 = 6 = 5 + 2")]
    [('2*3', 6, True), ('5+2', 6, False)]
    """
    if "x" in content or "X" in content:
        content = _TIMES.sub(r"\1×", content)
    for left, right in pairwise(_sides(content)):
        equation = _equation(left, right)
        if equation is not None:
            yield equation


def _equation(left: _Side, right: _Side) -> Equation | None:
    """The equation of two neighbouring sides: one of them worked out, the other a number."""
    worked = _trailing(left)
    made = _leading(right)
    if _works_out(worked) and len(made) == 1:
        expression, number = worked, made[0]
    elif _works_out(made) and len(worked) == 1:
        expression, number = made, worked[0]
    elif _works_out(worked) and _works_out(made):
        return _both(worked, made)
    else:
        return None
    value = _value(expression)
    if value is None or isinstance(number, str) or number.number.value is None:
        return None
    spelled = _spelled(expression)
    true = _agrees(value, number, divided="/" in spelled, about=left.sign == "≈")
    return Equation(spelled, number.number.value, true)


def _both(worked: list[_Token], made: list[_Token]) -> Equation | None:
    """An equation with something worked out on both sides: `48 + 24 = 6 * 12`."""
    first, second = _value(worked), _value(made)
    if first is None or second is None:
        return None
    spelled = f"{_spelled(worked)}={_spelled(made)}"
    result = int(second) if second.denominator == 1 else second
    return Equation(spelled, result, same(first, second))


def _agrees(value: int | Fraction, number: _Term, *, divided: bool, about: bool) -> bool:
    """Whether the value is the number written, or rounds to it.

    Behind "≈" it may be rounded to the digit written; behind "=" where something was divided, to
    the decimals written.
    """
    decimals = number.decimals if divided or about else 0
    stated = number.value
    return rounds_to(value, stated, decimals, about=about) or (
        number.number.percent and rounds_to(value, stated * 100, decimals, about=about)
    )


def rounds_to(
    value: int | Fraction, stated: int | Fraction, decimals: int, *, about: bool = False
) -> bool:
    """Whether a value is the one stated, or is rounded to it at so many decimals.

    To none it is rounded only where the number is said to be about right.

    >>> rounds_to(Fraction(10, 3), Fraction("3.33"), 2), rounds_to(Fraction(10, 3), 3, 0)
    (True, False)
    """
    if same(value, stated):
        return True
    if decimals == 0 and not about:
        return False
    return abs(Fraction(value) - Fraction(stated)) <= Fraction(1, 2 * 10**decimals)


def _sides(content: str) -> list[_Side]:
    """What stands between the "=" signs of a line, as tokens."""
    sides: list[_Side] = []
    tokens: list[_Term | str] = []
    position = 0
    for number in [*scan(content), None]:
        stop = number.start if number else len(content)
        gap = content[position:stop].strip(" ")
        if gap in OPERATORS:  # the usual case, at a tenth of the time
            tokens.append(OPERATORS[gap])
            position = stop
        for piece in _PIECE.finditer(content, position, stop):
            mark = piece[0]
            if mark in ("=", "≈"):
                sides.append(_Side(tokens, mark))
                tokens = []
            elif mark in "()":
                tokens.append(mark)
            elif mark in OPERATORS:
                tokens.append(OPERATORS[mark])
            elif mark in (".", ";", "!", "?", ",", ":", ">>", "<<"):
                tokens.append("|")  # a new sentence or clause: no expression goes across it
            elif mark == "of" and not content[position : piece.start()].strip():
                if tokens and not isinstance(tokens[-1], str) and tokens[-1].is_share:
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
    sides.append(_Side(tokens, ""))
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


def _value(tokens: list[_Token]) -> int | Fraction | None:
    """The exact value of an expression, or None where its tokens make none."""
    values: list[int | Fraction] = []
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


def _reduce(values: list[int | Fraction], operators: list[str], precedence: int) -> bool:
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
            values.append(Fraction(left) / right)
    return True


def _spelled(tokens: list[_Token]) -> str:
    """One spelling for an expression, however it was spaced and whatever units stood in it."""
    spelled = (token if isinstance(token, str) else token.text for token in tokens)
    joined = "".join("*" if token == "of" else token for token in spelled)
    return joined.replace("++", "+").replace("+-", "-")  # "16 -3"
