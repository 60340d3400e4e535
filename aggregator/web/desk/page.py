"""What every page of the desk is made with: the context, rendering, messages, the audit log."""

import hashlib
import hmac
import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import Response, g, make_response, redirect, render_template, request

from aggregator.config import Config, decode, parse_config
from aggregator.config.file_edits import FileEdit, edit_file, preview_edit, restore_file
from aggregator.errors import CommandError, ConfigError
from aggregator.model import AuditEntry, DeskSession, Source
from aggregator.startup import known_sources
from aggregator.store.base import Store

__all__ = [
    "MAX_DESK_FORM_BYTES", "SECURITY_HEADERS", "Desk", "EditPreview", "Section", "UnseenEdit",
    "diff_hash",
]  # fmt: skip

MAX_DESK_FORM_BYTES = 8_000_000
"""A feeds.toml of thousands of sources twice, percent-encoded."""
STORY_ID = re.compile(r"[0-9a-f]{16}")
ID_DIGITS = 15
"""More may not fit into a column of SQLite."""
OWNERS_TABLES = ("desk", "publish", "mail", "alerts", "fetch", "storage")
"""Tables of feeds.toml that decide who may use the desk, where the program connects to, and which
secrets it uses."""
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPreview:
    """What an edit of feeds.toml would change: the lines, and warnings that there were not before,
    such as that two sources have one feed."""

    diff: str
    warnings: tuple[str, ...] = ()


class UnseenEdit(Exception):
    """The operator has not seen yet which lines of feeds.toml an edit changes."""

    def __init__(self, preview: EditPreview) -> None:
        super().__init__("These lines have not been shown yet.")
        self.preview = preview


