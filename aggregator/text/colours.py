"""Colours as red, green and blue, 0 to 255."""

from typing import TypeAlias

__all__ = ["Rgb", "blend", "parse_colour"]

Rgb: TypeAlias = tuple[int, int, int]


def parse_colour(colour: str) -> Rgb:
    """A colour written as `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def blend(colour: Rgb, other: Rgb, share: float) -> Rgb:
    """The colour between two, with this share of the second, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue
