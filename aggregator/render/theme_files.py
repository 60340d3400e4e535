"""What a new theme begins with: a stylesheet, and the built-in templates as examples."""

import re
from collections.abc import Iterator
from importlib import resources

from aggregator import __version__

__all__ = ["EXAMPLE", "theme_files"]

EXAMPLE = ".example"
"""Suffix of a template that is not in force."""

_STYLESHEET = """\
/* CSS of your own, which follows the built-in stylesheet. For instance: */

/*
:root { --paper: #ffffff; --wash: #f2f2f2; }
@media (prefers-color-scheme: dark) { :root { --paper: #101010; } }
.masthead .name { text-transform: uppercase; }
*/
"""
_ABOUT = """\
{{# A copy of the built-in template {name} of version {version}.

   To change it, rename this file to {name}; to go back, delete that. What you do not need to
   change, leave to the built-in one: it changes with the program, and a copy does not.
   `aggregator check` says what is wrong with a template; the built-in one is used meanwhile.
   {description} #}}
"""
_DESCRIPTIONS = {
    "base.html": "The frame of every page: head, masthead, topics, foot.",
    "parts.html": "Parts that several templates share: a story in a list, its byline, dates.",
    "home.html": "The home page. `front` has the lead, `second`, `latest` and `sections`.",
    "list.html": "A topic, an outlet or all stories. `feed` is the list, `items` its stories.",
    "story.html": "The page of a story. `item` is the story, `content` its text as HTML.",
    "digest_mail.html": "A digest. `content` has the lead and the sections, `links` are personal.",
    "digest_mail.txt": "The same as text, for those who read mails so.",
    "frame.html": "The widget for a frame on another site.",
}


def theme_files() -> Iterator[tuple[str, str]]:
    """Name and text of each file of a new theme."""
    yield "theme.css", _STYLESHEET
    folder = resources.files(__package__) / "templates"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        name = file.name
        about = _ABOUT.format(
            name=name, version=__version__, description=_DESCRIPTIONS.get(name, "")
        )
        about = re.sub(r"\n +#\}", " #}", about)
        yield f"{name}{EXAMPLE}", about + file.read_text(encoding="utf-8")
