"""The encoding of a document, and the document in UTF-8.

    byte order mark | valid or nearly valid UTF-8 | what it or its header declares | a guess

What is valid UTF-8 is UTF-8, whatever a server's default says (RFC 7303 and browsers would believe
the header); one broken byte costs one U+FFFD, not all accents of the document. The rest is read as
browsers read it (text/encodings.py).
"""

import re
from dataclasses import replace

from aggregator.ingest.parse.values import join_sentences
from aggregator.model import Fetched
from aggregator.text.encodings import REPLACEMENT, decode, encoding_of

__all__ = ["detect_encoding", "to_utf8", "wide_encoding"]

HEAD_BYTES = 2000
"""Bytes of a document in which its encoding is declared."""
MIN_VALID_SHARE, MIN_VALID_SHARE_IF_DECLARED = 10, 1
"""A document is read as UTF-8 if it has at least this many valid characters for each broken byte:
if it declares another encoding; if it declares UTF-8, or none."""
_UTF8_MARK = b"\xef\xbb\xbf"
_WIDE = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le", b"\0<": "utf-16-be",
}  # fmt: skip
"""First bytes of documents in UTF-16 and UTF-32."""
_DECLARED = re.compile(rb"<\?xml[^<>]{0,1000}?\sencoding\s{0,9}=\s{0,9}[\"']([\w.:-]{1,40})[\"']")
_DECLARATION = re.compile(r"<\?xml[^<>]{0,1000}\?>")
_HEADER = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_LANGUAGE = re.compile(
    rb"(?:<(?:dc:)?language>\s{0,9}|xml:lang=[\"'])([a-zA-Z]{2,3}(?:[-_][a-zA-Z]{2,4})?)"
)
_SERVER_DEFAULT = "windows-1252"
"""What servers add to all documents (Apache's AddDefaultCharset), whatever they contain."""
_BY_LANGUAGE = {
    "ar": "windows-1256", "be": "windows-1251", "bg": "windows-1251", "cs": "windows-1250",
    "el": "iso-8859-7", "et": "windows-1257", "fa": "windows-1256", "he": "windows-1255",
    "hr": "windows-1250", "hu": "iso-8859-2", "ja": "shift_jis", "ko": "euc-kr",
    "ku": "windows-1254", "lt": "windows-1257", "lv": "windows-1257", "mk": "windows-1251",
    "pl": "iso-8859-2", "ru": "windows-1251", "sk": "windows-1250", "sl": "iso-8859-2",
    "sr": "windows-1251", "th": "windows-874", "tr": "windows-1254", "uk": "windows-1251",
    "vi": "windows-1258", "zh": "gbk", "zh-hant": "big5", "zh-hk": "big5", "zh-tw": "big5",
}  # fmt: skip
"""Language -> the encoding that browsers try (HTML, section 13.2.3.2); windows-1252 for others."""


def wide_encoding(body: bytes) -> str:
    """The encoding of a document in UTF-16 or UTF-32, empty for any other."""
    return next((name for start, name in _WIDE.items() if body.startswith(start)), "")


def detect_encoding(fetched: Fetched) -> Fetched:
    """The document with the name of its encoding, and a note for the operator if it was not as the
    document says."""
    body = fetched.body
    if fetched.encoding:
        return fetched
    if wide := wide_encoding(body):
        return replace(fetched, encoding=wide)
    header = _HEADER.search(fetched.content_type)
    declaration = _DECLARED.search(body, 0, HEAD_BYTES)
    labels = [declaration[1].decode() if declaration else "", header[1] if header else ""]
    declared, sent = map(encoding_of, labels)
    given = declared if sent in ("", _SERVER_DEFAULT) and declared else sent
    if given == "iso-2022-jp" and b"\x1b" in body:
        return replace(fetched, encoding=given)
    broken = _count_broken(body)
    if not broken or _is_nearly_utf8(body, broken, given):
        count = "1 character is" if broken == 1 else f"{broken:,} characters are"
        verb = "was" if broken == 1 else "were"
        note = f"{count} not valid UTF-8 and {verb} replaced by {REPLACEMENT}." if broken else ""
        return replace(fetched, encoding="utf-8", note=join_sentences(fetched.note, note))
    if given and not given.startswith("utf-"):
        return replace(fetched, encoding=given)
    guess = _guess(body)
    unknown = next((label for label in labels if label and not encoding_of(label)), "")
    name = given.upper()
    said = f"{name} but is not valid {name}" if given else "no encoding"
    said = f'the unknown encoding "{unknown}"' if unknown else said
    note = f"The feed declares {said}; it was read as {guess} (a guess)."
    return replace(fetched, encoding=guess, note=join_sentences(fetched.note, note))


def to_utf8(fetched: Fetched) -> Fetched:
    """The document in UTF-8; it may still declare another encoding."""
    fetched = detect_encoding(fetched)
    body, encoding = fetched.body, fetched.encoding
    if encoding != "utf-8":
        is_wide = encoding.startswith(("utf-16", "utf-32"))
        text = body.decode(encoding, "replace") if is_wide else decode(body, encoding)
        text = text.lstrip("\ufeff\t\r\n ")
        declaration = _DECLARATION.match(text)
        body = text[declaration.end() if declaration else 0 :].encode("utf-8", "replace")
    elif _count_broken(body):
        body = body.decode("utf-8", "replace").encode()
    return replace(fetched, body=body, encoding="utf-8")


def _count_broken(body: bytes) -> int:
    """Bytes and parts of characters that are not UTF-8, each of which becomes one U+FFFD."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        written = body.count(REPLACEMENT.encode())
        return body.decode("utf-8", "replace").count(REPLACEMENT) - written
    return 0


def _is_nearly_utf8(body: bytes, broken: int, declared: str) -> bool:
    """True if there are enough characters of UTF-8 for each byte that is none."""
    if body.startswith(_UTF8_MARK):
        return True
    text = body.decode("utf-8", "ignore")
    valid = len(text) - len(text.encode("ascii", "ignore"))
    is_declared = declared in ("", "utf-8", "utf-16le", "utf-16be")
    return valid >= broken * (MIN_VALID_SHARE_IF_DECLARED if is_declared else MIN_VALID_SHARE)


def _guess(body: bytes) -> str:
    """The encoding of a document that does not say it, by its language."""
    found = _LANGUAGE.search(body, 0, 20 * HEAD_BYTES)
    language = found[1].decode().lower().replace("_", "-") if found else ""
    return _BY_LANGUAGE.get(language) or _BY_LANGUAGE.get(language[:2], _SERVER_DEFAULT)
