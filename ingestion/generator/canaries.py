"""Personal data that is made: each value is unique to its post and found again by a search for it."""

from collections.abc import Callable
from dataclasses import dataclass

from ingestion.generator.chance import base36
from ingestion.generator.people import Person

# What the sanitizer's first form leaves in the text: the values are expected in Silver until it learns them.
LATER_KINDS = frozenset({"phone", "card", "iban", "ip"})
OWN_KINDS = ("own_name", "own_handle")  # need an author

SENTENCES = {
    "email": ("Write to {} if you need the logs.", "My address is {} and I am waiting for an answer."),
    "handle": ("Thanks to {} for the hint.", "Ask {} about it, they know more."),
    "u_name": ("As {} wrote in the other thread, restart it.", "Credit goes to {} for finding this."),
    "profile_url": ("More about it on {} for those who want to read on.", "Follow {} to see the pictures."),
    "own_name": ("My name is {} and I live near the station.", "Signed, {} from the second floor."),
    "own_handle": ("You find me as {} on the other network.", "My account there is {} too."),
    "mention": ("It was {} who told me first.", "Maybe {} can say more."),
    "phone": ("Call me at {} after six.", "My number is {} in case the courier asks."),
    "card": ("They charged my card {} two times.", "The card {} was refused."),
    "iban": ("Please send the refund to {} this week.", "My account is {} as before."),
    "ip": ("Requests from {} get no answer.", "My router has {} today."),
}
KINDS = tuple(SENTENCES)
_PROFILES = {
    "reddit": "https://www.reddit.com/user/{}",
    "bluesky": "https://bsky.app/profile/{}",
    "hackernews": "https://news.ycombinator.com/user?id={}",
    "x": "https://x.com/{}",
    "facebook": "https://www.facebook.com/{}",
    "instagram": "https://www.instagram.com/{}",
    "linkedin": "https://www.linkedin.com/in/{}",
}
_ANY_PROFILE = "https://mastodon.example/@{}"


@dataclass(frozen=True, slots=True)
class Canary:
    """A piece of personal data, and what the sanitizer puts in its place."""

    kind: str
    value: str
    clean: str


def canary(kind: str, number: int, platform: str, author: Person | None) -> Canary:
    """The personal data of that kind for the post of that number; the author's own where the kind says so."""
    match kind:
        case "own_name" if author:
            return Canary(kind, author.name, "<PERSON>")
        case "own_handle" if author:
            return Canary(kind, author.handle, "<PERSON>")
        case "profile_url":
            profile = _PROFILES.get(platform, _ANY_PROFILE).format(f"canary_{base36(number)}"[:28])
            return Canary(kind, profile, "<PROFILE>")
        case _:
            value = _VALUES[kind](number)
            return Canary(kind, value, value if kind in LATER_KINDS else _PLACEHOLDERS[kind])


def _card(number: int) -> str:
    """Sixteen digits that pass the Luhn check."""
    digits = f"4000{number % 10**11:011d}"
    doubled = "".join(str(int(digit) * (2 - at % 2)) for at, digit in enumerate(digits))
    return digits + str(-sum(map(int, doubled)) % 10)


def _iban(number: int) -> str:
    """A German account number that passes the check of ISO 13616."""
    account = f"{number % 10**18:018d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _handle(number: int) -> str:
    return f"canary_{base36(number)}"


_VALUES: dict[str, Callable[[int], str]] = {
    "email": lambda number: f"{_handle(number)}@example.org",
    "handle": lambda number: f"@{_handle(number)}",
    "u_name": lambda number: f"u/{_handle(number)}",
    "mention": _handle,
    "phone": lambda number: f"+49 30 {number % 10**8:08d}",
    "card": _card,
    "iban": _iban,
    "ip": lambda number: f"2001:db8:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}::7",
}
_PLACEHOLDERS = {"email": "<EMAIL>", "handle": "<HANDLE>", "u_name": "<HANDLE>", "mention": "<PERSON>"}
