"""Words of scripts that are written without spaces: Chinese, Japanese, Thai, Lao, Khmer, Burmese.

They are found with the dictionaries of ICU, by the rules of Unicode Standard Annex 29. Other
scripts do not need it: a word is a run of letters, marks and digits.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["HAN", "UNSPACED", "is_unspaced", "lacks_dictionary", "separate_words"]

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Chinese characters, for a character class."""
_KANA = "\u3041-\u3096\u3099-\u30ff\u31f0-\u31ff\uff66-\uff9f"
_SOUTH_EAST_ASIAN = (
    "\u0e01-\u0e4e\u0e81-\u0ece\u0edc-\u0edf"  # Thai, Lao
    "\u1000-\u103f\u1050-\u108f\u109a-\u109f\ua9e0-\ua9ef\uaa60-\uaa7f"  # Burmese
    "\u1780-\u17dd"  # Khmer
)
UNSPACED = f"{HAN}{_KANA}{_SOUTH_EAST_ASIAN}"
"""Letters and marks of scripts without spaces, for a character class."""
_UNSPACED = re.compile(f"[{UNSPACED}]")
_RUN = re.compile(f"[{UNSPACED}][{UNSPACED}\u200b-\u200d]*")
_HALF_WIDTH = re.compile("[\uff66-\uff9f]+")
_LACKS_DICTIONARY = re.compile("[\u1950-\u19df\u1a20-\u1aad\uaa80-\uaadf\U00011700-\U0001174f]")
"""Tai Le, New Tai Lue, Tai Tham, Tai Viet, Ahom: other scripts of class SA (UAX 14)."""


def is_unspaced(text: str) -> bool:
    """True if a letter of the text is of a script without spaces."""
    return _UNSPACED.search(text) is not None


def lacks_dictionary(text: str) -> bool:
    """True if a letter of the text is of a script without spaces whose words cannot be found."""
    return _LACKS_DICTIONARY.search(text) is not None


def separate_words(text: str) -> str:
    """The text with spaces between the words of scripts without them."""
    if not is_unspaced(text):
        return text
    text = _HALF_WIDTH.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _RUN.sub(_separated, text)


def _separated(found: re.Match[str]) -> str:
    run = found[0]
    words = (run[start:end] for start, end in _word_breaker()(run, "en").segments())
    return f" {' '.join(words)} "


@cache
def _word_breaker() -> Callable[[str, str], Any]:
    """ICU, loaded when it is first needed; its tables take 7 MB."""
    from icu4py.breakers import WordBreaker

    return WordBreaker
