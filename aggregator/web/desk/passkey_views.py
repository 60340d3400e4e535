"""Passkeys: logging in with one, and managing one's own."""

from dataclasses import dataclass, replace

from flask import Response, abort, request

from aggregator.errors import CommandError
from aggregator.model import Operator
from aggregator.web.desk.page import Desk
from aggregator.web.desk.passkeys import (
    are_passkeys_possible,
    login_options,
    registration_options,
    verify_login,
    verify_registration,
)
from aggregator.web.desk.sign_in import sign_in

__all__ = ["PASSKEY_ROUTES", "PasskeyViews"]

MAX_PASSKEY_NAME_CHARS = 60
MAX_PASSKEYS = 20

PASSKEY_ROUTES = (
    ("POST", "/login/passkey/options", "passkey_login_options"),
    ("POST", "/login/passkey", "passkey_login"),
    ("GET", "/passkeys", "passkeys"),
    ("POST", "/passkeys", "add_passkey"),
    ("POST", "/passkeys/options", "passkey_options"),
    ("POST", "/passkeys/remove", "remove_passkey"),
    ("POST", "/passkeys/use", "choose_login"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class PasskeyViews:
    """Logging in with a passkey, and one's own passkeys."""

    desk: Desk

    @property
    def _site_url(self) -> str:
        return self.desk.config.site.url

    def _operator(self) -> Operator:
        operator = self.desk.store.operators.by_name(self.desk.session.operator)
        if operator is None:
            raise CommandError("Add an operator first: a passkey belongs to one.")
        return operator

    # ---- logging in

    def passkey_login_options(self) -> Response:
        """What the browser needs to sign with any passkey."""
        operators = self.desk.store.operators
        if not any(operators.passkeys(each.name) for each in operators.all()):
            abort(404)
        options = login_options(self.desk.store, self._site_url, "", self.desk.now)
        return Response(options, mimetype="application/json")

    def passkey_login(self) -> Response:
        """Log in with what a passkey has signed."""
        answer = request.form.get("answer", "")
        try:
            operator = verify_login(self.desk.store, self._site_url, answer, self.desk.now)
        except CommandError as error:
            next_ = request.form.get("next", "")
            return self.desk.page(
                "login.html", 403, name="", next=next_, problem=str(error), options="",
                has_passkeys=True,
            )  # fmt: skip
        return sign_in(self.desk, operator.name)

    # ---- one's own

    def passkeys(self) -> Response:
        """The passkeys of the operator."""
        operator = self._operator()
        return self.desk.page(
            "passkeys.html",
            operator=operator,
            passkeys=self.desk.store.operators.passkeys(operator.name),
            is_possible=are_passkeys_possible(self._site_url),
        )

    def passkey_options(self) -> Response:
        """What the browser needs to make a passkey."""
        if not are_passkeys_possible(self._site_url):
            abort(404)
        site, operator = self.desk.config.site, self._operator()
        options = registration_options(
            self.desk.store, site.url, site.title, operator, self.desk.now
        )
        return Response(options, mimetype="application/json")

    def add_passkey(self) -> Response:
        """Keep a passkey that the browser has made."""
        operator, name = self._operator(), " ".join(request.form.get("name", "").split())
        if not name.isprintable() or not 0 < len(name) <= MAX_PASSKEY_NAME_CHARS:
            raise CommandError(f"Give it a name of {MAX_PASSKEY_NAME_CHARS} characters at most.")
        if len(self.desk.store.operators.passkeys(operator.name)) >= MAX_PASSKEYS:
            raise CommandError(f"You can have at most {MAX_PASSKEYS} passkeys; remove one first.")
        passkey = verify_registration(
            self.desk.store, self._site_url, operator.name, name, request.form.get("answer", ""),
            self.desk.now,
        )  # fmt: skip
        self.desk.store.operators.add_passkey(passkey)
        self.desk.record("added the passkey", name)
        return self.desk.to("/passkeys", f"{name} was added.")

    def remove_passkey(self) -> Response:
        """Forget a passkey; the last one only if there is another way in."""
        operator, id_ = self._operator(), request.form.get("passkey", "")
        own = self.desk.store.operators.passkeys(operator.name)
        found = next((passkey for passkey in own if passkey.credential_id == id_), None)
        if found is None:
            abort(404)
        if len(own) == 1 and (operator.needs_passkey or not operator.password_hash):
            raise CommandError(
                "This is your only passkey, and you log in with it; choose another way to log in "
                "first, or run `aggregator operator add NAME` on the server."
            )
        self.desk.store.operators.remove_passkey(id_)
        self.desk.record("removed the passkey", found.name)
        return self.desk.to("/passkeys", f"{found.name} was removed.")

    def choose_login(self) -> Response:
        """Password or passkey, both, or passkeys only."""
        operator, how = self._operator(), request.form.get("do", "")
        own = self.desk.store.operators.passkeys(operator.name)
        if how not in ("either", "both", "only"):
            abort(400)
        if how != "either" and not own:
            raise CommandError("Add a passkey first.")
        if how != "only" and not operator.password_hash:
            raise CommandError(
                f"You have no password any more; `aggregator operator add {operator.name}` on the "
                "server gives you one."
            )
        hash_ = "" if how == "only" else operator.password_hash
        changed = replace(operator, needs_passkey=how == "both", password_hash=hash_)
        self.desk.store.operators.save(changed)
        words = {
            "either": "a password or a passkey",
            "both": "a password and then a passkey",
            "only": "passkeys only",
        }
        self.desk.record("logs in with", words[how])
        return self.desk.to("/passkeys", f"From now on, you log in with {words[how]}.")
