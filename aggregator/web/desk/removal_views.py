"""Take a source or a topic out of feeds.toml; its articles and stories stay."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Response, abort

from aggregator.config.editor import remove_table
from aggregator.web.desk.page import Desk, UnseenEdit

__all__ = ["REMOVAL_ROUTES", "RemovalViews"]

REMOVAL_ROUTES = (
    ("GET", "/sources/<id_>/remove", "ask_remove_source"),
    ("POST", "/sources/<id_>/remove", "remove_source"),
    ("GET", "/topics/<id_>/remove", "ask_remove_topic"),
    ("POST", "/topics/<id_>/remove", "remove_topic"),
)  # fmt: skip
"""Method, path and name of each view."""
STAYS = {
    "source": "It will not be fetched any more. Its articles stay, credited to it.",
    "topic": "Its feeds and pages will be gone. Its stories stay in the other topics.",
}


@dataclass(frozen=True, slots=True)
class RemovalViews:
    """Removing sources and topics."""

    desk: Desk

    def ask_remove_source(self, id_: str) -> Response:
        """What removing a source would change in feeds.toml."""
        return self._confirm("source", id_)

    def ask_remove_topic(self, id_: str) -> Response:
        """What removing a topic would change in feeds.toml."""
        return self._confirm("topic", id_)

    def remove_source(self, id_: str) -> Response:
        """Remove a source."""
        return self._remove("source", id_)

    def remove_topic(self, id_: str) -> Response:
        """Remove a topic."""
        return self._remove("topic", id_)

    def _name(self, kind: str, id_: str) -> str:
        config = self.desk.config
        sources = {source.id: source.name for source in config.all_sources}
        names = sources if kind == "source" else {topic.id: topic.title for topic in config.topics}
        if id_ not in names:
            abort(404)
        return names[id_]

    def _confirm(self, kind: str, id_: str) -> Response:
        name = self._name(kind, id_)
        return self.desk.page(
            "confirm.html",
            heading=f"Remove {name}",
            sentence=STAYS[kind],
            preview=self.desk.preview(_removal(kind, id_)),
            action=f"{self.desk.base}/{kind}s/{id_}/remove",
            verb="Remove",
            back=f"{self.desk.base}/{kind}s/{id_}",
        )

    def _remove(self, kind: str, id_: str) -> Response:
        name = self._name(kind, id_)
        try:
            self.desk.edit(f"removed the {kind}", id_, _removal(kind, id_))
        except UnseenEdit:
            return self._confirm(kind, id_)
        return self.desk.to(f"/{kind}s", f"{name} was removed.")


def _removal(kind: str, id_: str) -> Callable[[str], str]:
    return partial(remove_table, kind=kind, id_=id_)
