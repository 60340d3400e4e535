"""Getting in and out of the desk, and who may."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from flask import Response, abort, request

from aggregator.model import Operator, Role
from aggregator.site.turns import CURRENT_CLIENT
from aggregator.web.desk.access import (
    COOKIE,
    SESSION_AGE,
    hash_token,
    is_local_request,
    log_in,
    new_session,
)
from aggregator.web.desk.page import Desk
from aggregator.web.desk.passwords import hash_password, password_problem

__all__ = ["LOGIN_ROUTES", "LoginViews", "name_problem"]

MAX_NAME_CHARS = 40
MAX_LOG_SHOWN = 100


def name_problem(name: str) -> str:
    """What is wrong with the name of an operator, in a sentence; empty if nothing is."""
    if not re.fullmatch(r"[\w][\w .@-]*", name) or len(name) > MAX_NAME_CHARS:
        return f"A name has letters, digits, spaces, . @ _ and -, and {MAX_NAME_CHARS} at most."
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
        return self.desk.page("login.html", name="", next=request.args.get("next", ""), problem="")

    def submit_login(self) -> Response:
        """Log in by name and password."""
        name, password = request.form.get("name", ""), request.form.get("password", "")
        agent = request.headers.get("User-Agent", "")
        result = log_in(self.desk.store, name, password, _client(), agent, self.desk.now)
        if result.session is not None:
            return _with_cookie(self.desk, self.desk.to(_next_path(self.desk)), result.token)
        seconds = math.ceil(result.wait.total_seconds())
        problem = "This name or password is wrong."
        status = 403
        if seconds:
            problem = f"Too many wrong passwords; try again in {seconds} seconds."
            status = 429
        next_ = request.form.get("next", "")
        response = self.desk.page("login.html", status, name=name, next=next_, problem=problem)
        if seconds:
            response.headers["Retry-After"] = str(seconds)
        return response

    def enter(self) -> Response:
        """The one-time link, while there is no operator."""
        key = request.args.get("key", "")
        is_allowed = is_local_request(request.environ) and not self.desk.store.operators.all()
        if not is_allowed or not self.desk.store.operators.use_link(hash_token(key)):
            abort(404)
        agent = request.headers.get("User-Agent", "")
        _, token = new_session(self.desk.store, "", _client(), agent, self.desk.now)
        return _with_cookie(self.desk, self.desk.to("/"), token)

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
            log=self.desk.store.operators.audit_log(MAX_LOG_SHOWN),
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
        known = self.desk.store.operators.by_name(name)
        problems = {
            "name": "There is an operator with this name." if known else name_problem(name),
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
            agent = request.headers.get("User-Agent", "")
            _, token = new_session(self.desk.store, name, _client(), agent, self.desk.now)
            return _with_cookie(
                self.desk, self.desk.to("/operators", f"You are {name} now."), token
            )
        return self.desk.to("/operators", f"{name} was added.")

    def remove_operator(self, name: str) -> Response:
        """Remove an operator."""
        if not self.desk.is_owner() or name == self.desk.session.operator:
            abort(403)
        self.desk.store.operators.remove(name)
        self.desk.record("removed the operator", name)
        return self.desk.to("/operators", f"{name} was removed.")

    def log_out_everywhere(self, name: str) -> Response:
        """End all sessions of an operator."""
        if not self.desk.is_owner() and name != self.desk.session.operator:
            abort(403)
        count = self.desk.store.operators.end_sessions(name)
        self.desk.record("logged out everywhere", name)
        return self.desk.to("/operators", f"{count} sessions of {name} ended.")


def _client() -> str:
    return CURRENT_CLIENT.get("") or request.remote_addr or ""


def _next_path(desk: Desk) -> str:
    """The page that was asked for before the login, if it is one of the desk."""
    path = request.form.get("next", "")
    parts = urlsplit(path)
    is_own = not parts.scheme and not parts.netloc and path.startswith(f"{desk.base}/")
    return path.removeprefix(desk.base) if is_own and "\\" not in path else "/"


def _with_cookie(desk: Desk, response: Response, token: str) -> Response:
    is_secure = request.is_secure or desk.config.site.url.startswith("https://")
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_AGE.total_seconds()),
        path=desk.base,
        secure=is_secure and not is_local_request(request.environ),
        httponly=True,
        samesite="Lax",
    )
    return response


# ---- operators
