"""Generate sentences with names: real ones of many countries and invented ones, in any case."""

import random
import re
from collections.abc import Callable
from pathlib import Path

from benchmarks.persons.corpora import NAME, Marked
from foundation.conf_files import read_toml
from transforms.pii.persons.features import listed

_Maker = Callable[[random.Random], str]
_SLOT = re.compile(r"\{(\w)\}")
# The shares of sentences in lower case and in upper case.
_SMALL = 0.15
_LOUD = 0.04
_DOUBLE = 0.02  # of given names
_INVENTED = 0.35
_AFTER_CONTACT = 0.15
_INITIALS = "ABCDEFGHIJKLMNOPRSTUVWYZ"
# Rare forms of a family name, each from this roll upwards, the rarest first. Lower rolls than
# _INVENTED are used up before.
_DOUBLE_FAMILY = 0.97
_JOINED_PARTICLE = 0.95
_PARTICLE = 0.92
_JOINED_PARTICLES = ("Mc", "O'", "Mac", "De", "Di", "Le")
_PARTICLES = ("van ", "de ", "von ", "van der ", "da ", "al-", "El ", "bin ")
# Forms of a full name, each up to this roll.
_WITH_INITIAL = 0.16
_INITIAL_ONLY = 0.20
_TWO_GIVEN = 0.24
_WITH_SUFFIX = 0.26


def _lists(name: str) -> dict[str, tuple[str, ...]]:
    """Return the lists of a file beside this one. Their order matters: a seed draws by position."""
    lists = read_toml(Path(__file__).with_name(name))
    return {key: tuple(items) for key, items in lists.items()}


_FILLINGS = _lists("fillings.toml")
_WORDINGS = _lists("wordings.toml")
_SENTENCES = (
    "forms",
    "stories",
    "stories",
    "none",
    "brands",
    "others",
)  # stories twice as often


def sentences(count: int, seed: int) -> list[Marked]:
    """Generate texts, always the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # made sentences
    texts = [_sentence(chance) for _ in range(count)]
    return [
        after_contact(text, chance) if _happens(chance, _AFTER_CONTACT) else text for text in texts
    ]


def _happens(chance: random.Random, share: float) -> bool:
    """Return True with this probability."""
    return chance.random() < share


def _sentence(chance: random.Random) -> Marked:
    wordings = _WORDINGS[chance.choice(_SENTENCES)]
    marked = _filled(chance.choice(wordings), chance)
    roll = chance.random()
    if roll < _SMALL:
        marked.text = marked.text.lower()
    elif roll < _SMALL + _LOUD:
        upper = marked.text.upper()
        marked.text = upper if len(upper) == len(marked.text) else marked.text
    return marked


def _filled(pattern: str, chance: random.Random) -> Marked:
    """Return the pattern with its slots filled and the persons' names marked."""
    marked = Marked("")
    at = 0
    for slot in _SLOT.finditer(pattern):
        marked.text += pattern[at : slot.start()]
        value = _VALUES[slot.group(1)](chance)
        street = re.match(
            r" (?:Street|Road|Avenue|&|Hotel|University|Park|Station)", pattern[slot.end() :]
        )
        holy = re.search(r"(?:St\.|Lake|LLC) $", pattern[: slot.start()])
        if slot.group(1) in "fln" and not street and not holy:
            marked.persons.append((len(marked.text), len(marked.text) + len(value)))
        marked.text += value
        at = slot.end()
    marked.text += pattern[at:]
    return marked


def given(chance: random.Random) -> str:
    """Generate a given name."""
    if _happens(chance, _INVENTED):
        return _invented(chance, "given_endings")
    name = chance.choice(listed("given.txt")).title()
    if _happens(chance, _DOUBLE):
        return f"{name}-{chance.choice(listed('given.txt')).title()}"
    return name


def family(chance: random.Random) -> str:
    """Generate a family name."""
    roll = chance.random()
    if roll < _INVENTED:
        return _invented(chance, "family_endings")
    name = chance.choice(listed("family.txt")).title().replace("'S", "'s")
    if roll > _DOUBLE_FAMILY:
        return f"{name}-{chance.choice(listed('family.txt')).title()}"
    if roll > _JOINED_PARTICLE:
        return chance.choice(_JOINED_PARTICLES) + name
    if roll > _PARTICLE:
        return chance.choice(_PARTICLES) + name
    return name


