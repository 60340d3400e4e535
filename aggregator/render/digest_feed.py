"""The archive of the digest as a feed: an entry for each issue (Atom, RFC 4287)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator
from markupsafe import Markup

from aggregator import __version__
from aggregator.model import DigestIssue, Site
from aggregator.render.digest_mail import DigestSection
from aggregator.render.interface import Interface
from aggregator.render.public_urls import PublicUrls

__all__ = ["render_digest_atom"]

EMPTY_UPDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of a feed without an issue: constant, and plausible to feed readers."""


def render_digest_atom(
    issues: Sequence[tuple[DigestIssue, Sequence[DigestSection]]], site: Site
) -> bytes:
    """Issues, newest first, with their stories by topic."""
    urls, interface = PublicUrls(site.url), Interface(site.language, site.timezone)
    generator = FeedGenerator()
    generator.id(urls.page("/digest"))
    generator.title(interface.gettext("The digest of %(site)s", site=site.title))
    generator.author(name=site.title, uri=urls.page("/"))
    generator.link(href=urls.page("/digest.atom"), rel="self", type="application/atom+xml")
    generator.link(href=urls.page("/digest"), rel="alternate", type="text/html")
    generator.language(site.language)
    generator.generator("aggregator", version=__version__)
    generator.updated(max((issue.created_at for issue, _ in issues), default=EMPTY_UPDATED))
    for issue, sections in issues:
        entry = generator.add_entry(order="append")
        page = urls.page(f"/digest/{issue.day.isoformat()}")
        entry.id(page)
        entry.title(f"{interface.full_date(issue.day)}: {issue.subject}")
        entry.link(href=page)
        entry.published(issue.created_at)
        entry.updated(issue.created_at)
        entry.content(_content(sections, interface), type="html")
    rendered: bytes = generator.atom_str()
    return rendered


def _content(sections: Sequence[DigestSection], interface: Interface) -> str:
    """The headlines by topic, each with its outlet, as links."""
    parts = []
    for section in sections:
        title = section.topic.title if section.topic else interface.gettext("Other stories")
        parts.append(Markup("<h2>{}</h2>\n<ul>").format(title))
        parts += [
            Markup('<li><a href="{}">{}</a> ({})</li>').format(
                item.lead.url, item.story.title, item.source.name
            )
            for item in section.items
        ]
        parts.append(Markup("</ul>\n"))
    return str(Markup("\n").join(parts))
