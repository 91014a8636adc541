"""How other languages than English say what an answer is: one line a language.

English says it in many more ways: it has `phrases`, which takes the words of all languages from
here. Case and missing accents are no matter: `said` sees to that.
"""

import unicodedata
from typing import TypedDict

from rewards.reading.text import Pattern


class Language(TypedDict, total=False):
    """The words of a language, divided by commas; what it lacks is not read in it."""

    answer: str
    #: The verb, or its like, between "the answer" and the number.
    says: str
    minus: str
    either: str
    both: str
    denies: str
    corrects: str
    concludes: str


#: Short words that English has, too (Dutch "of", Danish "for"), are left out.
LANGUAGES = {
    "Spanish": Language(answer="respuesta, resultado", says="es, sería, será, igual a",
        minus="menos", either="o", both="y, e", denies="no es, no son",
        corrects="perdón, corrección"),
    "Portuguese": Language(answer="resposta, resultado", says="é, será, igual a", minus="menos",
        either="ou", both="e", denies="não"),
    "Italian": Language(answer="risposta, risultato", says="è", minus="meno", either="o, oppure",
        both="e", denies="non è"),
    "French": Language(answer="réponse, résultat", says="est, serait, sera", minus="moins",
        either="ou", both="et", denies="pas"),
    "Romanian": Language(answer="răspuns, răspunsul, rezultat, rezultatul", says="este",
        either="sau", both="și", denies="nu este"),
    "German": Language(answer="Antwort, Lösung, Ergebnis", says="ist, lautet, beträgt",
        either="oder", both="und", denies="nicht, kein", corrects="Korrektur"),
    "Dutch": Language(answer="antwoord, resultaat", says="is", denies="niet"),
    "Scandinavian": Language(answer="svar, svaret", says="är, er", either="eller", both="och, og",
        denies="inte, ikke"),
    "Finnish": Language(answer="vastaus", says="on", either="tai", both="ja", denies="ei ole"),
    "Polish": Language(answer="odpowiedź, wynik", says="to, brzmi", either="lub, albo",
        denies="nie"),
    "Czech": Language(answer="odpověď, výsledek", says="je", either="nebo", denies="není"),
    "Hungarian": Language(answer="válasz", either="vagy", both="és", denies="nem"),
    "Turkish": Language(answer="cevap, cevabı, yanıt, sonuç", says="dir, olarak", either="veya",
        both="ve"),
    "Greek": Language(answer="απάντηση", says="είναι", either="ή", both="και", denies="δεν είναι"),
    "Russian": Language(answer="ответ, итого", says="равен, равно, составляет", minus="минус",
        either="или", both="и", denies="не", corrects="исправ*, не так"),
    "Ukrainian": Language(answer="відповідь", says="дорівнює", either="або", both="та"),
    "Bulgarian": Language(answer="отговор"),
    "Serbian": Language(answer="одговор", says="је"),
    "Indonesian": Language(answer="jawaban, jawabannya, hasil, hasilnya", says="adalah",
        either="atau", both="dan", denies="bukan"),
    "Vietnamese": Language(answer="đáp án, đáp số, kết quả, câu trả lời", says="là", either="hoặc",
        both="và", denies="không phải"),
    "Swahili": Language(answer="jibu", says="ni", either="au", both="na"),
    "Chinese": Language(answer="答案, 解答, 回答, 结果, 答", says="是, 为, 為", minus="负",
        either="或, 或者", both="和", denies="不是", corrects="更正, 等等, 修正",
        concludes="所以, 因此, 总共, 合计"),
    "Japanese": Language(answer="答え, こたえ, 正解, 結果", says="は", minus="マイナス",
        either="または", both="と", corrects="訂正", concludes="合計"),
    "Korean": Language(answer="정답, 답, 결과", says="은, 는", minus="마이너스", either="또는",
        denies="아니"),
    "Arabic": Language(answer="الجواب, الإجابة, النتيجة", says="هو, هي", either="أو"),
    "Persian": Language(answer="پاسخ, جواب", says="است", either="یا"),
    "Hebrew": Language(answer="התשובה, תשובה", says="היא", either="או"),
    "Hindi": Language(answer="जवाब, उत्तर", says="है", either="या", both="और"),
    "Bengali": Language(answer="উত্তর"),
    "Tamil": Language(answer="விடை, பதில்"),
    "Telugu": Language(answer="సమాధానం"),
    "Thai": Language(answer="คำตอบ, ตอบ", says="คือ", either="หรือ", both="และ"),
}  # fmt: skip

