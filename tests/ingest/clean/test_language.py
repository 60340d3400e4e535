"""The language of a text, where it can be told."""

import pytest

from aggregator.ingest.clean.language import detect_language

TOLD = [
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


@pytest.mark.parametrize(("language", "text"), TOLD, ids=[t[0] for t in TOLD])
def test_told(language: str, text: str) -> None:
    """By a sentence or two."""
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "Strike!", "12 34 56 78 90 12 34 56 78 90 12 34 56 78 90 12"])
def test_not_told(text: str) -> None:
    """Better none than a wrong one."""
    assert detect_language(text) == ""
