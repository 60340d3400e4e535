"""Issues of the digest, and the mails that bring them."""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from aggregator.model import (
    DIGESTS,
    DigestIssue,
    DigestMail,
    DigestSubscriber,
    DueMail,
    MailKind,
    MailState,
    SendingPause,
)
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.digest_subscribers import subscriber_of
from aggregator.store.sqlite.listings import increment_revisions

__all__ = ["SqliteDigest"]

_MAIL_COLUMNS = """digest_mails.id, kind, subscriber_id, issue_id, digest_mails.state,
    digest_mails.created_at, due_at, changed_at, attempts, error"""
_ISSUE_COLUMNS = """id, since, until, topics, language, subject, story_ids, created_at,
    day, is_weekly, is_archived"""
"""All columns of an issue but its texts."""


class SqliteDigest:
    """A DigestStore; the methods are described in store/base_digest.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ---- issues

    def advance(
        self,
        changes: Sequence[tuple[DigestSubscriber, DigestSubscriber]],
        now: datetime,
        *,
        issue: DigestIssue | None = None,
        kind: MailKind | None = None,
    ) -> int:
        with self._connection.write() as db:
            moved = [after for before, after in changes if _move_on(db, before, after)]
            number = None
            if issue is not None and moved:
                number, kind = _insert_issue(db, issue), "issue"
                db.conn.executemany(
                    "update digest_subscribers set last_issue_id = ? where id = ?",
                    [(number, subscriber.id) for subscriber in moved],
                )
            if kind is not None:
                at = mappers.to_text(now)
                db.conn.executemany(
                    """insert into digest_mails (kind, issue_id, subscriber_id, state, created_at,
                                                 queued_at, due_at, changed_at, attempts, error)
                       values (?, ?, ?, 'queued', ?, ?, ?, ?, 0, '')""",
                    [(kind, number, subscriber.id, at, at, at, at) for subscriber in moved],
                )
        return len(moved)

    def archive(self, issue: DigestIssue) -> bool:
        assert issue.is_archived
        with self._connection.write() as db:
            sql = "select 1 from digest_issues where day = ? and is_archived"
            if db.execute(sql, [issue.day.isoformat()]).fetchone():
                return False
            _insert_issue(db, issue)
            increment_revisions(db, [DIGESTS], issue.created_at)
        return True

    def issue(self, id_: int) -> DigestIssue | None:
        with self._connection.read() as db:
            rows = db.query("select * from digest_issues where id = ?", [id_])
            return next(map(_issue_of, rows), None)

    def latest(self, limit: int) -> list[DigestIssue]:
        sql = f"""select {_ISSUE_COLUMNS} from digest_issues where not is_archived
                  order by id desc limit ?"""  # noqa: S608 - constants
        with self._connection.read() as db:
            return [_issue_of(row) for row in db.query(sql, [limit])]

    def archived(self, limit: int) -> list[DigestIssue]:
        sql = "select * from digest_issues where is_archived order by day desc limit ?"
        with self._connection.read() as db:
            return [_issue_of(row) for row in db.query(sql, [limit])]

    def of_day(self, day: date) -> DigestIssue | None:
        sql = "select * from digest_issues where day = ? and is_archived"
        with self._connection.read() as db:
            rows = db.query(sql, [day.isoformat()])
            return next(map(_issue_of, rows), None)

    def neighbours(self, day: date) -> tuple[date | None, date | None]:
        sql = """select (select max(day) from digest_issues where is_archived and day < ?1),
                        (select min(day) from digest_issues where is_archived and day > ?1)"""
        with self._connection.read() as db:
            older, newer = db.execute(sql, [day.isoformat()]).fetchone()
        return (
            date.fromisoformat(older) if older else None,
            date.fromisoformat(newer) if newer else None,
        )

    # ---- mails

    def add_mail(self, mail: DigestMail) -> None:
        row = {
            "kind": mail.kind,
            "subscriber_id": mail.subscriber,
            "issue_id": mail.issue,
            "state": mail.state.value,
            "created_at": mappers.to_text(mail.created_at),
            "queued_at": mappers.to_text(mail.created_at),
            "due_at": mappers.to_text(mail.due_at),
            "changed_at": mappers.to_text(mail.changed_at),
            "attempts": mail.attempts,
            "error": mail.error,
        }
        with self._connection.write() as db:
            db.table("digest_mails").insert(row)

    def mails_to(self, subscriber: str, since: datetime) -> list[DigestMail]:
        sql = f"""select {_MAIL_COLUMNS} from digest_mails
                  where subscriber_id = ? and created_at >= ? order by id desc"""  # noqa: S608 - constants
        with self._connection.read() as db:
            return [_mail_of(row) for row in db.query(sql, [subscriber, mappers.to_text(since)])]

    def due_mails(self, now: datetime, limit: int) -> list[DueMail]:
        sql = f"""select {_MAIL_COLUMNS} from digest_mails
                  where state = 'queued' and due_at <= ? and subscriber_id is not null
                  order by attempts, issue_id is not null, id limit ?"""  # noqa: S608 - constants
        subscribers = "select * from digest_subscribers where id = ?"
        with self._connection.read() as db:
            mails = [_mail_of(row) for row in db.query(sql, [mappers.to_text(now), limit])]
            found = []
            for mail in mails:
                for row in db.query(subscribers, [mail.subscriber]):
                    found.append(DueMail(mail, subscriber_of(row)))
        return found

    def begin_sending(self, mail: int, now: datetime) -> bool:
        sql = """update digest_mails set state = 'sending', changed_at = ?, attempts = attempts + 1
                 where id = ? and state = 'queued'"""
        with self._connection.durable_write() as db:
            return bool(db.execute(sql, [mappers.to_text(now), mail]).rowcount)

    def finish_sending(
        self,
        mail: int,
        state: MailState,
        now: datetime,
        *,
        error: str = "",
        due_at: datetime | None = None,
    ) -> None:
        sql = """update digest_mails
                 set state = case when subscriber_id is null and ?1 != 'sent' then 'discarded'
                             else ?1 end,
                     changed_at = ?2, error = ?3, due_at = coalesce(?4, due_at) where id = ?5"""
        values = [state.value, mappers.to_text(now), error, mappers.to_text_or_none(due_at), mail]
        with self._connection.write() as db:
            db.execute(sql, values)

    def expire(self, issues_before: datetime, others_before: datetime, now: datetime) -> int:
        condition = """state = 'queued'
            and queued_at <= case when issue_id is null then ?1 else ?2 end"""
        times = [mappers.to_text(others_before), mappers.to_text(issues_before)]
        with self._connection.read() as db:
            sql = f"select 1 from digest_mails where {condition}"  # noqa: S608 - a constant
            if not db.execute(sql, times).fetchone():
                return 0
        with self._connection.write() as db:
            db.execute(
                f"""update digest_subscribers
                    set covered_until = covered_from, covered_from = null, last_issue_id = null
                    where covered_from is not null and exists
                      (select 1 from digest_mails where subscriber_id = digest_subscribers.id
                       and issue_id = last_issue_id and {condition})""",  # noqa: S608 - a constant
                times,
            )
            sql = f"""update digest_mails set changed_at = ?3,
                        state = case when issue_id is null then 'failed' else 'discarded' end,
                        error = trim(case when issue_id is null
                          then 'The server did not accept it within a day. '
                          else 'It was too late; its stories are in the next digest. ' end || error)
                      where {condition}"""  # noqa: S608 - a constant
            return int(db.execute(sql, [*times, mappers.to_text(now)]).rowcount)

    def mark_interrupted(self, now: datetime) -> int:
        sql = """update digest_mails set changed_at = ?,
                   state = case when subscriber_id is null then 'discarded' else 'unknown' end,
                   error = 'The program ended while the mail was being handed to the server.'
                 where state = 'sending'"""
        with self._connection.read() as db:
            if not db.execute("select 1 from digest_mails where state = 'sending'").fetchone():
                return 0
        with self._connection.write() as db:
            return int(db.execute(sql, [mappers.to_text(now)]).rowcount)

    def mails(self, state: MailState, limit: int) -> list[DigestMail]:
        sql = f"""select {_MAIL_COLUMNS} from digest_mails where state = ?
                  order by changed_at desc, id desc limit ?"""  # noqa: S608 - constants
        with self._connection.read() as db:
            return [_mail_of(row) for row in db.query(sql, [state.value, limit])]

    def count_mails(self, issue: int | None = None) -> dict[MailState, int]:
        condition = "where issue_id = ?" if issue is not None else ""
        sql = f"select state, count(*) from digest_mails {condition} group by state"  # noqa: S608 - a constant
        given = [] if issue is None else [issue]
        with self._connection.read() as db:
            return {MailState(state): count for state, count in db.execute(sql, given)}

    def resend(self, mails: Collection[int] | None, now: datetime, *, failed: bool = False) -> int:
        times = "queued_at = ?1, due_at = ?1, changed_at = ?1"
        change = f"state = 'queued', {times}, attempts = 0, error = ''"
        states: Sequence[str] = ("failed", "unknown")
        if mails is None:
            states = ("failed",) if failed else ("unknown",)
        return self._change(f"{change} where subscriber_id is not null", states, mails, now)

    def discard(self, mails: Collection[int] | None, now: datetime) -> int:
        states = ("queued", "failed", "unknown") if mails is not None else ("unknown",)
        return self._change("state = 'discarded', changed_at = ?1 where true", states, mails, now)

    def _change(
        self, change: str, states: Sequence[str], mails: Collection[int] | None, now: datetime
    ) -> int:
        """Change mails in one of the states, those with these ids or all."""
        named = ", ".join(f"'{state}'" for state in states)
        sql = f"update digest_mails set {change} and state in ({named})"  # noqa: S608 - constants
        at = mappers.to_text(now)
        with self._connection.write() as db:
            if mails is None:
                return int(db.execute(sql, [at]).rowcount)
            return sum(db.execute(f"{sql} and id = ?2", [at, id_]).rowcount for id_ in mails)

    # ---- the server

    def pause(self) -> SendingPause | None:
        with self._connection.read() as db:
            for row in db.query("select * from digest_pause"):
                times = {name: datetime.fromisoformat(row[name]) for name in ("since", "until")}
                return SendingPause(error=row["error"], attempts=row["attempts"], **times)
        return None

    def set_pause(self, pause: SendingPause | None) -> None:
        with self._connection.write() as db:
            db.execute("delete from digest_pause")
            if pause is not None:
                times = mappers.to_text(pause.since), mappers.to_text(pause.until)
                sql = "insert into digest_pause values (?, ?, ?, ?)"
                db.execute(sql, [pause.error, *times, pause.attempts])

    def purge(self, before: datetime) -> None:
        at = mappers.to_text(before)
        with self._connection.write() as db:
            sql = """delete from digest_mails
                     where state in ('sent', 'failed', 'unknown', 'discarded') and changed_at < ?"""
            db.execute(sql, [at])
            db.execute(
                """update digest_issues set html = '', plain_text = ''
                   where html != '' and not exists
                     (select 1 from digest_mails where issue_id = digest_issues.id
                      and state in ('queued', 'sending', 'failed', 'unknown'))"""
            )
            db.execute(
                """delete from digest_issues where not is_archived and created_at < ?
                     and id not in (select issue_id from digest_mails where issue_id is not null)
                     and id not in (select last_issue_id from digest_subscribers
                                    where last_issue_id is not null)""",
                [at],
            )


def _move_on(db: Database, before: DigestSubscriber, after: DigestSubscriber) -> bool:
    """Store the next period of a subscriber who is still in the one before; True if so."""
    times = (after.covered_from, after.covered_until, after.next_at)
    sql = """update digest_subscribers
             set covered_from = ?, covered_until = ?, next_at = ?, has_no_topics = ?
             where id = ? and next_at = ? and state = 'active'"""
    values: list[Any] = [mappers.to_text_or_none(time) for time in times]
    values += [after.has_no_topics, before.id, mappers.to_text_or_none(before.next_at)]
    return bool(db.execute(sql, values).rowcount)


def _insert_issue(db: Database, issue: DigestIssue) -> int:
    topics = None if issue.topics is None else json.dumps(issue.topics)
    row = {
        "since": mappers.to_text(issue.since),
        "until": mappers.to_text(issue.until),
        "topics": topics,
        "language": issue.language,
        "subject": issue.subject,
        "story_ids": json.dumps(issue.stories),
        "html": issue.html,
        "plain_text": issue.text,
        "created_at": mappers.to_text(issue.created_at),
        "day": issue.day.isoformat(),
        "is_weekly": issue.is_weekly,
        "is_archived": issue.is_archived,
    }
    return int(db.table("digest_issues").insert(row).last_pk)  # type: ignore[arg-type]  # a number


def _issue_of(row: dict[str, Any]) -> DigestIssue:
    topics = row["topics"]
    return DigestIssue(
        id=row["id"],
        since=datetime.fromisoformat(row["since"]),
        until=datetime.fromisoformat(row["until"]),
        topics=None if topics is None else tuple(json.loads(topics)),
        language=row["language"],
        subject=row["subject"],
        stories=tuple(json.loads(row["story_ids"])),
        html=row.get("html", ""),
        text=row.get("plain_text", ""),
        created_at=datetime.fromisoformat(row["created_at"]),
        day=date.fromisoformat(row["day"]),
        is_weekly=bool(row["is_weekly"]),
        is_archived=bool(row["is_archived"]),
    )


def _mail_of(row: dict[str, Any]) -> DigestMail:
    return DigestMail(
        id=row["id"],
        kind=row["kind"],
        subscriber=row["subscriber_id"] or "",
        issue=row["issue_id"],
        state=MailState(row["state"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        changed_at=datetime.fromisoformat(row["changed_at"]),
        attempts=row["attempts"],
        error=row["error"],
    )
