"""Check a declared language by its script: a text in other letters is not in that language."""

import re
from functools import cache

_LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"
_HAN = "\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3031-\u30ff\u31f0-\u31ff\uff66-\uff9f"
# The letters of a script, as a class of a regular expression, and the languages (ISO 639-1) written
# in it. Languages without a row are written in Latin letters only.
_SCRIPTS = (
    ("\u0370-\u03ff\u1f00-\u1fff", "el"),
    (
        "\u0400-\u052f\u1c80-\u1c8f\ua640-\ua69f",
        "ab av az ba be bg bs ce cu cv kk kv ky mk mn os ro ru sh sr tg tk tt ug uk uz",
    ),
    ("\u0530-\u058f\ufb13-\ufb17", "hy"),
    ("\u0590-\u05ff\ufb1d-\ufb4f", "he yi"),
    (
        "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefe",
        "ar az fa ha kk ks ku ky ms pa ps sd so tg tk tr ug ur uz",
    ),
    ("\u0780-\u07bf", "dv"),
    ("\u0900-\u097f\ua8e0-\ua8ff", "bh hi ks mr ne pi sa sd"),
    ("\u0980-\u09ff", "as bn sa"),
    ("\u0a00-\u0a7f", "pa"),
    ("\u0a80-\u0aff", "gu"),
    ("\u0b00-\u0b7f", "or"),
    ("\u0b80-\u0bff", "ta"),
    ("\u0c00-\u0c7f", "te"),
    ("\u0c80-\u0cff", "kn"),
    ("\u0d00-\u0d7f", "ml"),
    ("\u0d80-\u0dff", "pi si"),
    ("\u0e00-\u0e7f", "pi th"),
    ("\u0e80-\u0eff", "lo"),
    ("\u0f00-\u0fff", "bo dz"),
    ("\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff", "my pi"),
    ("\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f", "ka"),
    ("\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff", "ko"),
    ("\u1200-\u139f\u2d80-\u2ddf\uab00-\uab2f", "am ti"),
    ("\u1400-\u167f\u18b0-\u18ff", "cr iu oj"),
    ("\u1780-\u17ff", "km"),
    ("\u1800-\u18af", "mn"),
    (_HAN, "ja ko vi za zh"),
    (_KANA, "ja"),
    ("\u3100-\u312f\u31a0-\u31bf", "zh"),
    ("\ua000-\ua4cf", "ii"),
)


def fits(language: str, text: str) -> bool:
    """Return whether at least half of a text's letters are of the language's script.

    Latin letters always are: online, many people write other scripts' languages in Latin letters.
    """
    letters = sum(map(str.isalpha, text))
    return 2 * sum(map(str.isalpha, _letters_of(language).findall(text))) >= letters


@cache
def _letters_of(language: str) -> re.Pattern[str]:
    own = "".join(letters for letters, languages in _SCRIPTS if language in languages.split())
    return re.compile(f"[{_LATIN}{own}]")
