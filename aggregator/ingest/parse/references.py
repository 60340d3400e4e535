"""References in XML as outlets write them: `R&D`, `?a=1&b=2`, `&nbsp;` without a DTD, surrogates.

A strict parser refuses such a document; a lenient one makes `R&D;` of the first and a sign of
`&copy=1` in an address. They are repaired before either sees them, outside CDATA and comments.
"""

import re
from html.entities import html5

__all__ = ["repair_references"]

_LOOSE = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,12}|#[xX][0-9a-fA-F]{1,12});)")
"""An ampersand that does not begin a reference which every XML parser knows."""
_PLACES = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)"
    rb"|(" + _LOOSE.pattern + rb"(?:([a-zA-Z][a-zA-Z0-9]{0,40});)?)",
    re.DOTALL,
)
_FIRST_ELEMENT = re.compile(rb"<[a-zA-Z]")
_DECLARED = re.compile(rb"<!ENTITY\s+([\w.:-]{1,100})\s")
_BAD_NUMBER = re.compile(
    rb"&#(?:[xX]0{0,8}(?:[dD][89a-fA-F][0-9a-fA-F]{2}|[0-9a-fA-F]{6,12})"
    rb"|0{0,8}(?:5[5-7][0-9]{3}|[0-9]{7,12}));"
)
_NUMBERS = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]{1,20}|[0-9]{1,20});)+")


def repair_references(body: bytes) -> tuple[bytes, str]:
    """The document with references that any XML parser reads, and what was wrong with it, if
    anything: a phrase."""
    if _BAD_NUMBER.search(body):
        body = _NUMBERS.sub(_repair_run, body)
    if not _LOOSE.search(body):
        return body, ""
    declared = frozenset(_DECLARED.findall(body))
    places: list[int] = []

    def repair(found: re.Match[bytes]) -> bytes:
        name = found[2] or b""
        if not found[1] or name in declared:
            return found[0]
        places.append(found.start())
        characters = html5.get(f"{name.decode()};") if name else None
        if characters:
            return b"".join(b"&#%d;" % ord(character) for character in characters)
        return b"&amp;" + found[1][1:]

    first = _FIRST_ELEMENT.search(body)
    start = first.start() if first else 0  # after the DTD
    repaired = body[:start] + _PLACES.sub(repair, body[start:])
    if not places:
        return body, ""
    line = body.count(b"\n", 0, start + places[0]) + 1
    found = _PLACES.match(body, start + places[0])
    name = found[2].decode() if found and found[2] else ""
    what = f"&{name}; is not defined in XML" if name else '"&" must be written "&amp;"'
    return repaired, f"line {line}: {what}"


def _repair_run(run: re.Match[bytes]) -> bytes:
    """The references without those to no character; surrogate pairs, which some programs write for
    an emoji, `&#xD83C;&#xDF89;`, are joined."""
    codes = [
        int(code[1:], 16) if code[:1] in b"xX" else int(code)
        for code in re.findall(rb"&#(\w+);", run[0])
    ]
    text = "".join(chr(code) for code in codes if 0 < code < 0x110000)
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return b"".join(b"&#%d;" % ord(character) for character in joined)
