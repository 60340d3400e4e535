"""Operators: who may use the desk, their sessions, and what they have done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

__all__ = ["ApiToken", "AuditEntry", "DeskSession", "Operator", "Passkey", "Role", "TokenScope"]

Role: TypeAlias = Literal["editor", "owner"]
"""An owner also decides who may use the desk."""
TokenScope: TypeAlias = Literal["stories", "alerts"]
"""What a token is for: posting stories, or reading alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person who may use the desk; without a password hash, not by a password. With
    `needs_passkey`, a password alone is not enough."""

    name: str
    role: Role
    created_at: datetime
    password_hash: str = ""
    needs_passkey: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A key in a device of an operator (WebAuthn); its id is base64url."""

    credential_id: str
    operator: str
    name: str
    public_key: bytes
    sign_count: int
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSession:
    """A browser that is logged in. `operator` is empty if it came by the one-time link, before
    there are operators. `token_hash` is that of the cookie, which is not stored."""

    token_hash: str
    operator: str
    csrf_token: str
    created_at: datetime
    last_seen_at: datetime
    client: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What a program of an operator shows in place of a session; only its hash is kept."""

    token_hash: str
    operator: str
    name: str
    scope: TokenScope
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What an operator did, to what, and when; `detail` is a sentence or a diff.

    `undo` is JSON that says how to undo it, empty if that is not possible. `id` is 0 before it is
    stored.
    """

    id: int = 0
    done_at: datetime
    operator: str
    action: str
    subject: str
    detail: str = ""
    undo: str = ""
    undone_at: datetime | None = None
