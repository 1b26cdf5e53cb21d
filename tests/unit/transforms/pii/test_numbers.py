"""Personal numbers are found whatever separates their digits, and similar numbers are kept."""

import random

import pytest

from transforms.pii.detect import find, redact

ODD_SIGNS = [
    "~",
    "|",
    "*",
    ":",
    ";",
    "#",
    ">",
    ",",
    "=",
    "+",
    "'",
    '"',
    "\u2019",
    "\u2192",
    "\u3001",
    "\uff64",
    "\\",
    "--",
]
DOTS = "\u02d1\u0387\u16eb\u2022\u2027\u2219\u22c5\u25cf\u25e6\u2e31\u2e33\ua78f"
CARDS = {
    "Visa": "4111111111111111",
    "Visa of 13 digits": "4222222222222",
    "Visa of 19 digits in groups": "4000 0000 0000 0000 006",
    "Mastercard": "5105 1051 0510 5100",
    "Mastercard of the second range": "2223-0000-4841-0010",
    "American Express": "3714 496353 98431",
    "Discover": "6011000990139424",
    "Diners Club": "38520000023237",
    "JCB": "3566002020360505",
    "UnionPay": "6200000000000005",
    "Maestro": "6759649826438453",
    "middle dots": "4111\u00b71111\u00b71111\u00b71111",
    "katakana dots": "4111\u30fb1111\u30fb1111\u30fb1111",
    "low lines": "4111_1111_1111_1111",
    "slashes": "4111/1111/1111/1111",
    "slashes of fractions": "4111\u20441111\u20441111\u20441111",
    "en dashes": "4111\u20131111\u20131111\u20131111",
    "dashes of another kind": "4111\u20431111\u20431111\u20431111",
    "thin spaces": "4111\u20091111\u20091111\u20091111",
    "full stops": "4111.1111.1111.1111",
    "a hyphen and a space": "4111-1111 1111-1111",
    "signs of haste": "4111_1111/1111\u00b71111",
    "doubled signs": "4111//1111//1111//1111",
    "heavy dashes": "4111\u27961111\u27961111\u27961111",
    **{f"the dot {ord(dot):04x}": dot.join(("4111", "1111", "1111", "1111")) for dot in DOTS},
    "lines": "4111\n1111\n1111\n1111",
    **{f"the sign {sign}": sign.join(("4111", "1111", "1111", "1111")) for sign in ODD_SIGNS},
}
PHONES = {
    "low lines": "082_555_0143",
    "middle dots": "082\u00b7555\u00b70143",
    "slashes": "082/555/0143",
    "thin spaces": "082\u2009555\u20090143",
    "a country's code and low lines": "+27_82_555_0143",
    "an American number in middle dots": "202\u00b7555\u00b70143",
    "with brackets": "(202) 555-0143",
    "trunk prefix": "0825550143",
}
ACCOUNTS = [
    f"DE89{gap}3704{gap}0044{gap}0532{gap}0130{gap}00"
    for gap in ("", " ", "-", ".", "_", "/", "\u00b7", " - ", *ODD_SIGNS)
]
LEFT = {
    "milliseconds": "build 1748503543012 is done",
    "a status of X": "see 1700409811071626916 there",
    "a status of Mastodon": "see 114814231008144418 there",
    "a book's number": "ISBN 9783179144201 here",
    "an article's number that begins like a card": "EAN 4006381333931 here",
    "a longer one without a word": "see 4000000000000000006 there",
    "a date and time": "backup 20261008002556 is done",
    "a part of a longer one": "order 1234-5678-9012-3456 came",
    "three years": "sales in 2023 2024 2025 fell",
    "a bare number": "order 7214598833 of lot 9182736450",
    "the number of an order": "order number 7214598833 came",
    "a serial number": "DNS serial 2026113001 and ttl 604800",
    "fractions": "at 52.52 13.40 and 22.123456 today",
    "groups of two": "the draw was 22 34 45 67 today",
    "a literal of a program": "max = 654_321_987",
    "a file": "IMG_20261008_123456",
    "a book's number of ten digits": "ISBN 0306406152 is out",
    "an order in groups": "order no. 302-1234567-1234567 came",
    "four groups of four": "look 1234 5678 9012 3456 there",
    "thousands": "call 1,234,567,890 of them, reach 1'234'567'890",
    "sums": "ring 100+200+3000=3300",
    "years behind a word": "call 2024 2025 2026",
    "a draw": "lotto 03 14 22 34 41 06",
    "letters and digits": "card no 4111111111111111abc or abc4111111111111111",
    "times": "call 10:15:20:30",
    "lines of numbers": "call\n536\n90\n4399",
    "words behind a country's code": "is 12 of the things that we may see",
}
SAID = {
    "call 7214598833": "call <PHONE>",
    "Tel.: 7214598833": "Tel.: <PHONE>",
    "Phone:\n60-56-85-91": "Phone:\n<PHONE>",
    "ring 22 12 34 56": "ring <PHONE>",
    "WhatsApp 7214598833": "WhatsApp <PHONE>",
    "my number is 7214598833": "my number is <PHONE>",
    "7214598833 is my number": "<PHONE> is my number",
    "Telefonnummer 7214598833": "Telefonnummer <PHONE>",
    "мой телефон 7214598833": "мой телефон <PHONE>",
    "llámame al 7214598833": "llámame al <PHONE>",
    "我的手机13812345678谢谢": "我的手机<PHONE>谢谢",
    "फ़ोन 9876543210": "फ़ोन <PHONE>",
    **{f"call 082{sign}555{sign}0143": "call <PHONE>" for sign in ODD_SIGNS},
    **{f"ssn 536{sign}90{sign}4399": "ssn <SSN>" for sign in ODD_SIGNS},
    "ma s\u00e9cu 255081416802538": "ma s\u00e9cu <NATIONAL_ID>",
    "2 55 08 14 168 025 38": "<NATIONAL_ID>",
    "the card 4000000000000000006": "the card <CARD>",
    "Karte 411111111111116": "Karte <CARD>",
    "信用卡4111111111111111": "信用卡<CARD>",
    "my aadhaar is 2345 6789 0124": "my aadhaar is <NATIONAL_ID>",
    "4111-1111-1111-1111-12/27": "<CARD>-12/27",
    "4111111111111111/1227/123": "<CARD>/1227/123",
    "06 12 34 56 78 / 07 98 76 54 32": "<PHONE> / <PHONE>",
    "06 12 34 56 78 07 98 76 54 32": "<PHONE> <PHONE>",
    "call0825550143": "call<PHONE>",
    "\u21160825550143": "\u2116<PHONE>",
    "Card4111111111111111": "Card<CARD>",
    "ibanDE89370400440532013000": "iban<IBAN>",
    "\u0e42\u0e17\u0e230825550143\u0e04\u0e23\u0e31\u0e1a": "\u0e42\u0e17\u0e23<PHONE>"
    "\u0e04\u0e23\u0e31\u0e1a",
    "\u0647\u0627\u062a\u06410825550143": "\u0647\u0627\u062a\u0641<PHONE>",
    "\u0442\u0435\u043b0825550143": "\u0442\u0435\u043b<PHONE>",
    "X\u00b71234567\u00b7L": "<NATIONAL_ID>",
    "*_4111 1111 1111 1111_*": "*_<CARD>_*",
}


