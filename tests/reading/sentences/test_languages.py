"""The table of languages: what each row promises is read."""

import re

import pytest

from rewards.reading.answer import find
from rewards.reading.sentences.languages import LANGUAGES, holds, is_spaced, said, telltales

LABELS = [
    (name, word) for name, language in LANGUAGES.items() for word in language["answer"].split(", ")
]


@pytest.mark.parametrize(("name", "word"), LABELS)
def test_every_language_labels_an_answer(name: str, word: str) -> None:
    """The word for "answer" before a colon marks the number behind it, whatever stands before."""
    for colon in (": ", "："):
        answer = find(f"48 + 24 = 70\n{word}{colon}72")
        assert answer is not None
        assert (answer.value, answer.structured) == (72, True), name


@pytest.mark.parametrize(
    ("name", "answer", "verb"),
    [
        (name, language["answer"].split(", ")[0], verb)
        for name, language in LANGUAGES.items()
        for verb in language.get("says", "").split(", ")
        if verb
    ],
)
def test_every_language_says_what_the_answer_is(name: str, answer: str, verb: str) -> None:
    """The word, the verb and the number, in one sentence."""
    apart = " " if is_spaced(answer) or name in ("Arabic", "Persian", "Hebrew", "Hindi") else ""
    found = find(f"{answer}{apart}{verb}{apart}72")
    assert found is not None
    assert (found.value, found.structured) == (72, True)


def test_words_are_set_off_as_their_script_does() -> None:
    """A word of letters is no part of another; where no spaces are written it may be."""
    pattern = re.compile(said(("oder", "hold on", "let me re*", "或")), re.IGNORECASE)
    assert pattern.findall("Moderne Order, ODER 3或4, Hold, on!") == ["ODER", "或", "Hold, on"]
    assert pattern.search("let me redo it")
    assert not pattern.search("ordering, household one")


def test_accents_may_be_missing_but_for_short_words() -> None:
    """ "reponse" is "réponse"; "la" is not "là"."""
    pattern = re.compile(said(("réponse", "là", "cevabı")))
    assert [bool(pattern.fullmatch(word)) for word in ("reponse", "cevabi", "là", "la")] == [
        *(True, True, True, False)
    ]


def test_a_look_into_the_words_of_a_text() -> None:
    """Whatever stands around a word, in any case; never a part of one."""
    looked_for = telltales(("oops", "no,", "hold on", "Lösung"))
    assert all(holds(text, looked_for) for text in ("(OOPS)", "so no: 3", "a-hold", "die LÖSUNG："))
    assert not holds("nobody loops the household", looked_for)
