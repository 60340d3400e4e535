"""The messages of the interface, and its catalogues: `python -m tests.messages` brings these up to
date with the code; what is new there is empty, and must be translated by hand.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

import aggregator

PACKAGE = Path(aggregator.__file__).parent
LOCALE = PACKAGE / "render" / "locale"
PYTHON_KEYWORDS = {
    "gettext": None, "ngettext": (1, 2), "BadRequest": None, "Overloaded": None, "QueryError": None,
}  # fmt: skip
TEMPLATE_OPTIONS = {"trimmed": "true", "silent": "false"}


def catalogue() -> Catalog:
    """All messages, without translations."""
    made = Catalog(project="aggregator", fuzzy=False)
    for file, line, message in _messages():
        made.add(message, locations=[(file.relative_to(PACKAGE).as_posix(), line)])
    return made


def _messages() -> Iterator[tuple[Path, int, str | tuple[str, ...]]]:
    for file in sorted((PACKAGE / "render" / "templates").iterdir()):
        found = extract_from_file("jinja2", file, options=TEMPLATE_OPTIONS)
        yield from ((file, line, message) for line, message, _, _ in found)
    for folder in ("query", "render", "site", "web"):
        for file in sorted((PACKAGE / folder).glob("*.py")):
            found = extract_from_file("python", file, keywords=PYTHON_KEYWORDS)
            yield from ((file, line, message) for line, message, _, _ in found)


def read(file: Path) -> Catalog:
    """A stored catalogue."""
    with file.open("rb") as opened:
        return read_po(opened, locale=file.stem)


def update(file: Path) -> None:
    """Bring a stored catalogue up to date."""
    stored = read(file) if file.exists() else Catalog(locale=file.stem, fuzzy=False)
    stored.update(catalogue(), no_fuzzy_matching=True, keep_user_comments=False)
    stored.obsolete.clear()
    written = io.BytesIO()
    write_po(written, stored, width=100, sort_output=True, no_location=True)
    _, _, messages = written.getvalue().decode().partition("\n\n")
    file.write_text(f"{_header(stored)}\n{messages}", encoding="utf-8")


def _header(stored: Catalog) -> str:
    """What gettext needs to read a catalogue."""
    kept = ("Language", "Plural-Forms", "Content-Type")
    lines = "".join(
        f'"{name}: {value}\\n"\n' for name, value in stored.mime_headers if name in kept
    )
    return f'msgid ""\nmsgstr ""\n{lines}'


if __name__ == "__main__":
    for language in ("ar", "de", "es", "fr", "pt"):
        update(LOCALE / f"{language}.po")
