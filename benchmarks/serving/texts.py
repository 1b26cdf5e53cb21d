"""Generate texts of usual length, half of them with personal data."""

_SENTENCE = (
    "I really love the new phone, thanks to the great team! battery lasts so long;"
    " but the screen is bad and support was slow to answer my mail about a refund"
)
_WORDS = tuple(_SENTENCE.split(" "))


def text(number: int) -> str:
    """Return the text of a number. All numbers have different texts."""
    words = [_WORDS[(number * 7 + at * (1 + number % 5)) % len(_WORDS)] for at in range(20)]
    personal = f" write to kim{number}@example.org or call 082 555 {number:04}"
    return f"{number} " + " ".join(words) + (personal if number % 2 else "")
