"""Which stories a digest has, for whom: due subscribers become issues with queued mails.

    due --periods--> groups with the same stories --render--> issue --store--> a mail for each

An issue is composed once for all who get the same. Each subscriber's issue has what was listed
since the one before. A story is listed with the time at which its run began, and seen when the run
has saved it: so an issue also looks back a few hours for stories that the last one could not know.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from aggregator.config import Config
from aggregator.digest.due_times import latest_due, local_day, next_due
from aggregator.digest.signed_links import LinkSigner
from aggregator.model import (
    ALL,
    DigestFrequency,
    DigestIssue,
    DigestPreferences,
    DigestSubscriber,
    Story,
    Topic,
)
from aggregator.render.digest_mail import (
    DigestContent,
    DigestRenderer,
    DigestSection,
    MailLinks,
    RenderedDigest,
)
from aggregator.render.item import FeedItem, feed_items
from aggregator.site.feeds import FeedCatalog
from aggregator.site.front_page import by_outlets, by_topic
from aggregator.site.log import log_theme_error
from aggregator.store.base import Store

__all__ = ["Composed", "DigestComposer", "current_topics", "open_composer"]

MAX_LATENESS = timedelta(hours=6)
"""A digest that is later than this is left out; its stories are in the next one."""
LOOK_BACK = timedelta(hours=6)
"""How long a run may take from its beginning until its stories are saved."""
MAX_STORIES_READ = 5_000
"""Stories among which those of an issue are chosen: the newest."""
MAX_HTML_BYTES = 100_000
"""Mail programs show no more of a mail (Gmail: 102 KB)."""
ARCHIVE_SPACING = timedelta(seconds=10)
"""A day without stories may get some late: they are fetched after a start."""
FIRST_PERIODS: Mapping[DigestFrequency, timedelta] = {
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
}
"""How far the first digest of a subscriber looks back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What composing has done: numbers of issues, queued mails, subscribers for whom there was
    nothing new, and those whose digest was too late."""

    issues: int = 0
    mails: int = 0
    empty: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class _Period:
    """The stories that a subscriber has not seen: listed after `after`, until `until`, not in the
    issue `last_issue`; in these topics, None for all."""

    after: datetime
    until: datetime
    topics: tuple[str, ...] | None
    last_issue: int | None


@dataclass(frozen=True, slots=True)
class _Variant:
    """What makes an issue the same for several subscribers."""

    stories: tuple[str, ...]
    topics: tuple[str, ...] | None
    language: str
    day: date
    until: datetime
    is_weekly: bool


@dataclass(frozen=True, slots=True)
class DigestComposer:
    """Composes the digests of a newsroom."""

    config: Config
    store: Store
    catalog: FeedCatalog
    signer: LinkSigner
    _renderers: dict[str, DigestRenderer] = field(default_factory=dict)
    _archive_checks: dict[date, datetime] = field(default_factory=dict)

    # ---- what is due

    def compose_due(self, now: datetime) -> Composed:
        """Compose what is due now, and queue it for everybody who gets it. The caller holds the
        lock `digest`."""
        late: list[tuple[DigestSubscriber, DigestSubscriber]] = []
        periods: dict[_Period, list[tuple[DigestSubscriber, DigestSubscriber]]] = defaultdict(list)
        for subscriber in self.store.digest_subscribers.due(now):
            assert subscriber.next_at is not None
            due_at = latest_due(subscriber.preferences, subscriber.next_at, now)
            next_at = next_due(subscriber.preferences, due_at)
            if now - due_at >= MAX_LATENESS:
                late.append((subscriber, replace(subscriber, next_at=next_at)))
                continue
            period = self._period(subscriber, due_at)
            after = replace(
                subscriber,
                covered_from=subscriber.covered_until,
                covered_until=due_at,
                next_at=next_at,
                has_no_topics=period.topics == (),
            )
            periods[period].append((subscriber, after))
        self.store.digest.advance(late, now)
        composed = self._compose_periods(periods, now)
        return replace(composed, late=len(late))

    def _period(self, subscriber: DigestSubscriber, until: datetime) -> _Period:
        covered = subscriber.covered_until
        if covered is None:
            covered = until - FIRST_PERIODS[subscriber.preferences.frequency]
        after = covered
        if subscriber.covered_from is not None:  # what came before was in earlier issues
            after = max(covered - LOOK_BACK, subscriber.covered_from)
        topics = current_topics(self.config.topics, subscriber.preferences.topics)
        return _Period(min(after, until), until, topics, subscriber.last_issue)

    def _compose_periods(
        self,
        periods: Mapping[_Period, list[tuple[DigestSubscriber, DigestSubscriber]]],
        now: datetime,
    ) -> Composed:
        stories = self._stories_after(min((p.after for p in periods), default=now))
        variants: dict[_Variant, list[tuple[DigestSubscriber, DigestSubscriber]]]
        variants, since = defaultdict(list), dict[_Variant, datetime]()
        empty = []
        for period, changes in periods.items():
            if period.topics == ():  # one mail says so, and no more
                news = [change for change in changes if not change[0].has_no_topics]
                self.store.digest.advance(news, now, kind="no_topics")
                empty += [change for change in changes if change[0].has_no_topics]
                continue
            seen = self._stories_of_issue(period.last_issue)
            ids = tuple(story.id for story in _in_period(stories, period, seen))
            for before, after in changes:
                if not ids:
                    empty.append((before, after))
                    continue
                preferences = before.preferences
                variant = _Variant(
                    stories=ids,
                    topics=period.topics,
                    language=preferences.language,
                    day=local_day(period.until, preferences.timezone),
                    until=period.until,
                    is_weekly=preferences.frequency == "weekly",
                )
                variants[variant].append((before, after))
                since[variant] = min(since.get(variant, period.after), period.after)
        skipped = self.store.digest.advance(empty, now)
        by_id = {story.id: story for story in stories}
        mails = 0
        for variant, changes in variants.items():
            rendered = self._render(variant, [by_id[id_] for id_ in variant.stories], now)
            issue = _issue(variant, since[variant], rendered, now)
            mails += self.store.digest.advance(changes, now, issue=issue)
        return Composed(issues=len(variants), mails=mails, empty=skipped)

    def _stories_of_issue(self, id_: int | None) -> frozenset[str]:
        issue = self.store.digest.issue(id_) if id_ is not None else None
        return frozenset(issue.stories) if issue else frozenset()

    def _stories_after(self, time: datetime) -> list[Story]:
        """Stories that were listed after a time, newest first."""
        return self.store.lists.latest(ALL, MAX_STORIES_READ, since=time, with_content=False)

    # ---- the archive

    def archive_due(self, now: datetime) -> bool:
        """Compose the issue of the day for the archive on the site, if it is due and there is
        something new; True if so."""
        if self.config.digest is None:
            return False
        site, store = self.config.site, self.store
        hours = DigestPreferences(hour=self.config.digest.hour, timezone=site.timezone)
        due_at = latest_due(hours, next_due(hours, now - timedelta(days=2)), now)
        day = local_day(due_at, site.timezone)
        checked_at = self._archive_checks.get(day, due_at - ARCHIVE_SPACING)
        if timedelta(0) <= now - checked_at < ARCHIVE_SPACING or store.digest.of_day(day):
            return False
        self._archive_checks[day] = now
        older, _ = store.digest.neighbours(day)
        last = store.digest.of_day(older) if older else None
        after = max(last.until - LOOK_BACK, last.since) if last else due_at - FIRST_PERIODS["daily"]
        period = _Period(min(after, due_at), due_at, None, last.id if last else None)
        seen = frozenset(last.stories) if last else frozenset[str]()
        stories = _in_period(self._stories_after(period.after), period, seen)
        if not stories:
            return False
        lead = self._lead(stories)
        ids = tuple(story.id for story in (lead, *(s for s in stories if s is not lead)))
        variant = _Variant(ids, None, site.language, day, due_at, is_weekly=False)
        rendered = self._render(variant, stories, now)
        since = last.until if last else after
        issue = replace(_issue(variant, since, rendered, now), html="", text="", is_archived=True)
        return store.digest.archive(issue)

    # ---- one issue

    def without_removed(self, issue: DigestIssue, now: datetime) -> DigestIssue | None:
        """An issue without the stories that are no longer published; None if none is left."""
        published = self.store.lists.published_ids(issue.stories)
        if len(published) == len(issue.stories):
            return issue
        found = [self.store.stories.get(id_) for id_ in issue.stories if id_ in published]
        stories = [story for story in found if story is not None]
        if not stories:
            return None
        variant = _Variant(
            stories=tuple(story.id for story in stories),
            topics=issue.topics,
            language=issue.language,
            day=issue.day,
            until=issue.until,
            is_weekly=issue.is_weekly,
        )
        rendered = self._render(variant, stories, now)
        return replace(issue, subject=rendered.subject, html=rendered.html, text=rendered.text)

    def preview(
        self, preferences: DigestPreferences, now: datetime, links: MailLinks
    ) -> RenderedDigest | None:
        """What somebody with these preferences would get now, if it were the first issue; None if
        there is nothing."""
        topics = current_topics(self.config.topics, preferences.topics)
        period = _Period(now - FIRST_PERIODS[preferences.frequency], now, topics, None)
        stories = _in_period(self._stories_after(period.after), period, frozenset())
        if not stories:
            return None
        variant = _Variant(
            tuple(s.id for s in stories),
            topics,
            preferences.language,
            local_day(now, preferences.timezone),
            now,
            preferences.frequency == "weekly",
        )
        return self._render(variant, stories, now, links)

    def renderer(self, language: str) -> DigestRenderer:
        """The renderer of mails in a language."""
        if language not in self._renderers:
            digest = self.config.digest
            self._renderers[language] = DigestRenderer(
                self.config.site,
                language,
                self.config.theme,
                imprint=digest.imprint if digest else "",
                with_pictures=bool(digest and digest.pictures),
                on_theme_error=log_theme_error,
            )
        return self._renderers[language]

    def _render(
        self,
        variant: _Variant,
        stories: Sequence[Story],
        now: datetime,
        links: MailLinks | None = None,
    ) -> RenderedDigest:
        """A mail with as many of the stories as fit into one."""
        limit = self.config.digest.limit if self.config.digest else len(stories)
        renderer = self.renderer(variant.language)
        feed = self.catalog.feed_of("/digest", stories)
        if self.config.digest and self.config.digest.pictures:
            feed = self.catalog.with_thumbnails(feed)
        items = {item.story.id: item for item in feed_items(feed)}
        lead = self._lead(stories)
        while True:
            content = self._content(variant, lead, stories, items, limit, now)
            rendered = renderer.render(content, links or self.signer.placeholders)
            size = len(rendered.html.encode())
            if size <= MAX_HTML_BYTES or limit == 1:
                return rendered
            limit = max(1, min(limit, len(stories)) * MAX_HTML_BYTES // size - 1)

    def _lead(self, stories: Sequence[Story]) -> Story:
        """The story on top: the one that an operator has pinned to the home page, or what most
        outlets have published."""
        pinned = {pin.story for pin in self.store.calendar.pins() if not pin.topic}
        chosen = [story for story in stories if story.id in pinned]
        return (chosen or by_outlets(stories))[0]

    def _content(
        self,
        variant: _Variant,
        lead: Story,
        stories: Sequence[Story],
        items: Mapping[str, FeedItem],
        limit: int,
        now: datetime,
    ) -> DigestContent:
        topics = [
            topic
            for topic in self.config.topics
            if variant.topics is None or topic.id in variant.topics
        ]
        others = [story for story in stories if story.id != lead.id]
        sections = by_topic(topics, others)
        shown = _shares_of([len(each) for _, each in sections], limit - 1)
        chosen = None if variant.topics is None else topics
        return DigestContent(
            day=variant.day,
            is_weekly=variant.is_weekly,
            lead=items[lead.id],
            sections=[
                DigestSection(
                    topic=topic,
                    items=[items[story.id] for story in some[:count]],
                    more=len(some) - count,
                )
                for (topic, some), count in zip(sections, shown, strict=True)
            ],
            topics=chosen,
            notices=[
                notice
                for notice in self.config.site.notices
                if notice.is_current(now)
                if not notice.topics or not set(notice.topics).isdisjoint(t.id for t in topics)
            ],
        )


def current_topics(topics: Sequence[Topic], chosen: Sequence[str] | None) -> tuple[str, ...] | None:
    """The present ids of chosen topics, in the order of feeds.toml, without those that were
    removed; None for all."""
    if chosen is None:
        return None
    wanted = set(chosen)
    return tuple(t.id for t in topics if not wanted.isdisjoint((t.id, *t.was)))


def open_composer(config: Config, store: Store, signer: LinkSigner) -> DigestComposer:
    """The composer of a newsroom."""
    return DigestComposer(config, store, FeedCatalog(config, store), signer)


def _in_period(stories: Sequence[Story], period: _Period, seen: frozenset[str]) -> list[Story]:
    """The stories of a period, in the order given."""
    topics = None if period.topics is None else frozenset(period.topics)
    return [
        story
        for story in stories
        if period.after < story.listed_at <= period.until
        if story.id not in seen
        if topics is None or not topics.isdisjoint(story.topics)
    ]


def _shares_of(sizes: Sequence[int], limit: int) -> list[int]:
    """How many stories each section shows so that there are at most `limit` in all: one more of
    each in turn, as long as it has some."""
    shown = [0] * len(sizes)
    while limit > 0 and shown != list(sizes):
        for index, size in enumerate(sizes):
            if shown[index] < size and limit > 0:
                shown[index] += 1
                limit -= 1
    return shown


def _issue(
    variant: _Variant, since: datetime, rendered: RenderedDigest, now: datetime
) -> DigestIssue:
    return DigestIssue(
        since=since,
        until=variant.until,
        topics=variant.topics,
        language=variant.language,
        subject=rendered.subject,
        stories=variant.stories,
        html=rendered.html,
        text=rendered.text,
        created_at=now,
        day=variant.day,
        is_weekly=variant.is_weekly,
    )
