"""Cards say what a link is about, in whatever script, and are always the same."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from aggregator.images import card as cards
from aggregator.images.card import Card, draw_card

PAPER = (252, 251, 248)


def _drawn(headline: str) -> Image.Image:
    card = Card(above="Harbor", headline=headline, site="Commons", accent="#9c2a10")
    made = draw_card(card)
    image = Image.open(BytesIO(made))
    assert (image.format, image.size) == ("PNG", (1200, 630))
    return image.convert("RGB")


def _box(image: Image.Image, top: int, bottom: int) -> tuple[int, int, int, int] | None:
    """What is drawn between two heights."""
    part = image.crop((0, top, 1200, bottom))
    return ImageChops.difference(part, Image.new("RGB", part.size, PAPER)).getbbox()


def test_a_card_has_a_headline_in_the_colours_of_the_site() -> None:
    """The outlet in the accent, the headline in ink, the site below."""
    image = _drawn("Cranes stand still")
    colours = {colour for _, colour in image.getcolors(1_000_000) or ()}

    assert {PAPER, (27, 26, 24), (156, 42, 16)} <= colours
    for top, bottom in ((30, 100), (150, 260), (515, 535), (545, 610)):
        assert _box(image, top, bottom) is not None


def test_the_same_words_make_the_same_card() -> None:
    """Server and export have the same bytes."""
    card = Card(above="Harbor", headline="Cranes", site="Commons", accent="#9c2a10")
    assert draw_card(card) == draw_card(card)


@pytest.mark.parametrize(
    "headline",
    ["A", "W" * 300, "word " * 200, "Zqx" * 100, "A tale of 🏗️ cranes", "\u200f\u202eabc", "", " "],
)
def test_any_headline_fits(headline: str) -> None:
    """Nothing leaves the margins, however long, and whatever signs it has."""
    image = _drawn(headline)
    for box in (_box(image, 0, 515), _box(image, 535, 630)):
        assert box is None or (box[0] >= 60 and box[2] <= 1140)
    assert _box(image, 500, 515) is None


def test_a_headline_from_right_to_left_begins_at_the_right() -> None:
    """With a font of the machine, since the site's own has Latin letters."""
    if not cards._font_for("عربي"):
        pytest.skip("this machine has no Arabic font")
    left, right = _drawn("Cranes"), _drawn("رافعات")
    first, other = _box(left, 150, 300), _box(right, 150, 300)

    assert first
    assert other
    assert first[0] < 100
    assert other[2] > 1100


def test_a_headline_that_no_font_has_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than boxes in the place of letters; outlet and site are named."""
    cards._fonts.cache_clear()
    monkeypatch.setattr(cards, "FONT_NAMES", ())
    image = _drawn("رافعات")
    monkeypatch.undo()
    cards._fonts.cache_clear()

    assert _box(image, 120, 515) is None
    assert _box(image, 0, 120) is not None
    assert _box(image, 545, 610) is not None
