"""Undo what an operator did, as long as nobody has changed the same thing since.

An action writes into the audit log how to undo it, as JSON: `do` is one of the functions below,
the rest are its arguments.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from aggregator.config.merging import merge_changes
from aggregator.errors import CommandError
from aggregator.ingest.categorize.recategorize import apply_override
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.dedupe import ClusterSettings
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.ingest.merge import merge_stories, split_story
from aggregator.ingest_settings import cluster_settings
from aggregator.model import AuditEntry, Batch, Story
from aggregator.store.base import Store
from aggregator.web.desk.page import Desk

__all__ = ["LOCK_SECONDS", "decide_placement", "merge", "split", "undo"]

LOCK_SECONDS = 20.0
"""How long a change of stories waits for a fetch to end."""
_CHANGED = "This has been changed since, so it cannot be undone."


def undo(desk: Desk, entry: AuditEntry) -> str:
    """Undo an action, and return the path of the page that shows it. Raises CommandError."""
    if not entry.undo or not desk.store.operators.mark_undone(entry.id, desk.now):
        raise CommandError("This cannot be undone, or has been undone already.")
    try:
        arguments = json.loads(entry.undo)
        do = arguments.pop("do")
        if do == "restore_file":
            return _restore_file(desk, entry, **arguments)
        path = _FUNCTIONS[do](desk, **arguments)
        desk.record(_reversed(entry.action), entry.subject, entry.detail)
    except BaseException:
        desk.store.operators.mark_not_undone(entry.id)
        raise
    return path


def _reversed(action: str) -> str:
    """The words for undoing an action, or for redoing one that was undone."""
    opposite = {"undid": "redid", "redid": "undid"}
    verb, _, rest = action.partition(": ")
    return f"{opposite[verb]}: {rest}" if verb in opposite else f"undid: {action}"


def _story(desk: Desk, id_: str) -> Story:
    found = desk.store.stories.get(id_)
    if found is None:
        raise CommandError("The story is not published any more, so this cannot be undone.")
    return found


# ---- pins, takedowns, words


def _unpin(desk: Desk, story: str, topic: str, former: Sequence[Sequence[str | None]]) -> str:
    if (story, topic) not in _pinned(desk):
        raise CommandError(_CHANGED)
    desk.store.calendar.unpin(story, desk.now, topic)
    for id_, until in former:
        if id_ and desk.store.stories.get(id_):
            desk.store.calendar.pin(id_, topic, _time(until), desk.now)
    return f"/stories/{story}"


def _pinned(desk: Desk) -> list[tuple[str, str]]:
    return [(pin.story, pin.topic) for pin in desk.store.calendar.pins()]


def _pin(desk: Desk, story: str, pins: Sequence[Sequence[str | None]]) -> str:
    places = {topic for _, topic in _pinned(desk)}
    has_home = any(not topic for topic, _ in pins)
    if has_home and "" in places:  # another one leads the home page since
        raise CommandError(_CHANGED)
    for topic, until in pins:
        desk.store.calendar.pin(_story(desk, story).id, topic or "", _time(until), desk.now)
    return f"/stories/{story}"


def _publish(desk: Desk, story: str, why: str) -> str:
    takedowns = desk.store.stories.takedowns()
    if not any((takedown.id, takedown.reason) == (story, why) for takedown in takedowns):
        raise CommandError(_CHANGED)  # such as taken down again, for another reason
    desk.store.stories.restore(story, desk.now)
    return f"/stories/{story}"


def _hide(desk: Desk, story: str, why: str) -> str:
    desk.store.stories.take_down(_story(desk, story).id, why, desk.now)
    return "/stories"


def _unpost(desk: Desk, story: str, entry: int) -> str:
    """Take down what was posted, unless an outlet has published it since."""
    found = _story(desk, story)
    if [each.entry_id for each in found.entries] != [entry]:
        raise CommandError("Outlets have this article too, so their story stays.")
    desk.store.stories.take_down(found.id, "posted by mistake", desk.now)
    return "/stories"


def _edit(desk: Desk, story: str, before: Sequence[str], after: Sequence[str]) -> str:
    found = _story(desk, story)
    if [found.own_headline, found.editor_note] != list(after):
        raise CommandError(_CHANGED)
    desk.store.stories.edit(found.id, before[0], before[1], desk.now)
    return f"/stories/{found.id}"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# ---- topics


def _decide(desk: Desk, story: str, topic: str, before: bool | None, after: bool | None) -> str:
    found = _story(desk, story)
    if decide_placement(desk, found, topic, before, expected=(after,)) != after:
        raise CommandError(_CHANGED)
    return f"/stories/{found.id}"


def decide_placement(
    desk: Desk,
    story: Story,
    topic_id: str,
    decision: bool | None,
    expected: Sequence[bool | None] = (True, False, None),
) -> bool | None:
    """Put a story into a topic, keep it out, or leave it to the rules (None). Returns the decision
    before, and changes nothing unless that is one of the `expected` ones."""
    topic = next((topic for topic in desk.config.topics if topic.id == topic_id), None)
    if topic is None:
        raise CommandError(f"There is no topic {topic_id!r} any more.")
    with asyncio.run(acquire_ingest_lock(desk.store, LOCK_SECONDS)):
        overrides = desk.store.topics.overrides([story.lead.entry_id])
        before = next((each.is_included for each in overrides if each.topic == topic_id), None)
        stored = desk.store.topics.placements_of(story.lead.entry_id, [topic.id])
        if stored is None:
            raise CommandError("The story is not published any more.")
        if before in expected:
            made, changes = apply_override(stored, topic, decision, desk.sources, desk.now)
            desk.store.topics.recategorize(changes, made, desk.now)
    return before


# ---- merging and splitting


def merge(desk: Desk, one: Story, other: Story) -> Story:
    """Merge two stories; returns the one that stays."""

    def decide(store: Store, settings: ClusterSettings, rules: TopicRules) -> Batch:
        return merge_stories(store, settings, rules, one, other)

    return _regroup(desk, decide).new[0].story


def split(
    desk: Desk, story: Story, entries: Sequence[int], continued_by: int | None = None
) -> list[str]:
    """Split entries from their story; returns the ids of all stories that this makes. See
    `split_story`."""

    def decide(store: Store, settings: ClusterSettings, rules: TopicRules) -> Batch:
        return split_story(store, settings, rules, story, entries, continued_by)

    batch = _regroup(desk, decide)
    return [change.story.id for change in batch.new]


def _regroup(desk: Desk, decide: Callable[[Store, ClusterSettings, TopicRules], Batch]) -> Batch:
    with asyncio.run(acquire_ingest_lock(desk.store, LOCK_SECONDS)):
        settings = cluster_settings(desk.config, desk.store, desk.now)
        batch = decide(desk.store, settings, TopicRules(desk.config.topics))
        desk.store.entries.save(batch, settings.now)
    return batch


def _split(
    desk: Desk,
    story: str,
    merged: str,
    entries: Sequence[int],
    words: Sequence[str],
    pins: Sequence[Sequence[str | None]],
) -> str:
    """Split what was merged, and give both the words and pins that they had."""
    found = _story(desk, story)
    left = {entry.entry_id for entry in found.entries} - set(entries)
    if not left or len(left) + len(entries) != len(found.entries):
        raise CommandError(_CHANGED)
    split(desk, found, entries, continued_by=min(left))
    desk.store.stories.edit(found.id, words[0], words[1], desk.now)
    for topic, until in pins:
        if (found.id, topic) in _pinned(desk) and desk.store.stories.get(merged):
            desk.store.calendar.unpin(found.id, desk.now, topic)
            desk.store.calendar.pin(merged, topic or "", _time(until), desk.now)
    return f"/stories/{found.id}"


def _merge(desk: Desk, stories: Mapping[str, Sequence[int]]) -> str:
    """Merge what was split, if both have the same articles as then."""
    one, other = (_story(desk, id_) for id_ in stories)
    for story in (one, other):
        if {entry.entry_id for entry in story.entries} != set(stories.get(story.id, ())):
            raise CommandError(_CHANGED)
    return f"/stories/{merge(desk, one, other).id}"


# ---- feeds.toml


def _restore_file(desk: Desk, entry: AuditEntry, version: int) -> str:
    """Take back what this version changed in feeds.toml, unless the same lines have been changed
    since; what else has changed stays. It can be undone, too."""
    after, before = (desk.store.config.version(number) for number in (version, version - 1))
    if after is None or before is None:
        raise CommandError("This is too long ago to be undone.")

    def without(text: str) -> str:
        merged = merge_changes(after.text, text, before.text)
        if merged is None or merged == text:
            raise CommandError(
                "This part of feeds.toml has been changed since, so this cannot be undone; the "
                "earlier versions are under File."
            )
        return merged

    # its lines are those of the action, the other way round
    desk.edit(_reversed(entry.action), entry.subject, without, must_be_seen=False)
    source = next((s.id for s in desk.config.all_sources if s.id == entry.subject), "")
    return f"/sources/{source}" if source else "/file"


_FUNCTIONS: Mapping[str, Callable[..., str]] = {
    "unpin": _unpin, "pin": _pin, "publish": _publish, "hide": _hide, "unpost": _unpost,
    "edit": _edit,
    "place": _decide, "split": _split, "merge": _merge,
}  # fmt: skip
