"""The encoding of a document: what it is, what it says, and what its server says."""

import pytest

from aggregator.ingest.parse.charset import detect_encoding, to_utf8
from aggregator.ingest.parse.parser import parse
from aggregator.model import ParsedFeed
from tests.harness.builders import fetched

SPANISH = "Señal débil en Cádiz"
RUSSIAN = "Забастовка на шахте"


def document(text: str, declared: str = "", language: str = "") -> str:
    """A feed with one title, which may declare its encoding."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    language = language and f"<language>{language}</language>"
    item = f"<item><title>{text}</title><link>https://outlet.example/1</link></item>"
    return f'{declaration}<rss version="2.0"><channel>{language}{item}</channel></rss>'


CASES = [
    ("as it says", RUSSIAN, "windows-1251", "windows-1251", "", ""),
    ("as its server says", RUSSIAN, "", "koi8-r", "koi8-r", ""),
    ("UTF-8, whatever its server's default is", SPANISH, "utf-8", "utf-8", "ISO-8859-1", ""),
    ("UTF-8, whatever it says", SPANISH, "iso-8859-1", "utf-8", "", ""),
    ("the server's default, and it says otherwise", RUSSIAN, "koi8-r", "koi8-r", "latin1", ""),
    ("they differ, and the server is sure", RUSSIAN, "koi8-r", "cp1251", "windows-1251", ""),
    ("an unknown name for UTF-8", SPANISH, "utf8mb4", "utf-8", "", ""),
    ("an unknown name", SPANISH, "ansi-win", "cp1252", "", "windows-1252"),
    ("nothing is said", SPANISH, "", "cp1252", "", "windows-1252"),
    ("it says UTF-8, which it is not", SPANISH, "UTF-8", "cp1252", "", "windows-1252"),
    ("a wide encoding in narrow bytes", SPANISH, "utf-16", "utf-8", "", ""),
    ("seven bits", "新聞のストライキ", "iso-2022-jp", "iso-2022-jp", "", ""),
    ("wide characters", RUSSIAN, "utf-16", "utf-16", "", ""),
]


@pytest.mark.parametrize(
    ("text", "declared", "real", "sent", "guess"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_document_is_read(text: str, declared: str, real: str, sent: str, guess: str) -> None:
    """A guess is said."""
    content_type = f"text/xml; charset={sent}" if sent else "text/xml"
    parsed = parse(fetched(document(text, declared).encode(real), content_type))

    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries[0].title is not None
    assert parsed.entries[0].title.value == text
    assert (f"read as {guess} (a guess)" in parsed.problem) == bool(guess), parsed.problem


@pytest.mark.parametrize(
    ("text", "language", "real"),
    [(RUSSIAN, "ru-RU", "cp1251"), ("Παρασκευή", "el", "iso8859-7"), ("新聞", "ja", "cp932"),
     ("파업", "ko", "cp949"), ("罷工", "zh-TW", "big5"), ("罢工", "zh-cn", "gbk")],
)  # fmt: skip
def test_a_guess_by_the_language(text: str, language: str, real: str) -> None:
    """As browsers guess, by the language of the document."""
    parsed = parse(fetched(document(text, language=language).encode(real), "text/xml"))

    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries[0].title is not None
    assert parsed.entries[0].title.value == text


def test_a_broken_byte_costs_one_character() -> None:
    """A letter that was cut in half at the end of an excerpt; the operator is told."""
    body = document("prüft Bürgergeld – tükörf", "utf-8").encode()
    body = body.replace(b"rf</title>", b"rf\xc3</title>")

    parsed = parse(fetched(body))

    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries[0].title is not None
    assert parsed.entries[0].title.value == "prüft Bürgergeld – tükörf\ufffd"
    assert parsed.problem.startswith("1 character is not valid UTF-8 and was replaced by \ufffd.")


def test_several_broken_bytes_are_counted() -> None:
    """U+FFFD that the outlet has written itself is none of them."""
    body = document("äöüßéèêñ \ufffd", "utf-8").encode().replace("ß".encode(), b"\xe9 \xe9")

    assert detect_encoding(fetched(body)).note.startswith("2 characters are")


def test_a_document_is_converted_once() -> None:
    """To UTF-8, without the declaration that is no longer true."""
    once = to_utf8(
        fetched(document(RUSSIAN, "koi8-r").encode("koi8-r"), "text/xml; charset=koi8-r")
    )

    assert once.body.decode().startswith("<rss")
    assert to_utf8(once) == once
