"""Stories: search, pin, place, merge, split, take down."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from flask import Response, abort, request

from aggregator.errors import AggregatorError, CommandError, QueryError
from aggregator.model import ALL, MatchKind, Story
from aggregator.overview.story_lookup import find_story
from aggregator.query import parse
from aggregator.web.desk.page import Desk
from aggregator.web.desk.undo import decide_placement, merge, split, undo

__all__ = ["STORY_ROUTES", "StoryViews"]

MAX_STORIES_SHOWN = 50
MAX_RELATED_SHOWN = 5
MAX_HEADLINE_CHARS = 200
MAX_NOTE_CHARS = 1_000


STORY_ROUTES = (
    ("GET", "/stories", "stories"),
    ("GET", "/stories/<id_>", "story"),
    ("POST", "/stories/<id_>/edit", "edit_story"),
    ("POST", "/stories/<id_>/pin", "pin"),
    ("POST", "/stories/<id_>/unpin", "unpin"),
    ("POST", "/stories/<id_>/hide", "hide"),
    ("POST", "/stories/<id_>/unhide", "unhide"),
    ("POST", "/stories/<id_>/topics", "place"),
    ("POST", "/stories/<id_>/merge", "merge"),
    ("POST", "/stories/<id_>/split", "split"),
    ("POST", "/undo/<id_>", "undo"),
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
            raise CommandError(f"The story is not in {topic!r} any more.")
        former = [
            (pin.story, pin.until and pin.until.isoformat())
            for pin in self.desk.store.calendar.pins()
            if pin.topic == topic and (not topic or pin.story == found.id)
        ]
        self.desk.store.calendar.pin(found.id, topic, None, self.desk.now)
        where = f"the top of {topic}" if topic else "the home page"
        self.desk.record(
            "pinned", found.id, where, "unpin", story=found.id, topic=topic, former=former
        )
        return self.desk.to(f"/stories/{found.id}", f"Pinned to {where}.")

    def unpin(self, id_: str) -> Response:
        """Unpin a story."""
        pins = [
            (pin.topic, pin.until and pin.until.isoformat())
            for pin in self.desk.store.calendar.pins()
            if pin.story == id_
        ]
        self.desk.store.calendar.unpin(id_, self.desk.now)
        self.desk.record("unpinned", id_, "", "pin", story=id_, pins=pins)
        return self.desk.to(f"/stories/{id_}", "No longer pinned.")

    def edit_story(self, id_: str) -> Response:
        """Publish a headline and a note of the site beside the outlet's words."""
        found = _story(self.desk, id_)
        before = (found.own_headline, found.editor_note)
        after = (_words("headline"), _words("note"))
        limits = {"headline": MAX_HEADLINE_CHARS, "note": MAX_NOTE_CHARS}
        problems = {
            name: f"A {name} may have at most {limits[name]:,} characters; this has {len(text):,}."
            for name, text in zip(limits, after, strict=True)
            if len(text) > limits[name]
        }
        for name, was, is_now in zip(limits, _seen_words(), before, strict=True):
            if was is not None and was != is_now:
                problems[name] = (
                    f"Someone else has made this {is_now or 'empty'!r} since you began to edit it; "
                    "publish again to replace it."
                )
        if problems:
            return _show(self.desk, found, 400, problems)
        if after[0] == found.lead.title:
            after = ("", after[1])
        if after != before:
            self.desk.store.stories.edit(found.id, *after, self.desk.now)
            detail = "; ".join(filter(None, after)) or "removed headline and note"
            self.desk.record(
                "edited", found.id, detail, "edit", story=found.id, before=before, after=after
            )
        return self.desk.to(f"/stories/{found.id}", "Saved, and published.")

    def undo(self, id_: str) -> Response:
        """Undo an action of the audit log."""
        entry = self.desk.audit_entry(id_)
        if entry is None:
            abort(404)
        return self.desk.to(undo(self.desk, entry), "Undone.")

    def hide(self, id_: str) -> Response:
        """Take a story down."""
        found, why = _story(self.desk, id_), " ".join(request.form.get("why", "").split())
        if not why:
            problem = "Give a reason that others will understand in a year."
            return _show(self.desk, found, 400, {"why": problem})
        self.desk.store.stories.take_down(found.id, why, self.desk.now)
        self.desk.record("took down", found.id, why, "publish", story=found.id, why=why)
        return self.desk.to("/stories", f"{found.lead.title} was taken down.")

    def unhide(self, id_: str) -> Response:
        """Publish a story again."""
        if not self.desk.store.stories.is_taken_down(id_):
            abort(404)
        why = next((t.reason for t in self.desk.store.stories.takedowns() if t.id == id_), "")
        self.desk.store.stories.restore(id_, self.desk.now)
        self.desk.record("published again", id_, "", "hide", story=id_, why=why)
        return self.desk.to("/stories", "Published again.")

    def place(self, id_: str) -> Response:
        """Put a story into a topic, keep it out, or leave it to the rules."""
        found = _story(self.desk, id_)
        topic = next(
            (t for t in self.desk.config.topics if t.id == request.form.get("topic")), None
        )
        decisions = {"add": True, "remove": False, "reset": None}
        verb = request.form.get("do", "")
        if topic is None:
            raise CommandError("This topic is not in feeds.toml any more.")
        if verb not in decisions:
            abort(400)
        before = decide_placement(self.desk, found, topic.id, decisions[verb])
        words = {"add": "put into", "remove": "kept out of", "reset": "left to the rules of"}
        self.desk.record(
            f"{words[verb]} {topic.id}:", found.id, "", "place",
            story=found.id, topic=topic.id, before=before, after=decisions[verb],
        )  # fmt: skip
        back = request.form.get("back", "")
        path = back if back == f"/topics/{topic.id}" else f"/stories/{found.id}"
        return self.desk.to(path, f"{found.lead.title}: {words[verb]} {topic.title}.")

    def merge(self, id_: str) -> Response:
        """Merge two stories."""
        one = _story(self.desk, id_)
        try:
            other = find_story(self.desk.store, request.form.get("other", ""))
        except AggregatorError as error:
            return _show(self.desk, one, 400, {"other": str(error)})
        if one.id == other.id:
            return _show(self.desk, one, 400, {"other": "They are already one story."})
        pins = self.desk.store.calendar.pins()
        kept = merge(self.desk, one, other)
        first, merged = (one, other) if kept.id == one.id else (other, one)
        own = {pin.topic for pin in pins if pin.story == first.id}
        self.desk.record(
            "merged", kept.id, f"{one.id} and {other.id}", "split",
            story=kept.id,
            merged=merged.id,
            entries=[entry.entry_id for entry in merged.entries],
            words=(first.own_headline, first.editor_note),
            pins=[
                (pin.topic, pin.until and pin.until.isoformat())
                for pin in pins
                if pin.story == merged.id and pin.topic not in own
            ],
        )  # fmt: skip
        return self.desk.to(f"/stories/{kept.id}", "They are one story now.")

    def split(self, id_: str) -> Response:
        """Split an article from its story."""
        found = _story(self.desk, id_)
        given = request.form.get("entry", "")
        ids = [str(entry.entry_id) for entry in found.entries]
        if given not in ids or len(ids) < 2:
            raise CommandError("The story does not contain this article any more.")
        made = split(self.desk, found, [int(given)])
        detail = f"article {given}; now {', '.join(made)}"
        stories = {
            id_: [entry.entry_id for entry in story.entries]
            for id_ in made
            if (story := self.desk.store.stories.get(id_))
        }
        do = "merge" if len(stories) == 2 else ""
        self.desk.record("split", found.id, detail, do, stories=stories)
        return self.desk.to(f"/stories/{found.id}", "The article is a story of its own now.")


