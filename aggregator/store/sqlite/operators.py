"""The desk's operators, sessions, tokens and audit log."""

from datetime import datetime, timedelta
from typing import Any

from aggregator.model import ApiToken, AuditEntry, DeskSession, Operator
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.passkeys import PasskeyMethods

__all__ = ["SqliteOperators"]

SESSION_TOUCH_SECONDS = 60.0
"""How exactly the last use of a session is kept: a page is no write."""
FAILURES_KEPT = timedelta(days=1)
MAX_AUDIT_ENTRIES = 100_000


class SqliteOperators(PasskeyMethods):
    """An OperatorStore; the methods are described in store/base_operators.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[Operator]:
        with self._connection.read() as db:
            return [_operator_of(row) for row in db.query("select * from operators order by name")]

    def by_name(self, name: str) -> Operator | None:
        with self._connection.read() as db:
            rows = db.query("select * from operators where name = ?", [name])
            return next(map(_operator_of, rows), None)

    def save(self, operator: Operator) -> None:
        row = {
            "name": operator.name,
            "password_hash": operator.password_hash,
            "role": operator.role,
            "created_at": mappers.to_text(operator.created_at),
            "needs_passkey": operator.needs_passkey,
        }
        with self._connection.write() as db:
            db.table("operators").insert(row, replace=True)
            db.execute("delete from desk_sessions where operator = ''")
            db.execute("delete from desk_links")

    def remove(self, name: str) -> None:
        with self._connection.write() as db:
            db.execute("delete from operators where name = ?", [name])
            db.execute("delete from desk_sessions where operator = ?", [name])
            db.execute("delete from api_tokens where operator = ?", [name])
            db.execute("delete from passkeys where operator = ?", [name])

    # ---- sessions

    def add_session(self, session: DeskSession) -> None:
        row = {
            "token_hash": session.token_hash,
            "operator": session.operator,
            "csrf_token": session.csrf_token,
            "created_at": mappers.to_text(session.created_at),
            "last_seen_at": mappers.to_text(session.last_seen_at),
            "client": session.client,
            "user_agent": session.user_agent,
        }
        with self._connection.write() as db:
            db.table("desk_sessions").insert(row)

    def session(self, token_hash: str, newer_than: datetime, now: datetime) -> DeskSession | None:
        sql = "select * from desk_sessions where token_hash = ? and last_seen_at > ?"
        with self._connection.read() as db:
            rows = db.query(sql, [token_hash, mappers.to_text(newer_than)])
            found = next(map(_session_of, rows), None)
        if found and (now - found.last_seen_at).total_seconds() > SESSION_TOUCH_SECONDS:
            with self._connection.write() as db:
                sql = "update desk_sessions set last_seen_at = ? where token_hash = ?"
                db.execute(sql, [mappers.to_text(now), token_hash])
                sql = "delete from desk_sessions where last_seen_at <= ?"
                db.execute(sql, [mappers.to_text(newer_than)])
        return found

    def sessions(self, operator: str) -> list[DeskSession]:
        sql = "select * from desk_sessions where operator = ? order by last_seen_at desc"
        with self._connection.read() as db:
            return [_session_of(row) for row in db.query(sql, [operator])]

    def end_session(self, token_hash: str) -> None:
        with self._connection.write() as db:
            db.execute("delete from desk_sessions where token_hash = ?", [token_hash])

    def end_sessions(self, operator: str) -> int:
        with self._connection.write() as db:
            cursor = db.execute("delete from desk_sessions where operator = ?", [operator])
            return int(cursor.rowcount)

    # ---- getting in

    def add_link(self, token_hash: str, now: datetime) -> None:
        with self._connection.write() as db:
            db.execute("delete from desk_links")
            db.execute("insert into desk_links values (?, ?)", [token_hash, mappers.to_text(now)])

    def use_link(self, token_hash: str) -> bool:
        with self._connection.write() as db:
            cursor = db.execute("delete from desk_links where token_hash = ?", [token_hash])
            return bool(cursor.rowcount)

    # ---- tokens of programs

    def add_token(self, token: ApiToken) -> None:
        row = {name: getattr(token, name) for name in ("token_hash", "operator", "name", "scope")}
        with self._connection.write() as db:
            created_at = mappers.to_text(token.created_at)
            db.table("api_tokens").insert({**row, "created_at": created_at})

    def tokens(self) -> list[ApiToken]:
        with self._connection.read() as db:
            rows = db.query("select * from api_tokens order by operator, name, created_at")
            return [_token_of(row) for row in rows]

    def use_token(self, token_hash: str, now: datetime) -> ApiToken | None:
        with self._connection.read() as db:
            rows = db.query("select * from api_tokens where token_hash = ?", [token_hash])
            found = next(map(_token_of, rows), None)
        last = found.last_used_at if found else None
        if found and (last is None or (now - last).total_seconds() > SESSION_TOUCH_SECONDS):
            with self._connection.write() as db:
                sql = "update api_tokens set last_used_at = ? where token_hash = ?"
                db.execute(sql, [mappers.to_text(now), token_hash])
        return found

    def remove_token(self, token_hash: str) -> None:
        with self._connection.write() as db:
            db.execute("delete from api_tokens where token_hash = ?", [token_hash])

    # ---- wrong logins

    def failures(self, subject: str) -> tuple[int, datetime | None]:
        sql = "select failure_count, last_failure_at from login_failures where subject = ?"
        with self._connection.read() as db:
            row = db.execute(sql, [subject]).fetchone()
        return (row[0], datetime.fromisoformat(row[1])) if row else (0, None)

    def record_failure(self, subject: str, now: datetime) -> None:
        sql = """insert into login_failures values (?, 1, ?) on conflict do update
                   set failure_count = failure_count + 1,
                       last_failure_at = excluded.last_failure_at"""
        with self._connection.write() as db:
            before = mappers.to_text(now - FAILURES_KEPT)
            db.execute("delete from login_failures where last_failure_at < ?", [before])
            db.execute(sql, [subject, mappers.to_text(now)])

    def clear_failures(self, subject: str) -> None:
        with self._connection.write() as db:
            db.execute("delete from login_failures where subject = ?", [subject])

    # ---- the audit log

    def record(self, entry: AuditEntry) -> int:
        row = {
            "done_at": mappers.to_text(entry.done_at),
            "operator": entry.operator,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
            "undo": entry.undo,
        }
        with self._connection.write() as db:
            db.table("audit_log").insert(row)
            (id_,) = db.execute("select max(id) from audit_log").fetchone()
            sql = "delete from audit_log where id <= (select max(id) from audit_log) - ?"
            db.execute(sql, [MAX_AUDIT_ENTRIES])
        return int(id_)

    def audit_entry(self, id_: int) -> AuditEntry | None:
        with self._connection.read() as db:
            rows = db.query("select * from audit_log where id = ?", [id_])
            return next(map(_audit_of, rows), None)

    def mark_undone(self, id_: int, now: datetime) -> bool:
        sql = "update audit_log set undone_at = ? where id = ? and undone_at is null"
        with self._connection.write() as db:
            return bool(db.execute(sql, [mappers.to_text(now), id_]).rowcount)

    def mark_not_undone(self, id_: int) -> None:
        with self._connection.write() as db:
            db.execute("update audit_log set undone_at = null where id = ?", [id_])

    def audit_log(self, limit: int, subject: str = "") -> list[AuditEntry]:
        where = "where subject = :subject" if subject else ""
        sql = f"select * from audit_log {where} order by id desc limit :limit"  # noqa: S608 - constants
        with self._connection.read() as db:
            rows = db.query(sql, {"subject": subject, "limit": limit})
            return [_audit_of(row) for row in rows]


def _operator_of(row: dict[str, Any]) -> Operator:
    return Operator(
        name=row["name"],
        role=row["role"],
        created_at=datetime.fromisoformat(row["created_at"]),
        password_hash=row["password_hash"],
        needs_passkey=bool(row["needs_passkey"]),
    )


def _session_of(row: dict[str, Any]) -> DeskSession:
    names = ("token_hash", "operator", "csrf_token", "client", "user_agent")
    return DeskSession(
        **{name: row[name] for name in names},
        created_at=datetime.fromisoformat(row["created_at"]),
        last_seen_at=datetime.fromisoformat(row["last_seen_at"]),
    )


def _token_of(row: dict[str, Any]) -> ApiToken:
    return ApiToken(
        **{name: row[name] for name in ("token_hash", "operator", "name", "scope")},
        created_at=datetime.fromisoformat(row["created_at"]),
        last_used_at=mappers.to_time(row["last_used_at"]),
    )


def _audit_of(row: dict[str, Any]) -> AuditEntry:
    names = ("id", "operator", "action", "subject", "detail", "undo")
    done_at = datetime.fromisoformat(row["done_at"])
    undone_at = mappers.to_time(row["undone_at"])
    return AuditEntry(done_at=done_at, undone_at=undone_at, **{name: row[name] for name in names})
