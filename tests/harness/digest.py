"""A newsroom with a digest: topics, stories, subscribers, and what they get."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.config.loader import Config, parse_config
from aggregator.digest.compose import Composed, DigestComposer, open_composer
from aggregator.digest.due_times import next_due
from aggregator.digest.signed_links import open_link_signer
from aggregator.model import (
    DigestIssue,
    DigestPreferences,
    DigestSubscriber,
    Story,
    SubscriberState,
)
from aggregator.startup import sync_config
from aggregator.store.base import Store
from aggregator.store.sqlite import open_store
from tests.harness.builders import NOW, entry
from tests.harness.command_line import source_table
from tests.harness.saving import change_of, save

__all__ = ["DIGEST_TOML", "MORNING", "DigestRoom", "open_digest_room"]

MORNING = NOW.replace(hour=7, minute=0, second=0)
DIGEST_TOML = """[site]
title = "The Commons"
url = "https://commons.example"
contact = "desk@commons.example"
notice = "Headlines and excerpts belong to the outlets credited."
[mail]
host = "localhost"
port = 2525
security = "none"
sender = "The Commons <news@commons.example>"
rate = 1000000
[digest]
imprint = "The Commons, 12 Harbour Street"
[[topic]]
id = "labor"
title = "Labor"
[[topic]]
id = "ports"
title = "Ports and Ships"
was = ["harbours"]
[[topic]]
id = "courts"
title = "Courts"
"""


@dataclass
class DigestRoom:
    """The newsroom. Stories are by the outlets harbor and plains."""

    folder: Path
    config: Config
    store: Store
    composer: DigestComposer

    def configure(self, text: str) -> None:
        """Put another feeds.toml in force."""
        tables = "".join(
            source_table(id_, f"https://{id_}.example/f") for id_ in ("harbor", "plains")
        )
        self.config = parse_config(text + tables, self.folder / "feeds.toml", {})
        sync_config(self.config, self.store, MORNING - timedelta(days=30))
        signer = open_link_signer(self.config.site.url, self.store)
        self.composer = open_composer(self.config, self.store, signer)

    def publishes(
        self, title: str, *topics: str, at: datetime, source: str = "harbor", **fields: Any
    ) -> Story:
        """Publish a story, listed at a time."""
        lead = entry(title, source, published=at, **fields)
        (saved,) = save(self.store, change_of(lead, *topics, listed_at=at), source=source, now=at)
        return self.store.entries.stories([saved.story.lead.entry_id])[saved.story.lead.entry_id]

    def subscribes(
        self,
        name: str,
        at: datetime,
        period: timedelta = timedelta(days=1),
        address: str = "",
        **preferences: Any,
    ) -> DigestSubscriber:
        """Somebody has confirmed a subscription at a time."""
        chosen = DigestPreferences(**preferences)
        subscriber = DigestSubscriber(
            id=name,
            address=address or f"{name}@reader.example",
            preferences=chosen,
            state=SubscriberState.ACTIVE,
            created_at=at,
            confirmed_at=at,
            covered_until=at - period,
            next_at=next_due(chosen, at),
        )
        assert self.store.digest_subscribers.add(subscriber)
        return subscriber

    def composes(self, now: datetime) -> Composed:
        """Compose what is due."""
        return self.composer.compose_due(now)

    def takes_mails(self, now: datetime) -> dict[str, list[tuple[str, DigestIssue | None]]]:
        """The queued mails of each subscriber, as kind and issue, which then count as sent."""
        found: dict[str, list[tuple[str, DigestIssue | None]]] = {}
        for due in self.store.digest.due_mails(now, 100_000):
            issue = self.store.digest.issue(due.mail.issue) if due.mail.issue else None
            found.setdefault(due.subscriber.id, []).append((due.mail.kind, issue))
            self.store.digest.discard([due.mail.id], now)
        return found

    def gets(self, now: datetime) -> dict[str, list[str]]:
        """Compose what is due; returns the headlines that each subscriber gets."""
        self.composes(now)
        mails = self.takes_mails(now)
        return {
            name: [
                self.store.stories.get(id_).lead.title  # type: ignore[union-attr]  # it is there
                for _, issue in some
                for id_ in (issue.stories if issue else ())
            ]
            for name, some in mails.items()
        }


@contextmanager
def open_digest_room(folder: Path, text: str = DIGEST_TOML) -> Iterator[DigestRoom]:
    """A newsroom with a digest and no stories yet."""
    with open_store(folder / "aggregator.db") as store:
        digest_room = DigestRoom(folder, None, store, None)  # type: ignore[arg-type]  # set next
        digest_room.configure(text)
        yield digest_room
