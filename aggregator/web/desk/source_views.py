"""Sources: list, page, fetch now, pause, edit, add."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, abort, request

from aggregator.config.editor import add_tables, change_table
from aggregator.config.ids import new_id, taken_ids
from aggregator.errors import AggregatorError, CommandError, ConfigError, FileChanged
from aggregator.model import Source, source_scope
from aggregator.overview.pulse import entries_by_source
from aggregator.overview.source_states import shown_url
from aggregator.text.tokens import fold
from aggregator.web.desk.commands import run_command, status_of
from aggregator.web.desk.forms import Field
from aggregator.web.desk.page import Desk, EditPreview, UnseenEdit
from aggregator.web.desk.source_list import NO_DAYS, source_list, states_of

__all__ = ["SOURCE_ROUTES", "SourceViews"]

MAX_FETCHES_SHOWN = 30
MAX_ENTRIES_SHOWN = 10
TAGGED_ENTRIES = 500
NO_YES = (("", "no"), ("True", "yes"))
SHOW_CHOICES = (
    ("", "as for all sources"), ("title", "title"), ("excerpt", "excerpt"), ("full", "full"),
)  # fmt: skip


SOURCE_ROUTES = (
    ("GET", "/sources", "sources"),
    ("GET", "/sources/<id_>", "source"),
    ("POST", "/sources/<id_>/fetch", "fetch"),
    ("POST", "/sources/<id_>/compare", "compare"),
    ("GET", "/sources/<id_>/pause", "ask_pause"),
    ("POST", "/sources/<id_>/pause", "pause"),
    ("GET", "/sources/<id_>/resume", "ask_resume"),
    ("POST", "/sources/<id_>/resume", "resume"),
    ("GET", "/sources/<id_>/edit", "edit_source"),
    ("POST", "/sources/<id_>/edit", "save_source"),
    ("GET", "/sources/new", "new_source"),
    ("POST", "/sources/new", "add_source"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class SourceViews:
    """Sources: pages, actions and forms."""

    desk: Desk

    def sources(self) -> Response:
        """All sources, filtered and sorted."""
        return source_list(self.desk)

    def source(self, id_: str) -> Response:
        """One source."""
        found = _source(self.desk, id_)
        row = next(state for state in states_of(self.desk) if state.source.id == id_)
        stories = self.desk.store.lists.latest(source_scope(id_), MAX_ENTRIES_SHOWN)
        entries = [e for story in stories for e in story.entries if e.source == id_]
        mapped = {fold(tag): topic for tag, topic in found.tags.items()}
        tags = self.desk.store.sources.tags(id_, TAGGED_ENTRIES)
        return self.desk.page(
            "source.html",
            source=found,
            row=row,
            feed=shown_url(found.feed, found),
            stored=self.desk.store.sources.count_entries([id_]).get(id_, 0),
            days=entries_by_source(self.desk.store, self.desk.now).get(id_, NO_DAYS),
            fetches=self.desk.store.statistics.fetches(id_, MAX_FETCHES_SHOWN),
            entries=entries,
            stories={e.entry_id: story.id for story in stories for e in story.entries},
            rejections=self.desk.store.sources.rejected(id_, MAX_ENTRIES_SHOWN),
            tags=[(tag, number, mapped.get(fold(tag), "")) for tag, number in tags],
        )

    def fetch(self, id_: str) -> Response:
        """Make a source due now."""
        found = _source(self.desk, id_)
        if found not in self.desk.config.sources:
            raise CommandError(f"{found.name} is paused; resume it first.")
        self.desk.store.sources.request_fetch(id_, self.desk.now)
        self.desk.record("asked for a fetch of", id_)
        done = f"{found.name} will be fetched in a moment, if the program is running."
        return self.desk.to(f"/sources/{id_}", done)

    def compare(self, id_: str) -> Response:
        """Fetch a source, save nothing, and show its entries as given beside what is published."""
        found = _source(self.desk, id_)
        fetched, problem = run_command(self.desk, "fetch", "--explain", "--json", "--", id_)
        return self.desk.page(
            "compare.html",
            status_of(problem, 502) if problem else 200,
            source=found,
            fetched=fetched,
            problem=problem,
        )

    def ask_pause(self, id_: str) -> Response:
        """What pausing a source would change in feeds.toml."""
        return _ask_enabled(self.desk, id_, is_enabled=False)

    def ask_resume(self, id_: str) -> Response:
        """What resuming a source would change in feeds.toml."""
        return _ask_enabled(self.desk, id_, is_enabled=True)

    def pause(self, id_: str) -> Response:
        """Stop fetching a source."""
        return _set_enabled(self.desk, id_, is_enabled=False)

    def resume(self, id_: str) -> Response:
        """Fetch a source again."""
        return _set_enabled(self.desk, id_, is_enabled=True)

    def edit_source(self, id_: str) -> Response:
        """The form with the keys of a source."""
        found = _source(self.desk, id_)
        return _form(self.desk, found, _given(self.desk, id_), {})

    def save_source(self, id_: str) -> Response:
        """Save the keys of a source."""
        found = _source(self.desk, id_)
        given = {name: request.form.get(name, "").strip() for name in FIELD_NAMES}
        before, base = _given(self.desk, id_), _based_on(_given(self.desk, id_))
        touched = {name for name in FIELD_NAMES if given[name] != base[name]}
        others = {name for name in touched if before[name] not in (base[name], given[name])}
        given = {name: given[name] if name in touched else before[name] for name in FIELD_NAMES}
        if others:
            conflicts = {
                name: f"Someone else has made this {before[name] or 'empty'!r} since you began to "
                "edit it; save again to replace it."
                for name in others
            }
            return _form(self.desk, found, given, conflicts, 409)
        values = {name: _value(name, given[name]) for name in touched}

        def change(text: str) -> str:
            try:
                is_same = _keys_of(text, id_) == before
            except (LookupError, TypeError):  # it has been removed by hand
                is_same = False
            if not is_same:
                raise FileChanged(self.desk.config.path.name)
            return change_table(text, kind="source", id_=id_, values=values)

        try:
            if request.form.get("do") == "preview":
                return _form(self.desk, found, given, {}, preview=self.desk.preview(change))
            self.desk.edit("edited", id_, change)
        except UnseenEdit as unseen:
            return _form(self.desk, found, given, {}, preview=unseen.preview)
        except ConfigError as error:
            problems: dict[str, str] = {}
            for issue in error.issues:
                name = issue.key.split(".")[1] if "." in issue.key else ""
                before_it = f"{problems[name]}; " if name in problems else ""
                problems |= {name: before_it + issue.message} if name else {}
            other = "" if problems else str(error)
            return _form(self.desk, found, given, problems, 400, other)
        except AggregatorError as error:
            return _form(self.desk, found, given, {}, 409, str(error))
        done = "Saved, and in force."
        if "topics" in touched:
            done += " Stored stories stay where they are; apply the rule of a topic to place them."
        return self.desk.to(f"/sources/{id_}", done)

    def new_source(self) -> Response:
        """The form for the address of a new source."""
        return _new_form(self.desk, {}, {})

    def add_source(self) -> Response:
        """Look at a new source, or add it."""
        given = {
            key: request.form.get(key, "").strip() for key in ("url", "feed", "name", "id", "site")
        }
        if request.form.get("do") == "save" and given["feed"]:
            return _add(self.desk, given)
        found, problem = _look_up(self.desk, given["url"])
        if found is None:
            return _new_form(self.desk, given, {"url": problem}, status_of(problem))
        given |= {key: found[key] for key in ("feed", "name", "id", "site")}
        try:
            change = _adding(given["id"], given)
            preview = self.desk.preview(change)
        except AggregatorError as error:
            return _new_form(self.desk, given, {"url": str(error)}, 409, found)
        return _new_form(self.desk, given, {}, found=found, preview=preview)


def _enabling(id_: str, *, is_enabled: bool) -> Callable[[str], str]:
    values = {"enabled": None if is_enabled else False}
    return partial(change_table, kind="source", id_=id_, values=values)


def _ask_enabled(desk: Desk, id_: str, *, is_enabled: bool) -> Response:
    found = _source(desk, id_)
    change = _enabling(id_, is_enabled=is_enabled)
    verb = "Resume" if is_enabled else "Pause"
    sentence = "will be fetched again" if is_enabled else "will not be fetched; its articles stay"
    return desk.page(
        "confirm.html",
        heading=f"{verb} {found.name}",
        sentence=f"{found.name} {sentence}.",
        preview=desk.preview(change),
        action=f"{desk.base}/sources/{id_}/{verb.lower()}",
        verb=verb,
        back=f"{desk.base}/sources/{id_}",
    )


def _set_enabled(desk: Desk, id_: str, *, is_enabled: bool) -> Response:
    found = _source(desk, id_)
    change = _enabling(id_, is_enabled=is_enabled)
    try:
        desk.edit("resumed" if is_enabled else "paused", id_, change)
    except UnseenEdit:
        return _ask_enabled(desk, id_, is_enabled=is_enabled)
    done = "is fetched again" if is_enabled else "is paused; its articles stay"
    return desk.to(f"/sources/{id_}", f"{found.name} {done}.")


FIELD_NAMES = ("name", "feed", "site", "show", "images", "license", "topics", "language", "include",
               "exclude", "precedence", "max_new", "approve")  # fmt: skip


def _given(desk: Desk, id_: str) -> dict[str, str]:
    """The keys of a source as they are in feeds.toml, as texts; in the version that is in force, if
    the file has problems."""
    try:
        return _keys_of(desk.config.path.read_text(encoding="utf-8-sig"), id_)
    except (OSError, ValueError, LookupError, TypeError):
        return _keys_of(desk.config.text, id_)


def _keys_of(text: str, id_: str) -> dict[str, str]:
    """The keys of a source in a text of feeds.toml, as texts. Raises ValueError or LookupError if
    it is not there."""
    tables = tomllib.loads(text)
    found = [each for each in tables["source"] if each["id"] == id_]
    given = {name: found[0].get(name, "") for name in FIELD_NAMES}
    return {
        name: ", ".join(value) if isinstance(value, list) else str(value)
        for name, value in given.items()
    }


def _based_on(current: Mapping[str, str]) -> dict[str, str]:
    """The keys as they were when the form was opened; as they are now, if the form does not say."""
    try:
        given = json.loads(request.form.get("based_on", ""))
        return {name: str(given[name]) for name in FIELD_NAMES}
    except (ValueError, LookupError, TypeError):
        return dict(current)


def _value(name: str, text: str) -> Any:
    if not text:
        return None
    if name == "topics":
        return [each.strip() for each in text.split(",") if each.strip()]
    if name == "approve":
        return True if text == "True" else None
    if name in ("precedence", "max_new"):
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text
    return text


def _form(
    desk: Desk,
    source: Source,
    given: Mapping[str, str],
    problems: Mapping[str, str],
    status: int = 200,
    error: str = "",
    preview: EditPreview | None = None,
) -> Response:
    topics = ", ".join(topic.id for topic in desk.config.topics[:12])
    images = (
        ("", "as for all sources"), ("off", "none"), ("outlet", "the outlet's own files"),
        ("own", "thumbnails from our site"),
    )  # fmt: skip
    fields = [
        Field("name", "Name", given, problems, "The name in the credit line."),
        Field("feed", "Feed", given, problems),
        Field("site", "Site", given, problems),
        Field("show", "How much is republished", given, problems, choices=SHOW_CHOICES),
        Field("images", "Pictures", given, problems, choices=images),
        Field("license", "Licence", given, problems),
        Field(
            "topics",
            "Topics of all its articles",
            given,
            problems,
            f"Topic ids, separated by commas: {topics}",
        ),
        Field("language", "Language of all its articles", given, problems, "Such as en or pt-BR."),
        Field("include", "Keep only articles that match", given, problems, "A rule.", lines=2),
        Field("exclude", "Leave out articles that match", given, problems, "A rule.", lines=2),
        Field("precedence", "Precedence", given, problems, "The highest is fetched first."),
        Field("max_new", "Hold if more than this many new articles come at once", given, problems),
        Field(
            "approve",
            "Hold everything until an operator approves it",
            given,
            problems,
            choices=NO_YES,
        ),
    ]
    return desk.page(
        "form.html",
        status,
        heading=source.name,
        action=f"{desk.base}/sources/{source.id}/edit",
        fields=fields,
        based_on=json.dumps(_given(desk, source.id), sort_keys=True),
        back=f"{desk.base}/sources/{source.id}",
        error=error,
        has_preview=True,
        preview=preview,
    )


def _new_form(
    desk: Desk,
    given: Mapping[str, str],
    problems: Mapping[str, str],
    status: int = 200,
    found: Mapping[str, Any] | None = None,
    preview: EditPreview | None = None,
) -> Response:
    fields = [Field("url", "Address of the site or its feed", given, problems)]
    if found or given.get("feed"):
        fields += [
            Field("name", "Name", given, problems, "The name in the credit line."),
            Field("id", "Id", given, problems, "Part of public addresses."),
            Field("feed", "Feed", given, problems),
            Field("site", "Site", given, problems),
        ]
    return desk.page(
        "form.html",
        status,
        heading="Add a source",
        action=f"{desk.base}/sources/new",
        fields=fields,
        verb="Add" if found or given.get("feed") else "Find the feed",
        back=f"{desk.base}/sources",
        extra="desk/new_source.html",
        found=found,
        preview=preview,
    )


def _look_up(desk: Desk, url: str) -> tuple[dict[str, Any] | None, str]:
    """What `aggregator add` finds at an address: a process of its own fetches and reads it, under
    the rules of fetching, with limits of time and memory."""
    if not url or url.startswith("-") or "\0" in url:
        return None, "Give the address of a site or a feed."
    found, problem = run_command(desk, "add", "--dry-run", "--json", "--", url)
    return (found[0], "") if found else (None, problem.removeprefix(f"{url[:200]}: "))


def _add(desk: Desk, given: Mapping[str, str]) -> Response:
    listed = [source.id for source in desk.config.all_sources]
    stored = {id_: source.site for id_, source in desk.sources.items()}
    taken = taken_ids(listed, stored, given["site"])
    id_ = given["id"] or new_id(given["name"], taken, url=given["site"])
    try:
        desk.edit("added the source", id_, _adding(id_, given))
    except UnseenEdit as unseen:
        return _new_form(desk, given, {}, preview=unseen.preview)
    except ConfigError as error:
        problems = {issue.key.rpartition(".")[2]: issue.message for issue in error.issues}
        return _new_form(desk, given, problems, 400)
    except AggregatorError as error:
        return _new_form(desk, given, {"url": str(error)}, 409)
    return desk.to(f"/sources/{id_}", f"{given['name']} was added and will be fetched in a moment.")


def _adding(id_: str, given: Mapping[str, str]) -> Callable[[str], str]:
    values = {"id": id_, **{key: given[key] for key in ("name", "feed", "site")}}
    return partial(add_tables, kind="source", tables=[values])


def _source(desk: Desk, id_: str) -> Source:
    found = next((source for source in desk.config.all_sources if source.id == id_), None)
    if found is None:
        abort(404)
    return found