def clean(text: str) -> str:
    return redact(text, find(text))


@pytest.mark.parametrize("value", CARDS.values(), ids=CARDS)
def test_a_card_goes_as_a_whole(value):
    assert clean(f"look {value} ok") == "look <CARD> ok"


@pytest.mark.parametrize("value", PHONES.values(), ids=PHONES)
def test_a_telephone_number_goes_as_a_whole(value):
    assert clean(f"look {value} ok") == "look <PHONE> ok"


@pytest.mark.parametrize("value", ACCOUNTS, ids=ascii)
def test_an_account_goes_as_a_whole(value):
    assert clean(f"look {value} ok") == "look <IBAN> ok"


@pytest.mark.parametrize("gap", ["", " ", "-", ".", "_", "/", "\u00b7"], ids=ascii)
def test_numbers_of_persons_go_as_a_whole(gap):
    values = {"NINO": gap.join(("AB", "12", "34", "56", "C")), "NATIONAL_ID": f"12345678{gap}Z"}
    if gap:
        values["SSN"] = gap.join(("536", "90", "4399"))
    assert {clean(f"look {value} ok") for value in values.values()} == {
        f"look <{kind}> ok" for kind in values
    }


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_other_numbers_stay(text):
    assert clean(text) == text


@pytest.mark.parametrize(("text", "expected"), SAID.items(), ids=ascii)
def test_a_word_beside_a_number_says_what_it_is(text, expected):
    assert clean(text) == expected


def _ean(body: str) -> str:
    return body + str(-sum(int(digit) * (1 + at % 2 * 2) for at, digit in enumerate(body)) % 10)


def _number(kind: str, chance: random.Random) -> str:
    """Make a number of that kind."""
    digits = "".join(chance.choices("0123456789", k=20))
    first = chance.choice("123456789")
    month = f"{chance.randrange(1, 13):02}"
    return {
        "X": f"1{digits[:18]}",
        "Mastodon": f"11{digits[:16]}",
        "media": f"3{digits[:18]}",
        "page": f"1000{digits[:11]}",
        "milliseconds": f"1{chance.choice('567')}{digits[:11]}",
        "microseconds": f"17{digits[:14]}",
        "ISBN": _ean(f"978{digits[:9]}"),
        "EAN": _ean(first + digits[:11]),
        "date and time": f"20{chance.randrange(10, 30)}{month}"
        f"{chance.randrange(10, 29)}{digits[:6]}",
        "12": first + digits[:11],
        "18": first + digits[:17],
        "19": first + digits[:18],
        "ten": first + digits[:9],
        "groups": f"{first}{digits[:3]} {first}{digits[3:6]} {first}{digits[6:9]}",
    }[kind]


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("X", 0),
        ("Mastodon", 0),
        ("media", 0),
        ("page", 0),
        ("milliseconds", 0.005),
        ("microseconds", 0),
        ("ISBN", 0),
        ("EAN", 0.005),
        ("date and time", 0),
        ("12", 0.01),
        ("18", 0),
        ("19", 0),
        ("ten", 0.01),
        ("groups", 0.01),
    ],
)
def test_few_numbers_that_are_nobody_s_go(kind, most):
    chance = random.Random(20261130)
    texts = [f"see {_number(kind, chance)} there" for _ in range(3000)]
    assert sum(clean(text) != text for text in texts) <= most * len(texts)
