r"""The term that a text writes: recursive descent over tokens, within bounds.

`\frac{1}{2}`, `1/2`, `3\sqrt{2}`, `(1, 2]`, `x^2 + 1 = 0`, `\begin{pmatrix} 1 \\ 2 \end{pmatrix}`.
Nothing is evaluated here. Every bound is a constant with its reason; whatever passes one is no
mathematics of an answer.
"""

from functools import lru_cache

from rewards.reading.maths.spelling import as_words, cleaned, without_units
from rewards.reading.maths.terms import (
    NotMaths,
    Term,
    number,
    proper_fraction,
    read_number,
    with_sign,
)
from rewards.reading.maths.tokens import END, Cursor, Token, tokens

#: Nesting of one: parsing recurses.
MAX_DEPTH = 60

_FUNCTIONS = """
    sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp lg asin acos atan
    abs floor ceil binom dbinom tbinom gcd lcm max min
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
_GREEK = frozenset(
    word
    for line in (
        "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu",
        "nu xi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi",
        "Sigma Phi Psi Omega ell angle triangle",
    )
    for word in line.split()
)
_COMMANDS = "frac sqrt pi infty plain begin lfloor lceil overline text"
_ATOMS = FUNCTIONS | _GREEK | frozenset(_COMMANDS.split())
_RELATIONS = {
    **{"=": "=", "<": "<", ">": ">", "\\le": "<=", "\\ge": ">=", "\\ne": "!="},
    **{"\\in": "in", "\\approx": "~"},
}


@lru_cache(maxsize=1024)
def parsed(text: str) -> Term:
    """The term that a text writes.

    Raises:
        NotMaths: it is none, or passes a bound.

    >>> parsed("x") == parsed("$x$")
    True
    """
    text = cleaned(text)
    if not text:
        raise NotMaths("empty")
    words = as_words(text)
    if words is not None:
        return Term("text", data=words)
    reason = ""
    for attempt in without_units(text):
        try:
            return _Parser(tokens(attempt)).whole()
        except NotMaths as error:
            reason = str(error)
    raise NotMaths(reason)


_OPEN = {"(": ")", "[": "]", "\\lbrace": "\\rbrace"}


class _Parser(Cursor):
    """Recursive descent over tokens: lists, relations, sums, products, powers, atoms."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.depth = 0
        self.bars = 0

    def whole(self) -> Term:
        found = self.listed()
        if self.peek() is not END:
            raise NotMaths(f"{self.peek().text!r} at the end")
        return found

    def listed(self) -> Term:
        """Items between commas, semicolons or "or": one item, or a list without an order."""
        items = [self.related()]
        while self.take(",") or self.take(";") or self._word("or") or self._word("and"):
            if self.peek() is END:
                break
            items.append(self.related())
        return items[0] if len(items) == 1 else Term("list", tuple(items))

    def _word(self, word: str) -> bool:
        if self.peek().kind == "word" and self.peek().text == word:
            self.at += 1
            return True
        return False

    def related(self) -> Term:
        """A chain of relations, or what stands alone; unions of sets bind like sums."""
        parts, signs = [self.united()], []
        while (sign := _RELATIONS.get(self.peek().text)) and self.peek().kind != "word":
            self.at += 1
            signs.append(sign)
            parts.append(self.united())
        if not signs:
            return parts[0]
        return Term("relation", tuple(parts), tuple(signs))

    def united(self) -> Term:
        parts = [self.sum()]
        while self.take("\\cup"):
            parts.append(self.sum())
        return parts[0] if len(parts) == 1 else Term("union", tuple(parts))

    def sum(self) -> Term:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotMaths(f"nested more than {MAX_DEPTH} deep")
        terms = [self.signed()]
        while self.peek().text in ("+", "-", "\\pm", "\\mp"):
            sign = self.next().text
            terms.append(with_sign(sign, self.product()))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Term("add", tuple(terms))

    def signed(self) -> Term:
        if self.peek().text in ("+", "-", "\\pm", "\\mp"):
            sign = self.next().text
            return with_sign(sign, self.signed() if self.peek().text in "+-" else self.product())
        return self.product()

    def product(self) -> Term:
        factors = [self.power()]
        while True:
            token = self.peek()
            if token.text == "*":
                self.at += 1
                factors.append(self.factor())
            elif token.text in ("/", ":") and token.kind == "mark":
                self.at += 1
                factors.append(Term("pow", (self.factor(), number(-1))))
            elif self._starts_atom(token):
                mixed = self._mixed(factors[-1])
                if mixed is not None:
                    factors[-1] = mixed
                elif token.kind == "number" and factors[-1].kind == "number":
                    raise NotMaths("two numbers beside each other")
                else:
                    factors.append(self.power())
            else:
                return factors[0] if len(factors) == 1 else Term("mul", tuple(factors))

    def factor(self) -> Term:
        if self.peek().text in ("-", "+"):
            return with_sign(self.next().text, self.factor())
        return self.power()

    def _starts_atom(self, token: Token) -> bool:
        if token.kind in ("number", "word"):
            return not (token.kind == "word" and token.text in ("or", "and"))
        if token.text == "|":
            return self.bars == 0
        if token.text in ("(", "[", "{", "\\lbrace"):
            return True
        return token.kind == "command" and token.text[1:] in _ATOMS

    def _mixed(self, whole: Term) -> Term | None:
        r"""`3\frac{1}{2}` and `3 1/2`: a whole number and a proper fraction beside it."""
        if (
            whole.kind != "number"
            or whole.data.denominator != 1
            or self.tokens[self.at - 1].kind != "number"
        ):
            return None
        start = self.at
        if self.peek().text == "\\frac":
            fraction = self.atom()
        elif (
            self.peek().kind == "number"
            and self.peek().spaced
            and self.peek(1).text == "/"
            and self.peek(2).kind == "number"
        ):
            top, _, bottom = self.next(), self.next(), self.next()
            under = Term("pow", (read_number(bottom.text), number(-1)))
            fraction = Term("mul", (read_number(top.text), under))
        else:
            return None
        parts = proper_fraction(fraction)
        if parts is None or "." in self.tokens[start - 1].text:
            self.at = start
            return None
        return number(whole.data + parts)

    def power(self) -> Term:
        base = self.atom()
        while True:
            if self.take("^"):
                base = Term("pow", (base, self.argument(signed=True)))
            elif self.peek().text == "!" and self.peek(1).text != "=":
                self.at += 1
                base = Term("call", (base,), "factorial")
            elif self.take("'"):
                base = Term("call", (base,), "prime")
            else:
                return base

    def argument(self, signed: bool = False) -> Term:
        r"""What a command takes: a group, or one token (`\frac12` takes a digit each)."""
        if self.take("{"):
            inner = self.listed()
            self.need("}")
            return inner
        token = self.peek()
        if signed and token.text == "-":
            self.at += 1
            return with_sign("-", self.argument())
        if token.kind == "number" and not signed and len(token.text) > 1:
            first, rest = token.text[0], token.text[1:]
            self.tokens[self.at] = Token("number", rest, False)
            return read_number(first)
        if token.kind == "word" and len(token.text) > 1:
            self.tokens[self.at] = Token("word", token.text[1:], False)
            return Term("name", data=token.text[0])
        return self.atom()

    def atom(self) -> Term:
        token = self.next()
        if token.kind == "number":
            return self._numbered(token)
        if token.kind == "word":
            return self._named(token.text)
        if token.text in _OPEN or token.text == "{":
            return self._bracketed(token.text)
        if token.text == "|":
            self.bars += 1
            inner = self.sum()
            self.bars -= 1
            self.need("|")
            return Term("call", (inner,), "abs")
        if token.kind == "command":
            return self._command(token.text[1:])
        raise NotMaths(f"{token.text!r}" if token is not END else "it ends too early")

    def _numbered(self, token: Token) -> Term:
        if self.peek().text == "_":  # a number in another base: 204_5
            self.at += 1
            base = self.argument()
            return Term("call", (read_number(token.text), base), "base")
        return read_number(token.text)

    def _named(self, word: str) -> Term:
        if word in FUNCTIONS:
            return self._called(word)
        if len(word) > (6 if word.isupper() else 3) or (word[1:] and not word.isascii()):
            raise NotMaths(f"the word {word!r}")
        letters = [Term("name", data=letter) for letter in word]
        if self.take("_"):
            sub = self.argument()
            letters[-1] = Term("name", (sub,), letters[-1].data)
        if self.peek().text == "^" and len(letters) > 1:
            self.at += 1
            letters[-1] = Term("pow", (letters[-1], self.argument(signed=True)))
        return letters[0] if len(letters) == 1 else Term("mul", tuple(letters))

    def _bracketed(self, opening: str) -> Term:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotMaths(f"nested more than {MAX_DEPTH} deep")
        bars, self.bars = self.bars, 0
        items: list[Term] = []
        closing = _OPEN.get(opening, "}")
        while self.peek().text not in (")", "]", "\\rbrace", "}"):
            items.append(self.related())
            if not (self.take(",") or self.take(";")):
                break
        end = self.next().text
        self.bars = bars
        self.depth -= 1
        if opening in ("{", "\\lbrace"):
            if end != closing:
                raise NotMaths(f"{closing!r} is missing")
            if opening == "{":
                # `$\{1, 2\}$` without the backslashes: a set, where a group has one item.
                return items[0] if len(items) == 1 else Term("set", tuple(items))
            return Term("set", tuple(items))
        if end not in (")", "]"):
            raise NotMaths(f"{closing!r} is missing")
        if len(items) == 1 and end == closing:
            return items[0]
        if not items:
            raise NotMaths("empty brackets")
        return Term("tuple", tuple(items), opening + end)

    def _command(self, name: str) -> Term:
        if name == "frac":
            top, bottom = self.argument(), self.argument()
            return Term("mul", (top, Term("pow", (bottom, number(-1)))))
        if name == "sqrt":
            degree = number(2)
            if self.take("["):
                degree = self.sum()
                self.need("]")
            return Term("call", (self._radicand(), degree), "root")
        if name in ("pi", "infty", "emptyset", "varnothing"):
            return Term("set") if name in ("emptyset", "varnothing") else Term("name", data=name)
        if name in ("plain", "text"):
            self.need("{")
            return self._word_group()
        if name in ("lfloor", "lceil"):
            inner = self.sum()
            self.need("\\rfloor" if name == "lfloor" else "\\rceil")
            return Term("call", (inner,), "floor" if name == "lfloor" else "ceil")
        if name == "begin":
            return self._matrix()
        if name == "overline":
            return Term("call", (self.argument(),), "overline")
        if name in FUNCTIONS:
            return self._called(name)
        if name in _GREEK:
            sub = (self.argument(),) if self.take("_") else ()
            return Term("name", sub, name)
        raise NotMaths(f"\\{name}")

    def _radicand(self) -> Term:
        if self.peek().kind == "number":
            return read_number(self.next().text)
        return self.argument()

    def _word_group(self) -> Term:
        letters = ""
        while self.peek().text != "}":
            token = self.next()
            if token is END:
                raise NotMaths("'}' is missing")
            letters += token.text
        self.at += 1
        if len(letters) != 1:
            if letters in FUNCTIONS:
                return self._called(letters)
            raise NotMaths(f"the word {letters[:20]!r}")
        return Term("name", data=letters)

    def _called(self, name: str) -> Term:
        if name.endswith("binom"):
            return Term("call", (self.argument(), self.argument()), "binom")
        base: tuple[Term, ...] = (self.argument(),) if self.take("_") else ()
        exponent = self.argument(signed=True) if self.take("^") else None
        if self.peek().text == "(":
            self.at += 1
            items = [self.sum()]
            while self.take(","):
                items.append(self.sum())
            self.need(")")
            inner: tuple[Term, ...] = tuple(items)
        else:
            inner = (self._operand(),)
        found = Term("call", (*inner, *base), name if not base else f"{name}_")
        if exponent == number(-1) and not base:
            return Term("call", inner, f"arc{name}")
        return found if exponent is None else Term("pow", (found, exponent))

    def _operand(self) -> Term:
        """What a function without brackets takes: factors up to the next sign or function."""
        factors = [self.power()]
        while self._starts_atom(self.peek()) and self.peek().text[1:] not in FUNCTIONS:
            if self.peek().text in FUNCTIONS:
                break
            factors.append(self.power())
        return factors[0] if len(factors) == 1 else Term("mul", tuple(factors))

    def _matrix(self) -> Term:
        self.need("{")
        name = self.next().text
        self.need("}")
        if self.peek().text == "{":  # array's columns
            while self.next().text not in ("}", ""):
                continue
        rows: list[list[Term]] = [[]]
        while self.peek().text != "\\end":
            if self.peek() is END:
                raise NotMaths("\\end is missing")
            if self.take("\\\\"):
                rows.append([])
            elif not self.take("&"):
                rows[-1].append(self.related())
        self.at += 1
        self.need("{")
        self.next()
        self.need("}")
        rows = [row for row in rows if row]
        if name == "cases" or not rows or len({len(row) for row in rows}) != 1:
            raise NotMaths("rows of different lengths")
        return Term("matrix", tuple(Term("list", tuple(row)) for row in rows))