def diff_hash(diff: str) -> str:
    """The hash by which a form shows that these changed lines were on its page."""
    return hashlib.sha256(diff.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the bar: its endpoint and its name."""

    endpoint: str
    name: str


SECTIONS = (
    Section("overview", "Overview"),
    Section("stories", "Stories"),
    Section("sources", "Sources"),
    Section("topics", "Topics"),
    Section("held", "Held"),
    Section("digest", "Digest"),
    Section("alerts", "Alerts"),
    Section("runs", "Runs"),
    Section("file", "File"),
    Section("operators", "Operators"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the views need. `reload` puts a saved feeds.toml in force at once; `base` is the path of
    the desk, `/desk`, in the folder of the site."""

    config: Config
    store: Store
    environment: Any = field(repr=False)
    base: str
    reload: Callable[[], None]

    @property
    def session(self) -> DeskSession:
        """The session of the request."""
        session: DeskSession = g.desk_session
        return session

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return datetime.now(UTC)

    @property
    def sources(self) -> dict[str, Source]:
        """All sources by id, also those that are no longer in feeds.toml."""
        return known_sources(self.config, self.store)

    def is_owner(self) -> bool:
        """True if the session is that of an owner. The one-time link makes one, too: there is no
        operator yet."""
        operator = self.store.operators.by_name(self.session.operator)
        return not self.session.operator or (operator is not None and operator.role == "owner")

    # ---- responses

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page of the desk."""
        session = g.get("desk_session")
        text = render_template(
            f"desk/{template}",
            site=self.config.site,
            base=self.base,
            sections=SECTIONS if session else (),
            session=session,
            message=self._message(),
            undo=self._offered_undo(),
            now=self.now,
            **values,
        )
        return make_response(text, status)

    def to(self, path: str, done: str = "") -> Response:
        """A redirect to a page of the desk, which shows what was done and offers to undo it, if
        that is possible."""
        query = ""
        if done:
            undo = str(g.get("desk_undo") or "")
            query = f"{'&' if '?' in path else '?'}done={quote(done)}&undo={undo}"
            query += f"&mac={self._mac(done, undo)}"
        response: Response = redirect(f"{self.base}{path}{query}", 303)  # type: ignore[assignment]  # werkzeug's type
        return response

    @staticmethod
    def stories(count: int) -> str:
        """A number of stories, in words."""
        return f"{count:,} {'story' if count == 1 else 'stories'}"

    def titles(self, log: Sequence[AuditEntry]) -> dict[str, str]:
        """The titles of the stories that entries of the log are about, by story id."""
        ids = {entry.subject for entry in log if STORY_ID.fullmatch(entry.subject)}
        found = ((id_, self.store.stories.get(id_)) for id_ in ids)
        return {id_: story.lead.title for id_, story in found if story}

    # ---- what operators do

    def record(
        self, action: str, subject: str, detail: str = "", do: str = "", **undo: Any
    ) -> None:
        """Write what the operator does into the audit log; `do` is what undoes it (see undo.py),
        with its arguments."""
        entry = AuditEntry(
            done_at=self.now,
            operator=self.session.operator or "this machine",
            action=action,
            subject=subject,
            detail=detail,
            undo=json.dumps({"do": do, **undo}) if do else "",
        )
        id_ = self.store.operators.record(entry)
        g.desk_undo = id_ if do else None

    def _mac(self, done: str, undo: str) -> str:
        """What shows that a message comes from the desk, and not from a link of somebody else."""
        key = self.session.csrf_token.encode()
        return hmac.new(key, f"{undo} {done}".encode(), hashlib.sha256).hexdigest()[:32]

    def _message(self) -> str:
        """What was done, as the redirect to this page says."""
        done, undo = request.args.get("done", ""), request.args.get("undo", "")
        is_ours = bool(done and g.get("desk_session")) and hmac.compare_digest(
            self._mac(done, undo).encode(), request.args.get("mac", "").encode()
        )
        return done if is_ours else ""

    def _offered_undo(self) -> int | None:
        """The action that the message on a page is about, if it can be undone."""
        entry = self.audit_entry(request.args.get("undo", "")) if g.get("desk_session") else None
        return entry.id if entry and entry.undo and not entry.undone_at else None

    def audit_entry(self, id_: str) -> AuditEntry | None:
        """The entry of the audit log with this id, as it stands in a URL."""
        is_number = id_.isascii() and id_.isdigit() and len(id_) <= ID_DIGITS
        return self.store.operators.audit_entry(int(id_)) if is_number else None

    def _refuse_owners_tables(self, before: str, after: str) -> None:
        """Raise CommandError if an edit changes what decides who may do what, where the program
        connects to, or which secrets it uses."""
        version = self.store.config.current()
        old = _tables(before) or _tables(version.text if version else "")
        new = _tables(after)
        if new is None:
            return  # it is refused anyway, with its line
        changed = [f"[{name}]" for name in OWNERS_TABLES if (old or {}).get(name) != new.get(name)]
        before_site, site = (old or {}).get("site"), new.get("site")
        for key in ("url", "logo"):
            if isinstance(before_site, dict) and isinstance(site, dict):
                changed += [f"[site] {key}"] * (before_site.get(key) != site.get(key))
        if _secrets(old or {}) != _secrets(new):
            changed.append("headers and basic_auth of sources")
        if changed:
            raise CommandError(f"Only an owner may change {', '.join(changed)}.")

    def edit(
        self,
        action: str,
        subject: str,
        change: Callable[[str], str],
        based_on: str | None = None,
        *,
        must_be_seen: bool = True,
    ) -> FileEdit:
        """Save an edit of feeds.toml, and put it in force. Raises ConfigError, WriteError,
        CommandError for what only an owner may change, and UnseenEdit unless the form shows that
        the operator has seen these lines."""

        def allowed(before: str) -> str:
            after = change(before)
            if not self.is_owner():
                self._refuse_owners_tables(before, after)
            edit = FileEdit(before=before, after=after)
            seen = request.form.get("seen")
            if must_be_seen and edit.diff and seen != diff_hash(edit.diff):
                raise UnseenEdit(self._preview_of(edit))
            return after

        preview_edit(self.config.path, change, self.environment)  # what is wrong comes first
        edit = edit_file(self.config.path, allowed, self.environment, based_on=based_on)
        if edit.after != edit.before:
            text = decode(edit.after.encode(), self.config.path)
            version = self.store.config.accept(text, self.now, self.session.operator)
            self.record(action, subject, edit.diff, "restore_file", version=version.number)
            self.reload()
        return edit

    def preview(self, change: Callable[[str], str]) -> EditPreview:
        """What an edit of feeds.toml would change. Raises ConfigError and WriteError."""
        return self._preview_of(preview_edit(self.config.path, change, self.environment))

    def _preview_of(self, edit: FileEdit) -> EditPreview:
        before = self._warnings(edit.before)
        new = [each for each in self._warnings(edit.after) if each not in before]
        return EditPreview(diff=edit.diff, warnings=tuple(new))

    def _warnings(self, text: str) -> list[str]:
        try:
            text = decode(text.encode(), self.config.path)
            config = parse_config(text, self.config.path, self.environment)
        except ConfigError:
            return []
        return [f"{each.key}: {each.message}" for each in config.warnings]

    def rewrite_damaged_file(self, text: str) -> None:
        """Write a feeds.toml that is missing or no text, and put it in force; what is there is kept
        beside it. Raises ConfigError, WriteError, and CommandError as `edit` does."""
        if not self.is_owner():
            self._refuse_owners_tables("", text)
        parse_config(text, self.config.path, self.environment)
        restore_file(self.config.path, text, self.now)
        version = self.store.config.accept(text, self.now, self.session.operator)
        self.record("wrote again", "feeds.toml", f"version {version.number}")
        self.reload()


def _tables(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _secrets(tables: dict[str, Any]) -> dict[str, Any]:
    """The secrets that sources name, by where they are sent."""
    sources = tables.get("source", [])
    rows = [row for row in sources if isinstance(row, dict)] if isinstance(sources, list) else []
    return {
        f"{row.get('id')} {row.get('feed')}": (row.get("headers"), row.get("basic_auth"))
        for row in rows
        if row.get("headers") or row.get("basic_auth")
    }
