"""The digest on the site: the page with the form, the archive, and its feed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from aggregator.config import Config
from aggregator.config.mail_schema import DigestTable
from aggregator.model import (
    WEEKDAYS,
    DigestIssue,
    DigestPreferences,
    Story,
)
from aggregator.render.digest_feed import render_digest_atom
from aggregator.render.digest_forms import DigestPageRenderer, IssuePage, SignUpForm
from aggregator.render.digest_mail import DigestSection, digest_subject
from aggregator.render.formats import FORMATS
from aggregator.render.item import feed_items
from aggregator.render.pages import PageRenderer
from aggregator.site.document import Document, html_document
from aggregator.site.feeds import FeedCatalog
from aggregator.site.front_page import by_topic
from aggregator.store.base import Store

__all__ = ["DigestBuilder", "default_preferences"]

ISSUES_LISTED = 31
ISSUES_IN_FEED = 14


def default_preferences(config: Config) -> DigestPreferences:
    """What the form suggests."""
    digest, site = config.digest or DigestTable(), config.site
    return DigestPreferences(
        hour=digest.hour,
        weekday=WEEKDAYS.index(digest.weekday),
        timezone=site.timezone,
        language=site.language,
    )


class DigestBuilder:
    """Builds the pages about the digest."""

    def __init__(
        self, config: Config, store: Store, catalog: FeedCatalog, pages: PageRenderer
    ) -> None:
        self._config = config
        self._store = store
        self._catalog = catalog
        self._interface = pages.interface
        self.pages = DigestPageRenderer(pages)

    def sign_up(self) -> Document:
        """The page with the form and the newest issues."""
        return html_document(
            self.sign_up_page(SignUpForm(preferences=default_preferences(self._config)))
        )

    def sign_up_page(self, form: SignUpForm) -> bytes:
        """The page, with a form as somebody has filled it in."""
        issues = [self._for_list(each) for each in self._store.digest.archived(ISSUES_LISTED)]
        return self.pages.sign_up(form, issues)

    def issue(self, day: date) -> Document | None:
        """The page of an issue in the archive."""
        issue = self._store.digest.of_day(day)
        if issue is None:
            return None
        issue, stories = self._issue(issue)
        feed = self._catalog.with_thumbnails(self._catalog.feed_of(f"/digest/{day}", stories))
        items = {item.story.id: item for item in feed_items(feed)}
        lead = next(iter(stories), None)
        rest = [story for story in stories if story is not lead]
        older, newer = self._store.digest.neighbours(day)
        page = IssuePage(
            issue=issue,
            feed=feed,
            lead=items[lead.id] if lead else None,
            sections=[
                DigestSection(topic=topic, items=[items[story.id] for story in some])
                for topic, some in by_topic(self._config.topics, rest)
            ],
            older=older.isoformat() if older else "",
            newer=newer.isoformat() if newer else "",
        )
        return html_document(self.pages.issue(page))

    def _issue(self, issue: DigestIssue) -> tuple[DigestIssue, list[Story]]:
        """An issue as it may be published now, and its stories, the lead first: without those that
        were taken down, also in its headline."""
        published = self._store.lists.published_ids(issue.stories)
        found = (self._store.stories.get(id_) for id_ in issue.stories if id_ in published)
        stories = [story for story in found if story is not None]
        if len(stories) == len(issue.stories):
            return issue, stories
        interface = self._interface
        subject = digest_subject(stories[0].title, len(stories) - 1, interface) if stories else ""
        return replace(issue, subject=subject), stories

    def _for_list(self, issue: DigestIssue) -> DigestIssue:
        """An issue for a list: with another headline, if its lead was taken down. It costs a query,
        and loads stories only then."""
        if self._store.lists.published_ids(issue.stories[:1]):
            return issue
        return self._issue(issue)[0]

    def feed_page(self) -> Document:
        """What people get who open the feed in a browser: the page about the digest."""
        return replace(self.sign_up(), redirect_to="/digest", is_permanent=False)

    def feed(self) -> Document:
        """The newest issues as an Atom feed."""
        issues = self._store.digest.archived(ISSUES_IN_FEED)
        contents: list[tuple[DigestIssue, Sequence[DigestSection]]] = []
        for stored in issues:
            issue, stories = self._issue(stored)
            feed = self._catalog.feed_of("/digest", stories)
            items = {item.story.id: item for item in feed_items(feed)}
            sections = [
                DigestSection(topic=topic, items=[items[story.id] for story in some])
                for topic, some in by_topic(self._config.topics, stories)
            ]
            contents.append((issue, sections))
        body = render_digest_atom(contents, self._config.site)
        return Document(body=body, media_type=FORMATS["atom"].media_type, kind="feed")
