"""The interface of a store, continued: the desk's operators, sessions and audit log."""

from datetime import datetime
from typing import Protocol

from aggregator.model import ApiToken, AuditEntry, DeskSession, Operator, Passkey

__all__ = ["OperatorStore"]


class OperatorStore(Protocol):
    """Who may use the desk, who is logged in, and what was done."""

    def all(self) -> list[Operator]:
        """Every operator, by name."""

    def by_name(self, name: str) -> Operator | None:
        """The operator with this name."""

    def save(self, operator: Operator) -> None:
        """Add an operator, or replace the one with that name. Sessions by the one-time link end."""

    def remove(self, name: str) -> None:
        """Remove an operator, whose sessions end; tokens and passkeys go, too."""

    def add_session(self, session: DeskSession) -> None:
        """Keep a new session."""

    def session(self, token_hash: str, newer_than: datetime, now: datetime) -> DeskSession | None:
        """The session with this token, if it was used since `newer_than`; it counts as used now."""

    def sessions(self, operator: str) -> list[DeskSession]:
        """The sessions of an operator, the last used first."""

    def end_session(self, token_hash: str) -> None:
        """End a session."""

    def end_sessions(self, operator: str) -> int:
        """End all sessions of an operator; returns how many."""

    def add_link(self, token_hash: str, now: datetime) -> None:
        """Keep a one-time link, which replaces the one before."""

    def use_link(self, token_hash: str) -> bool:
        """True the first time that the link is used."""

    def add_token(self, token: ApiToken) -> None:
        """Keep a token of an operator."""

    def tokens(self) -> list[ApiToken]:
        """All tokens, by operator and name."""

    def use_token(self, token_hash: str, now: datetime) -> ApiToken | None:
        """The token with this hash, which counts as used now."""

    def remove_token(self, token_hash: str) -> None:
        """Revoke a token."""

    def add_passkey(self, passkey: Passkey) -> None:
        """Keep a passkey of an operator."""

    def passkeys(self, operator: str) -> list[Passkey]:
        """The passkeys of an operator, oldest first."""

    def passkey(self, credential_id: str) -> Passkey | None:
        """The passkey with this id."""

    def use_passkey(self, credential_id: str, sign_count: int, now: datetime) -> None:
        """Note that a passkey was used, and how often its device says it was."""

    def remove_passkey(self, credential_id: str) -> None:
        """Forget a passkey."""

    def add_challenge(self, challenge: str, operator: str, now: datetime) -> None:
        """Keep a challenge that a passkey of this operator, or of any, is to sign; those of more
        than ten minutes ago are forgotten."""

    def take_challenge(self, challenge: str, newer_than: datetime) -> str | None:
        """Whose passkey is to sign a challenge, the first time that this is asked; None if there is
        no such challenge since `newer_than`."""

    def mark_not_undone(self, id_: int) -> None:
        """Note that undoing an action did not work."""

    def failures(self, subject: str) -> tuple[int, datetime | None]:
        """How often logging in has failed in a row, and when last."""

    def record_failure(self, subject: str, now: datetime) -> None:
        """Count a failure; those of more than a day ago are forgotten."""

    def clear_failures(self, subject: str) -> None:
        """Forget the failures of a name or client that has logged in."""

    def record(self, entry: AuditEntry) -> int:
        """Add to the audit log; returns the id."""

    def audit_entry(self, id_: int) -> AuditEntry | None:
        """An entry of the audit log."""

    def mark_undone(self, id_: int, now: datetime) -> bool:
        """Note that an action was undone; True the first time."""

    def audit_log(self, limit: int, subject: str = "") -> list[AuditEntry]:
        """What was done, newest first; to one subject, if it is given."""
