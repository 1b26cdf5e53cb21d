"""Numbers that belong to a person: telephone, card, identity numbers.

A run of digits with separators is cut into its groups once; each form then looks at windows of groups.
"""

import re
from itertools import pairwise

from transforms.pii import checks
from transforms.pii.regions import is_international, national
from transforms.pii.spans import Span

_ENOUGH = re.compile(r"\d(?:[ \t.\-()/]{0,3}\d){6}")
_RUN = re.compile(r"(?<!\w)(?<!\d[.,])(?:\+ ?|\()?\(?\d(?:[ \t.\-()/]{0,3}\d){6,39}(?=x\d|\W|\Z)")
_GROUP = re.compile(r"\d+")
_EXTENSION = re.compile(r"[ ,]{0,2}(?:x|ext\.?|extension)[ .:]{0,2}\d{1,6}(?!\w)", re.IGNORECASE)
_CONTEXT_WIDTH = 36
_PHONE_WORD = re.compile(
    r"\b(?:phone|telephone|tel|telefon|mobile|mobil|cell|fax|call|ring|text|sms|whatsapp|dial|number|reach|handy"
    r"|desk|office|nr|no|contact)\b[^\d\n]{0,20}\Z",
    re.IGNORECASE,
)
_ID_WORD = re.compile(
    r"\b(?P<word>ssn|social security|aadhaar|aadhar|bsn|burgerservicenummer|cpf|pesel|sin|social insurance|nir)\b"
    r"[^\d\n]{0,24}\Z",
    re.IGNORECASE,
)
_MONEY_BEFORE = re.compile(r"[$€£¥₹R] ?\Z")
_MONEY_AFTER = re.compile(
    r" ?(?:[$€£¥₹%]|(?:eur|euros?|usd|dollars?|zar|rand|gbp|pounds|million|people|views|votes|followers|km|kg)\b)", re.I
)
_YEARS = re.compile(r"(?:19|20)\d\d (?:19|20)\d\d")
_DATE_LIKE = re.compile(r"(?:(?:19|20)\d\d \d\d? \d\d?|\d\d? \d\d? (?:19|20)?\d\d)(?: \d\d?){0,3}")
_MOST_GROUPS = 8
_LEAST_CARD, _MOST_CARD = 12, 19
_LEAST_PHONE, _MOST_PHONE = 7, 12  # without a country's code
_ZA_ID, _NIR, _SSN = 13, 15, 9
_SURE = 10  # shorter numbers must stand alone: a part of a longer one is no telephone number

_MOST_RUNS = 300  # no post has more; what comes after them is cut unread, so that time stays linear

_Group = tuple[int, int, str]


def find_numbers(text: str, regions: frozenset[str]) -> list[Span]:
    """Everything that is made of digits and separators."""
    if not _ENOUGH.search(text):
        return []
    spans: list[Span] = []
    for number, run in enumerate(_RUN.finditer(text)):
        if number >= _MOST_RUNS:
            spans.append(Span(*run.span(), "PHONE"))
            continue
        groups = [(m.start(), m.end(), m.group()) for m in _GROUP.finditer(text, *run.span())]
        spans += _in_run(text, run.start(), groups, regions)
    return spans


def _in_run(text: str, start: int, groups: list[_Group], regions: frozenset[str]) -> list[Span]:
    before = text[max(0, start - _CONTEXT_WIDTH) : start]
    found: list[Span] = []
    at = 0
    while at < len(groups):
        hit = _at(text, groups, at, before, regions)
        if hit:
            taken, kind = hit
            last = groups[at + taken - 1][1]
            first = _with_prefix(text, groups[at][0]) if kind == "PHONE" else groups[at][0]
            found.append(Span(first, _extended(text, last) if kind == "PHONE" else last, kind))
            at += taken
        else:
            at += 1
    return found


