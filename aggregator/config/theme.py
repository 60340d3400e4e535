"""The theme of a site: templates and CSS in the folder `theme` next to feeds.toml, and its logo.

Nothing here stops the program: what cannot be used is left out, and said so.
"""

from collections.abc import Iterator
from pathlib import Path

from aggregator.errors import ConfigIssue
from aggregator.model import Theme

__all__ = ["THEME_FOLDER", "read_theme"]

SUFFIXES = (".html", ".txt", ".css")
THEME_FOLDER = "theme"
STYLESHEET = "theme.css"
MAX_FILE_BYTES = 1_000_000
_LOGO_TYPES = {
    b"\x89PNG\r\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
    b"GIF8": "image/gif",
}
"""First bytes of a file -> its type."""


def read_theme(folder: Path, logo: str) -> tuple[Theme, list[ConfigIssue]]:
    """The theme of the site whose feeds.toml is in a folder, and what is wrong with it. `logo` is
    the path of a picture, relative to the folder, or empty."""
    issues: list[ConfigIssue] = []
    templates = {}
    for file in _files(folder / THEME_FOLDER):
        text = _text(file, issues)
        if text is not None:
            templates[file.name] = text
    css = templates.pop(STYLESHEET, "")
    body, media_type = _logo(folder / logo, issues) if logo else (b"", "")
    return Theme(templates=templates, css=css, logo=body, logo_type=media_type), issues


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(each for each in folder.iterdir() if each.suffix in SUFFIXES)


def _text(file: Path, issues: list[ConfigIssue]) -> str | None:
    try:
        return _read(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        reason = "is not in UTF-8"
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
    issues.append(_issue("theme", f"{THEME_FOLDER}/{file.name} {reason}; the built-in one is used"))
    return None


def _logo(file: Path, issues: list[ConfigIssue]) -> tuple[bytes, str]:
    """The bytes of the logo and its type; empty if it is not a picture."""
    try:
        body = _read(file)
    except OSError as error:
        message = f"{file.name} cannot be read: {error.strerror or error}"
    else:
        for beginning, media_type in _LOGO_TYPES.items():
            if body.startswith(beginning):
                return body, media_type
        if b"<svg" in body[:2000] and body.lstrip()[:1] == b"<":
            return body, "image/svg+xml"
        message = f"{file.name} is not a picture: it must be PNG, JPEG, WebP, GIF or SVG"
    issues.append(_issue("site.logo", f"{message}; pages show the name of the site instead"))
    return b"", ""


def _read(file: Path) -> bytes:
    """The bytes of a file. Raises OSError."""
    if file.stat().st_size > MAX_FILE_BYTES:
        raise OSError(f"it is larger than {MAX_FILE_BYTES:,} bytes")
    return file.read_bytes()


def _issue(key: str, message: str) -> ConfigIssue:
    return ConfigIssue(line=0, key=key, message=message)
