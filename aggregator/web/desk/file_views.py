"""feeds.toml as a text, with its problems at their lines."""

from dataclasses import dataclass

from flask import Response, request

from aggregator.config import decode, parse_config
from aggregator.config.changes import describe_changes
from aggregator.config.file_edits import FileEdit, preview_edit
from aggregator.errors import AggregatorError, ConfigError, ConfigIssue
from aggregator.web.desk.page import Desk, UnseenEdit

__all__ = ["FILE_ROUTES", "FileViews"]

MAX_VERSIONS_SHOWN = 20


FILE_ROUTES = (
    ("GET", "/file", "file"),
    ("POST", "/file", "save_file"),
    ("POST", "/file/reload", "reload_file"),
)  # fmt: skip
"""Method, path and name of each view."""


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
        edit: FileEdit | None = None,
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
            preview=edit.diff if edit else None,
            changes=changes,
            error=error,
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
        try:
            if not is_save:
                edit = preview_edit(self.desk.config.path, lambda _: text, self.desk.environment)
                return self._show(text, based_on, edit=edit)
            self.desk.edit("edited", "feeds.toml", lambda _: text, based_on)
        except UnseenEdit:
            edit = preview_edit(self.desk.config.path, lambda _: text, self.desk.environment)
            return self._show(text, based_on, edit=edit)
        except ConfigError:
            return self._show(text, based_on, 400)
        except AggregatorError as error:
            return self._show(text, based_on, 409, str(error))
        return self.desk.to("/file", "Saved, and in force.")

    def reload_file(self) -> Response:
        """Read the file again."""
        self.desk.store.config.request_reload()
        self.desk.reload()
        return self.desk.to("/file", "The file was read again.")
