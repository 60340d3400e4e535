"""Pictures of the made-up outlets: a landscape for every article."""

import math
import random
from io import BytesIO

from PIL import Image, ImageDraw

from aggregator.text.colours import Rgb, blend

__all__ = ["landscape"]

WIDTH, HEIGHT = 1200, 800
_SKIES = (
    ((244, 196, 148), (120, 84, 110)),
    ((222, 232, 236), (106, 138, 162)),
    ((250, 222, 176), (196, 106, 74)),
    ((206, 214, 226), (64, 78, 110)),
    ((236, 226, 204), (140, 152, 120)),
)
"""Colours of a sky, at the horizon and above."""
LAYERS = 5


def landscape(seed: str) -> bytes:
    """A landscape as JPEG, always the same for a seed."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    low, high = dice.choice(_SKIES)
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(HEIGHT):
        draw.line((0, y, WIDTH, y), fill=blend(high, low, min(1.0, y / (0.7 * HEIGHT))))
    x, y, radius = dice.randint(200, 1000), dice.randint(150, 380), dice.randint(40, 90)
    sun = blend(low, (255, 255, 255), 0.55)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=sun)
    ground = blend(high, (20, 24, 28), 0.8)
    for layer in range(LAYERS):
        _draw_hills(draw, dice, layer, blend(low, ground, (layer + 1.2) / (LAYERS + 0.2)))
    file = BytesIO()
    image.save(file, "JPEG", quality=88)
    return file.getvalue()


def _draw_hills(draw: ImageDraw.ImageDraw, dice: random.Random, layer: int, colour: Rgb) -> None:
    """A line of hills, nearer and lower the higher the layer, with trees or roofs on the last."""
    base = HEIGHT * (0.42 + 0.12 * layer)
    waves = [
        (dice.uniform(8, 60) / (each + 1), dice.uniform(0.5, 2.2) * (each + 1), dice.uniform(0, 6))
        for each in range(4)
    ]

    def height(x: int) -> float:
        return base + sum(a * math.sin(f * x / 190 + p) for a, f, p in waves)

    line = [(x, height(x)) for x in range(0, WIDTH + 8, 8)]
    draw.polygon([*line, (WIDTH, HEIGHT), (0, HEIGHT)], fill=colour)
    if layer < LAYERS - 2:
        return
    for _ in range(dice.randint(6, 22)):
        x = dice.randint(0, WIDTH)
        y, size = height(x), dice.randint(18, 34) * (layer - 1)
        if layer == LAYERS - 1:
            draw.polygon([(x - size // 3, y + 6), (x, y - size), (x + size // 3, y + 6)], colour)
        else:
            draw.rectangle((x, y - size // 2, x + size // 2, y + 8), fill=colour)