def full(chance: random.Random) -> str:
    """Generate a full name, sometimes with an initial, a second given name or a suffix."""
    roll = chance.random()
    first = given(chance)
    last = family(chance)
    letter = chance.choice(_INITIALS)
    if roll < _WITH_INITIAL:
        return f"{first} {letter}{chance.choice(('.', ''))} {last}"
    if roll < _INITIAL_ONLY:
        return f"{letter}. {last}"
    if roll < _TWO_GIVEN:
        return f"{first} {given(chance)} {last}"
    if roll < _WITH_SUFFIX:
        return f"{first} {last} {chance.choice(('Jr', 'Jr.', 'Sr.', 'II', 'III'))}"
    return f"{first} {last}"


def as_headline(post: Marked) -> Marked:
    """Return the post with a capital letter at the beginning of each word."""
    text = re.sub(r"(?<![\w@#/'\u2019])[a-z]", lambda m: m.group().upper(), post.text)
    return Marked(text, post.persons)


def with_other_names(post: Marked, chance: random.Random) -> Marked:
    """Return the post with other persons' names, written in the same way."""
    other = Marked("")
    at = 0
    for start, end in post.persons:
        other.text += post.text[at:start]
        value = _like(post.text[start:end], chance)
        other.persons.append((len(other.text), len(other.text) + len(value)))
        other.text += value
        at = end
    other.text += post.text[at:]
    return other


def with_names(comment: str, chance: random.Random) -> Marked:
    """Return the comment with generated names in place of `NAME`."""
    marked = Marked("")
    is_small = comment.replace(NAME, "").islower() and _happens(chance, 0.6)
    for number, part in enumerate(comment.split(NAME)):
        if number:
            make = full if _happens(chance, 0.2) else chance.choice((given, family))
            name = make(chance)
            marked.persons.append((len(marked.text), len(marked.text) + len(name)))
            marked.text += name.lower() if is_small and len(name.lower()) == len(name) else name
        marked.text += part
    return marked


def after_contact(post: Marked, chance: random.Random) -> Marked:
    """Return the post after a sentence that ends with an address, a sign or a colon."""
    before = "".join(chance.choice(_WORDINGS[name]) for name in ("before", "contacts", "between"))
    if _happens(chance, 0.4):
        before = chance.choice(_WORDINGS["signs"]) + chance.choice((" ", ""))
    if _happens(chance, 0.5):
        before += chance.choice(_WORDINGS["labels"])
    shifted = [(start + len(before), end + len(before)) for start, end in post.persons]
    return Marked(before + post.text, shifted)


def _like(value: str, chance: random.Random) -> str:
    """Generate a name with as many words as the value, in the same case and with the same #."""
    words = value.lstrip("#").split(" ")
    if len(words) == 1:
        name = given(chance) if _happens(chance, 0.6) else family(chance)
    else:
        name = f"{given(chance)} {family(chance)}" if len(words) == 2 else full(chance)  # noqa: PLR2004  # two words
    if value[0] == "#":
        name = "#" + name.replace(" ", "") + chance.choice(("", family(chance).replace(" ", "")))
    return name.lower() if value.islower() else name.upper() if value.isupper() else name


def brand(chance: random.Random) -> str:
    """Generate the name of a firm or product that does not exist."""
    start = chance.choice(_FILLINGS["brand_starts"]).capitalize()
    ending = chance.choice(_FILLINGS["brand_endings"])
    if _happens(chance, 0.35):
        second = chance.choice(_FILLINGS["brand_starts"]).capitalize()
        ending = chance.choice((ending.capitalize(), second, "OS", "TV", "3D"))
    return start + ending + chance.choice(_FILLINGS["brand_more"])


def _invented(chance: random.Random, endings: str) -> str:
    middle = chance.choice(_FILLINGS["middles"]) if _happens(chance, 0.4) else ""
    start = chance.choice(_FILLINGS["starts"])
    return (start + middle + chance.choice(_FILLINGS[endings])).capitalize()


def _one_of(name: str) -> _Maker:
    """Return a function that draws from one of the lists."""
    return lambda chance: chance.choice(_FILLINGS[name])


def _firm(chance: random.Random) -> str:
    return brand(chance) if _happens(chance, 0.3) else chance.choice(_FILLINGS["firms"])


def _number(chance: random.Random) -> str:
    return str(chance.randrange(1, 10 ** chance.randrange(1, 6)))


_VALUES: dict[str, _Maker] = {
    "f": given,
    "l": family,
    "n": full,
    "c": _one_of("cities"),
    "k": _one_of("countries"),
    "b": brand,
    "o": _firm,
    "w": _one_of("works"),
    "d": _one_of("days"),
    "x": _number,
}
