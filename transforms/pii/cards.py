"""Recognise numbers of payment cards.

One number in ten passes Luhn's check, so first digits and length must belong to an issuer. Some of
these forms are also those of ordinary long numbers, such as ids of posts and articles in shops.
Such a number needs a word for card in front of it.
"""

import re
from typing import Final

from transforms.pii import checks

LEAST: Final = 12
MOST: Final = 19
_MASTERCARD_2 = r"2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)"
_DISCOVER = r"(?:6011|64[4-9]|65)"
_MAESTRO = r"(?:50(?:18|20|38)|5[678]\d\d|6304|6390|67\d\d)"
_MAESTRO_NOW = r"(?:50(?:18|20|38)|6304|6759|676[1-3])"
# Issuers' first digits, by the number of digits.
_PREFIXES = {
    12: _MAESTRO,
    13: rf"4|{_MAESTRO_NOW}",
    14: rf"30[0-59]|3[689]|{_MAESTRO_NOW}",
    15: rf"3[47]|1800|2131|{_MAESTRO_NOW}",
    16: rf"4|5[1-5]|{_MASTERCARD_2}|{_DISCOVER}|35|62|{_MAESTRO_NOW}|67",
    17: rf"62|{_DISCOVER}|{_MAESTRO}",
    18: rf"62|{_DISCOVER}|{_MAESTRO}",
    19: rf"4|62|35|3[689]|{_DISCOVER}|{_MAESTRO}",
}
_ISSUED = {size: re.compile(prefix) for size, prefix in _PREFIXES.items()}
_LONGEST_BARE = 16  # ids of posts have 17 to 19 digits
_EAN = 13
_WORD = re.compile(
    r"(?:\b(?:cards?|cc|visa|master ?card|amex|american express|discover|diners(?: club)?|jcb"
    r"|union ?pay|maestro"
    r"|credit|debit|pan|carte|tarjeta|cart[ãa]o|carta|kort\w{0,6}|kaart\w{0,6}|kart[aąęyu]\w{0,4}|bankkártya"
    r"|карт[аыуе]|कार्ड)\b|kart(?:e|en)\b|karten?nummer\b|kort(?:et|nummer)?\b|कार्ड|カード|卡|카드|بطاقة)[^\d\n]{0,24}\Z",
    re.IGNORECASE,
)


def is_card(digits: str, before: str, *, bare: bool) -> bool:
    """Return whether the digits are a card's number.

    Args:
        digits: 12 to 19 digits without separators.
        before: the text in front of them.
        bare: whether the text has no separators between them.
    """
    if not LEAST <= len(digits) <= MOST or digits[0] == "0" or not checks.luhn(digits):
        return False
    if _ISSUED[len(digits)].match(digits) and (not bare or _is_no_other(digits)):
        return True
    return _WORD.search(before) is not None


def _is_no_other(digits: str) -> bool:
    """Return whether a bare number of an issuer's form is unlikely to be an id."""
    return len(digits) <= _LONGEST_BARE and not (len(digits) == _EAN and checks.ean13(digits))
