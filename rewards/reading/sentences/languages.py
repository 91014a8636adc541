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
    doubts: str
    corrects: str
    concludes: str
    summed: str
    #: What makes a number a circumstance: before it ("nach 12 Monaten"), behind its unit ("12 ay
    #: sonra").
    during: str
    later: str


#: Short words that English has, too (Dutch "of", Danish "for"), are left out.
LANGUAGES = {
    "Spanish": Language(answer="respuesta, resultado", says="es, sería, será, igual a",
        minus="menos", either="o", both="y, e", denies="no es, no son",
        doubts="no estoy seguro, no estoy segura, no lo sé",
        corrects="perdón, corrección, espera, mejor dicho", summed="en total, total de",
        during="en, después de, tras, durante, por, cada, dentro de, a los, al cabo de, hace"),
    "Portuguese": Language(answer="resposta, resultado", says="é, será, igual a", minus="menos",
        either="ou", both="e", denies="não", doubts="não tenho certeza, não sei",
        corrects="correção, desculpe, perdão", summed="no total, ao todo",
        during="em, depois de, após, durante, por, cada, dentro de, daqui a, ao fim de, para"),
    "Italian": Language(answer="risposta, risultato", says="è", minus="meno", either="o, oppure",
        both="e", denies="non è, non sono", doubts="non sono sicuro, non sono sicura, non lo so",
        corrects="correzione, aspetta, scusa, anzi", summed="in totale, in tutto",
        during="in, dopo, durante, per, ogni, entro, tra, fra"),
    "French": Language(answer="réponse, résultat", says="est, serait, sera", minus="moins",
        either="ou", both="et", denies="pas", doubts="pas sûr, pas sûre, ne sais pas",
        corrects="pardon, attendez, attends", summed="en tout, au total",
        during="en, après, dans, pendant, pour, par, chaque, d'ici, durant, au bout de"),
    "Romanian": Language(answer="răspuns, răspunsul, rezultat, rezultatul", says="este",
        either="sau", both="și", denies="nu este", doubts="nu sunt sigur, nu știu",
        corrects="corecție, scuze", summed="în total",
        during="în, după, pentru, timp de, fiecare, peste"),
    "German": Language(answer="Antwort, Lösung, Ergebnis", says="ist, lautet, beträgt",
        either="oder", both="und", denies="nicht, kein",
        doubts="nicht sicher, unsicher, weiß nicht, weiß es nicht",
        corrects="Korrektur, Moment, Entschuldigung, Verzeihung", summed="insgesamt, zusammen",
        during="in, nach, für, pro, während, innerhalb von, je, jeden, alle, binnen, seit, vor"),
    "Dutch": Language(answer="antwoord, resultaat", says="is", denies="niet",
        doubts="niet zeker, weet het niet", corrects="correctie, wacht", summed="in totaal, samen",
        during="in, na, over, voor, per, binnen, gedurende, tijdens, elke"),
    "Scandinavian": Language(answer="svar, svaret", says="är, er", either="eller", both="och, og",
        denies="inte, ikke", doubts="inte säker, ikke sikker, vet inte, vet ikke, ved ikke",
        corrects="rättelse, rettelse, vänta, vent", summed="totalt, i alt, tillsammans",
        during="efter, etter, på, om, under, per, i, inom, hver, varje"),
    "Finnish": Language(answer="vastaus", says="on", either="tai", both="ja", denies="ei ole",
        doubts="en ole varma, en tiedä", corrects="korjaus, hetkinen", summed="yhteensä",
        later="jälkeen, kuluttua, aikana, kuluessa"),
    "Polish": Language(answer="odpowiedź, wynik", says="to, brzmi", either="lub, albo",
        denies="nie", doubts="nie jestem pewien, nie jestem pewna, nie wiem",
        corrects="korekta, poprawka, przepraszam", summed="razem, łącznie, w sumie",
        during="po, w, przez, za, co, na, w ciągu"),
    "Czech": Language(answer="odpověď, výsledek", says="je", either="nebo", denies="není",
        doubts="nejsem si jistý, nevím", corrects="oprava, pardon", summed="celkem, dohromady",
        during="po, za, během, na, každých"),
    "Hungarian": Language(answer="válasz", either="vagy", both="és", denies="nem",
        doubts="nem vagyok biztos, nem tudom", corrects="javítás, várj", summed="összesen",
        later="múlva, után, alatt"),
    "Turkish": Language(answer="cevap, cevabı, yanıt, sonuç", says="dir, olarak", either="veya",
        both="ve", denies="değil", doubts="emin değilim, bilmiyorum", corrects="düzeltme, pardon",
        summed="toplam, toplamda", later="sonra, içinde, boyunca"),
    "Greek": Language(answer="απάντηση", says="είναι", either="ή", both="και", denies="δεν είναι",
        doubts="δεν είμαι σίγουρος, δεν ξέρω", corrects="διόρθωση, συγγνώμη", summed="συνολικά",
        during="μετά από, σε, για, κάθε"),
    "Russian": Language(answer="ответ, итого", says="равен, равно, составляет", minus="минус",
        either="или", both="и", denies="не", doubts="не уверен, не уверена, не знаю",
        corrects="исправ*, не так, ошибка, нет", summed="всего, в сумме",
        during="через, за, в, после, каждые, на, спустя, в течение"),
    "Ukrainian": Language(answer="відповідь", says="дорівнює", either="або", both="та",
        denies="не є", doubts="не впевнений, не знаю", corrects="виправлення", summed="всього",
        during="через, за, після, протягом"),
    "Bulgarian": Language(answer="отговор", says="е", summed="общо", during="след, за"),
    "Serbian": Language(answer="одговор", says="је"),
    "Indonesian": Language(answer="jawaban, jawabannya, hasil, hasilnya", says="adalah",
        either="atau", both="dan", denies="bukan", doubts="tidak yakin, tidak tahu",
        corrects="koreksi, maaf", summed="total, seluruhnya",
        during="setelah, dalam, selama, per, setiap"),
    "Vietnamese": Language(answer="đáp án, đáp số, kết quả, câu trả lời", says="là", either="hoặc",
        both="và", denies="không phải", doubts="không chắc, không biết",
        corrects="xin lỗi, sửa lại", summed="tổng cộng, tất cả", during="sau, trong, mỗi"),
    "Swahili": Language(answer="jibu", says="ni", either="au", both="na", summed="jumla",
        during="baada ya, kwa"),
    "Chinese": Language(answer="答案, 解答, 回答, 结果, 答", says="是, 为, 為", minus="负, 負",
        either="或, 或者, 还是", both="和", denies="不是",
        doubts="不确定, 不知道, 不清楚, 无法确定, 没有把握",
        corrects="更正, 等等, 修正, 不对, 我错了", concludes="所以, 因此, 总共, 合计",
        summed="一共, 共, 总计, 总数", later="之后, 以后, 后, 後, 内, 里, 期间"),
    "Japanese": Language(answer="答え, こたえ, 正解, 結果", says="は", minus="マイナス",
        either="または", both="と", denies="ではありません, ではない",
        doubts="わかりません, 分かりません, 自信がない, 自信がありません, 不明",
        corrects="訂正, すみません, 間違え*", concludes="合計", summed="全部で, 合わせて, 計",
        later="後, 以内, 間で"),
    "Korean": Language(answer="정답, 답, 결과", says="은, 는", minus="마이너스", either="또는",
        denies="아니", doubts="모르겠, 확실하지 않, 확신이 없", corrects="정정, 잠깐",
        summed="총, 모두, 합해서", later="후, 뒤, 동안, 만에, 이내"),
    "Arabic": Language(answer="الجواب, الإجابة, النتيجة", says="هو, هي", either="أو",
        denies="ليس, ليست", doubts="لست متأكد, لا أعرف", corrects="تصحيح, عفوا",
        summed="المجموع, إجمالي", during="بعد, خلال, في, كل, لمدة"),
    "Persian": Language(answer="پاسخ, جواب", says="است", either="یا",
        doubts="مطمئن نیستم, نمی‌دانم", summed="مجموع", during="بعد از, پس از, در, طی"),
    "Hebrew": Language(answer="התשובה, תשובה", says="היא", either="או", denies="אינה, לא",
        doubts="לא בטוח, לא יודע", summed="בסך הכל", during="אחרי, לאחר, תוך, במשך, כל"),
    "Hindi": Language(answer="जवाब, उत्तर", says="है", either="या", both="और", denies="नहीं",
        doubts="पता नहीं, यकीन नहीं", summed="कुल", later="बाद, में, तक"),
    "Bengali": Language(answer="উত্তর", either="অথবা", both="এবং", summed="মোট",
        later="পর, পরে"),
    "Tamil": Language(answer="விடை, பதில்", either="அல்லது", summed="மொத்தம்", later="பிறகு"),
    "Telugu": Language(answer="సమాధానం", either="లేదా", summed="మొత్తం", later="తర్వాత"),
    "Thai": Language(answer="คำตอบ, ตอบ", says="คือ", either="หรือ", both="และ", denies="ไม่ใช่",
        doubts="ไม่แน่ใจ, ไม่รู้", corrects="แก้ไข, ขอโทษ", summed="ทั้งหมด, รวม",
        during="หลังจาก, ใน, เป็นเวลา"),
}  # fmt: skip

# Where the scripts begin that are written without spaces, or whose vowel signs Python takes for
# the end of a word: Hebrew and all behind it.
_UNSPACED = "\u0590"
# Hebrew to Telugu do write spaces, and a short word of theirs is a part of many others.
_MARKED = "\u0590-\u0dff"
_ACCENTLESS = str.maketrans({"ı": "i", "ł": "l", "đ": "d", "ß": "ss"})
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
    unspaced = "|".join(_unspaced(word) for word in ordered if not is_spaced(word))
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


def _unspaced(word: str) -> str:
    if len(word) > 3 or word[0] > _MARKED[-1]:
        return word.rstrip("*")
    return rf"(?<![{_MARKED}]){word}(?![{_MARKED}])"


def _accentless(word: str) -> str:
    # Short words are nothing without theirs: "là", "är".
    if word.isascii() or len(word) < 3 or not is_spaced(word):
        return word
    letters = unicodedata.normalize("NFD", word.translate(_ACCENTLESS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
