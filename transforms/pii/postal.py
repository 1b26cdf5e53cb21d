"""Find street addresses, where a rule can tell them from other words with a number."""

import re
from collections.abc import Iterator

from transforms.pii.spans import Span, may_hold

_CAPITAL = r"[A-Z\u00c0-\u00d6\u00d8-\u00de\u0391-\u03a9\u0410-\u042f]"
_WORD = rf"{_CAPITAL}[\w'\u2019.\-]{{0,30}}"
_SUFFIX = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Terrace|Square|Sq"
    r"|Parkway|Pkwy|Highway|Hwy|Crescent|Cres|Close|Way|Trail|Alley|Grove|Gardens|Mews|Row|Walk|Loop|Turnpike|[Ss]tr\.?"
    # Of USPS Publication 28, appendix C1, those that seldom follow a number in other meanings.
    r"|Bend|Bluffs?|Bypass|Causeway|Commons|Cove|Crossing|Crossroads?|Expressway|Extensions?|Fords?|Forges?|Freeway"
    r"|Gateway|Heights|Hills?|Hollow|Knolls?|Landing|Manor|Meadows?|Motorway|Orchard|Overpass|Pass|Pike|Plaza|Point"
    r"|Rapids|Ridges?|Route|Shores?|Spur|Squares|Throughway|Underpass|Viaduct|Villas?|Vista)"
)
_UNIT = (
    r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Postbus|Postfach|P\.? ?O\.? ?Box"
    r"|BP)\.? ?#?\d{1,6}[A-Za-z]?(?!\w)"
)
# It begins with a digit and then looks back: a lookbehind at the start is tried at each character.
_HOUSE = re.compile(r"\d(?<![\w.,$\u20ac\u00a3].)\d{0,5}(?: ?(?:bis|ter)|[A-Za-z])?,? (?=[^\W_])")
_AFTER_HOUSE = re.compile(
    rf"(?:(?:{_WORD}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}{_SUFFIX}(?!\w)"
    r"|(?!(?:on|in|of|to|at|across|down|the) )(?:[a-z][a-z'\-]{1,20} ){1,2}(?:street|avenue|road"
    r"|boulevard)(?!\w)"
    r"|(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Aa]llée|[Pp]lace|[Cc]hemin|[Ii]mpasse)"
    rf"(?: (?:de|du|des|la|le|les)){{0,3}} (?:[dl]')?{_WORD}(?: {_WORD}){{0,3}}"
)
_KIND_FIRST = re.compile(
    r"(?<!\w)(?=[RVPCAuUSLT])(?:Rua|Via|Viale|Vicolo|Piazza|Calle|Avenida|Av\.|Carrera|ul\.|Ulica|Rue|Avenue|Strada"
    rf"|Largo|Travessa) (?:(?:de|da|do|dos|das|del|la|di|van|{_WORD})"
    rf" ){{1,5}}\d{{1,5}}[A-Za-z]?(?!\w)"
)
_HOUSE_LAST = re.compile(r" \d{1,5}[A-Za-z]?(?!\w|[.,]\d)")
_ENDINGS = (
    "straße",
    "strasse",
    "straat",
    "laan",
    "weg",
    "gasse",
    "platz",
    "allee",
    "gracht",
    "vej",
    "veien",
    "vegen",
    "gatan",
    "gata",
    "gade",
    "stræti",
    "straeti",
    "katu",
    "kuja",
    "polku",
    "vænget",
    "stien",
    "bakken",
    "utca",
    "tie",
    "vegur",
    "braut",
    "gaten",
    "gate",
    "vägen",
    "stræde",
    "gränd",
    "stigen",
    "torget",
    "plein",
    "singel",
    "kade",
    "dijk",
    "steeg",
    "damm",
    "ufer",
    "chaussee",
    "brücke",
    "steig",
    "str.",
)
_LONGEST_WORD = 32
# words of which every unit has one
_UNIT_WORDS = ("apt", "apartment", "suite", "ste", "unit", "flat", "post", "box", "bp")
_UNITS = re.compile(rf"(?<!\w)(?=[AaSsUuFfPpBb]){_UNIT}", re.IGNORECASE)
_MORE = re.compile(rf",?\s{{1,3}}{_UNIT}", re.IGNORECASE)
# The text between a street and its postcode: town, region, country.
_TOWN = re.compile(
    r"(?:\s{0,3}[,\n]\s{0,6}[^\W\d_a-z][\w'\u2019.\- ]{0,30}){1,4}?(?:,?\s{1,3}[A-Z]{2})?[,\s]{1,6}"
    r"(?:\d{4,6}|\d{3} \d{2}|\d{2}-\d{3})(?!\d|[.,]\d)"
)
# A word of the name of a street or town. It may begin with any letter except a small one of ASCII.
# The second expression is a word between such words.
_NAME = r"(?:[^\W\d_a-z]\w{0,2}\.(?= )|[^\W\d_a-z](?:[\w'\u2019\-/]|\.(?=\w)){0,30})"
_LINK = (
    r"(?:de|du|des|la|le|las|los|da|do|dos|das|del|di|van|den|der|al|el|u\.|ul\.|str\.?|C/"
    r"|gate|utca|tér|útja|trg|cesta|ulica|rue|avenue|street|road)"
)
_PART = rf"(?:{_NAME}|{_LINK})"
_NUMBER = r"\d{1,6}[A-Za-z]?\.?"
_HOUSE_FIRST = rf"(?:\d{{1,6}} )?{_NUMBER},?(?: {_PART}){{1,5}}(?: {_NUMBER})?"
_LAST_HOUSE = rf"{_NAME} (?:{_PART} ){{0,3}}{_NUMBER}"
_GAP = r"[,\s>*]{1,8}"
# The text right before a flat or suite: a street with its number before or after it.
_BEFORE_UNIT = re.compile(rf"(?<![\w.,/-])(?:{_HOUSE_FIRST}|{_LAST_HOUSE}){_GAP}$")
_REACH = 120  # characters before a flat
_BEFORE_STREET = re.compile(r"(?<![\w.,:/-])\d{2,6} $")  # the first half of "9931 14 Long Street"
# A phrase that announces an address.
_SAID = re.compile(
    r"(?<!\w)(?=[adlmprs])(?:address(?: is|:)|(?:liv(?:e|es|ing)|located|resid(?:e|es|ing)) at"
    r"|moved to"
    r"|(?:deliver(?:ed|y)?|ship(?:ped|ping)?) to"
    r"|(?:meet|pick|drop|drops|dropped) (?:me|you|us|him|her|them)(?: (?:up|off))? at)[:\s]{1,6}",
    re.IGNORECASE,
)
# strings of which every such phrase has one
_SAYING = ("ddress", " at", "moved to", "deliver", "ship")
_SAID_STREET = re.compile(rf"{_HOUSE_FIRST}|{_LAST_HOUSE}")
CORNER = "orner of "  # an address without a number
_CORNER = re.compile(
    rf"(?<!\w)(?:[Tt]he )?[Cc]orner of (?:{_NUMBER} )?(?:{_PART} ){{1,4}}(?:{_NUMBER} )?and"
    rf" {_PART}(?: {_PART}){{0,2}}"
)
# Towns and regions after a street, each up to a comma, a line end or a postcode.
_PLACES = re.compile(
    rf"(?:,? {{0,2}}[,\n][\s>*]{{0,6}}{_NAME}(?: {_NAME}){{0,3}}"
    r"(?=\.?\s*$|\s*[,\n.?!;]|\s(?:\d{4,6}(?!\w)|[A-Z]{1,2}\d))){1,4}"
    r"(?:,?\s{1,3}\d{4,6}(?:-\d{4})?(?!\w))?"
)
_AFTER_UNIT = re.compile(rf"(?: {_NAME}){{1,4}}(?=\.?\s*$|\s*[,\n?!])")
_STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY])"
)
_ZIP = re.compile(rf" {_STATE} \d{{5}}(?:-\d{{4}})?(?![\w-])")
_BEFORE_ZIP = re.compile(rf"(?<!\w){_NAME}(?: {_NAME})?,?$")
_MILITARY = re.compile(
    r"(?<!\w)(?:PSC|Unit|CMR) \d{2,5},? Box \d{2,5}"
    r"(?:\s{1,3}(?:[AFD]PO)\s{1,2}A[AEP]\s{1,2}\d{5})?(?!\w)",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<![A-Za-z0-9])(?:GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]?"
    r" \d[ABD-HJLNP-UW-Z]{2})(?![A-Za-z0-9])"
)
_POSTCODISH = re.compile(r"[0-9][A-Z]{2}")  # in every British postcode


