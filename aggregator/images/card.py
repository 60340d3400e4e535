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

from PIL import Image, ImageChops, ImageDraw, ImageFont, features

from aggregator.model import CARD_HEIGHT, CARD_WIDTH
from aggregator.text.colours import Rgb, blend, parse_colour

__all__ = ["Card", "draw_card"]

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts")
FONT_NAMES = (
    "NotoSans*-Bold.tt[fc]", "NotoSans*-Regular.tt[fc]", "NotoSansCJK*.ttc", "DejaVuSans-Bold.ttf",
)  # fmt: skip
"""Fonts of the machine that are tried, in this order."""
PAPER, INK, SOFT = (252, 251, 248), (27, 26, 24), (87, 83, 77)
MARGIN = 72
HEADLINE_TOP, HEADLINE_BOTTOM = 150, 490
SIZES = (84, 76, 68, 60, 52, 46)
"""Sizes of a headline, the largest that fits is taken."""
LINE_HEIGHT = 1.14
MAX_LINE_CHARS = 120
"""Characters of a line that are measured; fewer fit."""
SHADES = 16
"""Palette steps from the background to each colour."""


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
    ink, accent, soft = (Image.new("L", (CARD_WIDTH, CARD_HEIGHT)) for _ in range(3))
    width = CARD_WIDTH - 2 * MARGIN
    headline = _font_for(card.headline)
    _write(accent, card.above[:MAX_LINE_CHARS], MARGIN, 36, card)
    if headline:
        text = _covered(card.headline, headline)
        for size in SIZES:
            font = _font(headline, size)
            lines = _lines(text, font, width)
            step = round(size * LINE_HEIGHT)
            if len(lines) * step <= HEADLINE_BOTTOM - HEADLINE_TOP:
                break
        most = (HEADLINE_BOTTOM - HEADLINE_TOP) // step
        if len(lines) > most:
            lines = [*lines[: most - 1], f"{lines[most - 1][:-2]}…"]
        for number, line in enumerate(lines):
            _draw(ink, line, HEADLINE_TOP + number * step, font, card)
    ink.paste(255, (MARGIN, 522, CARD_WIDTH - MARGIN, 526))
    ink.paste(255, (MARGIN, 530, CARD_WIDTH - MARGIN, 532))
    _write(soft, card.site[:MAX_LINE_CHARS], 550, 40, card)
    return _png((ink, INK), (accent, parse_colour(card.accent)), (soft, SOFT))


def _png(*layers: tuple[Image.Image, Rgb]) -> bytes:
    """Layers in one colour each, which do not overlap, on paper."""
    image = Image.new("L", (CARD_WIDTH, CARD_HEIGHT))
    palette: list[Rgb] = []
    for number, (layer, colour) in enumerate(layers):
        first = number * SHADES
        steps = [round(value * (SHADES - 1) / 255) for value in range(256)]
        shades = layer.point([first + step if step else 0 for step in steps])
        image = ImageChops.lighter(image, shades)
        palette += [blend(PAPER, colour, step / (SHADES - 1)) for step in range(SHADES)]
    image.putpalette(list(chain.from_iterable(palette)))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


# ---- text


def _write(layer: Image.Image, text: str, top: int, size: int, card: Card) -> None:
    """Write one line, as much of it as fits."""
    path = _font_for(text)
    if not (path and text):
        return
    font, width = _font(path, size), CARD_WIDTH - 2 * MARGIN
    lines = _lines(_covered(text, path), font, width)
    _draw(layer, lines[0] if len(lines) == 1 else f"{lines[0][:-1]}…", top, font, card)


def _draw(
    layer: Image.Image, line: str, top: int, font: ImageFont.FreeTypeFont, card: Card
) -> None:
    left, anchor = (CARD_WIDTH - MARGIN, "ra") if _is_rtl(card.headline) else (MARGIN, "la")
    direction = ("rtl" if _is_rtl(line) else "ltr") if features.check("raqm") else None
    ImageDraw.Draw(layer).text(
        (left, top), line, font=font, fill=255, anchor=anchor, direction=direction
    )


def _lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The text in lines of this width; a word that is longer is broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if font.getlength(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines


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
