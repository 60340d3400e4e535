"""Time to compose and send digests: an issue for each distinct content, a mail for each subscriber.

subscribers with so many different choices --compose--> queued mails --SMTP--> a server here
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from aggregator.config import parse_config
from aggregator.digest.compose import DigestComposer, open_composer
from aggregator.digest.outbox import Outbox
from aggregator.digest.signed_links import open_link_signer
from aggregator.mail.messages import mail_bytes
from aggregator.mail.smtp import mail_server
from aggregator.mail.smtp_session import open_mail_session
from aggregator.model import (
    DigestPreferences,
    DigestSubscriber,
    DueMail,
    Placement,
    StoryChange,
    SubscriberState,
)
from aggregator.store import Store, open_store
from tests.harness.builders import entry, prose, story
from tests.harness.command_line import free_port, source_table
from tests.harness.saving import save

__all__ = ["report"]

SIZES = ((10_000, 1), (10_000, 50), (100_000, 50))
"""Subscribers, and different choices of topics."""
STORIES_OF_DAY = 200
SENT = 2_000
"""Mails that are sent; more only take longer."""
TOPICS = tuple(f"topic-{number}" for number in range(12))
TOML = (
    '[site]\ntitle = "The Commons"\nurl = "https://commons.example"\n'
    '[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
    'sender = "The Commons <news@commons.example>"\nrate = 1000000\n[digest]\n'
)


def report() -> str:
    """Measure and return the section in Markdown."""
    rows, base = "", 0.0
    for subscribers, choices in SIZES:
        seconds, issues = _compose(subscribers, choices)
        base = base or seconds
        rows += (
            f"| {subscribers:,} | {choices} | {issues} | {seconds:.1f} s | {seconds / base:.1f} |\n"
        )
    rate, handover = _send()
    return (
        "## Digest\n\n"
        f"Composing from {STORIES_OF_DAY} stories in {len(TOPICS)} topics, until every mail is "
        "queued.\n\n"
        "| subscribers | different choices | issues | time | ratio |\n|---|---|---|---|---|\n"
        f"{rows}\n"
        f"Sending {SENT:,} of them to a server on the same machine, each marked on the disk before "
        f"it is handed over: {rate:.0f} a second; handing the same bytes over without that, "
        f"{handover:.0f}.\n"
    )


@dataclass
class _Newsroom:
    store: Store
    composer: DigestComposer
    now: datetime


@contextmanager
def _newsroom(subscribers: int, choices: int, port: int = 25) -> Iterator[_Newsroom]:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        topics = "".join(f'[[topic]]\nid = "{t}"\ntitle = "{t.title()}"\n' for t in TOPICS)
        text = TOML.format(port=port) + topics + source_table("harbor", "https://h.example/f")
        config = parse_config(text, folder / "feeds.toml", {})
        with open_store(folder / "news.db") as store:
            store.sources.sync(config.all_sources, now - timedelta(days=2))
            _publish(store, now)
            chosen = [*combinations(TOPICS, 2)][:choices]
            for number in range(subscribers):
                store.digest_subscribers.add(_subscriber(number, chosen[number % choices], now))
            signer = open_link_signer(config.site.url, store)
            yield _Newsroom(store, open_composer(config, store, signer), now)


def _publish(store: Store, now: datetime) -> None:
    changes = []
    for number in range(STORIES_OF_DAY):
        at = now - timedelta(minutes=5 * number + 5)
        lead = entry(f"Story {number} {prose(number, 8)}", "harbor", published=at)
        lead = replace(lead, summary=prose(number, 50)[:400])
        placed = tuple(Placement(topic=t, reason="r") for t in (TOPICS[number % len(TOPICS)],))
        changes.append(StoryChange(story=story(lead), listed_at=at, placements=placed))
    save(store, *changes)


def _subscriber(number: int, topics: tuple[str, ...], now: datetime) -> DigestSubscriber:
    return DigestSubscriber(
        id=f"{number:016x}", address=f"reader{number}@reader.example",
        preferences=DigestPreferences(topics=topics, hour=now.hour), state=SubscriberState.ACTIVE,
        created_at=now, confirmed_at=now, covered_until=now - timedelta(days=1), next_at=now,
    )  # fmt: skip


def _compose(subscribers: int, choices: int) -> tuple[float, int]:
    """Seconds, and the number of issues."""
    with _newsroom(subscribers, choices) as newsroom:
        start = time.perf_counter()
        composed = newsroom.composer.compose_due(newsroom.now)
        seconds = time.perf_counter() - start
        assert composed.mails == subscribers
    return seconds, composed.issues


class _Sink:
    """Takes every mail and forgets it."""

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


def _send() -> tuple[float, float]:
    """Mails a second, with their states in the store and without."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    port = free_port()
    server = Controller(_Sink(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        with _newsroom(SENT, 1, port) as newsroom:
            newsroom.composer.compose_due(newsroom.now)
            composer, store = newsroom.composer, newsroom.store
            outbox = Outbox(composer.config, store, composer, composer.signer, {})
            start = time.perf_counter()
            sent = asyncio.run(outbox.deliver(lambda: newsroom.now))
            seconds = time.perf_counter() - start
            assert sent.sent == SENT
            bare = asyncio.run(_hand_over(newsroom, outbox))
    finally:
        server.stop()
    return SENT / seconds, bare


async def _hand_over(newsroom: _Newsroom, outbox: Outbox) -> float:
    """Mails a second of the same size, without marks."""
    config = newsroom.composer.config
    assert config.mail is not None
    server = mail_server(config.mail, {})
    (mail, *_) = newsroom.store.digest.mails_to(f"{1:016x}", newsroom.now - timedelta(days=1))
    subscriber = newsroom.store.digest_subscribers.get(f"{1:016x}")
    assert subscriber is not None
    raw = mail_bytes(outbox.message(server, DueMail(mail, subscriber), newsroom.now))
    start = time.perf_counter()
    async with open_mail_session(server) as session:
        for _ in range(SENT):
            await session.hand_over("news@commons.example", subscriber.address, raw)
    return SENT / (time.perf_counter() - start)
