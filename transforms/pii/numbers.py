"""Find numbers that belong to a person: telephone, card and identity numbers.

A run of digits with separators is cut into its groups once. Each form is then compared with windows
of groups.
"""

import re
from itertools import pairwise

from transforms.pii import cards, checks
from transforms.pii.regions import is_international, national
from transforms.pii.spans import Span

_GAP = r"[ \t.\-()/_\u00b7]{0,3}"
# In scripts other than the Latin one a number often touches the letters beside it. In Latin script
# only these words may touch it.
_LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_GLUED = "|".join(
    f"(?<={word})"
    for word in (
        "call",
        "cell",
        "phone",
        "mobile",
        "tel",
        "fax",
        "whatsapp",
        "card",
        "visa",
        "amex",
    )
)
_ENOUGH = re.compile(rf"[0-9](?:{_GAP}[0-9]){{6}}")
_RUN = re.compile(
    rf"(?=[+(\d])(?:(?<![{_LATIN}\d_])|(?<![^\W_]_)(?<=_)|(?i:{_GLUED}))(?<!\d[.,])"
    rf"(?:\+ ?|\()?\(?\d(?:{_GAP}\d){{6,39}}(?=x\d|[^{_LATIN}\d]|\Z)"
)
# Signs that seldom separate the groups of a person's number; the same sign must separate all.
_ODD = re.compile(
    r"(?<![\w.])\+?\d{1,6}(?P<sign>[~|*:;#>,=+'\"\u2019\u2192\u3001\\]|--|\r?\n)\d{2,6}(?:(?P=sign)\d{2,6}){1,7}(?![\w.]\d|\w)"
)
_ODD_SIGN = re.compile(
    r"[0-9][~|*:;#>,=+'\"\u2019\u2192\u3001\\\-\r\n][\-\n]?[0-9]{2,6}[^0-9][\-\n]?[0-9]"
)
_THOUSANDS = re.compile(r"\+?\d{1,3}(?:\D\d{3})+")
# the expiry date of a card, right after its number
_EXPIRY = re.compile(r"[\-/.](?:0[1-9]|1[0-2])[/\-.]?(?:20)?[2-4]\d(?!\d)")
_TIED = re.compile(r"[\-._/\u00b7]\d")
_GROUP = re.compile(r"\d+")
_EXTENSION = re.compile(r"[ ,]{0,2}(?:x|ext\.?|extension)[ .:]{0,2}\d{1,6}(?!\w)", re.IGNORECASE)
_CONTEXT_WIDTH = 36
# Words after which a telephone number follows, in the languages that we know.
_PHONE_WORD = re.compile(
    r"(?:\b(?:(?:tele)?phones?|ph|mob|cel|tel|telefon\w{0,8}|mobile?|cell(?:phone)?|cellphone|fax"
    r"|call(?: me| us)?"
    r"|ring|text|sms|whats ?app|wa|viber|imessage|dial|reach|handy\w{0,8}|desk|office|contact"
    r"|hotline"
    r"|answer(?:s|ed|ing)?|ruf\w{0,8}|anrufen|telefoon\w{0,8}|mobiel|bel|mobilnummer"
    r"|tél(?:éphone)?|portable|appele[zr]|appelle[zr]?|teléfono|móvil|celular|ll[aá]ma(?:r|me|nos|da)?"
    r"|cellulare|chiama(?:re|mi|ci)?|telemóvel|telefone|lig(?:ue|ar)|tlf|tlfn|puh(?:elin)?|soita"
    r"|telefonszám|hívj\w{0,6}|komórk\w{0,4}|dzwo[nń]\w{0,4}|zadzwo[nń]\w{0,4}|volejte|s[ií]mi"
    r"|тел(?:ефон\w{0,4})?|звони\w{0,4}|позвони\w{0,4}|моб(?:ильный)?|τηλ(?:έφωνο)?|κινητό)\b"
    r"|फ़ोन|फोन|कॉल|मोबाइल|व्हाट्सएप|電話|电话|手机|手機|携帯|致电|联系|聯絡|連絡|전화|핸드폰|휴대폰|هاتف|اتصل|جوال|واتساب)"
    r"(?:[^\d\n]{0,20}|[ :]{0,3}\r?\n[ \t]{0,4})\Z",
    re.IGNORECASE,
)
# Words for number. A number without separators needs one of `_OWN_NUMBER`: many are no telephone's.
_NUMBER_WORD = re.compile(
    r"\b(?:number|nr|no|numero|número|numéro|nummer|номер)\b[^\d\n]{0,20}\Z", re.IGNORECASE
)
# Words before other numbers in the form of a telephone number.
_OTHER_WORD = re.compile(
    r"\b(?:isbn(?:[- ]?1[03])?|issn|ean|gtin|upc|asin|imei|imsi|iccid|sku|doi|arxiv|pmid|cve|orcid"
    r"|(?:order|invoice|tracking|ticket|serial|part|model|case|item|batch|lot|parcel|booking|bestell\w{0,8}|commande)"
    r"(?: (?:number|numbers|nr|no|id|code)\b\.?|[ -]?\#| ?no\.)?)[ :#=.]{0,4}(?:is |was )?\Z",
    re.IGNORECASE,
)
_OWN_NUMBER = re.compile(
    r"\b(?:my|our|his|her|their|your|new|meine|mi|mon|meu|mio|мой)(?: \w{1,12})?"
    r" (?:number|nr|no|numero|número|numéro|nummer|номер)\b[^\d\n]{0,20}\Z",
    re.IGNORECASE,
)
_PHONE_AFTER = re.compile(
    r"[ ,]{0,2}(?:\(?(?:phone|mobile|cell|whats ?app|tel|fax|sms)\b|is (?:my|our|his|her|their"
    r"|the) (?:\w{1,12} )?"
    r"(?:number|phone|mobile|cell|whats ?app)\b|(?:call|text|ring|whats ?app) me\b)",
    re.IGNORECASE,
)
_ID_WORD = re.compile(
    r"\b(?P<word>ssn|social security|aadhaar|aadhar|bsn|burgerservicenummer|cpf|pesel|sin"
    r"|social insurance|nir"
    r"|s[ée]cu(?:rit[ée] sociale)?|insee)\b"
    r"[^\d\n]{0,24}\Z",
    re.IGNORECASE,
)
_MONEY_BEFORE = re.compile(r"[$€£¥₹R] ?\Z")
_MONEY_AFTER = re.compile(
    r" ?(?:[$€£¥₹%]|(?:eur|euros?|usd|dollars?|zar|rand|gbp|pounds|million|people|views|votes"
    r"|followers|km|kg)\b)",
    re.I,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_AADHAAR_WORD = re.compile(
    r"\b(?:aadh?aa?r|adhaar|uid(?:ai)?|e?kyc|id|identity)\b|आधार", re.IGNORECASE
)
_AADHAAR_REACH = 80  # characters on both sides
_PAIRS = re.compile(r"\d\d(?: \d\d){3,4}")  # telephone numbers of Denmark, Norway, France
# Five pairs with one to four more are a lottery draw, no telephone number. Ten pairs are two
# numbers.
_MORE_PAIRS = re.compile(r"(?: \d\d){1,4}(?! ?\d)")
_DATE_LIKE = re.compile(r"(?:(?:19|20)\d\d \d\d? \d\d?|\d\d? \d\d? (?:19|20)?\d\d)(?: \d\d?){0,3}")
_LEAST_LONGEST = 3  # digits of the longest group: groups of two are times
_CARD_SHAPES = frozenset({"4-4-4-4", "4-6-5"})
_FOUR_AFTER = re.compile(r" \d{4}(?!\d)")
_FOUR_BEFORE = re.compile(r"(?<!\d)\d{4} \Z")
_SHORTEST_OF_FOURS = 14  # digits; shorter cards may be three of four groups of four
_MOST_GROUPS = 8
# digits without a country code
_LEAST_PHONE = 7
_MOST_PHONE = 12
_ZA_ID = 13
_NIR = 15
_SSN = 9
_PAGE = "1000"  # start of page ids, one in 97 of which passes for a French number
# A shorter number must stand alone: as a part of a longer one it is no telephone number.
_SURE = 10

# No post has more runs. Later ones are redacted unread, so that time stays linear.
_MOST_RUNS = 300

_Group = tuple[int, int, str]  # start, end, digits


def find_numbers(text: str, regions: frozenset[str]) -> list[Span]:
    """Find personal numbers that consist of digits and separators."""
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


def find_odd_numbers(text: str, regions: frozenset[str]) -> list[Span]:
    """Find numbers with unusual signs between the groups, if digits or a word prove them."""
    if not _ODD_SIGN.search(text):
        return []
    spans: list[Span] = []
    for number, run in enumerate(_ODD.finditer(text)):
        if number >= _MOST_RUNS:
            break
        groups = [(m.start(), m.end(), m.group()) for m in _GROUP.finditer(text, *run.span())]
        if kind := _odd_kind(text, run, [group[2] for group in groups], regions):
            spans.append(Span(*run.span(), kind))
    return spans


def _odd_kind(
    text: str, run: re.Match[str], groups: list[str], regions: frozenset[str]
) -> str | None:
    """Return the type that the same number has with hyphens; None if it has none."""
    value = f"{'+' * run.group().startswith('+')}{'-'.join(groups)}"
    before = text[max(0, run.start() - _CONTEXT_WIDTH) : run.start()]
    (span, *others) = find_numbers(f"{before}{value}", regions)[-1:] or (None,)
    if (
        span is None
        or others
        or span.start > len(before) + 1
        or span.end != len(before) + len(value)
    ):
        return None
    if span.type not in {"PHONE", "SSN"}:
        return span.type
    if (
        run["sign"] in "\r\n"
        or _THOUSANDS.fullmatch(run.group())
        or max(map(len, groups)) < _LEAST_LONGEST
    ):
        return None
    if span.type == "PHONE" and run["sign"] in "+*=" and run.group()[0] not in "+0":
        return None  # a sum
    word = _PHONE_WORD if span.type == "PHONE" else _ID_WORD
    return span.type if run.group().startswith("+") or word.search(before) else None


def _in_run(text: str, start: int, groups: list[_Group], regions: frozenset[str]) -> list[Span]:
    before = text[max(0, start - _CONTEXT_WIDTH) : start]
    spans: list[Span] = []
    at = 0
    while at < len(groups):
        match = _at(text, groups, at, before, regions)
        if match:
            taken, kind = match
            last = groups[at + taken - 1][1]
            first = _with_prefix(text, groups[at][0]) if kind == "PHONE" else groups[at][0]
            spans.append(Span(first, _extended(text, last) if kind == "PHONE" else last, kind))
            at += taken
        else:
            at += 1
    return spans


def _at(
    text: str, groups: list[_Group], at: int, before: str, regions: frozenset[str]
) -> tuple[int, str] | None:
    """Return the longest number that starts at this group: its number of groups, and its type."""
    whole = at == 0
    left = len(groups) - at
    plus = text[max(0, groups[at][0] - 3) : groups[at][0]].rstrip("( ").endswith("+")
    sizes = [left] if whole and left > _MOST_GROUPS else []
    for size in [*sizes, *range(min(left, _MOST_GROUPS), 0, -1)]:
        window = groups[at : at + size]
        digits = "".join(group[2] for group in window)
        if not _LEAST_PHONE <= len(digits) <= cards.MOST:
            continue
        alone = whole and size == left
        if plus or digits.startswith("00"):
            if is_international(digits.removeprefix("00") if not plus else digits):
                return size, "PHONE"
            if plus:
                continue
        kind = _identity(text, window, digits, before if whole else "")
        if kind or _is_phone(
            text, window, digits, before, alone=alone, whole=whole, regions=regions
        ):
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
    if (
        shape == "4-4-4"
        and digits[0] > "1"
        and checks.verhoeff(digits)
        and _speaks_of_identity(text, window)
    ):
        return "NATIONAL_ID"
    if size == _NIR and checks.nir(digits) and (len(window) > 1 or not digits.startswith(_PAGE)):
        return "NATIONAL_ID"
    if (
        size >= cards.LEAST
        and _stands_alone(text, window)
        and cards.is_card(digits, before, bare=len(window) == 1)
    ):
        return None if size < _SHORTEST_OF_FOURS and _is_cut_from_fours(text, window) else "CARD"
    return _by_word(digits, before) if before else None


def _by_word(digits: str, before: str) -> str | None:
    """Return the type of a number by the word before it, since its form says little."""
    named = _ID_WORD.search(before)
    if named is None:
        return None
    word = named["word"].lower()
    if word in {"ssn", "social security"}:
        return "SSN" if len(digits) == _SSN else None
    size_and_check = {
        "aadhaar": (12, checks.verhoeff),
        "aadhar": (12, checks.verhoeff),
        "bsn": (9, checks.bsn),
        "burgerservicenummer": (9, checks.bsn),
        "cpf": (11, checks.cpf),
        "pesel": (11, checks.pesel),
        "sin": (9, checks.luhn),
        "social insurance": (9, checks.luhn),
        "nir": (15, checks.nir),
    }.get(word, (_NIR, checks.nir))
    size, check = size_and_check
    return "NATIONAL_ID" if len(digits) == size and check(digits) else None


def _is_ssn(digits: str) -> bool:
    area = digits[:3]
    if area in {"000", "666"} or digits[3:5] == "00" or digits[5:] == "0000":
        return False
    return area[0] != "9" or digits[3] in "5789"  # 9xx: taxpayer numbers, which have the same form


def _speaks_of_identity(text: str, window: list[_Group]) -> bool:
    """Return whether the text around three groups of four digits is about an identity number.

    One such number in ten passes the check, and so may three years.
    """
    around = text[max(0, window[0][0] - _AADHAAR_REACH) : window[-1][1] + _AADHAAR_REACH]
    years = all(_YEAR.fullmatch(group[2]) for group in window)
    return not years and _AADHAAR_WORD.search(around) is not None


def _signs(text: str, window: list[_Group]) -> list[str]:
    """Return the signs between the groups, without spaces."""
    return [text[a[1] : b[0]].strip(" \t") for a, b in pairwise(window)]


def _grouped(text: str, window: list[_Group]) -> bool:
    """Return whether the groups are separated by spaces, or by the same sign throughout."""
    signs = {sign.strip("()") for sign in _signs(text, window)}
    # A doubled sign counts as one.
    signs = {sign[:1] if len(set(sign)) == 1 else sign for sign in signs}
    # Copied in haste, the groups of a card may be separated by a space here and a hyphen there.
    printed = "-".join(str(len(group[2])) for group in window) in _CARD_SHAPES
    return (printed or len(signs) <= 1) and signs.issubset({"", "-", ".", "_", "/", "\u00b7"})


def _stands_alone(text: str, window: list[_Group]) -> bool:
    """Return whether the groups belong together, and no sign ties another group to them."""
    first = window[0][0]
    last = window[-1][1]
    return _grouped(text, window) and not (
        (_TIED.match(text, last) and not _EXPIRY.match(text, last))
        or _TIED.match(text[max(0, first - 2) : first][::-1])
    )


def _is_cut_from_fours(text: str, window: list[_Group]) -> bool:
    """Return whether another group of four stands beside these."""
    first = window[0][0]
    last = window[-1][1]
    return bool(
        _FOUR_AFTER.match(text, last) or _FOUR_BEFORE.search(text[max(0, first - 6) : first])
    )


def _is_phone(
    text: str,
    window: list[_Group],
    digits: str,
    before: str,
    *,
    alone: bool,
    whole: bool,
    regions: frozenset[str],
) -> bool:
    years = len(window) > 1 and all(_YEAR.fullmatch(group[2]) for group in window)
    if (
        years
        or len(digits) > _MOST_PHONE
        or len(set(digits)) == 1
        or (whole and _OTHER_WORD.search(before))
    ):
        return False
    shape = " ".join(group[2] for group in window)
    if (
        whole
        and (_PAIRS.fullmatch(shape) or not _DATE_LIKE.fullmatch(shape))
        and _said_to_be_phone(text, window, before)
    ):
        return True
    if len(digits) < _SURE and digits[0] != "0" and not alone:
        return False
    is_draw = _PAIRS.fullmatch(shape) and _MORE_PAIRS.match(text, window[-1][1])
    if is_draw or not national(regions).fullmatch(shape) or not _dialled(text, window):
        return False
    first = window[0][0]
    last = window[-1][1]
    if len(window) > 1 and digits[0] != "0" and digits.endswith("000"):
        return False  # a round amount
    return not (
        _MONEY_BEFORE.search(text[max(0, first - 2) : first]) or _MONEY_AFTER.match(text, last)
    )


def _said_to_be_phone(text: str, window: list[_Group], before: str) -> bool:
    """Return whether a word beside the number says that it is a telephone number."""
    if _PHONE_WORD.search(before) or _PHONE_AFTER.match(text, window[-1][1]):
        return True
    return (_NUMBER_WORD if len(window) > 1 else _OWN_NUMBER).search(before) is not None


def _dialled(text: str, window: list[_Group]) -> bool:
    """Return whether the signs between the groups fit a telephone number, not fractions."""
    if window[0][2][0] == "0":
        return True
    signs = _signs(text, window)
    if "." in signs and (len(signs) == 1 or "" in signs):
        return False  # fractions
    return not ("_" in signs or "/" in signs) or len({len(group[2]) for group in window}) > 1


def _with_prefix(text: str, start: int) -> int:
    """Return the start of a number, including the + and bracket in front of it."""
    while start and text[start - 1] in "+(":
        start -= 1
    return start - 2 if start > 1 and text[start - 2 : start] == "+ " else start


def _extended(text: str, end: int) -> int:
    extension = _EXTENSION.match(text, end)
    return extension.end() if extension else end
