"""Passkeys of operators, and the challenges that they sign."""

from datetime import datetime, timedelta
from typing import Any

from aggregator.model import Passkey
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection

__all__ = ["PasskeyMethods"]

CHALLENGES_KEPT = timedelta(minutes=10)
MAX_CHALLENGES = 1_000
"""Anybody may ask for one; the oldest go first."""
_NAMES = ("credential_id", "operator", "name", "public_key", "sign_count")


class PasskeyMethods:
    """The part of an OperatorStore that is about passkeys; see store/base_operators.py."""

    _connection: Connection

    def add_passkey(self, passkey: Passkey) -> None:
        row = {name: getattr(passkey, name) for name in _NAMES}
        with self._connection.write() as db:
            created_at = mappers.to_text(passkey.created_at)
            db.table("passkeys").insert({**row, "created_at": created_at})

    def passkeys(self, operator: str) -> list[Passkey]:
        sql = "select * from passkeys where operator = ? order by created_at, name"
        with self._connection.read() as db:
            return [_passkey_of(row) for row in db.query(sql, [operator])]

    def passkey(self, credential_id: str) -> Passkey | None:
        with self._connection.read() as db:
            rows = db.query("select * from passkeys where credential_id = ?", [credential_id])
            return next(map(_passkey_of, rows), None)

    def use_passkey(self, credential_id: str, sign_count: int, now: datetime) -> None:
        sql = "update passkeys set sign_count = ?, last_used_at = ? where credential_id = ?"
        with self._connection.write() as db:
            db.execute(sql, [sign_count, mappers.to_text(now), credential_id])

    def remove_passkey(self, credential_id: str) -> None:
        with self._connection.write() as db:
            db.execute("delete from passkeys where credential_id = ?", [credential_id])

    def add_challenge(self, challenge: str, operator: str, now: datetime) -> None:
        with self._connection.write() as db:
            before = mappers.to_text(now - CHALLENGES_KEPT)
            db.execute("delete from passkey_challenges where created_at < ?", [before])
            sql = """delete from passkey_challenges where challenge in
                       (select challenge from passkey_challenges
                        order by created_at desc limit -1 offset ?)"""
            db.execute(sql, [MAX_CHALLENGES - 1])
            sql = "insert into passkey_challenges values (?, ?, ?)"
            db.execute(sql, [challenge, operator, mappers.to_text(now)])

    def take_challenge(self, challenge: str, newer_than: datetime) -> str | None:
        sql = """delete from passkey_challenges where challenge = ?
                 returning operator, created_at"""
        with self._connection.write() as db:
            row = db.execute(sql, [challenge]).fetchone()
        return row[0] if row and row[1] > mappers.to_text(newer_than) else None


def _passkey_of(row: dict[str, Any]) -> Passkey:
    return Passkey(
        **{name: row[name] for name in _NAMES},
        created_at=datetime.fromisoformat(row["created_at"]),
        last_used_at=mappers.to_time(row["last_used_at"]),
    )
