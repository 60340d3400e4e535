"""`theme new`: begin a theme."""

from pathlib import Path

import click

from aggregator.cli.options import CommandGroup
from aggregator.config import THEME_FOLDER
from aggregator.errors import CommandError
from aggregator.render.theme_files import EXAMPLE, theme_files

__all__ = ["theme"]


@click.group(cls=CommandGroup)
def theme() -> None:
    """Change how pages look: begin a theme.

    Often `accent`, `font` and `logo` in [site] of feeds.toml are enough.
    """


@theme.command()
@click.pass_obj
def new(path: Path) -> None:
    """Write the folder `theme` next to feeds.toml, with what can be changed.

    theme.css is for CSS of your own. Each built-in template is there as an example, with a comment;
    it takes effect if you remove `.example` from its name. Files that exist are left alone.
    """
    folder = path.parent / THEME_FOLDER
    written = 0
    try:
        folder.mkdir(exist_ok=True)
        for name, text in theme_files():
            file = folder / name
            if not file.exists():
                file.write_text(text, encoding="utf-8")
                written += 1
    except OSError as error:
        raise CommandError(f"Cannot write to {folder} ({error.strerror}).") from error
    click.echo(
        f"{folder}: {written} files written. Put CSS into theme.css; to change a template, remove "
        f"{EXAMPLE} from its name. A running program takes it when you save feeds.toml again, or "
        'click "Read the file again" at the desk.'
    )
