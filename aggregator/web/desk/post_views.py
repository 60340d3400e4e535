"""Stories that operators find on the web: a form, a bookmarklet that fills it, and an API."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, request

from aggregator.web.desk.commands import BUSY, run_command, status_of
from aggregator.web.desk.forms import Field
from aggregator.web.desk.page import Desk

__all__ = ["POST_ROUTES", "PostViews"]

MAX_SELECTION_CHARS = 600
"""What the bookmarklet takes of a page: an address has a limit."""

POST_ROUTES = (
    ("GET", "/post", "post_form"),
    ("POST", "/post", "post"),
    ("POST", "/api/stories", "api_post"),
)  # fmt: skip
"""Method, path and name of each view."""
BOOKMARKLET = """javascript:(()=>{const m=n=>document.querySelector('meta[property="og:'+n+'"]')
?.content||'',e=encodeURIComponent,c=document.querySelector('link[rel=canonical]');
open('$URL?url='+e(c?c.href:location.href)+'&title='+e(m('title')||document.title)
+'&outlet='+e(m('site_name'))+'&summary='+e(String(getSelection()).slice(0,$MAX)||m('description')
.slice(0,$MAX)))})()"""
_TEXT_FIELDS = ("url", "title", "outlet", "author", "summary", "published")


@dataclass(frozen=True, slots=True)
class PostViews:
    """Posting a story, by hand or by a program."""

    desk: Desk

    def post_form(self) -> Response:
        """The form; the bookmarklet fills it."""
        given = {name: request.args.get(name, "").strip() for name in _TEXT_FIELDS}
        return self._show(given, "")

    def _show(self, given: Mapping[str, str], problem: str, status: int = 200) -> Response:
        name, sentence = _field_of(problem)
        problems = {name: sentence} if name else {}
        fields = [
            Field("url", "Address of the article", given, problems),
            Field("title", "Headline", given, problems),
            Field(
                "outlet", "Outlet", given, problems, "Its name, if it is not one of your sources."
            ),
            Field("author", "Author", given, problems),
            Field(
                "summary", "Summary", given, problems, "A few sentences of the article.", lines=4
            ),
            Field(
                "published",
                "Published",
                given,
                problems,
                "A date such as 2026-11-30. If you leave it empty, the article is dated today.",
            ),
        ]
        script = BOOKMARKLET.replace("\n", "").replace("$MAX", str(MAX_SELECTION_CHARS))
        url = f"{self.desk.config.site.url}/desk/post"
        return self.desk.page(
            "post.html",
            status,
            fields=fields,
            topics=self.desk.config.topics,
            chosen=request.form.getlist("topic"),
            error="" if name else problem,
            bookmarklet=script.replace("$URL", url),
        )

    def post(self) -> Response:
        """Publish the story of the form."""
        given = {name: request.form.get(name, "").strip() for name in _TEXT_FIELDS}
        found, problem = _publish(self.desk, given, request.form.getlist("topic"))
        if problem:
            return self._show(given, problem, status_of(problem))
        self._record(found, given)
        done = (
            "Published." if found["is_new"] else "This article was already here; this is its story."
        )
        return self.desk.to(f"/stories/{found['id']}", done)

    def _record(self, found: Mapping[str, Any], given: Mapping[str, str]) -> None:
        story = self.desk.store.stories.get(found["id"]) if found["is_new"] else None
        is_alone = story is not None and not story.duplicates
        undo = {"story": found["id"], "entry": story.lead.entry_id} if story and is_alone else {}
        self.desk.record("posted", found["id"], given["url"], "unpost" if undo else "", **undo)

    def api_post(self) -> Response:
        """The same for a program, which shows a token."""
        body = request.get_json(silent=True) if request.is_json else None
        if request.is_json and not isinstance(body, dict):
            return _error(400, "The body is not a JSON object.")
        values: Mapping[str, Any] = body if isinstance(body, dict) else request.form
        given = {name: str(values.get(name) or "").strip() for name in _TEXT_FIELDS}
        topics = values.getlist("topics") if values is request.form else values.get("topics", [])
        if not isinstance(topics, list) or not all(isinstance(each, str) for each in topics):
            return _error(400, "topics must be a list of topic ids.")
        found, problem = _publish(self.desk, given, topics)
        if problem:
            return _error(status_of(problem), problem)
        self._record(found, given)
        response = jsonify(found)
        response.status_code = 201 if found["is_new"] else 200
        return response


def _publish(
    desk: Desk, given: Mapping[str, str], topics: Sequence[str]
) -> tuple[dict[str, Any], str]:
    """Run `aggregator post`; returns what it prints, or what went wrong."""
    for name, what in (("url", "address"), ("title", "headline")):
        if not given[name]:
            return {}, f"{name}: Give the {what} of the article."
    options = [f"--{name}={value}" for name, value in given.items() if value and name != "url"]
    options += [f"--topic={topic}" for topic in topics]
    found, problem = run_command(desk, "post", "--json", *options, "--", given["url"])
    return found or {}, problem


def _field_of(problem: str) -> tuple[str, str]:
    """The field that a problem is about, and the problem in a sentence; "" if it is of none."""
    found = re.match(r"(?:Invalid value for '--)?(\w+)'?: (.+)", problem, re.DOTALL)
    return (found[1], found[2]) if found and found[1] in _TEXT_FIELDS else ("", problem)


def _error(status: int, sentence: str) -> Response:
    name, reason = _field_of(sentence)
    sentence = f"{name}: {reason}" if name else sentence
    response = jsonify({"error": sentence, "status": status})
    response.status_code = status
    if status == status_of(BUSY):
        response.headers["Retry-After"] = "60"
    return response
