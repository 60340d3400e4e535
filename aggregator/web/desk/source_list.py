"""The table of sources: filtered by words and state, sorted by a column, in pages."""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from aggregator.overview.pulse import DAYS_SHOWN, entries_by_source
from aggregator.overview.source_states import SourceState, source_health, source_states
from aggregator.text.tokens import fold
from aggregator.web.desk.page import Desk

__all__ = ["NO_DAYS", "source_list", "states_of"]

SOURCES_PER_PAGE = 100
STATE_NAMES = ("failed", "retired", "held", "quiet", "waiting", "never fetched", "ok", "paused")
FROM_HIGHEST = ("28 days", "7 days", "newest")
"""Columns of numbers and dates, which one click sorts from the highest."""
NO_DAYS: Sequence[int] = [0] * DAYS_SHOWN


def source_list(desk: Desk) -> Response:
    """All sources that match a filter, what is broken first unless another order is asked for."""
    q, state = request.args.get("q", "").strip(), request.args.get("state", "")
    rows = [row for row in states_of(desk) if _matches(row, q, state)]
    days = entries_by_source(desk.store, desk.now)
    keys: dict[str, Callable[[SourceState], Any]] = {
        "name": lambda row: fold(row.source.name),
        "state": lambda row: row.urgency,
        "28 days": lambda row: sum(days.get(row.source.id, NO_DAYS)),
        "7 days": lambda row: sum(days.get(row.source.id, NO_DAYS)[-7:]),
        "newest": lambda row: max((d.timestamp() for d in row.health.recent_dates), default=0.0),
    }
    sort = request.args.get("sort", "")
    sort = sort if sort in keys else "state"
    order = request.args.get("order") or ("desc" if sort in FROM_HIGHEST else "asc")
    is_reversed = order == "desc"
    rows.sort(key=keys[sort], reverse=is_reversed)
    pages = max(1, ceil(len(rows) / SOURCES_PER_PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    shown = rows[(page - 1) * SOURCES_PER_PAGE : page * SOURCES_PER_PAGE]

    def link(**changed: object) -> str:
        values = {"q": q, "state": state, "sort": sort, "order": order}
        query = urlencode({name: value for name, value in {**values, **changed}.items() if value})
        return f"{desk.base}/sources?{query}"

    def column(name: str) -> dict[str, str]:
        """The link that sorts by a column; a second click reverses the order."""
        if sort != name:
            return {"url": link(sort=name, order=""), "aria": "none"}
        if is_reversed:
            return {"url": link(order="asc"), "aria": "descending"}
        return {"url": link(order="desc"), "aria": "ascending"}

    return desk.page(
        "sources.html",
        rows=shown,
        total=len(rows),
        days={row.source.id: days.get(row.source.id, NO_DAYS) for row in shown},
        columns={name: column(name) for name in keys},
        q=q,
        chosen_state=state,
        state_names=STATE_NAMES,
        sort=sort,
        order=request.args.get("order", ""),
        page=page,
        pages=pages,
        previous=link(page=page - 1) if page > 1 else "",
        next=link(page=page + 1) if page < pages else "",
    )


def states_of(desk: Desk) -> list[SourceState]:
    """The states of all sources."""
    return source_states(desk.config, source_health(desk.config, desk.store), desk.now)


def _matches(row: SourceState, q: str, state: str) -> bool:
    words = fold(f"{row.source.id} {row.source.name} {row.source.site}")
    return (not state or row.name == state) and all(word in words for word in fold(q).split())
