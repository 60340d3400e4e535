"""Topics: list, rule editor with a test before saving, suggestions."""

import asyncio
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from flask import Response, abort, render_template, request

from aggregator import query
from aggregator.config.editor import add_tables, change_table
from aggregator.config.ids import new_id
from aggregator.errors import AggregatorError, ConfigError, FileChanged, QueryError
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.model import PlacementChange, Topic, topic_scope
from aggregator.overview.pulse import DAYS_SHOWN, stories_by_topic
from aggregator.overview.topic_preview import (
    TopicPreview,
    newest_changes,
    placement_diffs,
    preview_topics,
)
from aggregator.web.desk.forms import Field
from aggregator.web.desk.page import Desk, EditPreview, UnseenEdit
from aggregator.web.desk.undo import LOCK_SECONDS

__all__ = ["TOPIC_ROUTES", "TopicViews"]

MAX_STORIES_SHOWN = 20
MAX_SHARED_SHOWN = 10
MAX_SOURCES_WHILE_TYPING = 300
"""With more, checking feeds.toml takes too long at each pause; the button does."""
MAX_TRIED_WHILE_TYPING = 2_000
"""Stories that a rule is tried on at each pause; the button tries all."""
DRIFT_FACTOR = 2
"""How many times more or fewer stories than usual a topic must have to drift."""
MIN_DRIFT_STORIES = 8
"""With fewer stories a week, such a change is chance."""


TOPIC_ROUTES = (
    ("GET", "/topics", "topics"),
    ("GET", "/topics/<id_>", "topic"),
    ("POST", "/topics/<id_>", "save_topic"),
    ("POST", "/topics/<id_>/test", "test_topic"),
    ("POST", "/topics/<id_>/apply", "apply_topic"),
    ("GET", "/topics/<id_>/edit", "edit_topic"),
    ("POST", "/topics/<id_>/edit", "save_title"),
    ("GET", "/topics/new", "new_topic"),
    ("POST", "/topics/new", "add_topic"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class TopicViews:
    """Topics: pages, the rule editor, suggestions."""

    desk: Desk

    def topics(self) -> Response:
        """All topics."""
        scopes = [topic_scope(topic.id) for topic in self.desk.config.topics]
        counts = self.desk.store.lists.counts(scopes)
        days = stories_by_topic(self.desk.config, self.desk.store, self.desk.now)
        since = self.desk.now - timedelta(days=DAYS_SHOWN)
        listed = {topic.id for topic in self.desk.config.topics}
        return self.desk.page(
            "topics.html",
            topics=self.desk.config.topics,
            days=days,
            drifted={id_: word for id_, numbers in days.items() if (word := _drift(numbers))},
            silent=[
                rule
                for rule in self.desk.store.alerts.silent_rules()
                if rule.topic in {"", *listed}
            ],
            counts={t.id: counts.get(topic_scope(t.id), 0) for t in self.desk.config.topics},
            shared=[
                row for row in self.desk.store.topics.shared(since) if {row[0], row[1]} <= listed
            ][:MAX_SHARED_SHOWN],
            recent={id_: sum(numbers) for id_, numbers in days.items()},
        )  # fmt: skip

    def topic(self, id_: str) -> Response:
        """One topic, with its rule."""
        found = _topic(self.desk, id_)
        rule = _rule_now(self.desk, found)
        return _show(self.desk, found, rule, rule)

    def save_topic(self, id_: str) -> Response:
        """Test or save the rule of a topic."""
        found = _topic(self.desk, id_)
        rule = request.form.get("match", "").replace("\r\n", "\n").strip()
        before = request.form.get("based_on", "")
        if request.form.get("do") != "save":
            return _show(self.desk, found, rule, before)
        current = _rule_now(self.desk, found)
        if before.replace("\r\n", "\n") not in (current, rule) and current != rule:
            problem = (
                f"Someone else has made this rule {current!r} since you began to edit it; save "
                "again to replace it."
            )
            return _show(self.desk, found, rule, current, 409, problem)
        try:
            self.desk.edit("changed the rule of", id_, _change_of_rule(found, rule, current))
        except UnseenEdit:
            return _show(self.desk, found, rule, before)
        except ConfigError as error:
            return _show(self.desk, found, rule, before, 400, "; ".join(map(str, error.issues)))
        except AggregatorError as error:
            return _show(self.desk, found, rule, before, 409, str(error))
        return self.desk.to(f"/topics/{id_}", "Saved, and in force for new stories.")

    def test_topic(self, id_: str) -> str:
        """What a rule would change, as a part of the page."""
        found = _topic(self.desk, id_)
        rule = request.form.get("match", "").replace("\r\n", "\n").strip()
        tested = _tested(self.desk, found, rule, MAX_TRIED_WHILE_TYPING)
        return render_template("desk/topic_test.html", **tested)

    def apply_topic(self, id_: str) -> Response:
        """Place stored stories by the rule in force."""
        found = _topic(self.desk, id_)
        if not request.form.get("sure"):
            return self._ask_apply(found)
        preview = TopicPreview()

        def changes() -> Iterator[PlacementChange]:
            for diff in placement_diffs(self.desk.config, self.desk.store, [found]):
                if not diff.story.is_held:
                    preview.count(diff)
                if diff.change:
                    yield diff.change

        with asyncio.run(acquire_ingest_lock(self.desk.store, LOCK_SECONDS)):
            self.desk.store.topics.recategorize(changes(), (), self.desk.now)
        done = f"{preview.added:,} added, {preview.removed:,} removed."
        self.desk.record("applied the rule to stored stories of", id_, done)
        return self.desk.to(f"/topics/{id_}", done)

    def _ask_apply(self, topic: Topic) -> Response:
        preview = preview_topics(self.desk.config, self.desk.store, [topic])[topic.id]
        return self.desk.page(
            "confirm.html",
            heading=f"Apply the rule of {topic.title} to stored stories",
            sentence=f"{self.desk.stories(preview.added)} would be added and "
            f"{preview.removed:,} removed. To undo it, apply the former rule.",
            action=f"{self.desk.base}/topics/{topic.id}/apply",
            hidden=[("sure", "1")],
            verb="Apply",
            back=f"{self.desk.base}/topics/{topic.id}",
        )

    def edit_topic(self, id_: str) -> Response:
        """The form for the title and description of a topic."""
        found = _topic(self.desk, id_)
        given = {"title": found.title, "description": found.description}
        return _topic_form(self.desk, given, {}, topic=found)

    def save_title(self, id_: str) -> Response:
        """Save the title and description of a topic."""
        found = _topic(self.desk, id_)
        given = {key: request.form.get(key, "").strip() for key in ("title", "description")}
        values = {key: value or None for key, value in given.items()}
        if not given["title"]:
            problems = {"title": "A topic needs a title."}
            return _topic_form(self.desk, given, problems, 400, topic=found)
        change = partial(change_table, kind="topic", id_=id_, values=values)
        try:
            if request.form.get("do") == "preview":
                preview = self.desk.preview(change)
                return _topic_form(self.desk, given, {}, preview=preview, topic=found)
            self.desk.edit("edited the topic", id_, change)
        except UnseenEdit as unseen:
            return _topic_form(self.desk, given, {}, preview=unseen.preview, topic=found)
        except AggregatorError as error:
            return _topic_form(self.desk, given, {}, 409, error=str(error), topic=found)
        return self.desk.to(f"/topics/{id_}", "Saved, and in force.")

    def new_topic(self) -> Response:
        """The form for a new topic."""
        return _topic_form(self.desk, {}, {})

    def add_topic(self) -> Response:
        """Add a topic."""
        given = {
            key: request.form.get(key, "").strip() for key in ("title", "description", "match")
        }
        if not given["title"]:
            return _topic_form(self.desk, given, {"title": "A topic needs a title."}, 400)
        id_ = new_id(given["title"], [t.id for t in self.desk.config.topics], fallback="topic")
        values = {"id": id_, **{key: value for key, value in given.items() if value}}
        try:
            change = partial(add_tables, kind="topic", tables=[values])
            if request.form.get("do") == "preview":
                return _topic_form(self.desk, given, {}, preview=self.desk.preview(change))
            self.desk.edit("added the topic", id_, change)
        except UnseenEdit as unseen:
            return _topic_form(self.desk, given, {}, preview=unseen.preview)
        except ConfigError as error:
            problems = {issue.key.rpartition(".")[2]: issue.message for issue in error.issues}
            is_own = bool(problems.keys() & given.keys())
            return _topic_form(self.desk, given, problems, 400, error="" if is_own else str(error))
        except AggregatorError as error:
            return _topic_form(self.desk, given, {}, 409, error=str(error))
        return self.desk.to(f"/topics/{id_}", "The topic was added.")


def _drift(days: Sequence[int]) -> str:
    """In which way the last week of a topic is unlike the three before, if it is."""
    week, usual = sum(days[-7:]), sum(days[:-7]) / 3
    if max(week, usual) < MIN_DRIFT_STORIES:
        return ""
    if week > DRIFT_FACTOR * usual:
        return "far more than usual"
    return "far fewer than usual" if usual > DRIFT_FACTOR * week else ""


def _topic(desk: Desk, id_: str) -> Topic:
    found = next((topic for topic in desk.config.topics if topic.id == id_), None)
    if found is None:
        abort(404)
    return found


def _rule_now(desk: Desk, topic: Topic) -> str:
    """The rule of a topic as it is in feeds.toml; the one in force, if the file has problems."""
    try:
        return _rule_of(desk.config.path.read_text(encoding="utf-8-sig"), topic.id)
    except (OSError, ValueError, LookupError, TypeError):
        return topic.match


def _rule_of(text: str, id_: str) -> str:
    found = [each for each in tomllib.loads(text)["topic"] if each["id"] == id_]
    return str(found[0].get("match", "")).strip()


def _change_of_rule(topic: Topic, rule: str, expected: str | None = None) -> Callable[[str], str]:
    """A change of feeds.toml; with `expected`, only of that rule."""

    def change(text: str) -> str:
        try:
            is_same = expected is None or _rule_of(text, topic.id) == expected
        except (LookupError, TypeError):  # it has been removed by hand
            is_same = False
        if not is_same:
            raise FileChanged("feeds.toml")
        return change_table(text, kind="topic", id_=topic.id, values={"match": rule or None})

    return change


def _tested(desk: Desk, topic: Topic, rule: str, newest: int | None = None) -> dict[str, object]:
    """What a rule would change among the stories and in feeds.toml, or what is wrong with it."""
    try:
        parsed = query.parse(rule, topic.stem) if rule else None
    except QueryError as error:
        return {"problem": f"{str(error)[:1].upper()}{str(error)[1:]}.", "preview": None}
    shown: dict[str, object] = {"problem": "", "preview": None}
    try:
        is_short = len(desk.config.all_sources) <= MAX_SOURCES_WHILE_TYPING
        if newest is None or is_short:
            change = _change_of_rule(topic, rule)
            shown["lines"] = desk.preview(change)
    except AggregatorError as error:  # of another part of the file
        shown["problem"] = str(error)
    if parsed is None:
        return shown
    draft = replace(topic, match=rule)
    preview = preview_topics(desk.config, desk.store, [draft], newest)[topic.id]
    is_partial = newest is not None and desk.store.statistics.entry_counts().new > newest
    return shown | {
        "preview": preview,
        "newest": newest if is_partial else 0,
        "warnings": parsed.warnings,
        "adds": list(newest_changes(desk.store, preview, "adds")),
        "removes": list(newest_changes(desk.store, preview, "removes")),
        "names": {id_: source.name for id_, source in desk.sources.items()},
    }


def _show(
    desk: Desk, topic: Topic, rule: str, based_on: str, status: int = 200, problem: str = ""
) -> Response:
    scope = topic_scope(topic.id)
    stories = desk.store.lists.latest(scope, MAX_STORIES_SHOWN)
    is_draft = rule != topic.match or request.method == "POST"
    tested = _tested(desk, topic, rule) if is_draft else {"problem": "", "preview": None}
    if problem:
        tested |= {"problem": problem}
    suggestions = desk.store.learning.suggestions(topic.id, MAX_STORIES_SHOWN)
    found = desk.store.entries.stories([each.lead_entry_id for each in suggestions])
    return desk.page(
        "topic.html",
        status,
        topic=topic,
        rule=rule,
        based_on=based_on,
        count=desk.store.lists.counts([scope]).get(scope, 0),
        days=stories_by_topic(desk.config, desk.store, desk.now)[topic.id],
        stories=[
            (story, desk.store.stories.placement_sentences(story.id).get(topic.id, ""))
            for story in stories
        ],
        suggestions=[
            (found[each.lead_entry_id], each.reason)
            for each in suggestions
            if each.lead_entry_id in found
        ],
        **{"names": {id_: source.name for id_, source in desk.sources.items()}, **tested},
    )


def _topic_form(
    desk: Desk,
    given: dict[str, str],
    problems: dict[str, str],
    status: int = 200,
    preview: EditPreview | None = None,
    error: str = "",
    topic: Topic | None = None,
) -> Response:
    """The form of a new topic, or of the title and description of one."""
    fields = [
        Field("title", "Title", given, problems),
        Field("description", "One sentence about it", given, problems),
    ]
    if topic is None:
        hint = 'Such as strike* OR "union vote"'
        fields.append(Field("match", "Rule", given, problems, hint, lines=5))
    path = f"/topics/{topic.id}" if topic else "/topics"
    return desk.page(
        "form.html",
        status,
        heading=topic.title if topic else "New topic",
        action=f"{desk.base}{path}/{'edit' if topic else 'new'}",
        fields=fields,
        verb="Save" if topic else "Add",
        back=f"{desk.base}{path}",
        has_preview=True,
        preview=preview,
        error=error,
    )