# Where the scripts begin that are written without spaces, or whose vowel signs Python takes for
# the end of a word: Hebrew and all behind it.
_UNSPACED = "\u0590"
_ACCENTLESS = str.maketrans("ıłđ", "ild")
_APART = dict.fromkeys(map(ord, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), " ")
_WORD = Pattern(r"\w+")


def spoken(notion: str) -> tuple[str, ...]:
    """What all the languages have for one notion, each word once.

    >>> spoken("either")[:4]
    ('o', 'ou', 'oppure', 'sau')
    """
    said_by_all = ", ".join(str(language.get(notion, "")) for language in LANGUAGES.values())
    return tuple(dict.fromkeys(word.lower() for word in said_by_all.split(", ") if word))


def is_spaced(word: str) -> bool:
    """Whether the script of a word sets its words apart, so that a part of one is none.

    >>> is_spaced("Antwort"), is_spaced("答案")
    (True, False)
    """
    return word < _UNSPACED


def said(*notions: tuple[str, ...]) -> str:
    r"""The source of a pattern for any of these words, in any case once it ignores case.

    Accents may be missing. A phrase may have a comma between its words; one that ends in "*" goes
    on as it likes.

    >>> said(("or", "hold on", "re*", "或", "där"))
    '(?:\\b(?:hold,?\\s+on\\b|dar\\b|där\\b|re|or\\b)|或)'
    """
    words = {form for notion in notions for word in notion for form in (word, _accentless(word))}
    ordered = sorted(words, key=lambda word: (-len(word), word))
    spaced = "|".join(_source(word) for word in ordered if is_spaced(word))
    unspaced = "|".join(word for word in ordered if not is_spaced(word))
    parts = [rf"\b(?:{spaced})" if spaced else "", unspaced]
    return f"(?:{'|'.join(part for part in parts if part)})"


def telltales(*notions: tuple[str, ...]) -> frozenset[str]:
    """Of each phrase the word that fewest texts hold, which `holds` looks for.

    >>> sorted(telltales(("hold on", "let me re*", "Lösung", "no,", "或")))
    ['hold', 'let', 'losung', 'lösung', 'no']
    """
    words = (
        max(form.rstrip(",").split(), key=lambda word: (word.isalpha(), len(word)))
        for notion in notions
        for word in notion
        for form in (word.lower(), _accentless(word.lower()))
        if is_spaced(word)
    )
    return frozenset(words)


def holds(text: str, words: frozenset[str]) -> bool:
    """Whether a text holds one of the words, in any case: a quarter of the pattern's time.

    >>> holds("OOPS: 72", telltales(("oops",)))
    True
    """
    if text.isascii():
        return not words.isdisjoint(text.lower().translate(_APART).split())
    return not words.isdisjoint(_WORD.findall(text.lower()))


def _source(word: str) -> str:
    source = r",?\s+".join(part.replace("'", "['’]") for part in word.rstrip("*").split())
    return rf"{source}\b" if word[-1].isalnum() else source


def _accentless(word: str) -> str:
    # Short words are nothing without theirs: "là", "är".
    if word.isascii() or len(word) < 3 or not is_spaced(word):
        return word
    letters = unicodedata.normalize("NFD", word.translate(_ACCENTLESS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
