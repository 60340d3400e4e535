"""Which stories stand in the window of a list: the newest, of a language, no outlet too many."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlite_utils import Database

from aggregator.model import Share, Story

__all__ = ["fair", "window"]

_T = TypeVar("_T")

LOOKED_AT = 20
"""How many times as many stories as are wanted are looked at for them."""


def window(db: Database, scope: str, limit: int, language: str, share: Share | None) -> list[int]:
    """The rows of the stories, the newest arrivals first."""
    order = "order by listings.arrived desc, listings.published desc, listings.story limit ?"
    if not language and share is None:
        sql = f"select story from listings where scope = ? {order}"  # noqa: S608 - our own words
        return [story for (story,) in db.execute(sql, [scope, limit])]
    sql = f"""select listings.story, source, language
              from listings join stories on row = listings.story
                join entries on entries.id = lead where scope = ? {order}"""  # noqa: S608 - our own words
    found = db.execute(sql, [scope, LOOKED_AT * limit])
    told = ((story, outlet) for story, outlet, tag in found if _speaks(tag, language))
    chosen = _fair(told, share, lambda pair: pair[1]) if share else told
    return [story for story, _ in islice(chosen, limit)]


def _speaks(tag: str, language: str) -> bool:
    """`"pt-BR"` is `"pt"`; `"pt"` is not `"pt-BR"`."""
    return not language or f"{tag.lower()}-".startswith(f"{language.lower()}-")


def fair(stories: Iterable[Story], share: Share) -> list[Story]:
    """Of any so many in a row, an outlet leads no more than its share; the rest are left out."""
    return list(_fair(stories, share, lambda story: story.lead.source))


def _fair(items: Iterable[_T], share: Share, outlet_of: Callable[[_T], str]) -> Iterator[_T]:
    kept: list[str] = []
    for item in items:
        outlet = outlet_of(item)
        if kept[-(share.of - 1) :].count(outlet) < share.most:
            kept.append(outlet)
            yield item
