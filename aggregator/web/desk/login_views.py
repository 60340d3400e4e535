"""Getting in and out of the desk, and who may."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote

from flask import Response, abort, request

from aggregator.model import Operator, Role
from aggregator.web.desk.access import COOKIE, hash_token, is_local_request, log_in
from aggregator.web.desk.page import Desk
from aggregator.web.desk.passkeys import are_passkeys_possible, login_options
from aggregator.web.desk.passwords import hash_password, password_problem
from aggregator.web.desk.sign_in import client_name, sign_in

__all__ = ["LOGIN_ROUTES", "LoginViews", "name_problem"]

MAX_NAME_CHARS = 40
MAX_LOG_SHOWN = 100


def name_problem(name: str) -> str:
    """What is wrong with the name of an operator, in a sentence; empty if nothing is."""
    if not re.fullmatch(r"[\w][\w .@-]*", name) or len(name) > MAX_NAME_CHARS:
        return (
            "A name begins with a letter, a digit or _; it may contain letters, digits, spaces and "
            f"the signs . @ _ -, and has at most {MAX_NAME_CHARS} characters."
        )
    return ""


LOGIN_ROUTES = (
    ("GET", "/login", "login"),
    ("POST", "/login", "submit_login"),
    ("GET", "/enter", "enter"),
    ("POST", "/logout", "log_out"),
    ("GET", "/operators", "operators"),
    ("POST", "/operators", "add_operator"),
    ("POST", "/operators/<name>/remove", "remove_operator"),
    ("POST", "/operators/<name>/logout", "log_out_everywhere"),
    ("POST", "/operators/<name>/sessions/end", "end_session"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class LoginViews:
    """Getting in and out, and who may."""

    desk: Desk

    def login(self) -> Response:
        """The login page."""
        if not self.desk.store.operators.all():
            abort(404)
        return self._login_page(next_=request.args.get("next", ""))

    def _login_page(
        self,
        status: int = 200,
        name: str = "",
        next_: str = "",
        problem: str = "",
        options: str = "",
    ) -> Response:
        """The login page; with `options`, the part of it that asks for a passkey."""
        operators = self.desk.store.operators
        is_possible = are_passkeys_possible(self.desk.config.site.url)
        return self.desk.page(
            "login.html",
            status,
            name=name,
            next=next_,
            problem=problem,
            options=options,
            has_passkeys=is_possible and any(operators.passkeys(o.name) for o in operators.all()),
        )

    def submit_login(self) -> Response:
        """Log in by name and password."""
        name, password = request.form.get("name", ""), request.form.get("password", "")
        result = log_in(self.desk.store, name, password, client_name(), self.desk.now)
        if result.operator is not None and result.operator.needs_passkey:
            site_url, now = self.desk.config.site.url, self.desk.now
            options = login_options(self.desk.store, site_url, result.operator.name, now)
            return self._login_page(next_=request.form.get("next", ""), options=options)
        if result.operator is not None:
            return sign_in(self.desk, result.operator.name)
        seconds = math.ceil(result.wait.total_seconds())
        problem = "This name or password is wrong."
        status = 403
        if seconds:
            unit = "second" if seconds == 1 else "seconds"
            problem = f"Too many wrong passwords; try again in {seconds} {unit}."
            status = 429
        next_ = request.form.get("next", "")
        response = self._login_page(status, name, next_, problem)
        if seconds:
            response.headers["Retry-After"] = str(seconds)
        return response

    def enter(self) -> Response:
        """The one-time link, while there is no operator."""
        key = request.args.get("key", "")
        is_allowed = is_local_request(request.environ) and not self.desk.store.operators.all()
        if not is_allowed or not self.desk.store.operators.use_link(hash_token(key)):
            abort(404)
        return sign_in(self.desk, "", "/")

    def log_out(self) -> Response:
        """End this session."""
        self.desk.store.operators.end_session(self.desk.session.token_hash)
        response = self.desk.to("/login")
        response.delete_cookie(COOKIE, path=self.desk.base)
        return response

    def _show(
        self, status: int = 200, name: str = "", problems: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        operators = self.desk.store.operators.all()
        return self.desk.page(
            "operators.html",
            status,
            operators=operators,
            sessions={
                each.name: self.desk.store.operators.sessions(each.name) for each in operators
            },
            is_owner=self.desk.is_owner(),
            given={"name": name},
            problems={"name": "", "password": "", **problems},
            log=(log := self.desk.store.operators.audit_log(MAX_LOG_SHOWN)),
            titles=self.desk.titles(log),
        )

    def operators(self) -> Response:
        """Who may use the desk, and what was done."""
        return self._show()

    def add_operator(self) -> Response:
        """Add an operator."""
        if not self.desk.is_owner():
            abort(403)
        name, password = request.form.get("name", "").strip(), request.form.get("password", "")
        role: Role = "owner" if request.form.get("role") == "owner" else "editor"
        known = {each.name.casefold() for each in self.desk.store.operators.all()}
        is_taken = name.casefold() in known
        problems = {
            "name": "There is an operator with this name." if is_taken else name_problem(name),
            "password": password_problem(password, name),
        }
        if not self.desk.store.operators.all() and role != "owner":
            problems["name"] = problems["name"] or "The first operator must be an owner."
        if any(problems.values()):
            return self._show(400, name, problems)
        self.desk.record("added the operator", name, role)
        is_first = not self.desk.session.operator
        created = Operator(
            name=name,
            role=role,
            created_at=datetime.now(UTC),
            password_hash=hash_password(password),
        )
        self.desk.store.operators.save(created)
        if is_first:  # the session by the one-time link has ended
            return sign_in(self.desk, name, "/operators", f"You are now logged in as {name}.")
        return self.desk.to("/operators", f"{name} was added.")

    def remove_operator(self, name: str) -> Response:
        """Remove an operator."""
        if not self.desk.is_owner() or name == self.desk.session.operator:
            abort(403)
        if self.desk.store.operators.by_name(name) is None:
            abort(404)
        if not request.form.get("sure"):
            return self.desk.page(
                "confirm.html",
                heading=f"Remove {name}",
                sentence="Sessions, tokens and passkeys of this operator end. What was done stays.",
                action=f"{self.desk.base}/operators/{quote(name)}/remove",
                hidden=[("sure", "1")],
                verb="Remove",
                back=f"{self.desk.base}/operators",
            )
        self.desk.store.operators.remove(name)
        self.desk.record("removed the operator", name)
        return self.desk.to("/operators", f"{name} was removed.")

    def log_out_everywhere(self, name: str) -> Response:
        """End all sessions of an operator."""
        if not self.desk.is_owner() and name != self.desk.session.operator:
            abort(403)
        if self.desk.store.operators.by_name(name) is None:
            abort(404)
        count = self.desk.store.operators.end_sessions(name)
        self.desk.record("ended all sessions of", name)
        done = f"{count} {'session' if count == 1 else 'sessions'} of {name} ended."
        if any(token.operator == name for token in self.desk.store.operators.tokens()):
            done += " Tokens still work; revoke them under Tokens."
        return self.desk.to("/operators", done)

    def end_session(self, name: str) -> Response:
        """End one session of an operator, such as that of a lost phone."""
        if not self.desk.is_owner() and name != self.desk.session.operator:
            abort(403)
        hash_ = request.form.get("session", "")
        if hash_ not in {each.token_hash for each in self.desk.store.operators.sessions(name)}:
            return self.desk.to("/operators", "This session has ended already.")
        self.desk.store.operators.end_session(hash_)
        self.desk.record("ended a session of", name)
        return self.desk.to("/operators", f"A session of {name} ended.")
