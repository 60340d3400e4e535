"""The mail that brings the digest: its subject, HTML part and text part, in one language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

from css_inline import CSSInliner

from aggregator.model import Notice, Site, Theme, Topic
from aggregator.render.interface import Interface, direction
from aggregator.render.item import FeedItem
from aggregator.render.page_templates import template_environment, theme_error
from aggregator.render.public_urls import PublicUrls
from aggregator.render.stylesheet import accents
from aggregator.text.html import truncate

__all__ = [
    "DigestContent",
    "DigestRenderer",
    "DigestSection",
    "MailLinks",
    "RenderedDigest",
    "digest_subject",
]

MAX_SUBJECT_CHARS = 120
WEEK = timedelta(days=6)
TEXT_WIDTH = 72
"""Characters in a line of the text part (RFC 3676)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLinks:
    """Links that every mail has, for each subscriber: to choose, and to leave."""

    preferences: str
    unsubscribe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSection:
    """Stories of a topic, or of none, and how many more there are."""

    topic: Topic | None
    items: Sequence[FeedItem]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContent:
    """What an issue says. `day` is the day on which it is sent; `topics` are those that were
    chosen, None for all of them."""

    day: date
    is_weekly: bool = False
    lead: FeedItem
    sections: Sequence[DigestSection]
    topics: Sequence[Topic] | None = None
    notices: Sequence[Notice] = ()

    @property
    def count(self) -> int:
        """How many stories it has, and mentions."""
        return 1 + sum(len(section.items) + section.more for section in self.sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDigest:
    """A mail without its recipient."""

    subject: str
    html: str
    text: str


def digest_subject(headline: str, others: int, interface: Interface) -> str:
    """The headline of the lead, and how many other stories there are."""
    headline = truncate(headline, MAX_SUBJECT_CHARS)
    if not others:
        return headline
    message = interface.translations.ngettext(
        "%(headline)s, and %(count)s more", "%(headline)s, and %(count)s more", others
    )
    return message % {"headline": headline, "count": others}


class DigestRenderer:
    """Renders the mails of a site in one language. `imprint` is a line at their foot;
    `with_pictures` shows our thumbnails."""

    def __init__(
        self,
        site: Site,
        language: str,
        theme: Theme,
        *,
        imprint: str = "",
        with_pictures: bool = False,
        on_theme_error: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.interface = Interface(language, site.timezone)
        self._site = site
        self._on_theme_error = on_theme_error
        self._inliner = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
        themes = [theme.templates, {}] if theme.templates else [{}]
        self._environments = [template_environment(self.interface, each) for each in themes]
        light, dark = accents(site)
        for environment in self._environments:
            environment.globals.update(
                site=site,
                urls=PublicUrls(site.url),
                root=site.url,
                interface=self.interface,
                direction_of=direction,
                marked=lambda text, _field: text,
                accent=light,
                dark_accent=dark,
                imprint=imprint,
                with_pictures=with_pictures,
                host=urlsplit(site.url).netloc,
                text_width=TEXT_WIDTH,
            )

    def render(self, content: DigestContent, links: MailLinks) -> RenderedDigest:
        """An issue as a mail."""
        subject = self.subject(content)
        values = {
            "content": content,
            "links": links,
            "subject": subject,
            "period": self._period(content),
        }
        html = self._render("digest_mail.html", **values)
        return RenderedDigest(
            subject=subject,
            html=self._inliner.inline(html),
            text=self._render("digest_mail.txt", **values),
        )

    def subject(self, content: DigestContent) -> str:
        """The headline of the lead, and how many stories there are besides."""
        return digest_subject(content.lead.story.title, content.count - 1, self.interface)

    def message(self, template: str, **values: object) -> tuple[str, str]:
        """The subject and the text of a mail that brings no issue: the first line of a template,
        and the rest."""
        subject, _, text = self._render(template, **values).lstrip().partition("\n")
        return subject.strip(), text.lstrip("\n")

    def _period(self, content: DigestContent) -> str:
        if content.is_weekly:
            return self.interface.days(content.day - WEEK, content.day)
        return self.interface.full_date(content.day)

    def _render(self, template: str, **values: object) -> str:
        *themed, built_in = self._environments
        for environment in themed:
            try:
                return environment.get_template(template).render(values)
            except Exception as error:  # whatever an operator's template does
                self._on_theme_error(theme_error(template, error))
        return built_in.get_template(template).render(values)
