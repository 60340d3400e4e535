"""Detecting the language of a text."""

import pytest

from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.clean.language import detect_language
from aggregator.model import Entry
from tests.harness.builders import NOW, keyed, parsed_entry, plain, source

SAMPLES = [
    ("en", "The harbor commission voted late on Tuesday to close the northern cranes."),
    (
        "es",
        "El gobierno anunció el martes una nueva política de drogas para el norte del "
        "país. Los trabajadores del puerto dicen que nadie les ha preguntado de qué van a vivir.",
    ),
    ("pt", "O governo anunciou na terça-feira uma nova política de drogas para o norte do país."),
    ("fr", "Le gouvernement a annoncé mardi une nouvelle politique des drogues dans le nord."),
    ("de", "Die Hafenarbeiter streiken seit Dienstag, und die Kräne stehen still, sagt die Stadt."),
    (
        "ru",
        "Правительство объявило во вторник о новой политике в отношении наркотиков на "
        "севере страны. Рабочие порта говорят, что их никто не спросил, на что они будут жить.",
    ),
    ("ar", "أعلنت الحكومة يوم الثلاثاء عن سياسة جديدة لمكافحة المخدرات في شمال البلاد وجنوبها"),
    (
        "zh",
        "政府星期二宣布了一项新的毒品政策，北部港口的工人表示没有人征求过他们的意见，"
        "工会将举行罢工。",
    ),
    ("he", "הממשלה הודיעה ביום שלישי על מדיניות סמים חדשה בצפון הארץ ובדרומה"),
]


@pytest.mark.parametrize(("language", "text"), SAMPLES, ids=[t[0] for t in SAMPLES])
def test_a_language_is_detected(language: str, text: str) -> None:
    """A sentence or two is enough to detect the language."""
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "Strike!", "12 34 56 78 90 12 34 56 78 90 12 34 56 78 90 12"])
def test_a_short_text_has_no_language(text: str) -> None:
    """No language is better than a wrong one."""
    assert detect_language(text) == ""


SPANISH = "La asamblea decidió anoche, con más de dos mil votos, parar los muelles del puerto."


@pytest.mark.parametrize(
    ("declared", "keys", "expected"),
    [
        ("en-US", {"language": "pt"}, "pt"),
        ("en-US", {}, "es"),
        ("en", {"fallback_language": "fr"}, "es"),
        ("fr", {}, "fr"),
        ("en-GB", {}, "en-gb"),
        ("", {"fallback_language": "fr"}, "es"),
        ("", {}, "es"),
        ("spa", {}, "es"),
        ("us", {}, "es"),
        ("iw", {}, "he"),
    ],
    ids=[
        "the operator says it", "a program's default", "a default is no fallback", "the outlet",
        "no program's default", "a text is stronger than the fallback", "the text",
        "a code of three letters", "an invalid tag", "an old tag",
    ],
)  # fmt: skip
def test_the_language_of_an_entry(declared: str, keys: dict[str, str], expected: str) -> None:
    """The operator's word, the outlet's, or what the text certainly is."""
    given = parsed_entry("Los muelles", language=declared, summary=plain(SPANISH))
    entry = clean(keyed(given), source(**keys), NOW)

    assert isinstance(entry, Entry)
    assert entry.language == expected


def test_the_fallback() -> None:
    """The operator's default counts if the text is too short to tell."""
    given = parsed_entry("Los muelles", language="", summary=None)
    entry = clean(keyed(given), source(fallback_language="fr"), NOW)

    assert isinstance(entry, Entry)
    assert entry.language == "fr"


def test_an_english_text_keeps_its_region() -> None:
    """A default that is right stays."""
    text = "The assembly decided last night, with more than two thousand votes, to stop the docks."
    given = parsed_entry("The docks", language="en-US", summary=plain(text))
    entry = clean(keyed(given), source(), NOW)

    assert isinstance(entry, Entry)
    assert entry.language == "en-us"
