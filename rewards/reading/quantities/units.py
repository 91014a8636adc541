"""The unit beside a number, in one spelling."""

from rewards.reading.plain import plain
from rewards.reading.quantities.numbers import Number, scan
from rewards.reading.text import Pattern

_UNIT = Pattern(r"[\s)}\]$*_-]{0,4}(?P<unit>[%°¢$€£¥₹]|[A-Za-z]+)")
# Words after a number that are no unit: "72 of them", "72 in total".
_NO_UNIT = frozenset((
    "a", "an", "and", "are", "as", "at", "because", "but", "by", "each", "every", "for", "from",
    "if", "in", "is", "it", "more", "of", "on", "or", "over", "per", "so", "than", "that", "the",
    "then", "there", "they", "to", "total", "was", "were", "which", "with",
))  # fmt: skip
_SAME_UNIT = {
    "$": "dollar", "usd": "dollar", "us$": "dollar", "¢": "cent", "€": "euro", "eur": "euro",
    "£": "pound", "gbp": "pound", "¥": "yen", "jpy": "yen", "₹": "rupee", "rs": "rupee",
    "rs.": "rupee", "inr": "rupee", "%": "percent", "pct": "percent", "°": "degree",
    "kilometer": "km", "kilometre": "km", "meter": "m", "metre": "m", "centimeter": "cm",
    "centimetre": "cm", "millimeter": "mm", "millimetre": "mm", "kilogram": "kg", "gram": "g",
    "milligram": "mg", "liter": "l", "litre": "l", "milliliter": "ml", "millilitre": "ml",
    "foot": "ft", "feet": "ft", "inch": "in", "inches": "in", "yard": "yd", "mile": "mi",
    "hour": "h", "hr": "h", "minute": "min", "second": "s", "sec": "s", "lb": "pound",
    "ounce": "oz", "people": "person", "children": "child",
}  # fmt: skip

# Abbreviations that stand beside a number without a space, where "12xy" is a product.
_ABBREVIATED = frozenset((
    "m", "g", "s", "h", "l", "L", "V", "A", "W", "N", "J", "K", "C", "F", "T", "Hz", "kHz", "MHz",
    "GHz", "Pa", "kPa", "MPa", "bar", "atm", "mol", "eV", "keV", "MeV", "GeV", "erg", "rad", "deg",
    "km", "cm", "mm", "nm", "um", "kg", "mg", "ml", "mL", "cl", "dl", "kL", "mi", "ft", "in", "yd",
    "lb", "lbs", "oz", "hr", "hrs", "min", "mins", "sec", "secs", "ms", "ns", "mph", "kph", "kmh",
    "rpm", "gal", "qt", "pt", "cal", "kcal", "kJ", "MJ", "mJ", "kW", "MW", "GW", "kWh", "Wh", "kV",
    "mV", "mA", "kN", "dB", "KB", "MB", "GB", "TB", "am", "pm", "AM", "PM", "st", "nd", "rd", "th",
    "pc", "pcs", "pct", "sq", "cu", "cc", "cts", "yr", "yrs", "wk", "wks", "mo", "USD", "EUR",
    "GBP", "ppm", "AU", "ly", "sr", "lm", "lx", "men", "box",
))  # fmt: skip


def is_unit(word: str) -> bool:
    """Whether a word is the abbreviation of a unit.

    >>> is_unit("cm"), is_unit("xy")
    (True, False)
    """
    return word in _ABBREVIATED


def unit_of(text: str, start: int, end: int) -> str:
    """The unit of the number at text[start:end], in the singular and one spelling; "" for none.

    A currency sign on either side, the percent sign, or the word behind.

    >>> unit_of("They cost $18.", 11, 13), unit_of("5 kilograms", 0, 1), unit_of("72 of them", 0, 2)
    ('dollar', 'kg', '')
    """
    before = text[max(0, start - 4) : start]
    piece = plain(before + text[start : end + 40])
    numbers = scan(piece, max(0, len(plain(before)) - 4))
    number = next(numbers, None)
    if number is None:
        return ""
    if number.percent:
        return "percent"
    after = _UNIT.match(piece, number.end)
    word = number.currency if number.currency and not _is_math(piece, number) else ""
    if not word and after:
        word = after["unit"]
    word = word.lower()
    if word in _NO_UNIT:
        return ""
    single = word if word in _SAME_UNIT or word.endswith("ss") else word.removesuffix("s")
    return _SAME_UNIT.get(single, single)


def _is_math(piece: str, number: Number) -> bool:
    """Whether the "$" before the number opens a formula: another one closes it."""
    return number.currency == "$" and piece.startswith("$", number.end)
