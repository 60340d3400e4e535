"""Decode bytes as browsers do (WHATWG Encoding Standard).

Labels come from webencodings. Python's codecs are stricter than the standard, lack characters of
vendors and count errors otherwise, so tables of single bytes and pairs are made of them with the
differences below. Chromium decides in the tests, for all bytes and all pairs of each encoding.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import webencodings

__all__ = ["REPLACEMENT", "decode", "encoding_of"]

REPLACEMENT = "\ufffd"
_UTF = {"utf-8": "utf-8", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
_CODECS = {
    "big5": "big5hkscs", "euc-jp": "euc_jp", "euc-kr": "cp949", "gb18030": "gb18030",
    "gbk": "gb18030", "shift_jis": "cp932",
}  # fmt: skip
"""Encodings with pairs of bytes -> the Python codec that is nearest."""
_ANY_LEAD = frozenset(range(0x81, 0xFF))
_LEADS = {
    "euc-jp": frozenset({0x8E, 0x8F, *range(0xA1, 0xFF)}),
    "shift_jis": frozenset({*range(0x81, 0xA0), *range(0xE0, 0xFD)}),
}
"""First bytes of pairs, if they are not all from 0x81 to 0xFE."""
_CHANGED_BYTES = {
    ("gb18030", 0x80): "€", ("gbk", 0x80): "€", ("koi8-u", 0xAE): "ў", ("koi8-u", 0xBE): "Ў",
    ("windows-1255", 0xCA): "\u05ba",
}  # fmt: skip
_CHANGED_PAIRS = {
    "big5": (
        "877A㡵𡵓𣚞𦀡㻬 87A1𥣞㫵竼龗𤅡𨤍𣇪𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐稲晠権袝瑌 "
        "87B9篅枂稬剏遆㓦珄𥶹瓆鿇垳䤯呌䄱𣚎堘穲𧭥讏䚮𦺈䆁𥶙箮 "
        "87D1𢒼鿈𢓁𢓉𢓌鿉蔄𣖻䂴鿊䓡𪷿拁灮鿋 8E69箸 8E6F簆 8E7E糎 8EAB緒 8EB4縝 8ECD者 "
        "8ED0耨 8F57菁 8F69蒨 8F6E萏 8FCB覦覩 8FFE起 906D都 907A銹 90DC靜 90F1響 91BF鼖 "
        "9244蔃 92AF兙兛兝兞 92C8鍮 92D1瑹 9447浧 94CA禛 95D9邗 9644靝 96ED瀞 96FC嬨 9B76爁 "
        "9B78矗 9B7B纇 9BC6駖 9BDE釔 9BEC惞 9BF6澶 9C42輶 9C53侻 9C62營 9C68鄄 9C6B鷰 "
        "9C77菏 9CBC尐秣 9CD0婧 9D57輋 9D5A筑 9DC4拐 9EA9恢 9EEF痹 9EFD汊 9F60鬮 9F66鼗 "
        "9FCB僭 9FD8弌 A063蠏 A077拎 A0D5瑨 A0DF煢 A0E4牐 A145‧ A14E﹑ A1C2¯ A1E3～ A1F2⊕⊙ "
        "A241∕﹨ A244￥ A246￠￡ A3C0␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗ A3D8␘␙␚␛␜␝␞␟␡€ C6CF廴 C6D3无 "
        "C6D5癶 C6D7隶 C6DE〃仝 FA5F倩 FA66偽 FABD包 FAC5卄 FAD5卿 FB48嘅 FBB8婷 FBF3幵 "
        "FBF9廐 FC4F彘 FC6C悤 FCB9撐 FCE2晴 FCF1杞 FDB7沜渝 FDBB港 FDF1煮 FE52猪 FE6F瑜 "
        "FEAA瓩 FEDD砉"
    ),
    "euc-jp": "A1C1～∥ A1DD－ A1F1￠￡ A2CC￢",
    "gb18030": "A3A0\u3000 A6D9︐︒︑︓︔︕︖ A6EC︗︘ A6F3︙ A8BCḿ FE59龴 FE61龵 FE66龶龷 "
    "FE6D龸 FE7E龹 FE90龺 FEA0龻",
}
"""Where the standard differs from Python's codec: the first pair of a run, and its characters."""
_LONGER = {
    "euc-jp": rb"\x8f[\xa1-\xfe][\x00-\xff]?",
    "gb18030": rb"[\x81-\xfe][0-9](?:[\x81-\xfe][0-9]|[\x81-\xfe]?\Z)",
}
"""Characters of three and four bytes, whole or cut off."""
_CHANGED_LONGER = {
    ("euc-jp", b"\x8f\xa2\xb7"): "～", ("gb18030", b"\x81\x35\xf4\x37"): "\ue7c7",
}  # fmt: skip
_ISO_2022_JP_ESCAPES = {
    b"\x1b(B": "ascii", b"\x1b(J": "roman", b"\x1b(I": "katakana",
    b"\x1b$@": "jis0208", b"\x1b$B": "jis0208",
}  # fmt: skip


def encoding_of(label: str) -> str:
    """The name of the encoding with this label, such as "windows-1252" for "latin1"; "" if there is
    none."""
    found = webencodings.lookup(label.strip())
    return str(found.name) if found else ""


def decode(data: bytes, encoding: str) -> str:
    """Decode bytes; what is invalid becomes U+FFFD, as often as in browsers.

    Raises LookupError for a name that is not that of an encoding.
    """
    if encoding in _UTF:
        return data.decode(_UTF[encoding], "replace")
    if encoding == "iso-2022-jp":
        return "".join(_decode_iso_2022_jp(data))
    if encoding in _CODECS:
        encoding = "gb18030" if encoding == "gbk" else encoding
        return "".join(_decode_pairs(data, encoding))
    return data.decode("latin-1").translate(_single_bytes(encoding))


