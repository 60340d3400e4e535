"""The digest: who gets it, what became of the mails, a preview and a test."""

import asyncio
from dataclasses import dataclass

from flask import Response, abort, request

from aggregator.digest.sign_up import SignUps, find_subscriber
from aggregator.digest.signed_links import open_link_signer
from aggregator.digest.trial import digest_of_now, send_test
from aggregator.errors import BadAddress, CommandError, MailError
from aggregator.model import DigestPreferences, DigestSubscriber, MailState, SubscriberState
from aggregator.render.digest_mail import RenderedDigest
from aggregator.web.desk.page import ID_DIGITS, Desk

__all__ = ["DIGEST_ROUTES", "DigestViews"]

DIGEST_ROUTES = (
    ("GET", "/digest", "digest"),
    ("GET", "/digest/preview", "digest_preview"),
    ("POST", "/digest/test", "digest_test"),
    ("POST", "/digest/mails", "decide_mails"),
    ("POST", "/digest/find", "find_subscriber"),
    ("POST", "/digest/forget", "forget_subscriber"),
)  # fmt: skip
"""Method, path and name of each view."""
MAX_ISSUES_SHOWN = 20
MAX_MAILS_SHOWN = 50
PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox"
"""A mail has its styles in it; it has no scripts, and none would run."""


@dataclass(frozen=True, slots=True)
class DigestViews:
    """The digest."""

    desk: Desk

    def digest(self) -> Response:
        """Subscribers, issues, and mails to decide about."""
        return self._page()

    def _page(
        self,
        status: int = 200,
        *,
        problem: str = "",
        found: DigestSubscriber | None = None,
        searched: str = "",
        find_problem: str = "",
    ) -> Response:
        store = self.desk.store
        issues = store.digest.latest(MAX_ISSUES_SHOWN)
        counts = store.digest_subscribers.counts()
        mails = [
            mail
            for state in (MailState.UNKNOWN, MailState.FAILED)
            for mail in store.digest.mails(state, MAX_MAILS_SHOWN)
        ]
        return self.desk.page(
            "digest.html",
            status,
            config=self.desk.config,
            counts={state.value: counts.get(state, 0) for state in SubscriberState},
            pause=store.digest.pause(),
            mails=mails,
            unknown=sum(mail.state is MailState.UNKNOWN for mail in mails),
            failed=sum(mail.state is MailState.FAILED for mail in mails),
            issues=[(issue, self._mail_counts(issue.id)) for issue in issues],
            problem=problem,
            found=found,
            searched=searched,
            find_problem=find_problem,
        )

    def _mail_counts(self, issue: int) -> dict[str, int]:
        counts = self.desk.store.digest.count_mails(issue)
        return {state.value: count for state, count in counts.items()}

    # ---- what it looks like

    def digest_preview(self) -> Response:
        """The digest of now, as a mail program shows it."""
        try:
            html = self._rendered().html
        except CommandError as error:
            heading = "There is nothing to show"
            return self.desk.page("error.html", heading=heading, sentence=str(error))
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = PREVIEW_POLICY
        return response

    def _rendered(self) -> RenderedDigest:
        site = self.desk.config.site
        preferences = DigestPreferences(timezone=site.timezone, language=site.language)
        return digest_of_now(self.desk.config, self.desk.store, preferences, self.desk.now)

    def digest_test(self) -> Response:
        """Send the digest of now to one address."""
        to, desk = request.form.get("to", ""), self.desk
        try:
            test = send_test(desk.config, self._rendered(), to, desk.environment, desk.now)
            asyncio.run(test)
        except (BadAddress, CommandError, MailError) as error:
            return self._page(400, problem=str(error))
        desk.record("sent a test of the digest", "")
        return desk.to("/digest", "The test was sent; check whether it arrives.")

    # ---- mails

    def decide_mails(self) -> Response:
        """Send unknown or failed mails once more, or never: one, or all unknown ones."""
        number, verb = request.form.get("mail", ""), request.form.get("do")
        is_number = number.isascii() and number.isdigit() and len(number) <= ID_DIGITS
        if verb not in ("resend", "discard") or not (is_number or number in ("all", "failed")):
            abort(400)
        store, chosen = self.desk.store.digest, [int(number)] if is_number else None
        if verb == "resend" and number == "all" and not request.form.get("sure"):
            return self._confirm_all()
        if verb == "resend":
            count = store.resend(chosen, self.desk.now, failed=number == "failed")
        else:
            count = store.discard(chosen, self.desk.now)
        mails = f"{count:,} {'mail' if count == 1 else 'mails'}"
        words = "will be sent once more" if verb == "resend" else "will not be sent"
        done = "resent" if verb == "resend" else "discarded"
        self.desk.record(f"{done} digest mails", "", mails)
        return self.desk.to("/digest", f"{mails} {words}.")

    def _confirm_all(self) -> Response:
        """Ask before many people may get a mail for the second time."""
        count = self.desk.store.digest.count_mails().get(MailState.UNKNOWN, 0)
        return self.desk.page(
            "confirm.html",
            heading=f"Send {count:,} {'mail' if count == 1 else 'mails'} once more",
            sentence="Anyone who has already received it will get it twice. This cannot be undone.",
            action=f"{self.desk.base}/digest/mails",
            hidden=[("mail", "all"), ("do", "resend"), ("sure", "1")],
            verb="Send",
            back=f"{self.desk.base}/digest",
        )

    # ---- subscribers

    def find_subscriber(self) -> Response:
        """What is stored about an address. It is in no URL, since those are logged."""
        searched = request.form.get("address", "").strip()
        found = find_subscriber(self.desk.store, searched)
        problem = "" if found else "Nothing is stored about this address."
        return self._page(found=found, searched=searched, find_problem=problem)

    def forget_subscriber(self) -> Response:
        """Delete everything about a subscriber."""
        signer = open_link_signer(self.desk.config.site.url, self.desk.store)
        subscriber = request.form.get("subscriber", "")
        if not SignUps(self.desk.store, signer).leave(subscriber, self.desk.now):
            return self.desk.to("/digest", "Nothing is stored about this address any more.")
        self.desk.record("deleted a subscriber of the digest", "")
        return self.desk.to("/digest", "Everything about this address is deleted.")
