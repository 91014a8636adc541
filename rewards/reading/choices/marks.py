r"""What stands around the names of choices: marks of the answer, joints, and what follows a name.

Patterns only, for `choices`. They are made for a text that `plain` has cleared of emphasis, LaTeX
and the like, every character in its place.
"""

import re

from rewards.reading.choices.words import MAX_LEAD_CHARS, OPTIONS
from rewards.reading.sentences.phrases import phrased
from rewards.reading.text import Pattern

_SAME = str.maketrans(
    {
        **dict.fromkeys('*`"“”„«»「」『』$~✅☑✔✓', " "),
        **dict.fromkeys("’‘ʼ", "'"),
        **dict.fromkeys("（﹙", "("),
        **dict.fromkeys("）﹚", ")"),
        **dict.fromkeys("［【〔〖", "["),
        **dict.fromkeys("］】〕〗", "]"),
        **dict.fromkeys("：﹕", ":"),
        **dict.fromkeys("，、،", ","),
        **dict.fromkeys("。．।", "."),
        **dict.fromkeys("；؛", ";"),
        "！": "!",
        "？": "?",
        "؟": "?",
        "／": "/",
        "＝": "=",
        "＃": "#",
        **dict.fromkeys("\u00a0\u202f\u3000\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f", " "),
        **{chr(0xFF21 + i): chr(0x41 + i) for i in range(26)},
        **{chr(0xFF41 + i): chr(0x61 + i) for i in range(26)},
    }
)
_MARKUP = Pattern(
    r"\\(?:text(?:bf|it|rm|tt|sf)?|math(?:rm|bf|sf|it|tt)|bf|rm|displaystyle|boldsymbol|bold|quad"
    r"|qquad|large|Large|emph|left|right)(?![A-Za-z])\s{0,3}\{?|\\[\s,;:!()\[\]]"
    r"|(?<![A-Za-z0-9}\])])_+|_+(?![A-Za-z0-9{])"
    r"|</?(?:b|i|u|em|strong|p|br|span|div|sub|sup|code|h[1-6]|li|ul|ol|td|mark|center)"
    r"(?:\s[^<>]{0,60})?/?>",
    re.IGNORECASE,
)
#: The marks that end a model's turn, and another's turn that it goes on to write.
NEXT_TURN = Pattern(
    r"<\|[a-z_]{2,20}\|>|<(?:end_of_turn|eos|/s)>|\[/INST\]"
    r"|\n[ \t]*+(?:Human|User|Question|Q)[ \t]{0,3}:",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    r"""The text without emphasis, LaTeX and HTML around its words, character for character.

    >>> plain("**Answer：** \\text{B}")
    '  Answer:         B}'
    """
    return _MARKUP.sub(lambda found: " " * len(found[0]), text.translate(_SAME))


# --- marks ---------------------------------------------------------------------------------

#: A choice that is explicitly marked as the answer: its content, and for a box whether it ends.
SIGN = Pattern(
    r"\\(?:boxed|fbox)\s{0,3}\{(?P<box>[^{}\n]{0,400}+)(?P<closed>\}?)"
    r"|<(?:final[\s_])?(?P<tag>answer|choice|option|label|response|result|solution)>"
    r"(?P<inner>[^<]{0,400}+)|\[answer\](?P<square>[^\[]{0,400}+)"
    r"|\[\[(?P<double>[^\[\]\n]{0,60}+)\]\]|\{\{(?P<curly>[^{}\n]{0,60}+)\}\}"
    r"|(?<!\#)\#{4}(?!\#)(?P<hash>(?:(?!\#\#\#\#)[^\n]){0,200}+)",
    re.IGNORECASE,
)
#: A member of a JSON object, or of a Python one.
MEMBER = Pattern(
    r"[\"'](?P<key>[\w -]{1,40})[\"']\s{0,3}:\s{0,3}"
    r"(?P<value>\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|\[[^\]]{0,200}\]|[\w+-]{1,40})"
)

# --- joints --------------------------------------------------------------------------------

_ASIDE = (
    r"even|also|the|option|options|choice|letter|answer|is|it|it's|could|might|may|be|else|if not"
    r"|then|that|both|either|nor"
)
_OR = r"(?:<either|both|UNSURE|ELSE>|nor\b|ni\b|else\b|and/or\b|vs\.?)"
#: "A or B", "(A), (B)", "A. Or maybe B", "A/B".
JOINED = phrased(
    rf"[)\]}}>'\s.:]*(?:[,;/|&+][\s,(\[{{<'|]*(?:(?:option|choice|letter)\s+[(\[]*)?"
    rf"|[\s,;.(]*{_OR}(?:[\s,(\[{{<'|}}]|{_OR}|(?:{_ASIDE})\b)*)"
)
#: "A B", "(A) (B)".
BESIDE = Pattern(r"[ \t]{1,9}|\)[ \t]{0,9}\(|\][ \t]{0,9}\[")
#: "(A) a cat or (B)": the options carry their texts.
WITH_TEXTS = phrased(rf"[).:\]]+\s+[^\n()\[\]]{{1,80}}?(?:[,;]|{_OR})\s*(?:<UNSURE>\s*)?[(\[]*")
#: "A (50%), B (50%)".
WITH_ASIDES = phrased(rf"\s?\([^()\n]{{1,30}}\)\s*(?:[,;/|&]|{_OR})\s*[(\[]*")
#: "A if it rains, otherwise B".
OTHERWISE = phrased(
    r"[^\n.]{0,80}?[,;]?\s*(?:<ELSE|UNSURE>|\belse|\bif not|\bin which case)[\s,]+"
    rf"(?:(?:{_ASIDE})\s+)*[(\[]*"
)
#: "true for x > 0 and false", "mostly positive, slightly negative".
LABELS = phrased(rf"[^\n.;]{{0,60}}?(?:[,/|&]|{_OR})\s*(?:\w+\s+)?")
#: What sets two choices apart that one of these patterns would join.
APART = phrased(r"<NOT|denies|BECAUSE|INSTEAD|WRONG>|\b(?:while|although|though|as|than|non)\b")
#: What leads to one more, beside a statement: "It could also be B".
ONE_MORE = phrased(r"<COULD>\s+(?:also|equally|just\s+as\s+well)\b|<COULD>\s+be\s+\w+\s+as\s+well")
#: Behind a mark of the answer: "\boxed{A} or B".
ALSO = phrased(
    rf"(?:</[^<>\n]{{1,20}}>|\[/answer\]|[\s.,;)}}\]])*{_OR}"
    rf"(?:[\s,(\[{{<'|]|{_OR}|(?:{_ASIDE})\b|\\boxed|</?[a-z ]{{1,20}}>)*"
)
#: "not A but B", "no es A, sino B".
INSTEAD = phrased(
    rf"[^.!?\n]{{0,40}}?(?:<INSTEAD>|\b(?:sino|mais|mas|ma|sondern|maar|ale|lecz)\b|а\b|而是|[,;]\s*<says>)\s*"
    rf"(?:(?:{_ASIDE})\s+)*[(\[]*"
)
#: Between an option's letter and its text.
TEXT_FOLLOWS = Pattern(r"[).:\],\s–—-]{1,5}")
#: "A" and "No" are no articles before another choice: "A o B".
JOINS_ANOTHER = phrased(r"\s+(?:<either|both>|n[io]r?\b)\s+[(\[]?\w(?:[)\].,;!?\s]|\Z)")

# --- what follows --------------------------------------------------------------------------

_REASONS = (
    "and as based because but by due for from given it not or since so though which while with"
)
#: A choice that is a word as well, such as "A", "a" or "No", is one before these.
GOES_ON = frozenset(f"{_REASONS} if is are was would must seems here now then".split())
NEXT_WORD = Pattern(r"[ \t]{1,3}([a-z']{1,12})")
_CLOSERS = r"[)\]}>'\s]{0,9}+"
_SAYS_SO = (
    r"(?:है|です|である|だ|になり|입니다|이다|است|şıkkı|(?:olur|dir|dır|dur|dür)\b"
    r"|ข้อ|ครับ|ค่ะ|正确|正確|が正|가 정답)"
)
# The statement ends behind the choice: with its sentence, its line, or before a reason.
ENDS = phrased(
    rf"{_CLOSERS}(?:[.!,;:\n—–|<]|-\s|\(|\\|\Z|{_SAYS_SO}"
    rf"|(?:{'|'.join(_REASONS.split())}|when|instead|rather|than|over|here|then|now|overall|out\sof"
    r"|<BECAUSE|concludes|denies>)(?![A-Za-z])|['’][a-zıü]{1,4}\b)"
)
# Behind a label more may follow: "a negative review", "a contradiction of the premise".
_LABEL_ENDS = phrased(
    rf"{_CLOSERS}(?:of|with|in|about|towards?|overall|review|sentiment|tone|message|statement"
    r"|comment|text|opinion|example|class|label|case|e?mail|article|feedback|argument|claim|post"
    r"|relationship|news|story|category|topic|speech|priority|emotion)\b"
)


def ends(text: str, end: int, *, is_label: bool) -> bool:
    """Whether a statement ends behind a choice, and does not go on to say something of it.

    >>> ends("B because it fits", 1, is_label=False), ends("B cells", 1, is_label=False)
    (True, False)
    """
    if ENDS.match(text, end):
        return True
    return is_label and _LABEL_ENDS.match(text, end) is not None


ASKED = Pattern(rf"{_CLOSERS}\?")
_VERBS = (
    r"(?:is|are|was|were|seems?(?:\s+to\s+be)?|appears?(?:\s+to\s+be)?|looks|remains"
    r"|(?:would|must|should|has\s+to|can\s+only|will)\s+be|ist|es|est|è|é|jest|är|er|adalah|là)"
)
_ADVERBS = (
    r"(?:(?:therefore|thus|then|clearly|definitely|indeed|probably|likely|obviously|also|still|in"
    r"|fact|both|all|the|my|our|an?|most|very|more|only|single|one|simply|just|of|that|by|far|la|le"
    r"|el|die|der|out|over|ruled)\s+){0,6}"
)
_RIGHT = (
    r"(?:correct|right|true|best|better|accurate|appropriate|valid|(?:final\s+)?answer|choice|fits"
    r"|works|plausible|reasonable|suitable|logical|likely|probable|consistent|fitting"
    r"|what\s+(?:remains|is\s+left|fits|works|we(?:'re|\s+are)?\s+(?:looking|after|want|need))|only\s+(?:option|one|choice|possibility)"
    r"|one\s+that\s+(?:fits|works|matches)"
    r"|richtig\w*|korrekt\w*|correct[aeo]|juste|corrett[ao]|giust[ao]|corret[ao]|cert[ao]|juist"
    r"|prawidłow[ay]|poprawn[ay]|верно|верна|верный|правильный|правильно|doğru\w*|rätt|rigtig"
    r"|benar|đúng|सही)"
)
_WRONG = (
    r"(?:wrong|incorrect|false|mistaken|invalid|eliminated|excluded|out|impossible|irrelevant"
    r"|absurd|implausible|falsch|faux|fausse|incorrect[ao]|errad[ao]|sbagliat[ao]|неверно|yanlış"
    r"|salah|sai)"
)
_JUDGED = Pattern(
    rf"{_CLOSERS}[:,]?\s{{0,2}}(?:{_VERBS}(?P<not>n't|n’t|\s+not)?\s+{_ADVERBS}"
    rf"(?:(?P<right>{_RIGHT})|(?P<wrong>{_WRONG}))\b"
    r"|(?P<fits>fits|works|it\s+is\b|(?:richtig|korrekt|falsch)(?=[\s.]))"
    r"|(?P<does>matches|satisfies|remains|holds|follows)"
    r"|(?P<unspaced>正确|正確|正しい|が正|가\s?정답|이\s?정답))",
    re.IGNORECASE,
)
_ONLY_IF = phrased(r"[^.;\n]{0,60}?\b(?:<IF>|except|in general|generally|in theory|were)\b")


def followed_by(text: str, end: int, *, is_option: bool = True) -> int:
    """What the words behind a choice call it: 1 right, -1 wrong, 0 neither, or only if.

    What is no option for sure may be a variable or a statement of its own: "A is true", "B holds".

    >>> followed_by("B is the correct answer.", 1), followed_by("B is wrong", 1)
    (1, -1)
    >>> followed_by("B is right in general", 1), followed_by("B is true", 1, is_option=False)
    (0, 0)
    """
    judged = _JUDGED.match(text, end, end + MAX_LEAD_CHARS)
    if judged is None:
        return 0
    if judged["wrong"] or judged["fits"] == "falsch":
        return 1 if judged["not"] else -1
    if judged["not"]:
        return -1
    if not is_option and (judged["does"] or judged["right"] in ("true", "valid", "likely")):
        return 0
    return 0 if _ONLY_IF.match(text, judged.end(), judged.end() + MAX_LEAD_CHARS) else 1


# --- lines ---------------------------------------------------------------------------------

#: What may open a line before a choice, and close it behind one.
OPENS_LINE = Pattern(
    r"[\s>#*+•→➡∴⇒⟹=:–—-]*+(?:(?:the\s+)?(?:option|choice|answer|ans|letter|statement"
    rf"|{'|'.join(OPTIONS)})\b[\s.:]*)?[(\[{{<'\s]*+",
    re.IGNORECASE,
)
CLOSES_LINE = Pattern(r"(?:[)\]}>'.!,:;\s\\]|</?[A-Za-z_]{1,20}>)*+")
#: What marks an item behind its letter: "B)", "B.", "B -".
ITEM = Pattern(r"[).:\]]|\s[–—-]\s+[^\W\d]{2}")
_CALLED = r"[).:\]\s–—-]*(?:this\s|is\s|it\s){0,3}(?:the\s)?"
CALLED_RIGHT = Pattern(rf"{_CALLED}(?:correct|right|true|yes)\b", re.IGNORECASE)
CALLED_WRONG = Pattern(rf"{_CALLED}(?:wrong|incorrect|false|no|not)\b", re.IGNORECASE)
#: "I", "II" and "(i)", "(ii)" number statements.
ROMAN = Pattern(r"\bII\b|\(ii\)|\(a\)")
