"""The forms of the digest: sign up, confirm, choose, leave.

A link from a mail shows a page with a button, and only the button changes something: mail programs
open links to look at them. The one exception is leaving, for which they send a form (RFC 8058).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from aggregator.config import Config
from aggregator.digest.compose import current_topics
from aggregator.digest.sign_up import SignUps
from aggregator.digest.signed_links import LinkKind, open_link_signer
from aggregator.errors import BadAddress, TooManySignUps
from aggregator.model import DigestFrequency, DigestPreferences
from aggregator.render.digest_forms import SignUpForm
from aggregator.render.interface import languages
from aggregator.site import PublicSite
from aggregator.site.digest_pages import default_preferences
from aggregator.site.document import html_document
from aggregator.site.turns import CURRENT_CLIENT
from aggregator.store.base import Store
from aggregator.text.languages import main_language
from aggregator.text.time_zones import zone_names
from aggregator.web.http import HttpPolicy

__all__ = ["digest_blueprint"]

MAX_FORM_BYTES = 10_000
MAX_TOPICS = 200
"""Topics that one subscriber can choose."""
MAILS_SHOWN = timedelta(days=30)
TRAP = "website"
"""A field that people do not see; whoever fills it in is a program."""


class _DigestViews:
    """Views of a site's digest."""

    def __init__(self, config: Config, store: Store, site: PublicSite, policy: HttpPolicy) -> None:
        self._config = config
        self._store = store
        self._site = site
        self._policy = policy
        self._digest = site.builder.digest
        self._signer = open_link_signer(config.site.url, store)
        self._sign_ups = SignUps(store, self._signer)

    # ---- signing up

    def sign_up(self) -> Response:
        """Take a form from the page or from a box."""
        if not self._config.site.has_sign_up:
            return self._page(self._digest.pages.result("off"), 503)
        request.max_content_length = MAX_FORM_BYTES
        form, given = request.form, request.form.get("address", "")
        preferences, problems = self._preferences(form, default_preferences(self._config))
        if not form.get(TRAP) and not problems:
            client = CURRENT_CLIENT.get() or request.remote_addr or ""
            try:
                self._sign_ups.sign_up(given, preferences, client, datetime.now(UTC))
            except BadAddress as error:
                problems["address"] = self._sentence(error)
            except TooManySignUps:
                return self._page(self._digest.pages.result("busy"), 429)
        if problems:
            filled = SignUpForm(address=given[:254], preferences=preferences, problems=problems)
            return self._page(self._digest.sign_up_page(filled), 400)
        return self._page(self._digest.pages.result("check_mail"))

    def _sentence(self, error: BadAddress) -> str:
        gettext = self._site.builder.gettext
        if error.kind == "disposable":
            return gettext("This is a throwaway address; please use one that you keep.")
        return gettext("This is not a valid email address.")

    def _preferences(
        self, form: "MultiDict[str, str]", default: DigestPreferences
    ) -> tuple[DigestPreferences, dict[str, str]]:
        """What was chosen in a form, with what is wrong with it by field. What a form lacks is the
        default; what no form of ours says is, too."""
        known = {topic.id for topic in self._config.topics}
        topics = tuple(t for t in form.getlist("topic")[:MAX_TOPICS] if t in known)
        problems = {}
        if form.get("scope") == "some" and not topics:
            problems["topics"] = self._site.builder.gettext("Choose at least one topic.")
        chosen = default.topics if not topics and "topic" not in form else topics or None
        if form.get("scope") in ("all", "some"):
            chosen = None if form["scope"] == "all" else topics
        frequencies: dict[str, DigestFrequency] = {"daily": "daily", "weekly": "weekly"}
        zone, language = form.get("timezone", ""), form.get("language", "")
        preferences = DigestPreferences(
            topics=chosen,
            frequency=frequencies.get(form.get("frequency", ""), default.frequency),
            weekday=_number(form.get("weekday", ""), 6, default.weekday),
            hour=_number(form.get("hour", ""), 23, default.hour),
            timezone=zone if zone in zone_names() else default.timezone,
            language=main_language(language)
            if main_language(language) in languages()
            else default.language,
        )
        return preferences, problems

    # ---- links from mails

    def confirm(self, token: str) -> Response:
        """Show the button, or confirm."""
        subscriber = self._subscriber("confirm", token)
        if subscriber and request.method != "POST":  # HEAD, too: somebody only looks
            if self._store.digest_subscribers.get(subscriber):
                return self._page(self._digest.pages.confirm())
        elif subscriber and self._sign_ups.confirm(subscriber, datetime.now(UTC)):
            return self._page(self._digest.pages.result("confirmed"))
        return self._page(self._digest.pages.result("expired"), 404)

    def preferences(self, token: str) -> Response:
        """Show what is stored, change it, or delete it."""
        id_ = self._subscriber("preferences", token)
        subscriber = self._store.digest_subscribers.get(id_) if id_ else None
        if subscriber is None:
            return self._page(self._digest.pages.result("expired"), 404)
        now, problems, is_saved = datetime.now(UTC), dict[str, str](), False
        chosen = self._current(subscriber.preferences)
        if request.method == "POST":
            request.max_content_length = MAX_FORM_BYTES
            if request.form.get("action") == "leave":
                return self._left(subscriber.id, now)
            chosen, problems = self._preferences(request.form, chosen)
            is_saved = not problems and self._sign_ups.choose(subscriber.id, chosen, now)
            subscriber = self._store.digest_subscribers.get(subscriber.id) or subscriber
        mails = self._store.digest.mails_to(subscriber.id, now - MAILS_SHOWN)
        form = SignUpForm(preferences=chosen, problems=problems)
        page = self._digest.pages.preferences(subscriber, form, mails, is_saved=is_saved)
        return self._page(page, 400 if problems else 200)

    def _current(self, preferences: DigestPreferences) -> DigestPreferences:
        """The preferences with the present ids of topics that were renamed."""
        topics = current_topics(self._config.topics, preferences.topics)
        return replace(preferences, topics=topics)

    def unsubscribe(self, token: str) -> Response:
        """Show the button, or leave. One who has left already is told the same."""
        subscriber = self._subscriber("unsubscribe", token)
        if subscriber is None:
            return self._page(self._digest.pages.result("expired"), 404)
        if request.method != "POST" and self._store.digest_subscribers.get(subscriber):
            return self._page(self._digest.pages.unsubscribe())
        return self._left(subscriber, datetime.now(UTC))

    def _left(self, subscriber: str, now: datetime) -> Response:
        self._sign_ups.leave(subscriber, now)
        return self._page(self._digest.pages.result("unsubscribed"))

    def _subscriber(self, kind: LinkKind, token: str) -> str | None:
        return self._signer.subscriber(kind, token, datetime.now(UTC))

    def _page(self, body: bytes, status: int = 200) -> Response:
        """A page for one person: nobody stores it, and its address goes nowhere."""
        response = self._policy.uncacheable(html_document(body, status=status))
        headers = [(name, value) for name, value in response.headers if name != "Referrer-Policy"]
        headers += [("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
        headers += [("X-Robots-Tag", "noindex")]
        found = Response(response.body, response.status)
        found.headers.clear()
        found.headers.extend(headers)
        return found


def digest_blueprint(
    config: Config, store: Store, site: PublicSite, policy: HttpPolicy
) -> Blueprint:
    """The forms of the digest."""
    blueprint = Blueprint("digest", __name__)
    views = _DigestViews(config, store, site, policy)
    blueprint.add_url_rule("/digest", "sign_up", views.sign_up, methods=["POST"])
    for kind, view in (
        ("confirm", views.confirm),
        ("preferences", views.preferences),
        ("unsubscribe", views.unsubscribe),
    ):
        rule = f"/digest/{kind}/<token>"
        blueprint.add_url_rule(rule, kind, view, methods=["GET", "POST"])
    return blueprint


def _number(text: str, largest: int, default: int) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 3
    return int(text) if is_number and int(text) <= largest else default
