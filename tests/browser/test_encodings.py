"""Bytes are decoded as Chromium decodes them: every byte, and every pair of bytes."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from aggregator.text.encodings import decode, encoding_of

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (apt-get)"),
]

LABELS = (
    "866", "latin2", "latin3", "latin4", "cyrillic", "arabic", "greek", "hebrew", "logical",
    "latin6", "iso-8859-13", "iso-8859-14", "l9", "iso-8859-16", "koi", "koi8-ru", "mac",
    "tis-620", "cp1250", "x-cp1251", "latin1", "us-ascii", "cp1253", "latin5", "cp1255", "cp1256",
    "cp1257", "cp1258", "x-mac-ukrainian", "x-user-defined", "gb2312", "x-gbk", "gb18030",
    "big5-hkscs", "x-x-big5", "x-euc-jp", "csiso2022jp", "x-sjis", "ks_c_5601-1987", "utf8",
)  # fmt: skip
WRONG_IN_CHROMIUM = {
    "euc-jp": {b"\xa1\xa1"},  # U+3000 by the standard's index jis0208
    "big5": {b"\x88\x62", b"\x88\x64", b"\x88\xa3", b"\x88\xa5"},  # pairs of characters
    "iso-2022-jp": {bytes([*lead, 0x1C]) for lead in (b"", *(bytes([b]) for b in range(128, 256)))},
}
"""Bytes that the standard decodes otherwise than Chromium 156 does."""
DECODE = """([label, rows]) => {
    const decoder = new TextDecoder(label);
    return [decoder.encoding, rows.map(row => decoder.decode(new Uint8Array(row)))];
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.mark.parametrize("label", LABELS)
def test_an_encoding(label: str, page: Page) -> None:
    """The label names the same encoding, and bytes the same characters and errors."""
    rows = [bytes([byte]) for byte in range(256)]
    rows += [bytes([lead, trail]) for lead in range(128, 256) for trail in range(256)]
    rows += [b"\x8f\xb0\xa1", b"\x8f\xa2\xb7!", b"\x8fA", b"\x8f\xa1\x80", b"\x812", b"\x8102\x81"]
    rows += [
        b"\x8431\x82\x36",
        b"\x81\x35\xf4\x37",
        b"\xe3\x32\x9a\x36",
        b"\x81\x30\x81A",
        b"\xff1",
    ]
    rows += [b"\x1b$B0!\x1b(Ba", b"\x1b(J\\~", b"\x1b(I1\x1b(B1", b"\x1b$B0", b"\x1b$B\x800!"]

    if encoding_of(label) == "euc-jp":
        rows += [
            bytes([0x8F, lead, trail]) for lead in range(161, 255) for trail in range(161, 255)
        ]

    name, expected = page.evaluate(DECODE, [label, [list(row) for row in rows]])

    assert encoding_of(label) == name.lower()
    ignored = WRONG_IN_CHROMIUM.get(name, set())
    differences = {
        row.hex(): (decode(row, name), text)
        for row, text in zip(rows, expected, strict=True)
        if decode(row, name) != text and row not in ignored
    }
    assert differences == {}
