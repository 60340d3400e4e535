"""Which stories stand in the window of a list: the newest, of a language, without some outlets',
no outlet too many."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlite_utils import Database

from aggregator.model import Share, Story, source_scope
from aggregator.store.reading import listed, many

__all__ = ["admitted", "fair", "window"]

_T = TypeVar("_T")

LOOKED_AT = 20
"""How many times as many stories as are wanted are looked at for them."""


def window(
    db: Database,
    scopes: Sequence[str],
    limit: int,
    language: str,
    without: Collection[str],
    share: Share | None,
) -> list[int]:
    """The rows of the stories that stand in one of the scopes, the newest arrivals first."""
    if not (language or without or share):
        return _newest(db, scopes, limit)
    told = admitted(db, _newest(db, scopes, LOOKED_AT * limit), language, without)
    if share:
        leads = _leads(db, told)
        return list(islice(_fair(told, share, lambda story: leads[story][0]), limit))
    return told[:limit]


def admitted(
    db: Database, told: Sequence[int], language: str, without: Collection[str]
) -> list[int]:
    """Those of the stories, by row and in their order, whose lead is in a language, and that none
    of the outlets `without` which they are wanted tells."""
    left_out = set(listed(db, told, *map(source_scope, without))) if without else set()
    leads = _leads(db, told) if language else {}
    return [
        story
        for story in told
        if story not in left_out and (not language or _speaks(leads[story][1], language))
    ]


def _leads(db: Database, told: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Outlet and language of each story's lead."""
    sql = """select stories.row, source, language from stories
               join entries on entries.id = lead where stories.row in ({many})"""
    return {row: (outlet, tag) for row, outlet, tag in many(db, sql, told)}


def _newest(db: Database, scopes: Sequence[str], limit: int) -> list[int]:
    one = """select story, arrived, published from listings where scope = ?
             order by arrived desc, published desc, story limit ?"""
    if len(scopes) == 1:
        return [story for story, *_ in db.execute(one, [scopes[0], limit])]
    each = " union all ".join(f"select * from ({one})" for _ in scopes)  # noqa: S608 - our own words
    sql = f"""select story from ({each}) group by story
              order by max(arrived) desc, max(published) desc, story limit ?"""  # noqa: S608 - our own words
    given = [value for scope in scopes for value in (scope, limit)]
    return [story for (story,) in db.execute(sql, [*given, limit])]


def _speaks(tag: str, language: str) -> bool:
    """`"pt-BR"` is `"pt"`; `"pt"` is not `"pt-BR"`."""
    return f"{tag.lower()}-".startswith(f"{language.lower()}-")


def fair(stories: Iterable[Story], share: Share) -> list[Story]:
    """Of any so many in a row, an outlet leads no more than its share; the rest are left out."""
    return list(_fair(stories, share, lambda story: story.lead.source))


def _fair(items: Iterable[_T], share: Share, outlet_of: Callable[[_T], str]) -> Iterator[_T]:
    kept: list[str] = []
    for item in items:
        outlet = outlet_of(item)
        if kept[-(share.window - 1) :].count(outlet) < share.max_stories:
            kept.append(outlet)
            yield item
