"""The templates of pages: the built-in ones, and those of a theme that replace them."""

import traceback
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from urllib.parse import urlsplit

from jinja2 import (
    ChoiceLoader,
    Environment,
    FunctionLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    select_autoescape,
)

from aggregator.model import Theme
from aggregator.render.interface import Interface
from aggregator.render.item import FeedItem

__all__ = ["template_environment", "theme_error", "theme_problems"]


def theme_problems(theme: Theme) -> list[str]:
    """What is wrong with the templates of a theme, as far as it shows before they are used."""
    environment = template_environment(Interface("en"), theme.templates)
    built_in = PackageLoader("aggregator.render").list_templates()
    problems = []
    for name in theme.templates:
        if name not in built_in:
            problems.append(f"theme/{name} has no effect: there is no built-in template {name}")
        try:
            environment.get_template(name)
        except TemplateError as error:
            problems.append(theme_error(name, error))
    return problems


def theme_error(template: str, error: Exception) -> str:
    """What is wrong with a template of the theme, and where."""
    name, line, sentence = template, 0, str(error)
    if isinstance(error, TemplateNotFound):
        sentence = f"there is no template {error}"
    if isinstance(error, TemplateSyntaxError):
        name, line = error.name or template, error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename.startswith("theme/"):
                name, line = frame.filename, frame.lineno or 0
    where = name.rpartition("/")[2]
    return f"theme/{where}, line {line}: {sentence}; the built-in template is used"


def _theme_loader(templates: Mapping[str, str]) -> FunctionLoader:
    """Loads the templates of a theme, with the names that operators know."""
    return FunctionLoader(
        lambda name: (templates[name], f"theme/{name}", None) if name in templates else None
    )


def template_environment(interface: Interface, templates: Mapping[str, str]) -> Environment:
    """The built-in templates, with these in the place of those of the same file names."""
    built_in = PackageLoader("aggregator.render")
    environment = Environment(
        loader=ChoiceLoader([_theme_loader(templates), built_in]),
        autoescape=select_autoescape(default=True, disabled_extensions=("txt",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(interface.translations, newstyle=True)  # type: ignore[attr-defined] # added by the extension
    environment.filters["host"] = _host
    environment.filters["groupby_day"] = _group_by_day
    return environment


def _host(url: str) -> str:
    """The host of a URL, as people write it."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def _group_by_day(items: Iterable[FeedItem], interface: Interface) -> Iterator[list[FeedItem]]:
    """The items of each day, as the site counts days."""
    for _, some in groupby(items, key=lambda item: interface.local(item.story.published).date()):
        yield list(some)
