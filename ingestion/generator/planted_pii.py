"""Make personal data to plant in posts; each value is unique, so that a search finds its post."""

from collections.abc import Callable
from dataclasses import dataclass

from ingestion.generator.authors import Author
from ingestion.generator.seeded_random import base36

OWN_KINDS = ("own_name", "own_handle")  # of the author, so the post must have one

SENTENCES = {
    "email": (
        "Write to {} if you need the logs.",
        "My address is {} and I am waiting for an answer.",
    ),
    "email_spoken": (
        "Write to {} if you need the logs.",
        "My address is {} and I am waiting for an answer.",
    ),
    "email_hidden": ("Send it to {} please.", "I use {} for that."),
    "handle": ("Thanks to {} for the hint.", "Ask {} about it, they know more."),
    "u_name": (
        "As {} wrote in the other thread, restart it.",
        "Credit goes to {} for finding this.",
    ),
    "discord": ("On the voice channel I am {} most evenings.", "Add {} to see the screenshots."),
    "profile_url": (
        "More about it on {} for those who want to read on.",
        "Follow {} to see the pictures.",
    ),
    "url": ("The whole story is at {} with pictures.", "I wrote it down: {} has the details."),
    "own_name": ("My name is {} and I live near the station.", "Signed, {} from the second floor."),
    "own_handle": ("You find me as {} on the other network.", "My account there is {} too."),
    "mention": ("It was {} who told me first.", "Maybe {} can say more."),
    "phone": ("Call me at {} after six.", "My number is {} in case the courier asks."),
    "phone_wide": ("Call me at {} after six.", "My number is {} in case the courier asks."),
    "card": ("They charged my card {} two times.", "The card {} was refused."),
    "card_hidden": ("They charged my card {} two times.", "The card {} was refused."),
    "iban": ("Please send the refund to {} this week.", "My account is {} as before."),
    "ip": ("Requests from {} get no answer.", "My router has {} today."),
    "ssn": ("They asked for {} on the form.", "The form shows {} to everybody."),
    "za_id": ("They asked for {} on the form.", "The form shows {} to everybody."),
    "nino": ("They asked for {} on the form.", "The form shows {} to everybody."),
    "crypto": ("Tips go to {} as always.", "I sent it to {} by mistake."),
    "geo": ("The parcel lies at {} since yesterday.", "Meet at {} then."),
    "address": ("The parcel went to {} instead of here.", "We moved to {} in spring."),
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
class PlantedPii:
    """A piece of personal data, and `clean`, the text by which the sanitizer replaces it."""

    kind: str
    value: str
    clean: str


def planted_pii(kind: str, number: int, platform: str, author: Author | None) -> PlantedPii:
    """Return the personal data of a kind for the post of this number; `own_…` is the author's."""
    match kind:
        case "own_name" if author:
            return PlantedPii(kind, author.name, "<PERSON>")
        case "own_handle" if author:
            # The sanitizer recognises this form of a handle without the post's metadata.
            return PlantedPii(
                kind,
                author.handle,
                "<HANDLE>" if author.handle.endswith(".bsky.social") else "<PERSON>",
            )
        case "profile_url":
            profile = _PROFILES.get(platform, _ANY_PROFILE).format(f"canary_{base36(number)}"[:28])
            return PlantedPii(kind, profile, "<PROFILE>")
        case _:
            value = _VALUES[kind](number)
            return PlantedPii(kind, value, _PLACEHOLDERS[kind])


def _luhn(body: str) -> str:
    """Append the check digit of ISO/IEC 7812."""
    doubled = "".join(str(int(digit) * (2 - at % 2)) for at, digit in enumerate(reversed(body)))
    return body + str(-sum(map(int, doubled)) % 10)


def _card(number: int) -> str:
    return _luhn(f"4000{number % 10**11:011d}")


def _iban(number: int) -> str:
    """Return a German account number that passes the check of ISO 13616."""
    account = f"{number % 10**18:018d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _za_id(number: int) -> str:
    """Return a South African identity number: birth date, serial number, check digit."""
    days, serial = divmod(number, 10_000)
    return _luhn(f"{days % 40 + 50}{days % 12 + 1:02d}{days % 28 + 1:02d}{serial:04d}08")


def _nino(number: int) -> str:
    return f"AB{number % 10**6:06d}C"


def _phone(number: int) -> str:
    return f"+49 30 {number % 10**8:08d}"


def _geo(number: int) -> str:
    return f"-33.{number % 10**7:07d}, 18.{number // 10**7 % 10**7:07d}"


def _handle(number: int) -> str:
    return f"canary_{base36(number)}"


def _wide(text: str) -> str:
    """Convert a text to full-width characters, except its spaces."""
    return "".join(chr(ord(char) + 0xFEE0) if char > " " else char for char in text)


def _hidden(text: str) -> str:
    """Insert invisible characters into a text."""
    return text[:6] + "\u200b" + text[6:9] + "\u00ad" + text[9:]


_VALUES: dict[str, Callable[[int], str]] = {
    "email": lambda number: f"{_handle(number)}@example.org",
    "email_spoken": lambda number: f"{_handle(number)} (at) example [dot] org",
    "email_hidden": lambda number: _hidden(f"{_handle(number)}@example.org"),
    "handle": lambda number: f"@{_handle(number)}",
    "u_name": lambda number: f"u/{_handle(number)}",
    "discord": lambda number: f"{_handle(number)}#{number % 9000 + 1000}",
    "url": lambda number: f"https://canary-{base36(number)}.example.com/notes",
    "mention": _handle,
    "phone": _phone,
    "phone_wide": lambda number: _wide(_phone(number)),
    "card": _card,
    "card_hidden": lambda number: _hidden(_card(number)),
    "iban": _iban,
    "ip": lambda number: f"2001:db8:{number >> 16 & 0xFFFF:x}:{number & 0xFFFF:x}::7",
    "ssn": lambda number: (
        f"{number % 565 + 101}-{number // 565 % 99 + 1:02d}-{number // 55935 % 9999 + 1:04d}"
    ),
    "za_id": _za_id,
    "nino": _nino,
    "crypto": lambda number: f"0x{number:040x}",
    "geo": _geo,
    "address": lambda number: f"{number % 990000 + 1000} Canary Street",
}
_PLACEHOLDERS = {
    "email": "<EMAIL>",
    "email_spoken": "<EMAIL>",
    "email_hidden": "<EMAIL>",
    "handle": "<HANDLE>",
    "u_name": "<HANDLE>",
    "discord": "<HANDLE>",
    "url": "<URL>",
    "mention": "<PERSON>",
    "phone": "<PHONE>",
    "phone_wide": "<PHONE>",
    "card": "<CARD>",
    "card_hidden": "<CARD>",
    "iban": "<IBAN>",
    "ip": "<IP>",
    "ssn": "<SSN>",
    "za_id": "<ZA_ID>",
    "nino": "<NINO>",
    "crypto": "<CRYPTO>",
    "geo": "<GEO>",
    "address": "<ADDRESS>",
}
