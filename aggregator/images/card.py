"""A card for link previews: a headline in the look of the site, as PNG.

A text that the site's typeface cannot show is drawn in one of `FONT_NAMES`; if none of them has
its letters, it is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import chain
from pathlib import Path
from unicodedata import bidirectional

from PIL import Image, ImageDraw, ImageFont, features

from aggregator.model import CARD_HEIGHT, CARD_WIDTH
from aggregator.text.colours import Rgb, blend, parse_colour

__all__ = ["Card", "draw_card"]

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")
FONT_NAMES = (
    "NotoSans*-Bold.tt[fc]", "NotoSans*-Regular.tt[fc]", "NotoSansCJK*.ttc", "DejaVuSans-Bold.ttf",
)  # fmt: skip
"""Fonts of the machine that are tried, in this order."""
PAPER, INK_COLOUR, SOFT_COLOUR = (252, 251, 248), (27, 26, 24), (87, 83, 77)
SHADES = 5
"""Palette steps from the background to each colour; with more, the file would be twice as large."""
INK, ACCENT, SOFT = 0, SHADES, 2 * SHADES
"""Where the steps of each colour begin in the palette."""
MARGIN = 72
ABOVE_TOP, SITE_TOP = 72, 550
HEADLINE_TOP, HEADLINE_BOTTOM = 150, 490
RULES = ((522, 526), (530, 532))
DESCENT = 24
"""Space for what is below the last line of a text."""
SIZES = (84, 76, 68, 60, 52, 46)
"""Sizes of a headline, the largest that fits is taken."""
LINE_HEIGHT = 1.14
MAX_LINE_CHARS = 120
"""Characters of a line that are measured; fewer fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card says: a line above the headline, in the accent of the site, and the name of the
    site below. `accent` is `#rrggbb`."""

    above: str
    headline: str
    site: str
    accent: str


def draw_card(card: Card) -> bytes:
    """The card as PNG, always the same for the same words, fonts and version of Pillow."""
    is_rtl = _is_rtl(card.headline)
    shades = Image.new("L", (CARD_WIDTH, CARD_HEIGHT))
    shades.paste(_one_line(card.above[:MAX_LINE_CHARS], 36, ACCENT, is_rtl=is_rtl), (0, ABOVE_TOP))
    shades.paste(_headline(card.headline, is_rtl=is_rtl), (0, HEADLINE_TOP))
    for top, bottom in RULES:
        shades.paste(INK + SHADES - 1, (MARGIN, top, CARD_WIDTH - MARGIN, bottom))
    shades.paste(_one_line(card.site[:MAX_LINE_CHARS], 40, SOFT, is_rtl=is_rtl), (0, SITE_TOP))
    return _png(shades, parse_colour(card.accent))


def _png(shades: Image.Image, accent: Rgb) -> bytes:
    """An image of shades of the three colours, on paper."""
    steps = [step / (SHADES - 1) for step in range(SHADES)]
    palette = [
        blend(PAPER, ink, step) for ink in (INK_COLOUR, accent, SOFT_COLOUR) for step in steps
    ]
    shades.putpalette(list(chain.from_iterable(palette)))
    file = BytesIO()
    # nearly as small as with the best filter and search, in less than half the time
    shades.save(file, "PNG", compress_type=Image.RLE, bits=4)
    return file.getvalue()


# ---- text


def _headline(headline: str, *, is_rtl: bool) -> Image.Image:
    """The headline, in the largest size in which it fits."""
    layer = Image.new("L", (CARD_WIDTH, HEADLINE_BOTTOM - HEADLINE_TOP + DESCENT))
    path = _font_for(headline)
    if not path:
        return layer
    text, width = _covered(headline, path), CARD_WIDTH - 2 * MARGIN
    for size in SIZES:
        lines = _lines(text, path, size, width)
        step = round(size * LINE_HEIGHT)
        if len(lines) * step <= HEADLINE_BOTTOM - HEADLINE_TOP:
            break
    most = (HEADLINE_BOTTOM - HEADLINE_TOP) // step
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][:-2]}…"]
    for number, line in enumerate(lines):
        _draw(layer, line, number * step, _font(path, size), is_rtl=is_rtl)
    return layer.point(_shades_of(INK))


@lru_cache(maxsize=16)
def _one_line(text: str, size: int, colour: int, *, is_rtl: bool) -> Image.Image:
    """One line, as much of it as fits. Cached, because many cards have the same outlet and site."""
    layer, path = Image.new("L", (CARD_WIDTH, size + DESCENT)), _font_for(text)
    if not (path and text):
        return layer
    lines = _lines(_covered(text, path), path, size, CARD_WIDTH - 2 * MARGIN)
    line = lines[0] if len(lines) == 1 else f"{lines[0][:-1]}…"
    _draw(layer, line, 0, _font(path, size), is_rtl=is_rtl)
    return layer.point(_shades_of(colour))


def _shades_of(colour: int) -> list[int]:
    """The palette index of a colour for each coverage of a pixel."""
    steps = [round(value * (SHADES - 1) / 255) for value in range(256)]
    return [colour + step if step else 0 for step in steps]


def _draw(
    layer: Image.Image, line: str, top: int, font: ImageFont.FreeTypeFont, *, is_rtl: bool
) -> None:
    left, anchor = (CARD_WIDTH - MARGIN, "ra") if is_rtl else (MARGIN, "la")
    direction = ("rtl" if _is_rtl(line) else "ltr") if features.check("raqm") else None
    ImageDraw.Draw(layer).text(
        (left, top), line, font=font, fill=255, anchor=anchor, direction=direction
    )


def _lines(text: str, path: str, size: int, width: int) -> list[str]:
    """The text in lines of this width; a word that is longer is broken."""
    lines, room = [""], float(width)
    space = _width(" ", path, size)
    for word in text.split():
        needed = _width(word, path, size) + (space if lines[-1] else 0)
        if needed <= room:
            lines[-1] = f"{lines[-1]} {word}".strip()
            room -= needed
            continue
        if lines[-1]:
            lines.append("")
            room = float(width)
        for character in word:
            needed = _width(character, path, size)
            if needed > room:
                lines.append("")
                room = float(width)
            lines[-1] += character
            room -= needed
    return lines


@lru_cache(maxsize=5_000)
def _width(word: str, path: str, size: int) -> float:
    return _font(path, size).getlength(word)


def _is_rtl(line: str) -> bool:
    """True if the first letter of a line says so (Unicode Bidirectional Algorithm, P2)."""
    kinds = (bidirectional(each) for each in line)
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


# ---- fonts


@lru_cache(maxsize=64)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(path, size)
    if path.endswith(".woff2"):
        font.set_variation_by_axes([700])
    return font


def _font_for(text: str) -> str:
    """The first font that has all letters of a text; "" if there is none."""
    letters = {character for character in text if character.isalnum()}
    return next((path for path in _fonts() if all(_has(path, each) for each in letters)), "")


def _covered(text: str, path: str) -> str:
    """The text without signs that a font lacks, such as emoji."""
    return "".join(each for each in text if each.isspace() or _has(path, each))


@lru_cache(maxsize=1)
def _fonts() -> Sequence[str]:
    own = Path(__file__).parent.parent / "render" / "static" / "newsreader.woff2"
    folders = [Path(folder) for folder in FONT_FOLDERS]
    found = (sorted(folder.rglob(name)) for name in FONT_NAMES for folder in folders)
    return [str(own), *map(str, chain.from_iterable(found))]


@lru_cache(maxsize=20_000)
def _has(path: str, character: str) -> bool:
    """True if a font has a character, and does not draw its glyph for missing ones."""
    mask, missing = (_font(path, 40).getmask(each) for each in (character, "\U0010fffe"))
    return (mask.size, bytes(mask)) != (missing.size, bytes(missing))
