"""Times that lie ahead of the clock: they were stored while it was wrong.

Only times that this program stamped are corrected. The dates that outlets gave stay as they are,
whatever the clock says, since no right clock could bring them back. The values before are kept, so
that a correction by a clock that was itself wrong can be undone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from aggregator.errors import ClockDisputed, ClockError
from aggregator.model import ALL_STORY_PAGES, CLOCK_SLACK, Issue
from aggregator.store.sqlite.listings import increment_revisions
from aggregator.store.sqlite.mappers import to_text

__all__ = ["clock_issues", "correct_future_times", "undo_correction"]


@dataclass(frozen=True, slots=True)
class _OwnTime:
    """A column of times that this program sets, where `condition` holds.

    `key` is the primary key of its table; `value` is what a time in the future becomes, with ?1 for
    the clock.
    """

    table: str
    column: str
    key: str = "id"
    condition: str = "1"
    value: str = "?1"

    @property
    def future(self) -> str:
        """The rows whose time lies ahead of ?1."""
        return f"{self.column} > ?1 and {self.condition}"


_LISTING = "story_number, list_kind, list_name"
_BY_OUTLET = """not exists (select 1 from entries
    where story_number = {number} and is_dated and entries.{column} = {table}.{column})"""
"""Condition: the date of a story or of its place in a list is not one that an outlet gave."""
_OF_LEAD = """coalesce((select entries.published from entries join stories as own
    on own.lead_entry_id = entries.id where own.number = {number} and entries.is_dated), ?1)"""
"""The date of a story as the outlet of its lead gave it, else the clock."""

_OWN_TIMES = (
    _OwnTime("sources", "next_fetch", condition="last_fetch > ?1", value="null"),
    *(
        _OwnTime("sources", column)
        for column in (
            "first_fetch", "last_fetch", "last_success", "last_full_fetch", "failing_since",
            "redirect_since", "retired_at", "noted_since",
        )
    ),
    *(_OwnTime("entries", column, condition="not is_dated") for column in ("published", "updated")),
    _OwnTime("entries", "revised_at"),
    _OwnTime("entry_fingerprints", "first_seen_at", "entry_id"),
    _OwnTime(
        "stories", "published", "number",
        _BY_OUTLET.format(number="number", column="published", table="stories"),
        _OF_LEAD.format(number="stories.number"),
    ),
    _OwnTime(
        "stories", "updated", "number",
        _BY_OUTLET.format(number="number", column="updated", table="stories"),
        f"max(?1, {_OF_LEAD.format(number='stories.number')})",
    ),
    _OwnTime("stories", "listed_at", "number"),
    _OwnTime("stories", "first_seen_at", "number"),
    _OwnTime(
        "listings", "published", _LISTING,
        _BY_OUTLET.format(
            number="listings.story_number", column="published", table="listings"
        ),
        _OF_LEAD.format(number="listings.story_number"),
    ),
    _OwnTime("listings", "listed_at", _LISTING),
    _OwnTime("topic_overrides", "decided_at", "entry_id, topic"),
    _OwnTime("topic_models", "trained_at", "version"),
    _OwnTime("takedowns", "taken_down_at", "story_number"),
    _OwnTime("subscriptions", "lease_until", "source_id", "requested_at > ?1", "null"),
    _OwnTime("subscriptions", "requested_at", "source_id"),
    _OwnTime("subscription_requests", "requested_at"),
    _OwnTime("subscribers", "failing_since"),
    _OwnTime("subscribers", "due_at"),
    _OwnTime("hub_pings", "due_at", "hub, feed_url"),
    _OwnTime("pictures", "due_at"),
    _OwnTime("backoffs", "until", "domain", "until > strftime('%Y-%m-%dT%H:%M:%S', ?1, '+1 day')"),
    _OwnTime("calendar", "time", "rowid"),
    _OwnTime("pins", "pinned_at", "topic, story_number"),
    _OwnTime(
        "digest_subscribers", "next_at",
        condition="next_at > strftime('%Y-%m-%dT%H:%M:%S', ?1, '+8 days')",
    ),
    _OwnTime("digest_subscribers", "covered_from"),
    _OwnTime("digest_subscribers", "covered_until"),
    _OwnTime("digest_mails", "due_at"),
    _OwnTime("bugs", "happened_at", "task"),
    _OwnTime("incidents", "since", "kind"),
)  # fmt: skip
"""In an order in which each condition still finds the times that it compares."""

_MAY_BE_IN_FUTURE = frozenset({"next_fetch", "lease_until", "due_at", "until", "since"})
"""Columns that plan, or repeat a time of another table, which is no sign of a wrong clock."""


def correct_future_times(db: Database, now: datetime) -> None:
    """Set every time of ours that is in the future to now, inside the caller's transaction.

    A clock that was wrong for an hour must not decide for years what is newest and when a source is
    due. The last change of a list that readers have seen stays: they must not take the next one for
    older.
    """
    moment = to_text(now)
    for stamp in _OWN_TIMES:
        where = f"from {stamp.table} where {stamp.future}"
        db.execute(
            f"""insert into corrected_times (corrected_at, table_name, column_name, row_key,
                                             before, after)
                select ?1, '{stamp.table}', '{stamp.column}', json_array({stamp.key}),
                       {stamp.column}, {stamp.value} {where}""",
            [moment],
        )
        _write_corrected(db, stamp.table, stamp.column, stamp.key, "after", moment)
    _render_again(db, now)


def undo_correction(db: Database, now: datetime) -> int:
    """Put back what the last correction changed, except what has changed since, inside the caller's
    transaction. Returns the number of times that are as before; 0 if there was no correction."""
    (moment,) = db.execute("select max(corrected_at) from corrected_times").fetchone()
    if moment is None:
        return 0
    keys = {(stamp.table, stamp.column): stamp.key for stamp in _OWN_TIMES}
    count = sum(
        _write_corrected(db, table, column, key, "before", moment)
        for (table, column), key in reversed(keys.items())
    )
    db.execute("delete from corrected_times where corrected_at = ?", [moment])
    _render_again(db, now)
    return count


def _write_corrected(
    db: Database, table: str, column: str, key: str, side: str, moment: str
) -> int:
    """Write one side of the corrections of a column to the rows that have the other side."""
    other = "after" if side == "before" else "before"
    same_row = " and ".join(
        f"{table}.{name.strip()} = json_extract(row_key, '$[{index}]')"
        for index, name in enumerate(key.split(","))
    )
    cursor = db.execute(
        f"""update {table} set {column} = corrected_times.{side} from corrected_times
            where corrected_at = ? and table_name = ? and column_name = ?
              and {same_row} and {table}.{column} is corrected_times.{other}""",  # noqa: S608 - constants
        [moment, table, column],
    )
    return cursor.rowcount


def _render_again(db: Database, now: datetime) -> None:
    """Let every cached document be rendered again."""
    db.execute("update revisions set number = number + 1")
    increment_revisions(db, [ALL_STORY_PAGES], now)


def clock_issues(db: Database, now: datetime) -> Iterator[Issue]:
    """An issue if the clock stopped the last run, and one for each table with times of ours that
    are more than CLOCK_SLACK ahead of it (a smaller lead is normal while a fetch runs)."""
    sql = "select kind, sentence from incidents where kind in (?, ?) order by kind"
    for kind, sentence in db.execute(sql, [ClockError.kind, ClockDisputed.kind]):
        description = f"the clock stopped the last run: {sentence}"
        yield Issue(check="clock", description=description, can_repair=kind == ClockError.kind)
    latest = to_text(now + CLOCK_SLACK)
    by_table: dict[str, list[_OwnTime]] = {}
    for stamp in _OWN_TIMES:
        if stamp.column not in _MAY_BE_IN_FUTURE:
            by_table.setdefault(stamp.table, []).append(stamp)
    for table, stamps in by_table.items():
        where = " or ".join(f"({stamp.future})" for stamp in stamps)
        sql = f"select count(*) from {table} where {where}"  # noqa: S608 - constants
        if count := db.execute(sql, [latest]).fetchone()[0]:
            description = (
                f"{count} rows of {table} with a time in the future (the clock says "
                f"{now:%Y-%m-%d %H:%M} UTC); if the clock is wrong, set it instead of repairing"
            )
            yield Issue(check="clock", description=description, can_repair=True)