def _at(text: str, groups: list[_Group], at: int, before: str, regions: frozenset[str]) -> tuple[int, str] | None:
    """How many groups from here on are what, the longest first."""
    whole = at == 0
    left = len(groups) - at
    plus = text[max(0, groups[at][0] - 3) : groups[at][0]].rstrip("( ").endswith("+")
    sizes = [left] if whole and left > _MOST_GROUPS else []
    for size in [*sizes, *range(min(left, _MOST_GROUPS), 0, -1)]:
        window = groups[at : at + size]
        digits = "".join(group[2] for group in window)
        if not _LEAST_PHONE <= len(digits) <= _MOST_CARD:
            continue
        alone = whole and size == left
        if plus or digits.startswith("00"):
            if is_international(digits.removeprefix("00") if not plus else digits):
                return size, "PHONE"
            if plus:
                continue
        kind = _identity(text, window, digits, before if whole else "")
        if kind or _is_phone(text, window, digits, before, alone=alone, whole=whole, regions=regions):
            return size, kind or "PHONE"
    return None


def _identity(  # noqa: PLR0911  # one line per form
    text: str, window: list[_Group], digits: str, before: str
) -> str | None:
    shape = "-".join(str(len(group[2])) for group in window)
    size = len(digits)
    if shape == "3-2-4" and _is_ssn(digits):
        return "SSN"
    if size == _ZA_ID and checks.za_id(digits):
        return "ZA_ID"
    if shape == "3-3-3-2" and checks.cpf(digits):
        return "NATIONAL_ID"
    if shape == "4-4-4" and digits[0] > "1" and checks.verhoeff(digits):
        return "NATIONAL_ID"
    if size == _NIR and checks.nir(digits):
        return "NATIONAL_ID"
    if _LEAST_CARD <= size <= _MOST_CARD and digits[0] != "0" and checks.luhn(digits) and _grouped(text, window):
        return "CARD"
    return _by_word(digits, before) if before else None


def _by_word(digits: str, before: str) -> str | None:
    """Numbers whose form alone says little: the word in front decides."""
    named = _ID_WORD.search(before)
    if named is None:
        return None
    word = named["word"].lower()
    if word in {"ssn", "social security"}:
        return "SSN" if len(digits) == _SSN else None
    size_and_check = {
        "aadhaar": (12, checks.verhoeff), "aadhar": (12, checks.verhoeff), "bsn": (9, checks.bsn),
        "burgerservicenummer": (9, checks.bsn), "cpf": (11, checks.cpf), "pesel": (11, checks.pesel),
        "sin": (9, checks.luhn), "social insurance": (9, checks.luhn), "nir": (15, checks.nir),
    }[word]  # fmt: skip
    size, check = size_and_check
    return "NATIONAL_ID" if len(digits) == size and check(digits) else None


def _is_ssn(digits: str) -> bool:
    area = digits[:3]
    if area in {"000", "666"} or digits[3:5] == "00" or digits[5:] == "0000":
        return False
    return area[0] != "9" or digits[3] in "5789"  # 9xx: the taxpayer numbers of the same form


def _grouped(text: str, window: list[_Group]) -> bool:
    """Whether only spaces, dots and dashes stand between the groups, and the same ones."""
    gaps = {text[a[1] : b[0]].strip(" \t") for a, b in pairwise(window)}
    return gaps in (set(), {""}, {"-"}, {"."})


def _is_phone(
    text: str, window: list[_Group], digits: str, before: str, *, alone: bool, whole: bool, regions: frozenset[str]
) -> bool:
    if len(digits) > _MOST_PHONE or len(set(digits)) == 1:
        return False
    shape = " ".join(group[2] for group in window)
    if whole and _PHONE_WORD.search(before) and not _DATE_LIKE.fullmatch(shape):
        return True
    if len(digits) < _SURE and digits[0] != "0" and not alone:
        return False
    if not national(regions).fullmatch(shape) or _YEARS.fullmatch(shape):
        return False
    first, last = window[0][0], window[-1][1]
    if len(window) > 1 and digits[0] != "0" and digits.endswith("000"):
        return False  # a round amount
    return not (_MONEY_BEFORE.search(text[max(0, first - 2) : first]) or _MONEY_AFTER.match(text, last))


def _with_prefix(text: str, start: int) -> int:
    """The start of a number with the + and bracket in front of it."""
    while start and text[start - 1] in "+(":
        start -= 1
    return start - 2 if start > 1 and text[start - 2 : start] == "+ " else start


def _extended(text: str, end: int) -> int:
    extension = _EXTENSION.match(text, end)
    return extension.end() if extension else end
