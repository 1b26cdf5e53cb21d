"""Define the forms of telephone numbers by region: groups of digits with one space between them.

A number that starts with + or 00 needs no region; the forms here have no country code. Forms that
ordinary numbers have too (a year, a price, ten digits in a row, four pairs) are left out: such a
number needs a word in front of it.
"""

import re
from functools import lru_cache

_TRUNK = r"(?=(?:\d ?){9,12}\Z)0\d{1,4}(?: \d{2,8}){1,4}"
_TRUNK_BARE = r"0[1-9]\d{8,9}"
_3_3_3 = r"[4-9]\d\d \d{3} \d{3}"
_NANP = (r"(?:1 )?[2-9]\d\d \d{3} \d{4}", r"[2-9]\d\d \d{4}", r"[2-9]\d\d [2-9]\d{6}")

SHAPES: dict[str, tuple[str, ...]] = {
    "US": _NANP,
    "CA": _NANP,
    "ZA": (_TRUNK, _TRUNK_BARE),
    "GB": (_TRUNK, _TRUNK_BARE),
    "DE": (_TRUNK, r"01[567]\d{8,9}"),
    "FR": (_TRUNK, _TRUNK_BARE),
    "IN": (r"0?[6-9]\d{4} \d{5}", r"0[6-9]\d{9}", r"[6-9]\d{2,3} \d{3} \d{3,4}", _TRUNK),
    "BR": (r"[1-9]\d 9?\d{4} \d{4}", r"9\d{4} \d{4}", r"[1-9]\d 9\d{8}"),
    "AU": (_TRUNK, r"04\d{8}", r"1[38]00 \d{3} \d{3}"),
    "NL": (_TRUNK, _TRUNK_BARE),
    "IT": (_TRUNK, r"3\d\d \d{6,7}", r"3\d\d \d{3} \d{4}"),
    "ES": (_3_3_3, r"[6-9]\d\d(?: \d\d){3}"),
    "PL": (_3_3_3, r"\d\d \d{3} \d\d \d\d"),
    "CZ": (_3_3_3,),
    "PT": (r"[29]\d\d? \d{3} \d{3,4}", r"2\d \d{3} \d{3} \d{4}"),
    "HU": (r"\d\d \d{3} \d{3,4}",),
    "DK": (),
    "NO": (r"[2-9]\d\d \d\d \d{3}",),
    "IS": (r"[4-8]\d\d \d{4}",),
    "SG": (r"[3689]\d{3} \d{4}",),
    "CY": (r"[29]\d \d{6}",),
    "CN": (r"1[3-9]\d \d{4} \d{4}",),
    "JP": (_TRUNK, r"0[789]0\d{8}"),
}
# Country calling codes, with the least and most digits that follow; other codes take 7 to 12.
_LENGTHS = {
    "1": (10, 10),
    "7": (10, 10),
    "27": (9, 9),
    "30": (10, 10),
    "31": (9, 9),
    "32": (8, 9),
    "33": (9, 9),
    "34": (9, 9),
    "36": (8, 9),
    "39": (6, 11),
    "41": (9, 9),
    "43": (7, 13),
    "44": (9, 10),
    "45": (8, 8),
    "46": (7, 9),
    "47": (8, 8),
    "48": (9, 9),
    "49": (7, 11),
    "55": (10, 11),
    "61": (9, 9),
    "64": (8, 10),
    "65": (8, 8),
    "81": (9, 10),
    "82": (8, 10),
    "86": (9, 11),
    "91": (10, 10),
    "92": (9, 10),
    "234": (8, 10),
    "254": (9, 9),
    "351": (9, 9),
    "353": (7, 9),
    "354": (7, 7),
    "357": (8, 8),
    "358": (6, 10),
    "380": (9, 9),
    "420": (9, 9),
    "966": (8, 9),
    "971": (8, 9),
    "972": (8, 9),
}
_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-69]\d|3[578]\d|42\d|5[09]\d|6[7-9]\d|8[0578]\d|9[679]\d"
)


@lru_cache(maxsize=8)
def national(regions: frozenset[str]) -> re.Pattern[str]:
    """Return an expression for all forms of these regions.

    Raises:
        KeyError: a region is not known.
    """
    shapes = dict.fromkeys(shape for region in sorted(regions) for shape in SHAPES[region])
    return re.compile("|".join(f"(?:{shape})" for shape in shapes))


def is_international(digits: str) -> bool:
    """Return whether the digits after + are a country code and a number of its length."""
    code = _CODE.match(digits)
    if code is None:
        return False
    least, most = _LENGTHS.get(code.group(), (7, 12))
    rest = digits[code.end() :]
    return least <= len(rest) - (rest[:1] == "0" and len(rest) > most) <= most
