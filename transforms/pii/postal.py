"""Street addresses, where a rule can tell them from other words with a number."""

import re

from transforms.pii.spans import Span

_CAPITAL = r"[A-Z\u00c0-\u00d6\u00d8-\u00de\u0391-\u03a9\u0410-\u042f]"
_WORD = rf"{_CAPITAL}[\w'\u2019.\-]{{0,30}}"
_SUFFIX = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Terrace|Square|Sq"
    r"|Parkway|Pkwy|Highway|Hwy|Crescent|Cres|Close|Way|Trail|Alley|Grove|Gardens|Mews|Row|Walk|Loop|Turnpike)"
)
_UNIT = r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Postbus|Postfach|P\.? ?O\.? ?Box|BP)\.? ?#?\d{1,6}[A-Za-z]?(?!\w)"
_HOUSE = re.compile(r"(?<![\w.,$\u20ac\u00a3])\d{1,6}(?: ?(?:bis|ter)|[A-Za-z])?,? (?=[^\W_])")
_AFTER_HOUSE = re.compile(
    rf"(?:(?:{_WORD}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}{_SUFFIX}(?!\w)"
    r"|(?:[a-z][a-z'\-]{1,20} ){1,2}(?:street|avenue|road|boulevard)(?!\w)"
    r"|(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Aa]llée|[Pp]lace|[Cc]hemin|[Ii]mpasse)"
    rf"(?: (?:de|du|des|la|le|les)){{0,3}} (?:[dl]')?{_WORD}(?: {_WORD}){{0,3}}"
)
_KIND_FIRST = re.compile(
    r"(?<!\w)(?=[RVPCAuUSLT])(?:Rua|Via|Viale|Vicolo|Piazza|Calle|Avenida|Av\.|Carrera|ul\.|Ulica|Rue|Avenue|Strada"
    rf"|Largo|Travessa) (?:(?:de|da|do|dos|das|del|la|di|van|{_WORD}) ){{1,5}}\d{{1,5}}[A-Za-z]?(?!\w)"
)
_HOUSE_LAST = re.compile(r" \d{1,5}[A-Za-z]?(?!\w|[.,]\d)")
_ENDINGS = (
    "straße", "strasse", "straat", "laan", "weg", "gasse", "platz", "allee", "gracht", "vej", "veien", "vegen", "gatan",
    "gata", "gade", "stræti", "straeti", "katu", "kuja", "polku", "vænget", "stien", "bakken", "utca", "tie",
)  # fmt: skip
_LONGEST_WORD = 32
_UNITS = re.compile(rf"(?<!\w)(?=[AaSsUuFfPpBb]){_UNIT}", re.IGNORECASE)
_MORE = re.compile(rf",?\s{{1,3}}{_UNIT}", re.IGNORECASE)
# What stands between a street and its postcode: town, region, country.
_TOWN = re.compile(
    r"(?:\s{0,3}[,\n]\s{0,6}[^\W\d_a-z][\w'\u2019.\- ]{0,30}){1,4}?(?:,?\s{1,3}[A-Z]{2})?[,\s]{1,6}"
    r"(?:\d{4,6}|\d{3} \d{2}|\d{2}-\d{3})(?!\d|[.,]\d)"
)
_MILITARY = re.compile(
    r"(?<!\w)(?:PSC|Unit|CMR) \d{2,5},? Box \d{2,5}"
    r"(?:\s{1,3}(?:[AFD]PO)\s{1,2}A[AEP]\s{1,2}\d{5})?(?!\w)",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<![A-Za-z0-9])(?:GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})(?![A-Za-z0-9])"
)


def find_addresses(text: str) -> list[Span]:
    """Streets with a number, flats, boxes, British postcodes."""
    found = [m.span() for p in (_KIND_FIRST, _UNITS, _POSTCODE) for m in p.finditer(text)]
    for house in _HOUSE.finditer(text):
        if street := _AFTER_HOUSE.match(text, house.end()):
            found.append((house.start(), street.end()))
    for house in _HOUSE_LAST.finditer(text):
        before = text[max(0, house.start() - _LONGEST_WORD) : house.start()].split()
        if before and before[-1].lower().endswith(_ENDINGS) and before[-1][0].isupper():
            found.append((house.start() - len(before[-1]), house.end()))
    if "box" in text.lower():
        found += [m.span() for m in _MILITARY.finditer(text)]
    return [Span(start, _whole(text, end), "ADDRESS") for start, end in found]


def _whole(text: str, end: int) -> int:
    """Where the address ends: flat and town belong to it."""
    for further in (_MORE, _TOWN):
        more = further.match(text, end)
        end = more.end() if more else end
    return end
