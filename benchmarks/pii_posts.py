"""Generate posts with personal data at known positions, plain or obfuscated, from a seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from transforms.pii import checks

_LINES = (
    "can someone reach me, {} is what I use now",
    "so I left {} in the form and nothing came back",
    "{}",
    "lol {} again, third time this week",
    "Update: {} works, the other one does not.",
    "please send it to {} thanks!!",
    "they published {} without asking 😡",
    "why is {} in the screenshot?",
    "is {} still right? asking for a friend",
)
_NONE = (
    "the battery lasts 12 hours, 3.5 times as long as in 2019",
    "1,250 people came, 30 more than on 12.05.2024",
    "version 2.10.4 is out, #release at 18:30",
    "who wants ice cream? it costs $4.50 or 3 for $12",
)
_FIRST = ("jane", "thabo", "lukas", "maria", "wei", "amina", "joao", "priya", "olu", "sven")
_LAST = ("doe", "nkosi", "meyer", "silva", "chen", "khan", "costa", "rao", "ade", "berg")
_SITES = (
    "https://www.reddit.com/user/{}",
    "https://x.com/{}",
    "https://bsky.app/profile/{}.bsky.social",
    "https://mastodon.example/@{}",
    "https://news.ycombinator.com/user?id={}",
    "https://www.facebook.com/{}",
    "https://www.instagram.com/{}/",
    "https://www.linkedin.com/in/{}",
)
_PHONES = (
    "+27 82 ### ####",
    "082 ### ####",
    "(212) 2##-####",
    "+1-212-2##-####",
    "07700 ### ###",
    "+44 7700 ######",
    "0171 #######",
    "+49 30 #######",
    "06 ## ## ## ##",
    "98### #####",
    "(11) 9####-####",
    "0412 ### ###",
)

_ISSUERS = (
    ("4", 16),
    ("4", 19),
    ("51", 16),
    ("55", 16),
    ("2221", 16),
    ("2720", 16),
    ("34", 15),
    ("37", 15),
    ("6011", 16),
    ("65", 16),
    ("300", 14),
    ("36", 14),
    ("3528", 16),
    ("2131", 15),
    ("62", 16),
    ("62", 18),
    ("6304", 12),
    ("6759", 19),
)
_LONGEST_UNPRINTED = 16


@dataclass(slots=True)
class Post:
    """A text and its personal data as (start, end, type).

    `besides` has data that a set calls personal and for which the sanitizer has no type.
    """

    text: str
    gold: list[tuple[int, int, str]] = field(default_factory=list)
    besides: list[tuple[int, int, str]] = field(default_factory=list)


def make_posts(count: int, seed: int, *, obfuscated: bool) -> list[Post]:
    """Generate posts of each kind in turn. One in twelve has no personal data."""
    chance = random.Random(seed)  # noqa: S311  # made posts
    return [_post(number, chance, obfuscated=obfuscated) for number in range(count)]


def _post(number: int, chance: random.Random, *, obfuscated: bool) -> Post:
    if number % 12 == 11:  # noqa: PLR2004  # every twelfth
        return Post(chance.choice(_NONE))
    kind = KINDS[number % len(KINDS)]
    value = MAKERS[kind](chance)
    if obfuscated:
        value = _obfuscated(value, kind, chance)
    before, _, after = chance.choice(_LINES).partition("{}")
    return Post(before + value + after, [(len(before), len(before) + len(value), kind)])


def _name(chance: random.Random) -> str:
    return (
        chance.choice(_FIRST)
        + chance.choice(("_", "", "-"))
        + chance.choice(_LAST)
        + str(chance.randrange(1, 999))
    )


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def _with_luhn(body: str) -> str:
    return next(body + last for last in "0123456789" if checks.luhn(body + last))


def _email(chance: random.Random) -> str:
    host = f"mail.example.{chance.choice(('com', 'org', 'de'))}"
    return f"{chance.choice(_FIRST)}.{chance.choice(_LAST)}{_digits(chance, 2)}@{host}"


def _card(chance: random.Random) -> str:
    """Generate a valid card number. Those with more than 16 digits are always in groups."""
    prefix, size = chance.choice(_ISSUERS)
    digits = _with_luhn(prefix + _digits(chance, size - len(prefix) - 1))
    gap = chance.choice(("", "", " ", "-") if size <= _LONGEST_UNPRINTED else (" ", "-"))
    return gap.join(digits[i : i + 4] for i in range(0, size, 4))


def _iban(chance: random.Random) -> str:
    account = _digits(chance, 18)
    value = f"DE{98 - int(account + '131400') % 97:02d}{account}"
    return " ".join(value[i : i + 4] for i in range(0, 22, 4)) if chance.random() < 0.5 else value  # noqa: PLR2004  # half


def _ip(chance: random.Random) -> str:
    if chance.random() < 0.7:  # noqa: PLR2004  # a share
        return ".".join(str(chance.randrange(1, 255)) for _ in range(4))
    return "2001:db8:" + ":".join(f"{chance.randrange(1, 65535):x}" for _ in range(6))


def _ssn(chance: random.Random) -> str:
    return f"{chance.randrange(100, 600)}-{chance.randrange(10, 99)}-{chance.randrange(1000, 9999)}"


def _za_id(chance: random.Random) -> str:
    day = f"{chance.randrange(50, 99)}{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
    return _with_luhn(f"{day}{_digits(chance, 4)}{chance.choice('01')}8")


def _handle(chance: random.Random) -> str:
    name = _name(chance)
    return chance.choice((f"@{name}", f"u/{name}", f"@{name}@social.example"))


def _phone(chance: random.Random) -> str:
    return "".join(chance.choice("123456789") if c == "#" else c for c in chance.choice(_PHONES))


def _url(chance: random.Random) -> str:
    return f"https://www.{_name(chance).replace('_', '-')}.example.com/{_digits(chance, 3)}"


def _nino(chance: random.Random) -> str:
    gap = chance.choice(("", " "))
    return gap.join(
        (
            chance.choice(("AB", "CE", "JG", "PX")),
            *(_digits(chance, 2) for _ in range(3)),
            chance.choice("ABCD"),
        )
    )


def _crypto(chance: random.Random) -> str:
    return "0x" + "".join(chance.choice("0123456789abcdef") for _ in range(40))


def _geo(chance: random.Random) -> str:
    return (
        f"{chance.uniform(-89, 89):.5f}{chance.choice((', ', ' ', ','))}"
        f"{chance.uniform(-179, 179):.5f}"
    )


def _account(chance: random.Random) -> str:
    return chance.choice(
        (
            f"{_name(chance)}#{chance.randrange(1000, 9999)}".replace("-", "_"),
            f"t.me/{_name(chance)}".replace("-", "_"),
        )
    )


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "EMAIL": _email,
    "PHONE": _phone,
    "CARD": _card,
    "IBAN": _iban,
    "IP": _ip,
    "SSN": _ssn,
    "ZA_ID": _za_id,
    "HANDLE": _handle,
    "PROFILE": lambda chance: chance.choice(_SITES).format(_name(chance)),
    "URL": _url,
    "NINO": _nino,
    "CRYPTO": _crypto,
    "GEO": _geo,
    "ACCOUNT": _account,
}
KINDS = tuple(MAKERS)


def _obfuscated(value: str, kind: str, chance: random.Random) -> str:
    ways: list[Callable[[str], str]] = [
        "\u200b".join,
        lambda v: v[: len(v) // 2] + "\u00ad" + v[len(v) // 2 :],
        lambda v: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in v),
    ]
    if kind in {"EMAIL", "IP", "URL", "PROFILE"} and "." in value:
        ways.append(lambda v: v.replace("@", " (at) ").replace(".", "[.]"))
    if kind == "EMAIL":
        ways.append(lambda v: v.replace("@", " at ").replace(".", " dot "))
        ways.append(lambda v: v.replace("@", "[at]").replace(".", "(dot)"))
    if kind in {"PHONE", "CARD", "SSN"}:
        ways.append(lambda v: v.replace("-", "\u2013").replace(" ", "\u00a0"))
    return chance.choice(ways)(value)