def _words(name: str) -> str:
    """A line of a form, without what cannot be seen."""
    given = request.form.get(name, "")
    return " ".join("".join(c if c.isprintable() else " " for c in given).split())


def _seen_words() -> tuple[str | None, str | None]:
    """The headline and the note that the form was opened with; None if it does not say."""
    return request.form.get("headline_was"), request.form.get("note_was")


def _story(desk: Desk, id_: str) -> Story:
    try:
        return find_story(desk.store, id_)
    except AggregatorError:
        abort(404)


def _names(desk: Desk) -> dict[str, str]:
    return {id_: source.name for id_, source in desk.sources.items()}


def _show(
    desk: Desk,
    found: Story,
    status: int = 200,
    problems: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """The page of a story; `problems` are said at the fields of its forms, which keep what was
    given."""
    store = desk.store
    ids = {entry.entry_id for entry in found.entries}
    matches: dict[int, list[str]] = defaultdict(list)
    for match in store.entries.neighbourhood({found.lead.entry_id}).matches:
        if {match.entry_a, match.entry_b} <= ids and match.kind is not MatchKind.SPLIT:
            matches[match.entry_b].append(f"{match.kind}: {match.reason}")
    pins = [pin.topic or "home page" for pin in store.calendar.pins() if pin.story == found.id]
    return desk.page(
        "story.html",
        status,
        story=found,
        problems=problems,
        given=request.form if problems else {},
        names=_names(desk),
        matches=matches,
        topics=desk.config.topics,
        sentences=store.stories.placement_sentences(found.id),
        related=store.stories.related(found, MAX_RELATED_SHOWN),
        pins=pins,
        log=store.operators.audit_log(MAX_STORIES_SHOWN, found.id),
    )
