"""Tokens of operators' programs: made, shown once, revoked."""

import secrets
from dataclasses import dataclass
from typing import get_args

from flask import Response, abort, request

from aggregator.model import ApiToken, TokenScope
from aggregator.web.desk.access import hash_token
from aggregator.web.desk.page import Desk

__all__ = ["TOKEN_ROUTES", "TokenViews"]

MAX_TOKEN_NAME_CHARS = 60
TOKEN_BYTES = 24

TOKEN_ROUTES = (
    ("GET", "/tokens", "tokens"),
    ("POST", "/tokens", "add_token"),
    ("POST", "/tokens/revoke", "revoke_token"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class TokenViews:
    """Tokens."""

    desk: Desk

    def _show(
        self, status: int = 200, problem: str = "", token: str = "", scope: str = ""
    ) -> Response:
        operator, is_owner = self.desk.session.operator, self.desk.is_owner()
        tokens = self.desk.store.operators.tokens()
        return self.desk.page(
            "tokens.html",
            status,
            tokens=[each for each in tokens if is_owner or each.operator == operator],
            problem=problem,
            token=token,
            scope=scope,
            name=request.form.get("name", "") if problem else "",
        )

    def tokens(self) -> Response:
        """The tokens of the operator; of all, for an owner."""
        return self._show()

    def add_token(self) -> Response:
        """Make a token, and show it once."""
        operator, scope = self.desk.session.operator, request.form.get("scope", "")
        name = " ".join(request.form.get("name", "").split())
        if scope not in get_args(TokenScope):
            abort(400)
        if not operator:
            return self._show(400, "Add an operator first: a token belongs to one.")
        if not name.isprintable() or not 0 < len(name) <= MAX_TOKEN_NAME_CHARS:
            return self._show(400, f"Give it a name of {MAX_TOKEN_NAME_CHARS} characters at most.")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self.desk.store.operators.add_token(
            ApiToken(
                token_hash=hash_token(token),
                operator=operator,
                name=name,
                scope=scope,  # type: ignore[arg-type]  # checked above
                created_at=self.desk.now,
            )
        )
        self.desk.record("made a token for", scope, name)
        return self._show(token=token, scope=scope)

    def revoke_token(self) -> Response:
        """Revoke a token."""
        operator, hash_ = self.desk.session.operator, request.form.get("token", "")
        found = next((t for t in self.desk.store.operators.tokens() if t.token_hash == hash_), None)
        if found is None:
            abort(404)
        if found.operator != operator and not self.desk.is_owner():
            abort(403)
        self.desk.store.operators.remove_token(hash_)
        self.desk.record("revoked the token", found.name, f"of {found.operator}, for {found.scope}")
        return self.desk.to("/tokens", f"{found.name} was revoked.")
