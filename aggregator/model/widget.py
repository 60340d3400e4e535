"""How the widget for partner sites looks."""

from dataclasses import dataclass

__all__ = ["WIDGET_HEADING", "WidgetOptions"]

WIDGET_HEADING = 2
"""Level of the widget's heading, unless a partner chooses another."""


@dataclass(frozen=True, slots=True)
class WidgetOptions:
    """What a partner has chosen: a colour of links as `#rrggbb`, the level of the heading, whether
    teasers and pictures are shown, and a link to all stories."""

    accent: str = ""
    heading: int = WIDGET_HEADING
    has_teasers: bool = False
    has_pictures: bool = False
    has_more: bool = False
