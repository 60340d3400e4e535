"""The colours and faces of a site: its accent in light and dark, its typeface, its own CSS."""

from aggregator.model import Site, Theme
from aggregator.render.static_files import static_file
from aggregator.text.colours import Rgb, blend, parse_colour

__all__ = ["LOGO_PATHS", "accents", "favicon_svg", "readable_accent", "stylesheet", "widget_accent"]

LOGO_PATHS = {
    "image/png": "/logo.png",
    "image/jpeg": "/logo.jpg",
    "image/webp": "/logo.webp",
    "image/gif": "/logo.gif",
    "image/svg+xml": "/logo.svg",
}
"""Type of a logo -> its path."""

DEFAULT_ACCENT = "#9c2a10"
DEFAULT_DARK_ACCENT = "#ff9473"
MIN_CONTRAST = 4.5
"""Of text with its ground (WCAG 2.2, 1.4.3)."""
_PAPER, _DARK_PAPER = "#fcfbf8", "#151412"
"""The grounds of static/style.css."""
_WIDGET_PAPER, _WIDGET_DARK = "#fffdfa", "#17181a"
"""The grounds of static/widget.css."""
_STEPS = 50


def stylesheet(site: Site, theme: Theme) -> bytes:
    """The stylesheet of the site: the typeface, the look, the accent, and the theme's own CSS."""
    parts = [static_file("font.css")] if site.font == "newsreader" else []
    parts.append(static_file("style.css"))
    if site.accent:
        light, dark = accents(site)
        parts.append(
            f":root {{ --accent: {light}; }}\n"
            f"@media (prefers-color-scheme: dark) {{ :root {{ --accent: {dark}; }} }}\n".encode()
        )
    if theme.css:
        parts.append(theme.css.encode())
    return b"".join(parts)


def accents(site: Site) -> tuple[str, str]:
    """The accent of the site as it can be read on a light and on a dark ground."""
    if not site.accent:
        return DEFAULT_ACCENT, DEFAULT_DARK_ACCENT
    return _readable(site.accent, _PAPER), _readable(site.accent, _DARK_PAPER)


def readable_accent(site: Site) -> str:
    """The accent of the site, adjusted to be readable on a light background."""
    return _readable(site.accent or DEFAULT_ACCENT, _PAPER)


def widget_accent(accent: str) -> str:
    """The rules that give the widget a colour of its own; "" if there is none."""
    if not accent:
        return ""
    light = f"--link: {_readable(accent, _WIDGET_PAPER)};"
    dark = f"--link: {_readable(accent, _WIDGET_DARK)};"
    return (
        f"section {{ {light} }}\nsection.dark {{ {dark} }}\n"
        f"@media (prefers-color-scheme: dark) {{ section:not(.light) {{ {dark} }} }}\n"
        ".more a { color: var(--link); }\n"
    )


def favicon_svg(site: Site) -> bytes:
    """The icon of the site, in its accent."""
    accent = site.accent or DEFAULT_ACCENT
    return static_file("favicon.svg").replace(b"#9a2a12", accent.encode())


def _readable(colour: str, ground: str) -> str:
    """A colour that can be read on a ground: the same, or as near to it as contrast permits."""
    given = parse_colour(colour)
    target = (0, 0, 0) if _luminance(parse_colour(ground)) > 0.5 else (255, 255, 255)
    for step in range(_STEPS + 1):
        mixed = blend(given, target, step / _STEPS)
        if _contrast(mixed, parse_colour(ground)) >= MIN_CONTRAST:
            break
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _contrast(colour: Rgb, other: Rgb) -> float:
    light, dark = sorted((_luminance(colour), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
