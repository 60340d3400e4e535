"""The words of alerts."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from aggregator.alerts.events import AlertChanges
from aggregator.alerts.wording import AlertWords, webhook_json
from aggregator.model import Alert, AlertKind, Site
from tests.harness.builders import NOW

SITE = Site(title="The Commons", url="https://commons.example", timezone="Europe/Madrid")
WORDS = AlertWords(site=SITE, names={"harbor": "Harbor Dispatch"})
FAILING = Alert(
    kind="failing", subject="harbor", sentence="Its server responded with 503.",
    since=NOW - timedelta(hours=7), started_at=NOW, seen_at=NOW,
)  # fmt: skip
OVER = replace(FAILING, resolved_at=NOW + timedelta(hours=1))


def test_a_mail_says_what_since_when_and_why() -> None:
    """In the time zone of the site, with the page that says more."""
    changes = AlertChanges(started=(FAILING,))
    assert WORDS.subject(changes) == "[The Commons] Harbor Dispatch cannot be fetched"
    assert WORDS.text(changes) == (
        "Harbor Dispatch cannot be fetched\n"
        "Since 2026-10-05 07:00 CEST. Its server responded with 503.\n"
        "https://commons.example/desk/sources/harbor\n"
        "\n"
        "More at the desk: https://commons.example/desk/\n"
    )


def test_a_mail_says_what_is_over() -> None:
    """And when it began."""
    changes = AlertChanges(resolved=(OVER,))
    assert WORDS.subject(changes) == "[The Commons] Resolved: Harbor Dispatch cannot be fetched"
    assert WORDS.text(changes).startswith(
        "Resolved: Harbor Dispatch cannot be fetched\nIt began on 2026-10-05 07:00 CEST.\n"
    )


def test_many_at_once_are_one_message() -> None:
    """A night without a network is not 200 mails."""
    many = tuple(replace(FAILING, subject=f"outlet-{n}") for n in range(200))
    changes = AlertChanges(started=many, resolved=(OVER,))
    assert WORDS.subject(changes) == "[The Commons] 200 new problems, 1 resolved"
    text = WORDS.text(changes)
    assert "outlet-29 cannot" in text
    assert "outlet-30 cannot" not in text
    assert "And 171 more." in text


@pytest.mark.parametrize("kind", get_args(AlertKind))
def test_every_kind_has_a_title_and_a_page(kind: AlertKind) -> None:
    """No placeholder is left."""
    alert = replace(FAILING, kind=kind)
    assert "{" not in WORDS.title(alert) + WORDS.url(alert)
    assert WORDS.url(alert).startswith("https://commons.example/desk/")


def test_a_webhook_gets_text_and_events() -> None:
    """The text for chats, the rest for programs."""
    body = json.loads(webhook_json(SITE, "Hello", [WORDS.values(FAILING), WORDS.values(OVER)]))
    assert body["text"] == "Hello"
    assert body["site"] == {"title": "The Commons", "url": "https://commons.example"}
    assert body["events"][0] == {
        "event": "started",
        "kind": "failing",
        "subject": "harbor",
        "title": "Harbor Dispatch cannot be fetched",
        "sentence": "Its server responded with 503.",
        "since": "2026-10-05T05:00:00+00:00",
        "resolved_at": None,
        "url": "https://commons.example/desk/sources/harbor",
    }
    assert body["events"][1]["event"] == "resolved"


def test_what_an_outlet_wrote_mentions_no_one() -> None:
    """Slack's markup, and group mentions of either chat, are mere text."""
    text = json.loads(
        webhook_json(SITE, "<!channel> <https://evil.example|here> @channel & @Here")
    )["text"]
    assert "<" not in text
    assert "@channel" not in text
    assert "@Here" not in text
    assert "&amp;" in text


def test_a_digest_says_what_is_wrong_with_it() -> None:
    """In words, not by the id of the reason."""
    alert = replace(FAILING, kind="digest", subject="unknown")
    assert WORDS.title(alert) == "Digest: mails may not have arrived"
