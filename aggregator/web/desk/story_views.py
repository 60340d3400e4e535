"""Stories: search, pin, place, merge, split, take down."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, abort, request

from aggregator.errors import AggregatorError, CommandError, QueryError
from aggregator.ingest.categorize.recategorize import apply_override
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.ingest.merge import merge_stories, split_story
from aggregator.model import ALL, MatchKind, Story
from aggregator.overview.story_lookup import find_story
from aggregator.query import parse
from aggregator.startup import cluster_settings
from aggregator.web.desk.page import Desk
from aggregator.web.desk.topic_views import LOCK_SECONDS

__all__ = ["STORY_ROUTES", "StoryViews"]

MAX_STORIES_SHOWN = 50
MAX_RELATED_SHOWN = 5


STORY_ROUTES = (
    ("GET", "/stories", "stories"),
    ("GET", "/stories/<id_>", "story"),
    ("POST", "/stories/<id_>/pin", "pin"),
    ("POST", "/stories/<id_>/unpin", "unpin"),
    ("POST", "/stories/<id_>/hide", "hide"),
    ("POST", "/stories/<id_>/unhide", "unhide"),
    ("POST", "/stories/<id_>/topics", "place"),
    ("POST", "/stories/<id_>/merge", "merge"),
    ("POST", "/stories/<id_>/split", "split"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class StoryViews:
    """Stories: pages and decisions."""

    desk: Desk

    def stories(self) -> Response:
        """The newest stories, or those that a query finds."""
        q, problem = request.args.get("q", "").strip(), ""
        found: Sequence[Story] = ()
        try:
            if q:
                found = self.desk.store.lists.search(parse(q).root, MAX_STORIES_SHOWN).stories
            else:
                found = self.desk.store.lists.latest(ALL, MAX_STORIES_SHOWN)
        except QueryError as error:
            problem = f"The query cannot be read: {error}."
        return self.desk.page(
            "stories.html", stories=found, q=q, problem=problem, names=_names(self.desk),
            hidden=self.desk.store.stories.takedowns()[:MAX_STORIES_SHOWN],
        )  # fmt: skip

    def story(self, id_: str) -> Response:
        """One story."""
        return _show(self.desk, _story(self.desk, id_))

    def pin(self, id_: str) -> Response:
        """Pin a story."""
        found, topic = _story(self.desk, id_), request.form.get("topic", "")
        if topic and topic not in found.topics:
            abort(400)
        self.desk.store.calendar.pin(found.id, topic, None, self.desk.now)
        where = f"the top of {topic}" if topic else "the home page"
        self.desk.record("pinned", found.id, where)
        return self.desk.to(f"/stories/{found.id}", f"Pinned to {where}.")

    def unpin(self, id_: str) -> Response:
        """Unpin a story."""
        self.desk.store.calendar.unpin(id_, self.desk.now)
        self.desk.record("unpinned", id_)
        return self.desk.to(f"/stories/{id_}", "No longer pinned.")

    def hide(self, id_: str) -> Response:
        """Take a story down."""
        found, why = _story(self.desk, id_), " ".join(request.form.get("why", "").split())
        if not why:
            raise CommandError("Give a reason that others will understand in a year.")
        self.desk.store.stories.take_down(found.id, why, self.desk.now)
        self.desk.record("took down", found.id, why)
        return self.desk.to("/stories", f"{found.lead.title} was taken down.")

    def unhide(self, id_: str) -> Response:
        """Publish a story again."""
        if not self.desk.store.stories.is_taken_down(id_):
            abort(404)
        self.desk.store.stories.restore(id_, self.desk.now)
        self.desk.record("published again", id_)
        return self.desk.to("/stories", "Published again.")

    def place(self, id_: str) -> Response:
        """Put a story into a topic, keep it out, or leave it to the rules."""
        found = _story(self.desk, id_)
        topic = next(
            (t for t in self.desk.config.topics if t.id == request.form.get("topic")), None
        )
        decisions = {"add": True, "remove": False, "reset": None}
        verb = request.form.get("do", "")
        if topic is None or verb not in decisions:
            abort(400)
        with asyncio.run(acquire_ingest_lock(self.desk.store, LOCK_SECONDS)):
            stored = self.desk.store.topics.placements_of(found.lead.entry_id, [topic.id])
            if stored is None:
                abort(404)
            overrides, changes = apply_override(
                stored, topic, decisions[verb], self.desk.sources, self.desk.now
            )
            self.desk.store.topics.recategorize(changes, overrides, self.desk.now)
        words = {"add": "put into", "remove": "kept out of", "reset": "left to the rules of"}
        self.desk.record(f"{words[verb]} {topic.id}:", found.id)
        back = request.form.get("back", "")
        path = back if back == f"/topics/{topic.id}" else f"/stories/{found.id}"
        return self.desk.to(path, f"{found.lead.title}: {words[verb]} {topic.title}.")

    def merge(self, id_: str) -> Response:
        """Merge two stories."""
        one, other = (
            _story(self.desk, id_),
            find_story(self.desk.store, request.form.get("other", "")),
        )
        if one.id == other.id:
            raise CommandError("They are already one story.")
        with asyncio.run(acquire_ingest_lock(self.desk.store, LOCK_SECONDS)):
            settings = cluster_settings(self.desk.config, self.desk.store, self.desk.now)
            batch = merge_stories(
                self.desk.store, settings, TopicRules(self.desk.config.topics), one, other
            )
            self.desk.store.entries.save(batch, settings.now)
        kept = batch.new[0].story
        self.desk.record("merged", kept.id, f"{one.id} and {other.id}")
        return self.desk.to(f"/stories/{kept.id}", "They are one story now.")

    def split(self, id_: str) -> Response:
        """Split an article from its story."""
        found = _story(self.desk, id_)
        given = request.form.get("entry", "")
        ids = [str(entry.entry_id) for entry in found.entries]
        if given not in ids or len(ids) < 2:
            abort(400)
        with asyncio.run(acquire_ingest_lock(self.desk.store, LOCK_SECONDS)):
            settings = cluster_settings(self.desk.config, self.desk.store, self.desk.now)
            rules = TopicRules(self.desk.config.topics)
            batch = split_story(self.desk.store, settings, rules, found, int(given))
            self.desk.store.entries.save(batch, settings.now)
        made = ", ".join(change.story.id for change in batch.new)
        self.desk.record("split", found.id, f"article {given}; now {made}")
        return self.desk.to(f"/stories/{found.id}", "The article is a story of its own now.")


def _story(desk: Desk, id_: str) -> Story:
    try:
        return find_story(desk.store, id_)
    except AggregatorError:
        abort(404)


def _names(desk: Desk) -> dict[str, str]:
    return {id_: source.name for id_, source in desk.sources.items()}


def _show(desk: Desk, found: Story) -> Response:
    store = desk.store
    ids = {entry.entry_id for entry in found.entries}
    matches: dict[int, list[str]] = defaultdict(list)
    for match in store.entries.neighbourhood({found.lead.entry_id}).matches:
        if {match.entry_a, match.entry_b} <= ids and match.kind is not MatchKind.SPLIT:
            matches[match.entry_b].append(f"{match.kind}: {match.reason}")
    pins = [pin.topic or "home page" for pin in store.calendar.pins() if pin.story == found.id]
    return desk.page(
        "story.html",
        story=found,
        names=_names(desk),
        matches=matches,
        topics=desk.config.topics,
        sentences=store.stories.placement_sentences(found.id),
        related=store.stories.related(found, MAX_RELATED_SHOWN),
        pins=pins,
        log=store.operators.audit_log(MAX_STORIES_SHOWN, found.id),
    )
