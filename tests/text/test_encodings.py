"""Decoding as browsers do; tests/browser/test_encodings.py compares with one."""

import pytest

from aggregator.text.encodings import decode, encoding_of

LABELS = [
    ("latin1", "windows-1252"),
    (" ISO-8859-1 ", "windows-1252"),
    ("US-ASCII", "windows-1252"),
    ("x-sjis", "shift_jis"),
    ("gb2312", "gbk"),
    ("utf8mb4", ""),
    ("", ""),
]


@pytest.mark.parametrize(("label", "expected"), LABELS)
def test_a_label(label: str, expected: str) -> None:
    """Labels as browsers know them."""
    assert encoding_of(label) == expected


TEXTS = [
    ("Korean beyond KS X 1001", "euc-kr", "똠방각하", "똠방각하".encode("cp949")),
    ("Japanese characters of vendors", "shift_jis", "①髙島屋～", "①髙島屋～".encode("cp932")),
    ("the same in EUC-JP", "euc-jp", "①", b"\xad\xa1"),
    ("quotes of Windows", "windows-1252", "“€”", b"\x93\x80\x94"),
    ("the euro in Chinese", "gbk", "€100", b"\x80100"),
    ("seven bits", "iso-2022-jp", "ニュース.", b"\x1b$B%K%e!<%9\x1b(B."),
    ("a broken character before a tag", "euc-kr", "\ufffd<p>", b"\xb0<p>"),
    ("a character that is cut off", "shift_jis", "a\ufffd", b"a\x82"),
]


@pytest.mark.parametrize(
    ("encoding", "expected", "given"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS]
)
def test_a_text(encoding: str, expected: str, given: bytes) -> None:
    """An error never takes an ASCII character with it, and so no tag."""
    assert decode(given, encoding) == expected


def test_a_name_that_is_none() -> None:
    """Labels are looked up before."""
    with pytest.raises(LookupError):
        decode(b"a", "no-such-encoding")