def find_addresses(text: str) -> list[Span]:
    """Find streets with a number, flats, boxes, corners, US towns and British postcodes."""
    bounds = [m.span() for m in _KIND_FIRST.finditer(text)]
    if _POSTCODISH.search(text):
        bounds += [m.span() for m in _POSTCODE.finditer(text)]
    lowered = text.lower()
    bounds += [*_by_number(text), *_by_neighbour(text, lowered)]
    if CORNER in text:
        bounds += [m.span() for m in _CORNER.finditer(text)]
    if "box" in lowered:
        bounds += [m.span() for m in _MILITARY.finditer(text)]
    return [Span(_begun(text, start), _whole(text, end), "ADDRESS") for start, end in bounds]


def _by_number(text: str) -> Iterator[tuple[int, int]]:
    """Yield streets by a house number beside a word for street."""
    for house in _HOUSE.finditer(text):
        if street := _AFTER_HOUSE.match(text, house.end()):
            yield house.start(), street.end()
    for house in _HOUSE_LAST.finditer(text):
        before = text[max(0, house.start() - _LONGEST_WORD) : house.start()].split()
        name = before[-1] if before else ""
        if name[:1].isupper() and name.lower().endswith(_ENDINGS) and name != "Gate":
            yield house.start() - len(name), house.end()


def _by_neighbour(text: str, lowered: str) -> Iterator[tuple[int, int]]:
    """Yield streets with a number before a flat or a code, or after a phrase like "lives at"."""
    if may_hold(lowered, _UNIT_WORDS):
        yield from _before_units(text)
    seen = 0
    for code in _ZIP.finditer(text):
        if town := _BEFORE_ZIP.search(text, max(seen, code.start() - _REACH), code.start()):
            yield town.start(), code.end()
        seen = code.end()
    for announced in _SAID.finditer(text) if may_hold(lowered, _SAYING) else ():
        if street := _SAID_STREET.match(text, announced.end()):
            yield street.span()


def _before_units(text: str) -> Iterator[tuple[int, int]]:
    """Yield flats, each with the street before it."""
    seen = 0  # no text is read twice, so that time stays linear
    for unit in _UNITS.finditer(text):
        before = _BEFORE_UNIT.search(text, max(seen, unit.start() - _REACH), unit.start())
        after = _AFTER_UNIT.match(text, unit.end())
        seen = (after or unit).end()
        yield (before or unit).start(), seen


def _begun(text: str, start: int) -> int:
    """Return where the address begins, which may be at a second number before it."""
    number = _BEFORE_STREET.search(text, max(0, start - 8), start)
    return number.start() if number else start


def _whole(text: str, end: int) -> int:
    """Return where the address ends, with flat and town."""
    for further in (_MORE, _MORE, _TOWN, _PLACES):
        more = further.match(text, end)
        end = more.end() if more else end
    return end
