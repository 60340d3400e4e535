"""What may be asked of a list: `?lang=`, `?limit=`, `?q=`, `?theme=`, `?without=`.

parameters as given --asked--> Asked --query--> the same in one order, for caches to share
"""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode

from aggregator import query
from aggregator.errors import BadRequest, QueryError
from aggregator.text.html import one_line

__all__ = [
    "LIST_PARAMS",
    "MAX_LIMIT",
    "NO_PARAMS",
    "SEARCH_PARAMS",
    "WIDGET_PARAMS",
    "FeedParams",
    "parse_params",
    "parse_query_string",
]

LIST_PARAMS = frozenset(("lang", "limit", "without"))
"""What can be asked of a list of stories."""
SEARCH_PARAMS = LIST_PARAMS | {"q"}
WIDGET_PARAMS = LIST_PARAMS | {"theme"}

MAX_QUERY_STRING_CHARS, MAX_PARAMETERS = 8000, 50
"""Characters after the `?`, and how many parameters they may be."""
MAX_LIMIT = 200
"""Stories that a feed is asked for at most, unless it holds more by itself."""
MAX_SEARCH_CHARS = 1000
"""Characters."""
MAX_EXCLUDED_SOURCES = 20
"""Outlets that are left out at most."""
THEMES = ("light", "dark")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedParams:
    """What is asked of a list; empty or 0 is what the list is without being asked."""

    language: str = ""
    limit: int = 0
    q: str = ""
    theme: str = ""
    excluded_sources: tuple[str, ...] = ()

    @property
    def query_string(self) -> str:
        """The end of an address that asks the same, `?` and all, or nothing."""
        given = {
            "lang": self.language,
            "limit": str(self.limit or ""),
            "q": self.q,
            "theme": self.theme,
            "without": ",".join(self.excluded_sources),
        }
        named = urlencode({k: v for k, v in given.items() if v}, safe=",", quote_via=quote)
        return f"?{named}" if named else ""


NO_PARAMS = FeedParams()


def parse_params(
    given: Mapping[str, Sequence[str]],
    takes: Set[str],
    bounds: tuple[int, int],
    is_outlet: Callable[[str], bool],
) -> FeedParams:
    """What is asked by the parameters that a list `takes`; others are passed over.

    `bounds` are the number of stories that it holds by itself, and how many it holds at most.
    Raises WrongParameter.
    """

    def first(name: str) -> str:
        return next(iter(given.get(name, ())), "").strip() if name in takes else ""

    return FeedParams(
        language=_language(first("lang")),
        limit=_limit(first("limit"), *bounds),
        q=_searched(first("q")),
        theme=_theme(first("theme")),
        excluded_sources=_outlets(
            given.get("without", ()) if "without" in takes else (), is_outlet
        ),
    )


def parse_query_string(text: str) -> dict[str, list[str]]:
    """What stands after the `?` of an address. Raises WrongParameter if that is too much."""
    if len(text) > MAX_QUERY_STRING_CHARS:
        raise BadRequest(f"An address must have at most {MAX_QUERY_STRING_CHARS:,} characters.")
    try:
        return parse_qs(text, max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise BadRequest("There are too many parameters in this address.") from error


def _language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text.lower()):
        raise BadRequest('lang must be the tag of a language, such as "es" or "pt-br".')
    return text.lower()


def _limit(text: str, standard: int, most: int) -> int:
    is_number = text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most
    if text and not is_number:
        raise BadRequest(f"limit must be a number of stories, 1 to {most}.")
    return int(text) if text and int(text) != standard else 0


def _searched(text: str) -> str:
    text = one_line(text)
    if len(text) > MAX_SEARCH_CHARS:
        raise BadRequest(f"q must have at most {MAX_SEARCH_CHARS:,} characters.")
    try:
        return query.parse(text).text if text else ""
    except QueryError as error:
        raise BadRequest(f"The query (q) cannot be read: {error}") from error


def _theme(text: str) -> str:
    if text and text not in (*THEMES, "auto"):
        raise BadRequest("theme must be light, dark or auto.")
    return text if text in THEMES else ""


def _outlets(given: Sequence[str], is_outlet: Callable[[str], bool]) -> tuple[str, ...]:
    named = sorted({name for text in given for name in text.replace(" ", "").split(",") if name})
    if len(named) > MAX_EXCLUDED_SOURCES:
        raise BadRequest(f"without must name at most {MAX_EXCLUDED_SOURCES} outlets.")
    for name in named:
        if not is_outlet(name):
            raise BadRequest(
                f"without must name outlets by their id; there is no {name[:60]!r}, "
                "and /sources lists them."
            )
    return tuple(named)
