"""An outbox with mails in it, and what becomes of them."""

import asyncio
from datetime import datetime, timedelta

from aggregator.digest.outbox import Outbox, Sent
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom

__all__ = ["configure", "deliver", "mail_states", "queue_issue"]

HOUR = timedelta(hours=1)


def configure(room: DigestRoom, port: int, *, keys: str = "", text: str = DIGEST_TOML) -> None:
    """Use the mail server on a port; `keys` are added to [mail]."""
    room.configure(text.replace("port = 2525", f"port = {port}\n{keys}"))


def deliver(
    room: DigestRoom,
    now: datetime = MORNING,
    environment: dict[str, str] | None = None,
) -> Sent:
    """Send what is due at a time."""
    box = Outbox(room.config, room.store, room.composer, room.composer.signer, environment or {})

    async def work() -> Sent:
        sent = await box.deliver(lambda: now)
        await asyncio.sleep(0.05)  # a connection with TLS takes a moment to close
        return sent

    return asyncio.run(work())


def queue_issue(room: DigestRoom, *names: str, now: datetime = MORNING) -> None:
    """An issue is due for these subscribers."""
    for name in names:
        room.subscribes(name, now - HOUR)
    title = "Dockers win – «Übung»" if now == MORNING else f"Dockers win – {now}"
    room.publishes(title, "labor", at=now - HOUR, summary="Ω\n.\nend")
    room.composes(now)


def mail_states(room: DigestRoom) -> dict[str, int]:
    """How many mails are in each state."""
    return {state.value: count for state, count in room.store.digest.count_mails().items()}
