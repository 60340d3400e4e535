"""The digest of now, for operators: to look at, or as a test to one address."""

from collections.abc import Mapping
from datetime import datetime

from aggregator.config import Config
from aggregator.digest.addresses import ascii_address, check_address
from aggregator.digest.compose import open_composer
from aggregator.digest.outbox import list_headers
from aggregator.digest.signed_links import open_link_signer
from aggregator.errors import CommandError
from aggregator.mail.messages import compose_list_mail, one_click_headers
from aggregator.mail.smtp import mail_server
from aggregator.mail.smtp_session import send_mail
from aggregator.model import DigestPreferences
from aggregator.render.digest_mail import MailLinks, RenderedDigest
from aggregator.store.base import Store

__all__ = ["digest_of_now", "send_test"]


def digest_of_now(
    config: Config, store: Store, preferences: DigestPreferences, now: datetime
) -> RenderedDigest:
    """What somebody with these preferences would get now, with links to the page
    of the digest. Raises CommandError if there is nothing."""
    if config.digest is None:
        raise CommandError("There is no table [digest] in feeds.toml; add it, and [mail].")
    composer = open_composer(config, store, open_link_signer(config.site.url, store))
    page = f"{config.site.url}/digest"
    rendered = composer.preview(preferences, now, MailLinks(preferences=page, unsubscribe=page))
    if rendered is None:
        days = "seven days" if preferences.frequency == "weekly" else "day"
        raise CommandError(f"There is nothing to send: no story was listed in the last {days}.")
    return rendered


async def send_test(
    config: Config,
    rendered: RenderedDigest,
    address: str,
    environment: Mapping[str, str],
    now: datetime,
) -> str:
    """Send a digest to one address, as the real one is sent; returns the host that has accepted it.
    Raises BadAddress, CommandError and MailError."""
    recipient = ascii_address(check_address(address))
    if config.mail is None:
        raise CommandError("There is no table [mail] in feeds.toml; add it, with host and sender.")
    server = mail_server(config.mail, environment)
    mail = compose_list_mail(
        server.sender,
        recipient,
        rendered.subject,
        rendered.text,
        f"digest-test-{now:%Y%m%d%H%M%S%f}",
        now,
        html=rendered.html,
        headers={**list_headers(config), **one_click_headers(f"{config.site.url}/digest")},
    )
    await send_mail(server, mail)
    return server.host
