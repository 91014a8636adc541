"""What a word is and when two texts are the same, in scripts with marks and without spaces."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.reading.words import MAX_PIECE_LETTERS, Grams, composed, is_blank, pieces, words
from tests.scorers.support import LONG

INVISIBLE = "\u200b \u200c \u200d \u2060 \ufeff \u00ad \u3164 \u2800 \ufe0f \U000e0041 \u115f"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't panic: 3.14", "Don t panic 3 14"),
        ("snake_case", "snake case"),
        ("Les élèves, naïfs", "Les élèves naïfs"),
        ("e\u0301le\u0300ve", "élève"),
        ("सूर्य पूर्व में उगता है और पश्चिम में डूबता है", "सूर्य पूर्व में उगता है और पश्चिम में डूबता है"),
        ("தமிழ் மொழி", "தமிழ் மொழி"),
        ("ཀི་ཀུ", "ཀི ཀུ"),
        ("שָׁלוֹם, עולם", "שָׁלוֹם עולם"),
        ("می\u200cخواهم", "میخواهم"),
        ("السَّلامُ عليكم", "السَّلامُ عليكم"),
        ("한국어 단어", "한국어 단어"),
        ("東京タワー", "東 京 タ ワ ー"),
        ("สวัสดี", "ส วั ส ดี"),
        ("ကောင်း", "ကော င်း"),
        ("ភាសាខ្មែរ", "ភា សា ខ្ មែ រ"),
        ("GPT-4は速い", "GPT 4 は 速 い"),
        ("日本 and 中国", "日 本 and 中 国"),
        ("\u0301\u0302 !", ""),
    ],
)
def test_a_word_is_letters_with_their_marks(text: str, expected: str) -> None:
    """Marks belong to their letters; a script without spaces gives a word a letter."""
    assert words(text) == composed(expected).split()


@given(text=st.text(st.characters(codec="utf-8"), max_size=40))
def test_words_do_not_depend_on_the_form_of_accents(text: str) -> None:
    """Decomposed, composed, or as it came: the same words."""
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
    assert words(forms[0]) == words(forms[1]) == words(text)


@given(text=st.text(st.characters(), max_size=40))
def test_composing_is_nfc(text: str) -> None:
    """No text is composed otherwise than Unicode says, but for a flood of marks."""
    assert composed(text) == unicodedata.normalize("NFC", text)


@given(text=st.text(max_size=40), limit=st.integers(0, 5))
def test_a_limit_takes_the_first_words(text: str, limit: int) -> None:
    """The first words of all, in order."""
    assert words(text, limit) == words(text)[:limit]


@pytest.mark.parametrize("character", INVISIBLE.split(), ids=ascii)
def test_what_nobody_sees_is_nothing(character: str) -> None:
    """Invisible characters are no content, no word and no difference."""
    assert is_blank(f" {character}\n")
    assert words(f"pa{character}ris") == ["paris"]


def test_pieces_keep_punctuation_and_cut_long_words() -> None:
    """What loops on a mark or within a word can be seen to loop."""
    assert pieces("no, no!") == ["no", ",", "no", "!"]
    assert pieces("ha" * MAX_PIECE_LETTERS) == ["ha" * (MAX_PIECE_LETTERS // 2)] * 2
    assert pieces("दिन।") == ["दिन", "।"]


@given(
    texts=st.lists(st.lists(st.sampled_from("abc"), max_size=12), min_size=1, max_size=3),
    n=st.integers(1, 9),
)
def test_runs_have_one_number_exactly_where_they_are_equal(texts: list[list[str]], n: int) -> None:
    """The numbers of runs are equal within and between texts as the runs themselves are."""
    grams = Grams(n)
    numbered = [
        (number, tokens[i : i + n]) for tokens in texts for i, number in enumerate(grams.of(tokens))
    ]
    assert len(numbered) == sum(max(len(tokens) - n + 1, 0) for tokens in texts)
    for number, run in numbered:
        assert [number == other for other, _ in numbered] == [run == other for _, other in numbered]


@pytest.mark.parametrize(
    "flood", ["\u0300\u0316", "e\u0301", "é ", "สวัสดี", "東", "\u200b", "!", "a "], ids=ascii
)
def test_floods_take_linear_time(flood: str) -> None:
    """A megabyte of marks, of letters of any script or of what nobody sees is read once."""
    text = flood * (LONG // len(flood))
    assert len(words(text)) <= LONG
    assert len(composed(text)) <= LONG
