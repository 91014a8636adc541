"""One vocabulary: every word decides the same in every case, and stands in one place."""

import ast
import re
from pathlib import Path

import pytest

from rewards.reading.answer import find
from rewards.reading.sentences import phrases
from rewards.reading.sentences.languages import LANGUAGES, spoken
from rewards.reading.sentences.phrases import WORDS, correction, words

READING = Path(phrases.__file__).parent

#: A statement, what a word after it says, and what of the words may follow "71".
HEDGES = [(word, "#### 71\n{} 73") for word in (*words("either"), *words("UNSURE"), *WORDS["ELSE"])]
HEDGES += [(f"it {word} be", "The answer is 71. {} 73") for word in WORDS["COULD"]]
JOINED = [(word, "#### 71 {} 73") for word in (*words("either"), *words("both"), *WORDS["TO"])]
CORRECTIONS = [(word.rstrip("*"), "#### 71\n{} it is 72") for word in words("corrects")]
CORRECTIONS += [(word, "The answer is 71. {}: 72") for word in WORDS["MISTOOK"]]
DOUBTS = [(word, "#### 72\n{}") for word in words("doubts")]
DOUBTS += [(word, "So it is 72. {}.") for word in words("doubts")]
DENIALS = [(word, "The answer is {} 71") for word in (*words("denies"), *WORDS["NOT"])]
DENIALS += [(word, "The answer is {} 71") for word in (*WORDS["UNEQUAL"], *WORDS["EXAMPLE"])]
REJECTIONS = [(word, "The answer is 71. 71 is {}.") for word in WORDS["WRONG"]]
LABELS = [(word, "{}: 72") for word in spoken("answer")]
CONCLUSIONS = [
    (word, "\\boxed{{24}} in May. {} \\boxed{{72}}")
    for notion in ("SUMMED", "RESULT", "THEREFORE", "concludes", "FINAL", "BECAUSE")
    for word in words(notion)
]
CUES = HEDGES + JOINED + CORRECTIONS + DOUBTS + DENIALS + REJECTIONS + LABELS + CONCLUSIONS


def read(text: str) -> tuple[object, str, str]:
    answer = find(text)
    return ("", "", "") if answer is None else (answer.value, answer.rule, answer.reason)


@pytest.mark.parametrize(("cue", "text"), CUES, ids=lambda part: part)
def test_a_cue_is_seen_in_every_case(cue: str, text: str) -> None:
    """A word in Title or UPPER case decides what its lower form decides (F4)."""
    lower = read(text.format(cue.lower()))
    assert read(text.format(cue.title())) == lower
    assert read(text.format(cue.upper())) == lower


@pytest.mark.parametrize(("cue", "text"), HEDGES + JOINED + DOUBTS + DENIALS, ids=lambda part: part)
def test_a_hedge_or_a_denial_is_no_answer(cue: str, text: str) -> None:
    """Whichever of the numbers is right, none is stated."""
    assert read(text.format(cue))[0] is None


@pytest.mark.parametrize(("cue", "text"), CORRECTIONS, ids=lambda part: part)
def test_a_correction_counts(cue: str, text: str) -> None:
    """What comes after the correction is the answer."""
    assert read(text.format(cue))[0] == 72


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#### 71\nOR MAYBE 73", None),
        ("#### 71\nWAIT, it is 72", 72),
        ("#### 71\nOOPS, 72", 72),
        ("#### 71\nCORRECTION: 72", 72),
        ("#### 71\ni meant 72", 72),
        ("#### 71\nKorrektur: 72", 72),
        ("#### 71\n(oops...72)", 72),
        ("#### 72\nLet me know if you have 2 more questions.", 72),
        ("#### 72\nThe waiter gets no 5 dollars.", 72),
        ("#### 72\nThe others can wait 5 minutes.", 72),
        ("#### 72\nEach of the 3 children should be 5 years old.", 72),
        ("#### 72\nActually, each of the 3 friends gets 24.", 72),
        ("#### 71\nActually, it should be 72.", 72),
        ("#### 71\nThe corrected answer is 72", 72),
        ("#### 72 and she has 5 left.", 72),
    ],
)
def test_corrections_and_what_only_looks_like_one(text: str, value: int | None) -> None:
    """The faults of F4, and words that hold a cue without being one."""
    assert read(text)[0] == value


@pytest.mark.parametrize("word", [*words("corrects"), *WORDS["MISTOOK"], *WORDS["REVISES"]])
def test_the_quick_look_misses_no_correction(word: str) -> None:
    """The look into a set, which most texts end with, finds whatever the pattern finds."""
    word = word.rstrip("*")
    for text in (word, f"71\n{word} 72", f"71...{word}: 72", f"(71, {word.upper()} 72)"):
        assert correction(text) is not None


def test_each_word_stands_once() -> None:
    """No notion repeats another's word, and no other file of the reader has them by hand."""
    listed = [word for notion in WORDS.values() for word in notion]
    assert len(listed) == len(set(listed))
    assert {field for language in LANGUAGES.values() for field in language} <= {
        *("answer", "says", "minus", "summed", "during", "later"),
        *(notion for notion in WORDS if notion.islower()),
    }
    decisive = ("either", "UNSURE", "ELSE", "IF", "WRONG", "corrects", "concludes", "THEREFORE")
    listed = [word for notion in decisive for word in WORDS[notion] if "*" not in word]
    for path in READING.glob("*.py"):
        if path.stem not in ("phrases", "languages"):
            for source in patterns(path):
                again = [word for word in listed if re.search(rf"(?<![\\\w]){word}(?!\w)", source)]
                assert not again, f"{path.name}: {source}"


def patterns(path: Path) -> list[str]:
    """The sources of the patterns of a file, without the notions that they name."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Pattern", "phrased")
    ]
    return [
        re.sub(r"<[A-Za-z|]+>", "", part.value)
        for call in calls
        for part in ast.walk(call)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
