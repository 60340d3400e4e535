"""Query parameters of a list: `?before=`, `?lang=`, `?limit=`, `?q=`, `?since=`, `?theme=`,
`?without=`.

query string --parse_params--> FeedParams --query_string--> the same in canonical order, for caches
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, quote, urlencode

from aggregator import query
from aggregator.errors import BadRequest, QueryError
from aggregator.model import WIDGET_HEADING, WidgetOptions
from aggregator.text.html import one_line

__all__ = [
    "ACCENT_PARAMS", "LIST_PARAMS", "NO_PARAMS", "PAGE_PARAMS", "SEARCH_PARAMS", "SINCE_PARAMS",
    "WIDGET_PARAMS", "AcceptedParams", "FeedParams", "parse_params", "parse_query_string",
]  # fmt: skip

MAX_QUERY_STRING_CHARS = 8000
MAX_PARAMETERS = 50
MAX_LIMIT = 200
"""Largest `?limit=`, unless [publish] limit is larger."""
WIDGET_STORIES = 5
MAX_WIDGET_STORIES = 20
MAX_SEARCH_CHARS = 1000
MAX_EXCLUDED_SOURCES = 20
MAX_QUOTED_CHARS = 60
MAX_DIGITS = 9
THEMES = ("light", "dark")
HEADINGS = ("2", "3", "4", "5", "6")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.ASCII)


DEFAULT_OPTIONS = WidgetOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedParams:
    """Parameters of a list; empty or 0 stands for the default of the list."""

    language: str = ""
    limit: int = 0
    q: str = ""
    theme: str = ""
    excluded_sources: tuple[str, ...] = ()
    before: str = ""
    """Id of a story; only stories that were listed before it."""
    since: datetime | None = None
    """Only stories that were listed after this time."""
    topic: str = ""
    outlet: str = ""
    """Ids of a topic and a source; only stories that are in their lists."""
    options: WidgetOptions = DEFAULT_OPTIONS
    first_day: date | None = None
    last_day: date | None = None
    """Only stories that were published on these days or between them."""

    @property
    def query_string(self) -> str:
        """Normalised query string, with the leading `?`; empty if there is none."""
        given = {
            "lang": self.language,
            "limit": str(self.limit or ""),
            "q": self.q,
            "theme": self.theme,
            "without": ",".join(self.excluded_sources),
            "since": _time_text(self.since) if self.since else "",
            "before": self.before,
            "topic": self.topic,
            "outlet": self.outlet,
            "from": self.first_day.isoformat() if self.first_day else "",
            "until": self.last_day.isoformat() if self.last_day else "",
            "accent": self.options.accent.removeprefix("#"),
            "heading": str(self.options.heading) if self.options.heading != WIDGET_HEADING else "",
            "teaser": "yes" if self.options.has_teasers else "",
            "picture": "yes" if self.options.has_pictures else "",
            "more": "yes" if self.options.has_more else "",
        }
        encoded = urlencode({k: v for k, v in given.items() if v}, safe=",:", quote_via=quote)
        return f"?{encoded}" if encoded else ""


NO_PARAMS = FeedParams()


@dataclass(frozen=True, slots=True)
class AcceptedParams:
    """The query parameters that a route accepts, and how many stories it shows.

    `limit` is the default of `?limit=`, 0 for [publish] limit; `max_limit` is the largest value.
    """

    names: frozenset[str] = frozenset()
    limit: int = 0
    max_limit: int = MAX_LIMIT

    def adding(self, name: str) -> "AcceptedParams":
        """These parameters, and one more."""
        return replace(self, names=self.names | {name})

    def with_limit(self, limit: int) -> "AcceptedParams":
        """These parameters, with [publish] limit as the largest `?limit=` if it is larger."""
        return self if self.limit else replace(self, max_limit=max(limit, self.max_limit))


PAGE_PARAMS = AcceptedParams()
SINCE_PARAMS = AcceptedParams(frozenset(("since",)))
_FILTERS = AcceptedParams(frozenset(("lang", "limit", "without")))
LIST_PARAMS = _FILTERS.adding("before").adding("since")
SEARCH_PARAMS = replace(
    LIST_PARAMS, names=LIST_PARAMS.names | {"q", "topic", "outlet", "from", "until"}
)
WIDGET_PARAMS = replace(
    _FILTERS,
    names=_FILTERS.names | {"theme", "accent", "heading", "teaser", "picture", "more"},
    limit=WIDGET_STORIES,
    max_limit=MAX_WIDGET_STORIES,
)
ACCENT_PARAMS = AcceptedParams(frozenset(("accent",)))


def parse_params(
    given: Mapping[str, Sequence[str]],
    accepted: AcceptedParams,
    is_source: Callable[[str], bool],
    is_topic: Callable[[str], bool],
) -> FeedParams:
    """Parse the accepted parameters; others are ignored. Raises BadRequest."""

    def first(name: str) -> str:
        return next(iter(given.get(name, ())), "").strip() if name in accepted.names else ""

    first_day, last_day = _day("from", first("from")), _day("until", first("until"))
    if first_day and last_day and first_day > last_day:
        raise BadRequest("from must not be a later day than until.")
    return FeedParams(
        language=_language(first("lang")),
        limit=_limit(first("limit"), accepted.limit, accepted.max_limit),
        q=_query(first("q")),
        theme=_theme(first("theme")),
        excluded_sources=_sources(
            "without", given.get("without", ()) if "without" in accepted.names else (), is_source
        ),
        before=_before(first("before")),
        since=_since(first("since")),
        topic=_topic(first("topic"), is_topic),
        outlet=next(iter(_sources("outlet", [first("outlet")], is_source)), ""),
        options=WidgetOptions(
            accent=_accent(first("accent")),
            heading=_heading(first("heading")),
            has_teasers=_yes("teaser", first("teaser")),
            has_pictures=_yes("picture", first("picture")),
            has_more=_yes("more", first("more")),
        ),
        first_day=first_day,
        last_day=last_day,
    )


def _accent(text: str) -> str:
    digits = text.removeprefix("#").lower()
    if digits and not re.fullmatch(r"[0-9a-f]{6}", digits):
        raise BadRequest("accent must be a colour of six hexadecimal digits, such as 9c2a10.")
    return f"#{digits}" if digits else ""


def _heading(text: str) -> int:
    if text and text not in HEADINGS:
        raise BadRequest("heading must be the level of a heading, 2 to 6.")
    return int(text or WIDGET_HEADING)


def _yes(name: str, text: str) -> bool:
    if text not in ("", "yes", "no"):
        raise BadRequest("%(name)s must be yes or no.", name=name)
    return text == "yes"


def _topic(text: str, is_topic: Callable[[str], bool]) -> str:
    if text and not is_topic(text):
        raise BadRequest(
            "topic must be the id of a topic; there is no %(id)s.", id=repr(text[:MAX_QUOTED_CHARS])
        )
    return text


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadRequest("%(name)s must be a day such as 2026-11-29.", name=name) from error


def _before(text: str) -> str:
    if text and not re.fullmatch(r"[0-9a-f]{16}", text):
        raise BadRequest("before must be a story id, as in next_url.")
    return text


def _since(text: str) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign in a URL is a space
        if time.tzinfo is None:
            raise ValueError(text)
        return time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            "since must be a time with its zone, such as 2026-11-29T20:00:00Z."
        ) from error


def _time_text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def parse_query_string(text: str) -> dict[str, list[str]]:
    """Parse the part of a URL after `?`. Raises BadRequest if it is too long or has too many
    parameters."""
    if len(text) > MAX_QUERY_STRING_CHARS:
        raise BadRequest(
            "A query string must have at most %(count)s characters.", count=MAX_QUERY_STRING_CHARS
        )
    try:
        return parse_qs(text, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise BadRequest("There are too many parameters in this URL.") from error


def _language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text.lower()):
        raise BadRequest('lang must be a language tag, such as "es" or "pt-br".')
    return text.lower()


def _limit(text: str, default: int, maximum: int) -> int:
    digits = text.lstrip("0")
    is_number = text.isascii() and text.isdigit() and 0 < len(digits) <= MAX_DIGITS
    is_number = is_number and int(digits) <= maximum
    if text and not is_number:
        raise BadRequest("limit must be a number of stories, 1 to %(maximum)s.", maximum=maximum)
    return int(digits) if text and int(digits) != default else 0


def _query(text: str) -> str:
    text = one_line(text)
    if len(text) > MAX_SEARCH_CHARS:
        raise BadRequest("q must have at most %(count)s characters.", count=MAX_SEARCH_CHARS)
    try:
        return query.parse(text).text if text else ""
    except QueryError as error:
        raise BadRequest("The query (q) cannot be parsed: %(error)s.", error=error) from error


def _theme(text: str) -> str:
    if text and text not in (*THEMES, "auto"):
        raise BadRequest("theme must be light, dark or auto.")
    return text if text in THEMES else ""


def _sources(name: str, given: Sequence[str], is_source: Callable[[str], bool]) -> tuple[str, ...]:
    ids = sorted({id_ for text in given for id_ in text.replace(" ", "").split(",") if id_})
    if len(ids) > MAX_EXCLUDED_SOURCES:
        raise BadRequest("without must name at most %(count)s outlets.", count=MAX_EXCLUDED_SOURCES)
    for id_ in ids if name == "without" else given:
        if id_ and not is_source(id_):
            raise BadRequest(
                "%(name)s must name outlets by their id; there is no %(id)s, and /sources lists "
                "them.",
                name=name,
                id=repr(id_[:MAX_QUOTED_CHARS]),
            )
    return tuple(ids)
