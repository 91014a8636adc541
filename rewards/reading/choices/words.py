r"""What the words right before a choice make of it: its statement, a verdict, a remark, a denial.

They are read backwards from the name, as long as each may lead to one: "(B" <- "is" <- "answer" <-
"correct" <- "the". Hedges, denials and conclusions are those of `phrases`, and so is what other
languages call an answer.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rewards.reading.sentences.languages import is_spaced
from rewards.reading.sentences.phrases import WORDS, words
from rewards.reading.text import Pattern

#: Words that introduce a statement, as in "answer: B", "the correct option is B", "Label = spam".
CUES = ("answer", "choice", "option", "label", "class", "category")

#: How far before a name the words are looked at, in characters.
MAX_LEAD_CHARS = 160

#: How strongly words speak for a choice; a mark such as a box is stronger than any.
MARK, CUE, VERDICT, PREDICATE, MENTION = 4, 3, 2, 1, 0

# Other names for the answer.
_ANSWERS = (
    "ans verdict decision conclusion selection selected chosen pick guess letter prediction"
    " predicted classification sentiment judgment judgement stance soluzione solución solução"
    " oplossing rozwiązanie решение çözüm lösning gabarito ответом"
)
# Names for it before a colon; before "is" they speak of anything.
_HEADINGS = (
    "response result solution output rating topic intent diagnosis key emotion tone score final"
)
#: How other languages call an option; what they call an answer is in `languages`.
_OPTIONS = (
    "opción alternativa letra inciso opção opzione lettera lettre möglichkeit buchstabe optie"
    " opcja litera možnost вариант варіант буква seçenek şık alternativ pilihan opsi επιλογή 选项"
    " 選項 選択肢 선택지 보기 विकल्प ตัวเลือก ข้อ الخيار گزینه"
)
OPTIONS = tuple(_OPTIONS.split())
# What is called right.
_PRAISE = (
    "correct right best likely appropriate accurate fits works richtig richtige korrekt"
    " korrekte correcta correcto correcte corretta corretto correta correto giusta giusto"
    " exacta esatta certa bonne juste juiste goede prawidłowa poprawna правильный верный"
    " правильная верная doğru rätt benar tepat đúng सही الصحيحة الصحيح صحیح 正确 正確 正しい ถูก"
    " ถูกต้อง"
)
# An answer that is one of these is not the final one.
_OTHER = (
    "first second third fourth other another next previous wrong incorrect each every initial"
    " any original earlier alternative possible tempting plausible common confidence certainty"
    " difficulty example sample bad false no"
)
# The closest option is a guess, beside an answer that is stated.
_GUESSES = frozenset(("closest", "nearest"))
_CONDITIONS = frozenset(("if", "unless", "when", "whether", "assuming", "suppose"))
# What may stand between the words that decide and the choice, and decides nothing.
_LEADS = (
    "the a an that it this which to for as of by with us just only simply most true one final"
    " even now indeed actually in fact none other than must should would will can could have"
    " has seems appears seem appear statement alternative variant number candidate namely still"
    " apparently very far rather more my our your you i we let's i'd i'll we'll i'm am being"
    " really quite fairly pretty sure confident up then written case kind type instance it'd"
    " that'd up towards toward la el le die der das den il lo de het o os l jest yang l' d' c'"
    " 最 的 应 應 该 該 就 故 本题 本題 只 能 ที่"
)
_BE = (
    "is are be was were being equals becomes isn't aren't wasn't it's that's this's which's"
    " they're here's является"
)
_WRITER = "i i'd i'll we let's yo eu io je ich ik jag ja я ben"
_ARTICLES = "la el le il die das der a o os"
_POINTS = "it it's this that that's that'd it'd which which's they this's these c'"
# Whoever says or does this settles on the choice that follows: I, we, or nobody in particular.
_PERSONAL = (
    "choose chose choosing pick picking select selecting say said guess think believe conclude"
    " settle lean label classify rate call mark categorize categorise categorized classified"
    " labeled labelled bet favor favour take vote opt answer go give assign elijo escojo"
    " choisis wähle scelgo escolho kies wybieram выбираю seçiyorum väljer memilih"
)
_SETTLES = (
    "going leaving leaves leave left remains remaining remain makes make gives giving get"
    " getting yields corresponds corresponding matches matching match leads points probably"
    " definitely clearly certainly surely obviously likely donc accordingly ergo supports"
    " favors favours implies conclusion summary sum overall ultimately finally also somit"
    " quindi 选 選 选择 選擇 选用 選ぶ chọn"
)
_DENIES = "nor no non except eliminate don't doesn't can't cannot couldn't wouldn't shouldn't won't"
_JOINS = "either both between"
#: What ascribes a label to a text, beside a form of "to be".
_ASCRIBES = (
    "as about under expresses express conveys convey shows show displays indicates suggests"
    " reflects contains into belongs feels feel leans sounds in describes"
)
# Words of spaced scripts; runs of the scripts behind them, which are taken apart; marks.
_SPACED = r"[a-z\u00c0-\u058f\u1e00-\u1fff]+"
_TOKEN = Pattern(rf"{_SPACED}(?:['-]{_SPACED})*|[\u0590-\uffff]+|\d+|\n|[^\w\s]")
_LINKS = frozenset(":=-–—→⇒>")
_OPENERS = frozenset("([{<'|/#")
# A cue is looked for so many words before its verb: "the answer to the third question is B".
_ABOUT = 12


class Said(NamedTuple):
    """What the words before a choice make of it."""

    level: int = MENTION
    denied: bool = False
    #: It is the final one: "final answer".
    final: bool = False
    #: Somebody chooses it: "I pick".
    chosen: bool = False
    #: It is one of several of its kind: "option", "statement".
    is_option: bool = False
    #: How many characters before the name its words begin.
    reach: int = 0


class _Walk(NamedTuple):
    """The words that lead to a name, from the last one back; what stands before them is left."""

    #: Those after the verb or the colon, and those before it.
    words: list[str]
    subject: list[str]
    links: set[str]
    left: list[str]
    denied: bool
    reach: int


class Vocabulary:
    """The words of a rubric's cues and of all languages, by what they do."""

    def __init__(self, cues: Sequence[str]) -> None:
        """Sort the words by their role."""
        self.answers = _parts(*(cue for cue in cues if cue == "answer"), *words("answer"))
        self.cues = self.answers | _parts(*cues, _ANSWERS, *OPTIONS)
        self.headings = _parts(_HEADINGS)
        self.be = _parts(_BE)
        self.says = _parts(*words("says")) - _parts(*words("both"), *words("either"))
        self.personal = _parts(_PERSONAL)
        self.settles = _parts(_SETTLES, *words("concludes"), *WORDS["THEREFORE"])
        # Of "no es", the first word denies.
        denials = (*words("NOT"), *words("denies"), *_DENIES.split())
        self.denies = frozenset(word.lower().split()[0] for word in denials)
        self.points = _parts(_POINTS)
        self.praise = _parts(_PRAISE)
        self.ascribes = _parts(_ASCRIBES)
        self.others = _parts(_OTHER)
        self.writer = _parts(_WRITER)
        self.articles = _parts(_ARTICLES)
        self.known = self.cues | self.headings | self.be | self.says | self.personal | self.settles
        self.known |= self.denies | self.praise | self.ascribes
        self.known |= _parts(_LEADS, _JOINS, *words("UNSURE"), *words("ELSE"))
        unspaced = (word for word in self.known if not is_spaced(word))
        self.unspaced = sorted(unspaced, key=lambda word: (-len(word), word))

    def led_to(self, before: str) -> Said:
        """What the words right before a choice make of it.

        >>> english = vocabulary(CUES)
        >>> english.led_to("So the correct answer is most likely (").level
        3
        >>> english.led_to("I would go with ").level, english.led_to("It isn't ").denied
        (2, True)
        """
        walk = self._walk(before[-MAX_LEAD_CHARS:].lower())
        said = {*walk.words, *walk.subject}
        return Said(
            self._level(walk, said),
            walk.denied,
            "final" in said,
            not said.isdisjoint(self.personal),
            not said.isdisjoint(self.cues | {"statement", "alternative", "only", "one"}),
            walk.reach,
        )

    def _walk(self, before: str) -> _Walk:
        sentence = max(before.rfind(". "), before.rfind("? "), before.rfind("; "))
        left = [(found[0], found.start()) for found in _TOKEN.finditer(before, sentence + 1)]
        links: set[str] = set()
        words: list[str] = []
        subject: list[str] = []
        denied = comma = False
        reach, last = 0, ""
        while left:
            token, start = left.pop()
            word = self._known_end(token)
            if token == "\n":
                if words or subject or not self._is_heading(left):
                    left.append((token, start))
                    break
                links.add(token)
            elif token in _LINKS or (token == ")" and left and left[-1][0] in self.cues):
                links.add(":" if token == ")" else token)
            elif token == ",":
                comma = True
            elif word:
                denied = denied or (not comma and (word in self.denies or word.endswith("n't")))
                (subject if links else words).append(word)
                if word in self.be or word in self.says:
                    links.add(word)
                if len(word) < len(token):
                    left.append((token[: -len(word)], start))
            elif token not in _OPENERS:
                left.append((token, start))
                if last == ",":  # another clause's
                    left.append((last, start))
                break
            reach, last = len(before) - start, token
        return _Walk(words, subject, links, [token for token, _ in left], denied, reach)

    def _known_end(self, token: str) -> str:
        """The word that a token is, or that a run of a script without spaces ends in."""
        if token in self.known:
            return token
        if is_spaced(token):
            elided = token.rpartition("'")[2]  # "l'option"
            return elided if elided != token and elided in self.known else ""
        return next((word for word in self.unspaced if token.endswith(word)), "")

    def _is_heading(self, left: Sequence[tuple[str, int]]) -> bool:
        """Whether the line before holds a heading ("### Answer"), or ends in ":" or "is"."""
        for token, _ in reversed(left):
            if token not in ("\n", "#", "]", ">"):
                return token in _LINKS or token in self.cues or token in self.be
        return False

    def _level(self, walk: _Walk, said: set[str]) -> int:
        other = walk.left[-1] if walk.left else ""
        if other in _CONDITIONS:
            return MENTION
        if self._is_cued(walk):
            return MENTION if other in self.others else VERDICT if other in _GUESSES else CUE
        if "=" in walk.links:  # a variable of an equation
            return MENTION
        if not said.isdisjoint(self.settles):
            return VERDICT
        if not said.isdisjoint(self.personal):
            # "Many students choose B" is no choice of the writer's.
            is_other = (
                other[:1].isalpha() and said.isdisjoint(self.writer) and other not in self.writer
            )
            return MENTION if is_other else VERDICT
        if other in self.others or "\n" in walk.links:
            return MENTION
        if self._is_verdict(walk, said):
            return VERDICT
        ascribed = not walk.links.isdisjoint(self.be | {":"})
        return int(ascribed or not said.isdisjoint(self.ascribes | self.cues))

    def _is_verdict(self, walk: _Walk, said: set[str]) -> bool:
        says = self.be | self.says
        if not walk.links.isdisjoint(self.be) and not said.isdisjoint(self.points):
            return True  # "it is B"
        if walk.left[-1:] in ([], [","]) and not said.isdisjoint(self.says & walk.links):
            if not said.isdisjoint(self.articles):
                return True  # "por tanto, es la B"
        if not said.isdisjoint(self.praise):  # "the best one is B", "Correct: B", "सही विकल्प B"
            return not walk.links.isdisjoint(says | {":"}) or not said.isdisjoint(self.cues)
        return walk.links <= says and not said.isdisjoint(self.answers)  # "Answer B"

    def _is_cued(self, walk: _Walk) -> bool:
        """Whether the words before the verb or the colon speak of the answer."""
        if not walk.links:
            return False
        cues = self.cues
        if walk.links.isdisjoint(self.be | _LINKS | {"\n"}):
            cues = cues - {"answer", "choice", "label"}  # English cues want an English verb
        if not walk.links.isdisjoint((":", "=", "\n")):
            cues = cues | self.headings
        if not cues.isdisjoint(walk.subject):
            return True
        if walk.links.isdisjoint(self.be | self.says | {":"}):
            return False
        about = walk.left[-_ABOUT:]
        for index in reversed(range(len(about))):
            if about[index] in ".!?;\n:=":
                return False
            if self._known_end(about[index]) in cues:
                return index == 0 or about[index - 1] not in self.others | _GUESSES
        return False


@lru_cache(maxsize=64)
def vocabulary(cues: tuple[str, ...]) -> Vocabulary:
    """The words of a rubric, sorted once."""
    return Vocabulary(cues)


def _parts(*phrases: str) -> frozenset[str]:
    """The words of phrases, in small letters."""
    return frozenset(" ".join(phrases).lower().split())
