"""An outbox with mails in it, and what becomes of them."""

import asyncio
from datetime import datetime, timedelta

from aggregator.digest.outbox import Outbox, Sent
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom

__all__ = ["configure", "deliver", "mail_states", "queue_issue"]

HOUR = timedelta(hours=1)


def configure(
    digest_room: DigestRoom, port: int, *, keys: str = "", text: str = DIGEST_TOML
) -> None:
    """Use the mail server on a port; `keys` are added to [mail]."""
    digest_room.configure(text.replace("port = 2525", f"port = {port}\n{keys}"))


def deliver(
    digest_room: DigestRoom,
    now: datetime = MORNING,
    environment: dict[str, str] | None = None,
) -> Sent:
    """Send what is due at a time."""
    box = Outbox(
        digest_room.config,
        digest_room.store,
        digest_room.composer,
        digest_room.composer.signer,
        environment or {},
    )

    async def work() -> Sent:
        sent = await box.deliver(lambda: now)
        await asyncio.sleep(0.05)  # a connection with TLS takes a moment to close
        return sent

    return asyncio.run(work())


def queue_issue(digest_room: DigestRoom, *names: str, now: datetime = MORNING) -> None:
    """An issue is due for these subscribers."""
    for name in names:
        digest_room.subscribes(name, now - HOUR)
    title = "Dockers win – «Übung»" if now == MORNING else f"Dockers win – {now}"
    digest_room.publishes(title, "labor", at=now - HOUR, summary="Ω\n.\nend")
    digest_room.composes(now)


def mail_states(digest_room: DigestRoom) -> dict[str, int]:
    """How many mails are in each state."""
    return {state.value: count for state, count in digest_room.store.digest.count_mails().items()}
