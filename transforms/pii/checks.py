"""Check by check digits and other proofs that a number is of a certain kind."""

import hashlib
import re
from datetime import date

_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")
_ALNUM = {c: str(i) for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_VERHOEFF_D = tuple(
    tuple(map(int, row))
    for row in (
        "0123456789",
        "1234067895",
        "2340178956",
        "3401289567",
        "4012395678",
        "5987604321",
        "6598710432",
        "7659821043",
        "8765932104",
        "9876543210",
    )
)
_VERHOEFF_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_BASE58 = {c: i for i, c in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {c: i for i, c in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_ENDS = frozenset({1, 0x2BC830A3})  # bech32 and bech32m
_FRENCH_MONTH = re.compile(r"0[1-9]|1[0-2]|[235-9]\d|4[0-2]")  # from 20 on: month not known
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def luhn(digits: str) -> bool:
    """Check by ISO/IEC 7812, as cards, South African and Canadian numbers need it."""
    raw = digits.encode()
    return (sum(raw[-1::-2]) + sum(raw[-2::-2].translate(_DOUBLED))) % 10 == len(
        raw
    ) * 48 % 10 and raw.strip(b"0") != b""


def ean13(digits: str) -> bool:
    """Check the number of an article or a book: EAN and ISBN."""
    return (sum(map(int, digits[::2])) + 3 * sum(map(int, digits[1::2]))) % 10 == 0


def iban(value: str) -> bool:
    """Check by ISO 13616; the value is without spaces, in upper case."""
    moved = value[4:] + value[:4]
    return int("".join(_ALNUM[c] for c in moved)) % 97 == 1


def verhoeff(digits: str) -> bool:
    """Check India's Aadhaar."""
    check = 0
    steps = tuple(range(10))
    for digit in reversed(digits):
        check = _VERHOEFF_D[check][steps[int(digit)]]
        steps = tuple(steps[_VERHOEFF_STEP[i]] for i in range(10))
    return check == 0


def za_id(digits: str) -> bool:
    """Check South Africa's number: date of birth, citizenship, Luhn."""
    return digits[10] in "012" and _is_day(digits[:6]) and luhn(digits)


def cpf(digits: str) -> bool:
    """Check Brazil's number: two check digits."""
    if len(set(digits)) == 1:
        return False
    for size in (9, 10):
        total = sum(int(d) * (size + 1 - i) for i, d in enumerate(digits[:size]))
        if int(digits[size]) != total * 10 % 11 % 10:
            return False
    return True


def nir(digits: str) -> bool:
    """Check France's number: sex, year and month, place, and the complement to 97."""
    if not _FRENCH_MONTH.fullmatch(digits, 3, 5):
        return False
    return (
        digits[0] in "12" and digits[5:7] != "00" and 97 - int(digits[:13]) % 97 == int(digits[13:])
    )


def dni(value: str) -> bool:
    """Check Spain's DNI, or NIE with X, Y, Z in front; the value is in upper case."""
    number = value[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(number) % 23] == value[-1]


def bsn(digits: str) -> bool:
    """Check the Netherlands' number by the eleven-test."""
    total = sum(int(d) * (9 - i) for i, d in enumerate(digits[:8])) - int(digits[8])
    return total % 11 == 0 and total > 0


def pesel(digits: str) -> bool:
    """Check Poland's number by its weighted sum."""
    return (
        sum(int(d) * w for d, w in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10
        == 0
    )


def base58(value: str) -> bool:
    """Check a Bitcoin-like address: 21 bytes and the first four of their double SHA-256."""
    number = 0
    for char in value:
        number = number * 58 + _BASE58[char]
    if number >= 1 << 200:
        return False
    raw = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def bech32(value: str) -> bool:
    """Check by BIP 173 and 350; the value is in lower case."""
    prefix, _, data = value.rpartition("1")
    words = [
        *(ord(c) >> 5 for c in prefix),
        0,
        *(ord(c) & 31 for c in prefix),
        *(_BECH32.get(c, 0) for c in data),
    ]
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for bit, generator in enumerate(_BECH32_GENERATOR):
            if top >> bit & 1:
                check ^= generator
    return check in _BECH32_ENDS


def _is_day(digits: str) -> bool:
    for century in (1900, 2000):
        try:
            date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
        except ValueError:
            continue
        return True
    return False
