"""Personal data in a text: of which kinds, never what it says.

Patterns with check digits and context; a name alone is none of them. Every pattern is linear in
the text.
"""

import re
from collections.abc import Iterator

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-zA-Z0-9-]{1,63}\.){1,4}[a-zA-Z]{2,24}\b")
#: Domains that belong to nobody (RFC 2606, RFC 6761).
_NOBODYS = re.compile(
    r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|test|invalid|localhost|example)$", re.I
)
#: What every number below has in it.
_NUMBER = re.compile(r"\d{3}(?:[ .-]\d{2}|\d{7})|[A-Z]{2}\d{2}")
_AMERICAN = re.compile(
    r"(?<![\w.+*/=$-])(?:\+?1[ .-])?(?:\(\d{3}\) ?|\d{3}[.-]|\d{3} (?=\d{3}-))"
    r"\d{3}[ .-]\d{4}(?![\w-]|[.,]\d)"
)
_ABROAD = re.compile(r"(?<![\w)\]+*/=.-])\+\d{1,3}(?:[ .-]\(?\d{1,8}\)?){2,5}(?!\w)")
_LOCAL = re.compile(
    r"\b(?:call|phone|tel|telephone|mobile|cell|fax|reach|text)\b[^\n\d]{0,30}"
    r"(?:\d{3}[ .-]\d{4}|\d{10})\b",
    re.I,
)
_SOCIAL = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_CARD = re.compile(
    r"(?<![\w.-])[3-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?![\w-])|(?<![\w.-])[3-6]\d{12,15}(?!\w)"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_STREET = re.compile(
    r"\d{1,5}[A-Za-z]? (?:(?:North|South|East|West|[NSEW])\.? )?"
    r"(?:[A-Z][a-z'-]{1,20}\.? ){1,3}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Terrace|Parkway|Pkwy"
    r"|Highway|Hwy)\b"
)


def kinds(text: str) -> Iterator[str]:
    """The kinds of personal data that a text seems to hold, each once.

    >>> list(kinds("Write to ann.lee@mail.org or call (206) 555-0143."))
    ['e-mail address', 'phone number']
    >>> list(kinds("48+24=72, and 3-2-1 on 555-12 of 1000-2000-3000."))
    []
    """
    yield from dict.fromkeys(_found(text))


def _found(text: str) -> Iterator[str]:
    if "@" in text:
        found = {bool(_NOBODYS.search(match[0])) for match in _EMAIL.finditer(text)}
        if False in found:
            yield "e-mail address"
        elif found:
            yield "e-mail address at a made-up domain"
    if "+" in text and any(map(_is_phone, _ABROAD.finditer(text))):
        yield "phone number"
    if _NUMBER.search(text):  # most texts need no more
        yield from _numbers(text)
    if any(_stands_alone(match, text) for match in _STREET.finditer(text)):
        yield "street address"


def _numbers(text: str) -> Iterator[str]:
    if _AMERICAN.search(text) or _LOCAL.search(text):
        yield "phone number"
    if _SOCIAL.search(text):
        yield "social security number"
    if any(_is_card(match[0], text) for match in _CARD.finditer(text)):
        yield "card number"
    if any(_is_iban(match[0]) for match in _IBAN.finditer(text)):
        yield "bank account"


def _stands_alone(match: re.Match[str], text: str) -> bool:
    """Whether a number is no part of another; asked afterwards, as it is a slow way to begin."""
    before = text[match.start() - 1] if match.start() else " "
    return not (before.isalnum() or before in "_.,$")


def _is_phone(match: re.Match[str]) -> bool:
    return 8 <= sum(char.isdigit() for char in match[0]) <= 15


def _is_card(number: str, text: str) -> bool:
    """Luhn's check digit; without groups one in ten numbers has it, so the text must say card."""
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    if (sum(doubled) + sum(digits[-1::-2])) % 10:
        return False
    return (
        not number.isdigit()
        or re.search(r"\bcard\b|\bvisa\b|\bmastercard\b", text, re.I) is not None
    )


def _is_iban(account: str) -> bool:
    """ISO 13616: the account, its first four characters last, is 1 modulo 97."""
    plain = account.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1
