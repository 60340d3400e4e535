"""feeds.toml as a text, with its problems at their lines."""

from dataclasses import dataclass

from flask import Response, request

from aggregator.config import decode, parse_config
from aggregator.config.changes import describe_changes
from aggregator.config.merging import merge_changes
from aggregator.errors import AggregatorError, ConfigError, ConfigIssue, FileChanged
from aggregator.web.desk.page import Desk, EditPreview, UnseenEdit

__all__ = ["FILE_ROUTES", "FileViews"]

MAX_VERSIONS_SHOWN = 20


FILE_ROUTES = (
    ("GET", "/file", "file"),
    ("POST", "/file", "save_file"),
    ("POST", "/file/reload", "reload_file"),
)  # fmt: skip
"""Method, path and name of each view."""


MERGED = (
    "The file has changed since you began to edit it. This is the new text with your change: look "
    "at the changed lines, and save."
)
DAMAGED = (
    "feeds.toml is missing, or is not a text. This is its last good version; save it to write it "
    "again. What is there now is kept beside it."
)


@dataclass(frozen=True, slots=True)
class FileViews:
    """feeds.toml as a text."""

    desk: Desk

    def _show(
        self,
        text: str,
        based_on: str,
        status: int = 200,
        error: str = "",
        edit: EditPreview | None = None,
        typed: str = "",
    ) -> Response:
        issues: tuple[ConfigIssue, ...] = ()
        changes: list[str] = []
        plain = text.replace("\r\n", "\n")
        try:
            after = parse_config(plain, self.desk.config.path, self.desk.environment)
            changes = describe_changes(self.desk.config, after) if edit else []
        except ConfigError as problem:
            issues = problem.issues
        versions = self.desk.store.config.versions(MAX_VERSIONS_SHOWN)
        return self.desk.page(
            "file.html",
            status,
            text=plain,
            based_on=based_on,
            issues=issues,
            lines=plain.split("\n"),
            preview=edit,
            changes=changes,
            error=error or (DAMAGED if self._is_damaged() else ""),
            typed=typed,
            is_damaged=self._is_damaged(),
            version=versions[0] if versions else None,
            versions=versions[1:],
        )

    def _read(self) -> str:
        try:
            return decode(self.desk.config.path.read_bytes(), self.desk.config.path)
        except (OSError, ConfigError):
            version = self.desk.store.config.current()
            return version.text if version else ""

    def file(self) -> Response:
        """The text of feeds.toml."""
        text = self._read()
        return self._show(text, text)

    def save_file(self) -> Response:
        """Show what an edit changes, or save it."""
        text = request.form.get("text", "").replace("\r\n", "\n")
        based_on = request.form.get("based_on", "").replace("\r\n", "\n")
        text = text if text.endswith("\n") else f"{text}\n"
        is_save = request.form.get("do") == "save"

        def change(before: str) -> str:
            if decode(before.encode(), self.desk.config.path) != based_on:
                raise FileChanged(self.desk.config.path.name)
            return text

        try:
            if is_save and self._is_damaged():
                self.desk.rewrite_damaged_file(text)
                return self.desk.to("/file", "Written, and in force.")
            edit = self.desk.preview(change)
            if not is_save:
                return self._show(text, based_on, edit=edit)
            self.desk.edit("edited", "feeds.toml", change)
        except UnseenEdit:
            return self._show(text, based_on, edit=edit)
        except FileChanged as error:
            return self._show_conflict(text, based_on, error)
        except ConfigError:
            return self._show(text, based_on, 400)
        except AggregatorError as error:
            return self._show(text, based_on, 409, str(error))
        return self.desk.to("/file", "Saved, and in force.")

    def _show_conflict(self, text: str, based_on: str, error: FileChanged) -> Response:
        """The new text with the operator's change, or beside it if both changed the same lines."""
        current = self._read()
        merged = merge_changes(based_on, current, text)
        if merged is None:
            return self._show(current, current, 409, str(error), typed=text)
        return self._show(merged, current, 409, MERGED)

    def _is_damaged(self) -> bool:
        """True if feeds.toml is missing or no text: then its last good version can be saved."""
        try:
            decode(self.desk.config.path.read_bytes(), self.desk.config.path)
        except (FileNotFoundError, ConfigError):
            return True
        except OSError:  # it may be whole: nobody can tell
            return False
        return False

    def reload_file(self) -> Response:
        """Read the file again."""
        self.desk.store.config.request_reload()
        self.desk.reload()
        return self.desk.to("/file", "The file was read again.")
