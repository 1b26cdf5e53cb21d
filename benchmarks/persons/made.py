"""Made sentences with names: every case of letters, names of many countries, and some that nobody has."""

import random
import re
from collections.abc import Callable

from benchmarks.persons import fillings
from benchmarks.persons import wordings as w
from benchmarks.persons.corpora import NAME, Marked
from transforms.pii.persons.features import listed

_Maker = Callable[[random.Random], str]
_SLOT = re.compile(r"\{(\w)\}")
_SMALL, _LOUD = 0.15, 0.04  # shares in small letters and in capitals
_DOUBLE = 0.02  # of given names
_INVENTED = 0.35
_AFTER_CONTACT = 0.15


def sentences(count: int, seed: int) -> list[Marked]:
    """Made texts, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # made sentences
    made = [_sentence(chance) for _ in range(count)]
    return [after_contact(one, chance) if chance.random() < _AFTER_CONTACT else one for one in made]


def _sentence(chance: random.Random) -> Marked:
    marked = _filled(
        chance.choice(chance.choice((w.FORMS, w.STORIES, w.STORIES, w.NONE, w.BRANDS, w.OTHERS))),
        chance,
    )
    roll = chance.random()
    if roll < _SMALL:
        marked.text = marked.text.lower()
    elif roll < _SMALL + _LOUD:
        upper = marked.text.upper()
        marked.text = upper if len(upper) == len(marked.text) else marked.text
    return marked


def _filled(pattern: str, chance: random.Random) -> Marked:
    marked, at = Marked(""), 0
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
    """A given name."""
    if chance.random() < _INVENTED:
        return _invented(chance, fillings.GIVEN_ENDINGS)
    name = chance.choice(listed("given.txt")).title()
    if chance.random() < _DOUBLE:
        return f"{name}-{chance.choice(listed('given.txt')).title()}"
    return name


def family(chance: random.Random) -> str:
    """A family name."""
    roll = chance.random()
    if roll < _INVENTED:
        return _invented(chance, fillings.FAMILY_ENDINGS)
    name = chance.choice(listed("family.txt")).title().replace("'S", "'s")
    if roll > 0.97:  # noqa: PLR2004
        return f"{name}-{chance.choice(listed('family.txt')).title()}"
    if roll > 0.95:  # noqa: PLR2004
        return chance.choice(("Mc", "O'", "Mac", "De", "Di", "Le")) + name
    if roll > 0.92:  # noqa: PLR2004
        return (
            chance.choice(("van ", "de ", "von ", "van der ", "da ", "al-", "El ", "bin ")) + name
        )
    return name


def full(chance: random.Random) -> str:
    """A full name: sometimes with initials, sometimes only half of it."""
    roll = chance.random()
    first, last = given(chance), family(chance)
    letter = chance.choice("ABCDEFGHIJKLMNOPRSTUVWYZ")
    if roll < 0.16:  # noqa: PLR2004
        return f"{first} {letter}{chance.choice(('.', ''))} {last}"
    if roll < 0.20:  # noqa: PLR2004
        return f"{letter}. {last}"
    if roll < 0.24:  # noqa: PLR2004
        return f"{first} {given(chance)} {last}"
    if roll < 0.26:  # noqa: PLR2004
        return f"{first} {last} {chance.choice(('Jr', 'Jr.', 'Sr.', 'II', 'III'))}"
    return f"{first} {last}"


def as_headline(post: Marked) -> Marked:
    """The same post with a capital at the beginning of each word."""
    text = re.sub(r"(?<![\w@#/'\u2019])[a-z]", lambda m: m.group().upper(), post.text)
    return Marked(text, post.persons)


def with_other_names(post: Marked, chance: random.Random) -> Marked:
    """The same post about other persons, their names written in the same way."""
    other, at = Marked(""), 0
    for start, end in post.persons:
        other.text += post.text[at:start]
        value = _like(post.text[start:end], chance)
        other.persons.append((len(other.text), len(other.text) + len(value)))
        other.text += value
        at = end
    other.text += post.text[at:]
    return other


def with_names(comment: str, chance: random.Random) -> Marked:
    """The comment with made names where it named persons."""
    marked = Marked("")
    is_small = comment.replace(NAME, "").islower() and chance.random() < 0.6  # noqa: PLR2004
    for number, part in enumerate(comment.split(NAME)):
        if number:
            name = full(chance) if chance.random() < 0.2 else chance.choice((given, family))(chance)  # noqa: PLR2004
            marked.persons.append((len(marked.text), len(marked.text) + len(name)))
            marked.text += name.lower() if is_small and len(name.lower()) == len(name) else name
        marked.text += part
    return marked


def after_contact(post: Marked, chance: random.Random) -> Marked:
    """The same post after a sentence that ends with an address, a sign or a word with a colon."""
    before = f"{chance.choice(w.BEFORE)}{chance.choice(w.CONTACTS)}{chance.choice(w.BETWEEN)}"
    if chance.random() < 0.4:  # noqa: PLR2004
        before = chance.choice(w.SIGNS) + chance.choice((" ", ""))
    if chance.random() < 0.5:  # noqa: PLR2004
        before += chance.choice(w.LABELS)
    shifted = [(start + len(before), end + len(before)) for start, end in post.persons]
    return Marked(before + post.text, shifted)


def _like(value: str, chance: random.Random) -> str:
    words = value.lstrip("#").split(" ")
    if len(words) == 1:
        name = given(chance) if chance.random() < 0.6 else family(chance)  # noqa: PLR2004
    else:
        name = f"{given(chance)} {family(chance)}" if len(words) == 2 else full(chance)  # noqa: PLR2004
    if value[0] == "#":
        name = "#" + name.replace(" ", "") + chance.choice(("", family(chance).replace(" ", "")))
    return name.lower() if value.islower() else name.upper() if value.isupper() else name


def brand(chance: random.Random) -> str:
    """A firm or product that nobody has."""
    start, ending = (
        chance.choice(fillings.BRAND_STARTS).capitalize(),
        chance.choice(fillings.BRAND_ENDINGS),
    )
    if chance.random() < 0.35:  # noqa: PLR2004
        ending = chance.choice(
            (
                ending.capitalize(),
                chance.choice(fillings.BRAND_STARTS).capitalize(),
                "OS",
                "TV",
                "3D",
            )
        )
    return start + ending + chance.choice(fillings.BRAND_MORE)


def _invented(chance: random.Random, endings: tuple[str, ...]) -> str:
    middle = chance.choice(fillings.MIDDLES) if chance.random() < 0.4 else ""  # noqa: PLR2004
    return (chance.choice(fillings.STARTS) + middle + chance.choice(endings)).capitalize()


_VALUES: dict[str, _Maker] = {
    "f": given,
    "l": family,
    "n": full,
    "c": lambda chance: chance.choice(fillings.CITIES),
    "k": lambda chance: chance.choice(fillings.COUNTRIES),
    "b": brand,
    "o": lambda chance: brand(chance) if chance.random() < 0.3 else chance.choice(fillings.FIRMS),  # noqa: PLR2004
    "w": lambda chance: chance.choice(fillings.WORKS),
    "d": lambda chance: chance.choice(fillings.DAYS),
    "x": lambda chance: str(chance.randrange(1, 10 ** chance.randrange(1, 6))),
}
