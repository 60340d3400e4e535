"""Words that are written together with the next or the previous one: particles of Korean, articles
and prepositions of Arabic and Hebrew.

A reader who looks for *strike* expects *the strike* and *for the strike*, also where a language
writes them as one word. This is not stemming: the word itself stays as it is.
"""

import re

__all__ = ["with_clitics"]


def _affixes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_KOREAN = _affixes("""
    은 는 이 가 을 를 에 의 도 와 과 로 으로 만 들 이나 이란 이라 이라고 라고 에서 에서는 에서도
    에는 에도 에게 에게서 에만 에서의 으로는 으로도 으로써 으로서 로는 로도 로써 로서 로의 으로의
    까지 까지도 까지의 부터 부터는 보다 처럼 마다 마저 조차 밖에 대로 만의 만이 만을 와의 과의 와는
    과는 께서 한테 들이 들은 들을 들의 들에 들에게 들도 들과 이다 이며 이고 인 하고
""")
"""Particles after a noun."""
_KOREAN_AFTER_SYLLABLE = _affixes("은 는 을 를 에 의 에서 에는 에도 으로 까지 부터 보다 처럼")
"""Those that make no other noun of a single syllable: 국가 is a state, not a soup."""
_ARABIC = _affixes("ال وال بال فال كال لل ولل وبال")
"""The article, and conjunctions and prepositions before it."""
_ARABIC_LETTERS = _affixes("و ف ب ل ك")
"""And, so, by, for, like: part of many short words by chance."""
_HEBREW = _affixes("ה ו ב ל מ ש כ וה וב ול ומ וש שה מה כש של")
"""The article, conjunctions and prepositions."""

_HANGUL_WORD = re.compile("[\uac00-\ud7a3]+")
_ARABIC_WORD = re.compile("[\u0621-\u064a]+")
_HEBREW_WORD = re.compile("[\u05d0-\u05ea]+")
MIN_ROOT_LETTERS = 3
"""Letters of a root in Arabic and Hebrew."""


def with_clitics(first: str, last: str) -> tuple[list[str], list[str]]:
    """What may be written together with a phrase: before its first word, and after its last.

    Both begin with the empty string; the words are folded.
    """
    before, after = [""], [""]
    if _HANGUL_WORD.fullmatch(last):
        after += _KOREAN if len(last) > 1 else _KOREAN_AFTER_SYLLABLE
    if len(first) >= MIN_ROOT_LETTERS and _HEBREW_WORD.fullmatch(first):
        before += _HEBREW
    if len(first) >= MIN_ROOT_LETTERS and _ARABIC_WORD.fullmatch(first):
        before += _ARABIC
        before += _ARABIC_LETTERS if len(first) > MIN_ROOT_LETTERS else []
    return before, after