@cache
def _single_bytes(encoding: str) -> Mapping[int, str]:
    """Byte -> character. Undefined bytes below 0xA0 are control characters."""
    found = webencodings.lookup(encoding)
    if found is None:
        raise LookupError(encoding)
    table = {}
    for byte in range(0x80, 0x100):
        character = found.codec_info.decode(bytes([byte]), "replace")[0]
        if character == REPLACEMENT and byte < 0xA0:
            character = chr(byte)
        table[byte] = _CHANGED_BYTES.get((encoding, byte), character)
    return table


@cache
def _pairs(encoding: str) -> Mapping[bytes, str]:
    """Single bytes and pairs -> characters."""
    codec, leads = _CODECS[encoding], _LEADS.get(encoding, _ANY_LEAD)
    table: dict[bytes, str] = {}
    singles = [bytes([byte]) for byte in range(0x80, 0x100) if byte not in leads]
    pairs = [bytes([lead, trail]) for lead in leads for trail in range(0x30, 0xFF)]
    for key in (*singles, *pairs):
        try:
            character = key.decode(codec)
        except UnicodeDecodeError:
            character = _jis_row(key) if encoding == "euc-jp" and len(key) == 2 else ""
        if character and not 0xF8F0 <= ord(character[0]) <= 0xF8F3:  # cp932's own
            table[key] = character
    table |= {bytes([b]): char for (name, b), char in _CHANGED_BYTES.items() if name == encoding}
    for run in _CHANGED_PAIRS.get(encoding, "").split(" "):
        for offset, character in enumerate(run[4:]):
            table[(int(run[:4], 16) + offset).to_bytes(2, "big")] = character
    return table


def _jis_row(pair: bytes) -> str:
    """The character of JIS X 0208 in rows that only Shift_JIS has (NEC, IBM); "" if none."""
    row, cell = pair[0] - 0xA1, pair[1] - 0xA1
    if row < 0 or not 0 <= cell < 94:
        return ""
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + (0x40 if cell < 63 else 0x41)
    character = bytes([lead, trail]).decode("cp932", "replace")
    return "" if REPLACEMENT in character or len(character) > 1 else character


@cache
def _token(encoding: str) -> re.Pattern[bytes]:
    """One character, ASCII text, or an error."""
    leads = b"".join(b"\\x%02x" % byte for byte in sorted(_LEADS.get(encoding, _ANY_LEAD)))
    parts = [
        _LONGER.get(encoding, b""),
        rb"[\x00-\x7f]+",
        b"[%s][\\x00-\\xff]" % leads,
        rb"[\x80-\xff]",
    ]
    return re.compile(b"|".join(filter(None, parts)), re.DOTALL)


def _decode_pairs(data: bytes, encoding: str) -> Iterator[str]:
    table = _pairs(encoding)
    for found in _token(encoding).finditer(data):
        part = found[0]
        if part[0] < 0x80:
            yield part.decode("ascii")
        elif part in table:
            yield table[part]
        elif len(part) > 2:
            yield _decode_longer(part, encoding)
        else:
            is_cut_off = encoding == "gb18030" and found.end() == len(data) and part[-1:].isdigit()
            yield REPLACEMENT + ("" if is_cut_off else _ascii_of(part[1:]))


def _decode_longer(part: bytes, encoding: str) -> str:
    if changed := _CHANGED_LONGER.get((encoding, part)):
        return changed
    try:
        return part.decode(_CODECS[encoding])
    except UnicodeDecodeError:
        return REPLACEMENT + (_ascii_of(part[2:]) if encoding == "euc-jp" else "")


def _ascii_of(rest: bytes) -> str:
    """The rest of an invalid character if it is ASCII, which is never part of an error."""
    return rest.decode("ascii") if rest.isascii() else ""


def _decode_iso_2022_jp(data: bytes) -> Iterator[str]:
    """Runs of characters between escape sequences, each in the set that was chosen last."""
    state = "ascii"
    for index, part in enumerate(re.split(rb"(\x1b(?:\([BJI]|\$[@B]))", data)):
        if index % 2:
            state = _ISO_2022_JP_ESCAPES[part]
        elif state == "jis0208":
            yield from _decode_jis0208(part)
        else:
            yield from (_iso_2022_jp_byte(byte, state) for byte in part)


def _iso_2022_jp_byte(byte: int, state: str) -> str:
    if state == "katakana":
        return chr(byte - 0x21 + 0xFF61) if 0x21 <= byte <= 0x5F else REPLACEMENT
    if byte >= 0x80 or byte in (0x0E, 0x0F, 0x1B):
        return REPLACEMENT
    return {0x5C: "¥", 0x7E: "‾"}.get(byte, chr(byte)) if state == "roman" else chr(byte)


def _decode_jis0208(part: bytes) -> Iterator[str]:
    """Pairs of seven-bit bytes, the same as in EUC-JP but for their highest bits."""
    table, position = _pairs("euc-jp"), 0
    while position < len(part):
        pair = part[position : position + 2]
        is_pair = len(pair) == 2 and all(0x21 <= byte <= 0x7E for byte in pair)
        yield (
            table.get(bytes(byte | 0x80 for byte in pair), REPLACEMENT) if is_pair else REPLACEMENT
        )
        position += 2 if 0x21 <= pair[0] <= 0x7E else 1
