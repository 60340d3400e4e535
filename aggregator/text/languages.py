"""Language tags (BCP 47): one spelling for each language, whatever outlets and programs write."""

from functools import lru_cache

__all__ = ["canonical_language", "is_same_language", "main_language"]

_SAME = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr", "tl": "fil",
    "nb": "no", "nob": "no", "nor": "no", "cmn": "zh", "zho": "zh", "chi": "zh", "eng": "en",
    "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "por": "pt", "ita": "it",
    "nld": "nl", "dut": "nl", "rus": "ru", "jpn": "ja", "kor": "ko", "ara": "ar", "heb": "he",
    "tur": "tr", "pol": "pl", "ukr": "uk", "hin": "hi", "ben": "bn", "fas": "fa", "per": "fa",
    "swe": "sv", "dan": "da", "fin": "fi", "ell": "el", "gre": "el", "ces": "cs", "cze": "cs",
    "vie": "vi", "tha": "th", "ind": "id", "arb": "ar", "zh-cn": "zh-hans", "zh-sg": "zh-hans",
    "zh-my": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant", "zh-mo": "zh-hant",
}  # fmt: skip
"""Old, macro and regional tags -> the tag that stands for them. Bokmål is what "no" means in feeds;
for Chinese the script counts, not the country. langcodes maps the old ones only."""


@lru_cache(maxsize=1000)
def canonical_language(tag: str) -> str:
    """The tag in lower case, with "-", and in its usual form: `"iw"` is `"he"`, `"zh_CN"` is
    `"zh-hans"`."""
    lowered = tag.strip().replace("_", "-").lower()
    if lowered in _SAME:
        return _SAME[lowered]
    main, dash, rest = lowered.partition("-")
    main = _SAME.get(main, main)
    if main == "zh" and (script := rest.partition("-")[0]) in ("hans", "hant"):
        return f"zh-{script}"
    return _SAME.get(f"{main}{dash}{rest}", f"{main}{dash}{rest}")


def is_same_language(tag: str, language: str) -> bool:
    """True if a tag is a language or one of its variants: `"pt-BR"` is `"pt"`, but `"pt"` is not
    `"pt-BR"`."""
    return f"{canonical_language(tag)}-".startswith(f"{canonical_language(language)}-")


def main_language(tag: str) -> str:
    """The language without its region: `"pt-BR"` is `"pt"`."""
    return canonical_language(tag).partition("-")[0]
